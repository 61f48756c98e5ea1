/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Block jobs of domains that run: images merged, copied and mirrored beneath a guest that writes. Each call looks at what libvirt has now:
 * a job that was begun is not begun again, one that is gone is not ended again, and what libvirtd announced while nobody listened proves
 * nothing. */
#include "host/libvirt_disks.h"

#include <libvirt/virterror.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomain, virDomainFree)

/* What the call is told beside the domain; its texts are its own. */
typedef struct {
    char *target, *top, *base;      /* copy: where to, as base */
    int format;
    gboolean active, shallow, pivot;
    BlockJob job;                   /* output */
} Order;

static void
order_free(gpointer data)
{
    Order *order = data;
    g_free(order->target);
    g_free(order->top);
    g_free(order->base);
    g_free(order);
}

static LibvirtCall *
call_new(HostLink *link, const LibvirtVerb *verb, const Id *domain, const char *target, Tick deadline)
{
    LibvirtCall *call = libvirt_domain_call(link, verb, domain, deadline);
    Order *order = g_new0(Order, 1);
    order->target = g_strdup(target);
    call->result = order;
    call->free_result = order_free;
    return call;
}

/* What has been changed shows in the domain, and no event needs to say so. */
static gboolean
tell(LibvirtCall *call)
{
    LOCK_HOLD(&call->host->lock);
    libvirt_host_mark(call->host, &call->id, NULL);
    return TRUE;
}

static gboolean
is_off(virDomain *domain)
{
    return virDomainIsActive(domain) == 0 || libvirt_error_code() == VIR_ERR_NO_DOMAIN;
}

/* --- what runs ---------------------------------------------------------------------------------------------------------------------------- */

/* -1: libvirt's error; 0: none. */
static int
look(virDomain *domain, const char *target, virDomainBlockJobInfo *ret)
{
    *ret = (virDomainBlockJobInfo) { 0 };
    return virDomainGetBlockJobInfo(domain, target, ret, 0);
}

static BlockJobKind
kind_of(int type)
{
    if (type == VIR_DOMAIN_BLOCK_JOB_TYPE_COMMIT || type == VIR_DOMAIN_BLOCK_JOB_TYPE_ACTIVE_COMMIT)
        return BLOCK_JOB_COMMIT;
    return type == VIR_DOMAIN_BLOCK_JOB_TYPE_COPY ? BLOCK_JOB_COPY : BLOCK_JOB_OTHER;
}

/* Is it what ORDER wants? A mirror says where it writes to; a merge further down does not, and there is never more than one on a disk. */
static gboolean
is_wanted_job(const Order *order, const LiveDisk *disk, BlockJobKind kind, int type)
{
    if (kind_of(type) != kind)
        return FALSE;
    gboolean mirrors = kind == BLOCK_JOB_COPY || order->active;
    if (!mirrors)
        return type == VIR_DOMAIN_BLOCK_JOB_TYPE_COMMIT;
    return disk->mirrors == kind && g_strcmp0(disk->mirror, order->base) == 0;
}

typedef enum { BEGUN_NO, BEGUN_YES, BEGUN_FAULT } Begun;

/* May the job KIND begin, or has it begun? */
static Begun
look_before(LibvirtCall *call, virDomain *domain, const LiveDisk *disk, BlockJobKind kind, GError **error)
{
    virDomainBlockJobInfo info;
    const Order *order = call->result;
    const char *name = virDomainGetName(domain), *host = call->host->link.name;
    int found = look(domain, order->target, &info);
    if (found < 0) {
        libvirt_call_fail(call, error);
        return BEGUN_FAULT;
    }
    if (found > 0 && is_wanted_job(order, disk, kind, info.type))
        return BEGUN_YES;
    if (found > 0) {
        fault_set(error, MSG_HOST_BLOCK_BUSY, "host", host, "verb", call->verb->verb, "vm", name, "target", order->target, NULL);
        return BEGUN_FAULT;
    }
    if (!order->top || g_str_equal(disk->path, order->top))
        return BEGUN_NO;
    fault_set(error, MSG_HOST_DISK_ELSEWHERE, "host", host, "verb", call->verb->verb, "vm", name, "target", order->target, "path", order->top, "now", disk->path, NULL);
    return BEGUN_FAULT;
}

/* --- merging ------------------------------------------------------------------------------------------------------------------------------ */

/* A merge further down rewrites the name in the image above it, which stays a bare one. */
static gboolean
begin_commit(virDomain *domain, const Order *order, const char *top)
{
    unsigned flags = order->active ? VIR_DOMAIN_BLOCK_COMMIT_ACTIVE : VIR_DOMAIN_BLOCK_COMMIT_RELATIVE;
    return virDomainBlockCommit(domain, order->target, order->base, top, 0, flags) == 0;
}

static gboolean
work_commit(LibvirtCall *call, GError **error)
{
    Order *order = call->result;
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    g_autoptr(GPtrArray) disks = domain ? libvirt_disks_read(domain) : NULL;
    if (!disks)
        return libvirt_call_fail(call, error);
    const LiveDisk *disk = libvirt_disks_need(call, domain, disks, order->target, error);
    g_autofree char *top = g_strdup(order->top);
    if (!order->active)
        g_clear_pointer(&order->top, g_free);       /* it is not what the disk writes */
    Begun begun = disk ? look_before(call, domain, disk, BLOCK_JOB_COMMIT, error) : BEGUN_FAULT;
    if (begun != BEGUN_NO)
        return begun == BEGUN_YES;
    return (begin_commit(domain, order, order->active ? NULL : top) && tell(call)) || libvirt_call_fail(call, error);
}

