/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Snapshots of domains that run, without libvirt's own: it is told the files, keeps no record (one would stand in the way of a migration),
 * and cannot go back to them (9.0), which the manager does with chains. The memory of one lies in a file of its own. */
#include "host/domain_xml.h"
#include "host/libvirt_disks.h"
#include "host/libvirt_files.h"

#include <libvirt/virterror.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomain, virDomainFree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomainSnapshot, virDomainSnapshotFree)

typedef struct {
    DiskSwitch *disks;              /* their texts are its own */
    guint count;
    char *memory;
} Order;

static void
order_free(gpointer data)
{
    Order *order = data;
    for (guint i = 0; i < order->count; i++) {
        g_free((char *) order->disks[i].target);
        g_free((char *) order->disks[i].path);
    }
    g_free(order->disks);
    g_free(order->memory);
    g_free(order);
}

static Order *
order_new(const DiskSwitch *disks, guint count, const char *memory)
{
    Order *order = g_new0(Order, 1);
    order->disks = g_new0(DiskSwitch, count);
    order->count = count;
    order->memory = g_strdup(memory);
    for (guint i = 0; i < count; i++)
        order->disks[i] = (DiskSwitch) { g_strdup(disks[i].target), g_strdup(disks[i].path) };
    return order;
}

/* --- before ------------------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_switched(const Order *order, const GPtrArray *disks)
{
    guint there = 0;
    for (guint i = 0; i < order->count; i++) {
        const LiveDisk *disk = libvirt_disks_find(disks, order->disks[i].target);
        there += disk && g_strcmp0(disk->path, order->disks[i].path) == 0;
    }
    return order->count > 0 && there == order->count;
}

/* Does the image at PATH stand on the file NOW, of that format? libvirt believes it, and a guest whose overlay stands elsewhere is lost. */
static gboolean
stands_on(LibvirtCall *call, const char *path, const LiveDisk *now)
{
    VolumeLook look;
    Id disk, image, below_disk, below;
    char name[VOLUME_NAME_SIZE];
    g_autofree char *dir = g_path_get_dirname(path), *base = g_path_get_basename(path), *now_dir = g_path_get_dirname(now->path);
    g_autofree char *now_base = g_path_get_basename(now->path);
    HostVolume volume = { { id_null, dir, FALSE }, id_null, id_null };
    g_auto(VolumeFile) file = { .dir = -1 };
    if (!g_str_equal(dir, now_dir) || !volume_name_parse(base, &disk, &image))
        return FALSE;
    volume.disk = disk;
    volume.image = image;
    return volume_file_open(&file, call->host->link.name, &volume, NULL) && volume_file_look(&file, &look, NULL) && look.state == VOLUME_WHOLE &&
           look.format == DISK_FORMAT_COW && !look.broken && !look.names_data && look.stands && g_strcmp0(look.header.format, now->format) == 0 &&
           volume_chain_resolve(&file, look.header.backing, &below_disk, &below) && g_str_equal(volume_name_format(&below_disk, &below, name), now_base);
}

static gboolean
judge(LibvirtCall *call, virDomain *domain, const GPtrArray *disks, GError **error)
{
    const Order *order = call->result;
    for (guint i = 0; i < order->count; i++) {
        const DiskSwitch *wish = &order->disks[i];
        const LiveDisk *disk = libvirt_disks_need(call, domain, disks, wish->target, error);
        if (!disk)
            return FALSE;
        if (!stands_on(call, wish->path, disk))
            return fault_set(error, MSG_HOST_OVERLAY_ASTRAY, "host", call->host->link.name, "vm", virDomainGetName(domain), "target", wish->target,
                             "path", wish->path, "now", disk->path, NULL);
    }
    return TRUE;
}

/* --- taking ------------------------------------------------------------------------------------------------------------------------------- */

static void
add_disk(GString *xml, const char *target, const char *path)
{
    g_autofree char *text = path ? g_markup_printf_escaped("<disk name='%s' snapshot='external' type='file'><driver type='qcow2'/><source file='%s'/></disk>", target, path)
                                 : g_markup_printf_escaped("<disk name='%s' snapshot='no'/>", target);
    g_string_append(xml, text);
}

static const char *
new_path(const Order *order, const char *target)
{
    for (guint i = 0; i < order->count; i++) {
        if (g_strcmp0(order->disks[i].target, target) == 0)
            return order->disks[i].path;
    }
    return NULL;
}

/* Every disk is named: of one that is not libvirt would choose a file by itself. */
static char *
describe(const Order *order, const GPtrArray *disks)
{
    GString *xml = g_string_new("<domainsnapshot>");
    g_autofree char *memory = order->memory ? g_markup_printf_escaped("<memory snapshot='external' file='%s'/>", order->memory) : g_strdup("<memory snapshot='no'/>");
    g_string_append_printf(xml, "%s<disks>", memory);
    for (guint i = 0; i < disks->len; i++) {
        const LiveDisk *disk = disks->pdata[i];
        if (disk->target)
            add_disk(xml, disk->target, new_path(order, disk->target));
    }
    g_string_append(xml, "</disks></domainsnapshot>");
    return g_string_free(xml, FALSE);
}

