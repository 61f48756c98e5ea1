/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where the threads of a running domain may run: told to libvirt, and read back from the kernel. On this machine all of them are seen; of another host's
 * libvirt tells the vCPUs' alone. Neither asks QEMU anything, so that one that hangs holds nobody up. */
#include "host/libvirt_call.h"

#include "host/local_affinity.h"

#include <stdlib.h>
#include <string.h>

#define MOST_VCPUS 4096

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomain, virDomainFree)

/* A set of CPUs as libvirt takes it. */
typedef struct {
    unsigned char *bits, *online;
    int length, cpus;
} CpuMap;

static void
map_clear(CpuMap *map)
{
    g_free(map->bits);
    free(map->online);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CpuMap, map_clear)

static gboolean
map_open(LibvirtCall *call, CpuMap *map)
{
    map->cpus = virNodeGetCPUMap(call->connection, &map->online, NULL, 0);
    if (map->cpus <= 0)
        return FALSE;
    map->length = VIR_CPU_MAPLEN(map->cpus);
    map->bits = g_malloc0((gsize) map->length);
    return TRUE;
}

/* --- telling ---------------------------------------------------------------------------------------------------------------------- */

static void
use_range(CpuMap *map, guint64 first, guint64 last)
{
    for (guint64 cpu = first; cpu <= last && cpu < (guint64) map->cpus; cpu++)
        VIR_USE_CPU(map->bits, (int) cpu);
}

/* SET NULL: every CPU that is there. One that is not there is left to libvirt's refusal: nothing of a set may be passed over silently. */
static gboolean
map_fill(CpuMap *map, const char *set, LibvirtCall *call, GError **error)
{
    memset(map->bits, 0, (gsize) map->length);
    if (!set) {
        memcpy(map->bits, map->online, (gsize) map->length);
        return TRUE;
    }
    for (const char *at = set; *at;) {
        char *end;
        guint64 first = g_ascii_strtoull(at, &end, 10), last = *end == '-' ? g_ascii_strtoull(end + 1, &end, 10) : first;
        if (end == at || last < first || last >= (guint64) map->cpus)
            return fault_set(error, MSG_HOST_NO_SUCH_CPUS, "host", call->host->link.name, "set", set, NULL);
        use_range(map, first, last);
        at = *end == ',' ? end + 1 : "";
    }
    return TRUE;
}

static gboolean
bind_vcpus(LibvirtCall *call, virDomain *domain, const CpuTune *tune, CpuMap *map, GError **error)
{
    int most = virDomainGetVcpusFlags(domain, VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_VCPU_MAXIMUM);
    if (most < 0)
        return libvirt_call_fail(call, error);
    for (int vcpu = 0; vcpu < MIN(most, MOST_VCPUS); vcpu++) {
        if (!map_fill(map, cpu_tune_vcpu(tune, vcpu), call, error))
            return FALSE;
        if (virDomainPinVcpuFlags(domain, (unsigned) vcpu, map->bits, map->length, VIR_DOMAIN_AFFECT_LIVE) != 0)
            return libvirt_call_fail(call, error);
    }
    return TRUE;
}

static gboolean
bind_emulator(LibvirtCall *call, virDomain *domain, const CpuTune *tune, CpuMap *map, GError **error)
{
    return map_fill(map, cpu_tune_emulator(tune), call, error) &&
           (virDomainPinEmulator(domain, map->bits, map->length, VIR_DOMAIN_AFFECT_LIVE) == 0 || libvirt_call_fail(call, error));
}

static gboolean
bind_io_threads(LibvirtCall *call, virDomain *domain, const CpuTune *tune, CpuMap *map, GError **error)
{
    virDomainIOThreadInfoPtr *threads = NULL;
    int count = virDomainGetIOThreadInfo(domain, &threads, VIR_DOMAIN_AFFECT_LIVE);
    gboolean well = count >= 0 || libvirt_call_fail(call, error);
    for (int i = 0; i < count; i++) {
        unsigned id = threads[i]->iothread_id;
        well = well && map_fill(map, cpu_tune_io_thread(tune, id), call, error) &&
               (virDomainPinIOThread(domain, id, map->bits, map->length, VIR_DOMAIN_AFFECT_LIVE) == 0 || libvirt_call_fail(call, error));
        virDomainIOThreadInfoFree(threads[i]);
    }
    free(threads);
    return well;
}