gboolean
libvirt_block_commit(HostLink *link, const Id *domain, const char *target, const char *top, const char *base, gboolean active, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_commit, "merge images of", TRUE, FALSE, FALSE };
    g_autoptr(LibvirtCall) call = call_new(link, &verb, domain, target, deadline);
    Order *order = call->result;
    order->top = g_strdup(top);
    order->base = g_strdup(base);
    order->active = active;
    return libvirt_call_run(call, error);
}

/* --- copying ------------------------------------------------------------------------------------------------------------------------------ */

/* The job ends with the domain's run; that is said, or libvirt takes it of no lasting domain. */
static gboolean
begin_copy(virDomain *domain, const Order *order)
{
    unsigned flags = VIR_DOMAIN_BLOCK_COPY_REUSE_EXT | VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB | (order->shallow ? VIR_DOMAIN_BLOCK_COPY_SHALLOW : 0);
    g_autofree char *xml = g_markup_printf_escaped("<disk type='file'><driver type='%s'/><source file='%s'/></disk>",
                                                   order->format == DISK_FORMAT_RAW ? "raw" : "qcow2", order->base);
    return virDomainBlockCopy(domain, order->target, xml, NULL, 0, flags) == 0;
}

static gboolean
work_copy(LibvirtCall *call, GError **error)
{
    Order *order = call->result;
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    g_autoptr(GPtrArray) disks = domain ? libvirt_disks_read(domain) : NULL;
    if (!disks)
        return libvirt_call_fail(call, error);
    const LiveDisk *disk = libvirt_disks_need(call, domain, disks, order->target, error);
    Begun begun = disk ? look_before(call, domain, disk, BLOCK_JOB_COPY, error) : BEGUN_FAULT;
    if (begun != BEGUN_NO)
        return begun == BEGUN_YES;
    return (begin_copy(domain, order) && tell(call)) || libvirt_call_fail(call, error);
}

gboolean
libvirt_block_copy(HostLink *link, const Id *domain, const char *target, const char *path, int format, gboolean shallow, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_copy, "copy a disk of", TRUE, FALSE, FALSE };
    g_autoptr(LibvirtCall) call = call_new(link, &verb, domain, target, deadline);
    Order *order = call->result;
    order->base = g_strdup(path);
    order->format = format;
    order->shallow = shallow;
    return libvirt_call_run(call, error);
}

/* --- looking and ending ------------------------------------------------------------------------------------------------------------------- */

/* A domain that does not run has no job: with its QEMU it ended. */
static gboolean
work_look(LibvirtCall *call, GError **error)
{
    Order *order = call->result;
    virDomainBlockJobInfo info;
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    if (!domain)
        return libvirt_error_code() == VIR_ERR_NO_DOMAIN || libvirt_call_fail(call, error);
    int found = is_off(domain) ? 0 : look(domain, order->target, &info);
    g_autoptr(GPtrArray) disks = found > 0 ? libvirt_disks_read(domain) : NULL;
    if (found < 0 || (found > 0 && !disks)) {
        libvirt_call_fail(call, error);
        if (!is_off(domain))
            return FALSE;
        g_clear_error(error);
        return TRUE;
    }
    const LiveDisk *disk = disks ? libvirt_disks_find(disks, order->target) : NULL;
    if (found > 0)
        order->job = (BlockJob) { kind_of(info.type), disk && disk->ready, info.cur, info.end };
    return TRUE;
}

gboolean
libvirt_block_job(HostLink *link, const Id *domain, const char *target, BlockJob *ret_job, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_look, "look at", FALSE, FALSE, FALSE };
    g_autoptr(LibvirtCall) call = call_new(link, &verb, domain, target, deadline);
    if (!libvirt_call_run(call, error))
        return FALSE;
    *ret_job = ((const Order *) call->result)->job;
    return TRUE;
}

static gboolean
has_job(virDomain *domain, const char *target)
{
    virDomainBlockJobInfo info;
    return !is_off(domain) && look(domain, target, &info) != 0;
}

/* libvirt's own refusal where there is none any more is only a race that was lost. */
static gboolean
work_end(LibvirtCall *call, GError **error)
{
    const Order *order = call->result;
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    if (!domain)
        return libvirt_error_code() == VIR_ERR_NO_DOMAIN || libvirt_call_fail(call, error);
    if (!has_job(domain, order->target) || virDomainBlockJobAbort(domain, order->target, order->pivot ? VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT : 0) == 0)
        return tell(call);
    libvirt_call_fail(call, error);
    if (has_job(domain, order->target))
        return FALSE;
    g_clear_error(error);
    return tell(call);
}

gboolean
libvirt_block_end(HostLink *link, const Id *domain, const char *target, gboolean pivot, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_end, "end a block job of", TRUE, FALSE, FALSE };
    g_autoptr(LibvirtCall) call = call_new(link, &verb, domain, target, deadline);
    ((Order *) call->result)->pivot = pivot;
    return libvirt_call_run(call, error);
}