/* libvirt announces no such switch. */
static gboolean
tell(LibvirtCall *call)
{
    LOCK_HOLD(&call->host->lock);
    libvirt_host_mark(call->host, &call->id, NULL);
    return TRUE;
}

static gboolean
work_take(LibvirtCall *call, GError **error)
{
    const Order *order = call->result;
    const unsigned common = VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC | VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA | VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT;
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    if (!domain)
        return libvirt_call_fail(call, error);
    if (virDomainIsActive(domain) == 0)
        return fault_set(error, MSG_HOST_REFUSES_NOW, "host", call->host->link.name, "verb", call->verb->verb, "vm", virDomainGetName(domain),
                         "reason", "domain is not running", NULL);
    g_autoptr(GPtrArray) disks = libvirt_disks_read(domain);
    if (!disks)
        return libvirt_call_fail(call, error);
    if (is_switched(order, disks))
        return tell(call);
    if (!judge(call, domain, disks, error))
        return FALSE;
    g_autofree char *xml = describe(order, disks);
    g_autoptr(virDomainSnapshot) snapshot =
        virDomainSnapshotCreateXML(domain, xml, common | (order->memory ? VIR_DOMAIN_SNAPSHOT_CREATE_LIVE : VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY));
    return snapshot ? tell(call) : libvirt_call_fail(call, error);
}

gboolean
libvirt_snapshot_take(HostLink *link, const Id *domain, const DiskSwitch *disks, guint count, const char *memory, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_take, "take a snapshot of", TRUE, FALSE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    call->result = order_new(disks, count, memory);
    call->free_result = order_free;
    return libvirt_call_run(call, error);
}

/* --- its memory --------------------------------------------------------------------------------------------------------------------------- */

/* Takes XML; the same where it has no such disk. */
static char *
with_file(char *take, const DomainDisk *disk)
{
    gboolean is_disk = disk->target && disk->path && g_strcmp0(disk->device, "disk") == 0;
    char *text = is_disk ? domain_xml_with_file(take, disk->target, disk->path, g_strcmp0(disk->driver, "raw") == 0 ? DISK_FORMAT_RAW : DISK_FORMAT_COW) : NULL;
    if (!text)
        return take;
    g_free(take);
    return text;
}

/* What was saved says what machine its memory fits, its processor as it was when it ran; of the definition it takes the name and the files. */
static char *
describe_saved(const LibvirtCall *call)
{
    g_autoptr(DomainFacts) wish = domain_facts_new();
    g_autofree char *saved = virDomainSaveImageGetXMLDesc(call->connection, call->mark, VIR_DOMAIN_SAVE_IMAGE_XML_SECURE);
    if (!saved || !domain_xml_read(call->text, wish, NULL))
        return NULL;
    char *xml = domain_xml_renamed(saved, wish->config->name);
    for (guint i = 0; xml && i < wish->disks.count; i++)
        xml = with_file(xml, wish->disks.items[i]);
    return xml;
}

/* As with a start for one run: of a domain that is there and off its definition stays as it is. */
static gboolean
work_start(LibvirtCall *call, GError **error)
{
    unsigned flags = call->flag ? VIR_DOMAIN_SAVE_PAUSED : VIR_DOMAIN_SAVE_RUNNING;
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    if (!domain)
        return libvirt_call_fail(call, error);
    if (virDomainIsPersistent(domain) != 1 || virDomainIsActive(domain) != 0 || virDomainHasManagedSaveImage(domain, 0) != 0)
        return fault_set(error, MSG_HOST_MEMORY_NEEDS_OFF, "host", call->host->link.name, "vm", virDomainGetName(domain), NULL);
    g_autofree char *xml = describe_saved(call);
    return (xml && virDomainRestoreFlags(call->connection, call->mark, xml, flags) == 0) || libvirt_call_fail(call, error);
}

gboolean
libvirt_snapshot_start(HostLink *link, const Id *domain, const char *memory, const char *xml, gboolean paused, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_start, "start", TRUE, FALSE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    call->mark = g_strdup(memory);
    call->text = g_strdup(xml);
    call->flag = paused;
    return libvirt_call_run(call, error);
}

static gboolean
work_drop(LibvirtCall *call, GError **error)
{
    const HostVolume volume = libvirt_files_volume(call);
    g_auto(VolumeFile) file = { .dir = -1 };
    if (!libvirt_files_open(call, &volume, &file, error))
        return FALSE;
    volume_name_format_memory(&call->id, file.name);
    return volume_file_delete(&file, error);
}

gboolean
libvirt_snapshot_drop(HostLink *link, const HostStore *store, const Id *snapshot, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_drop, "delete", TRUE, TRUE, FALSE };
    const HostVolume volume = { *store, *snapshot, *snapshot };
    g_autoptr(LibvirtCall) call = libvirt_files_call(link, &verb, &volume, deadline);
    return libvirt_call_run(call, error);
}