static gboolean
work_bind(LibvirtCall *call, GError **error)
{
    g_auto(CpuMap) map = { 0 };
    g_auto(CpuTune) tune = { 0 };
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    if (!domain || !map_open(call, &map))
        return libvirt_call_fail(call, error);
    cpu_tune_read(call->text, &tune);
    return bind_vcpus(call, domain, &tune, &map, error) && bind_emulator(call, domain, &tune, &map, error) && bind_io_threads(call, domain, &tune, &map, error);
}

gboolean
libvirt_pins_bind(HostLink *link, const Id *domain, const CpuTune *tune, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_bind, "bind", TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    call->text = cpu_tune_text(tune);
    return libvirt_call_run(call, error);
}

/* --- looking ---------------------------------------------------------------------------------------------------------------------- */

static void
tune_free(gpointer tune)
{
    cpu_tune_clear(tune);
    g_free(tune);
}

/* Of the file that libvirt keeps of each that runs; 0: not known. */
static gint64
process_of(const LibvirtHost *host, virDomain *domain)
{
    g_autofree char *folder = host->place.path ? g_path_get_dirname(host->place.path) : g_strdup("/run/libvirt"), *text = NULL;
    g_autofree char *path = g_strdup_printf("%s/qemu/%s.pid", folder, virDomainGetName(domain));
    return g_file_get_contents(path, &text, NULL, NULL) ? g_ascii_strtoll(text, NULL, 10) : 0;
}

static void
add_cpu(GString *text, int first, int last)
{
    g_string_append_printf(text, "%s%d", text->len > 0 ? "," : "", first);
    if (last > first)
        g_string_append_printf(text, "-%d", last);
}

static char *
map_text(const unsigned char *bits, int cpus)
{
    GString *text = g_string_new(NULL);
    for (int first = 0; first < cpus; first++) {
        int last = first;
        if (!VIR_CPU_USED(bits, first))
            continue;
        while (last + 1 < cpus && VIR_CPU_USED(bits, last + 1))
            last++;
        add_cpu(text, first, last);
        first = last;
    }
    return g_string_free(text, FALSE);
}

char *
libvirt_pins_all(virConnectPtr connection)
{
    unsigned char *online = NULL;
    int cpus = virNodeGetCPUMap(connection, &online, NULL, 0);
    char *text = cpus > 0 ? map_text(online, cpus) : NULL;
    free(online);
    return text;
}

/* The kernel's word too, through libvirt: but of nothing else than the vCPUs. */
static gboolean
ask_vcpus(LibvirtCall *call, virDomain *domain, CpuTune *tune, GError **error)
{
    g_auto(CpuMap) map = { 0 };
    int most = map_open(call, &map) ? virDomainGetVcpusFlags(domain, VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_VCPU_MAXIMUM) : -1;
    if (most <= 0)
        return libvirt_call_fail(call, error);
    most = MIN(most, MOST_VCPUS);
    g_autofree virVcpuInfo *info = g_new0(virVcpuInfo, most);
    g_autofree unsigned char *maps = g_malloc0((gsize) most * (gsize) map.length);
    int count = virDomainGetVcpus(domain, info, most, maps, map.length);
    if (count < 0)
        return libvirt_call_fail(call, error);
    for (int i = 0; i < count; i++) {
        g_autofree char *set = map_text(maps + (gsize) i * (gsize) map.length, map.cpus);
        cpu_tune_pin_vcpu(tune, (gint64) info[i].number, *set ? set : NULL);
    }
    return TRUE;
}

static gboolean
work_affinity(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    if (!domain)
        return libvirt_call_fail(call, error);
    CpuTune *tune = g_new0(CpuTune, 1);
    call->result = tune;
    call->free_result = tune_free;
    return (call->host->place.local && local_affinity_read("", process_of(call->host, domain), &call->id, tune)) || ask_vcpus(call, domain, tune, error);
}

gboolean
libvirt_pins_affinity(HostLink *link, const Id *domain, CpuTune *ret_tune, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_affinity, "look at the threads of", FALSE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    if (!libvirt_call_run(call, error))
        return FALSE;
    CpuTune *tune = call->result;
    *ret_tune = *tune;
    *tune = (CpuTune) { 0 };
    return TRUE;
}
