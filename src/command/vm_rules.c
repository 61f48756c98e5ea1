/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Bounds and names. Whether a host has so much memory or so many processors is placement's question, asked at the start. */
#include "command/vm_rules.h"

#include "command/devices.h"
#include "command/guards.h"
#include "command/initializations.h"
#include "command/paths.h"
#include "command/refs.h"
#include "model/guest_systems.h"

#include <string.h>

#define MIB ((gint64) 1024 * 1024)
#define MEMORY_LEAST MIB
#define MEMORY_MOST (16 * MIB * MIB)            /* 16 TiB */
#define MAX_FACTOR 4                            /* what `max` is for a VM whose client did not say */
#define CPUS_MOST 710
#define CPU_SHARES_MOST 262144
#define ORDER_MOST 9999
#define DELAY_MOST 86400
#define IO_THREADS_MOST 64
#define RATE_MOST (1ll << 30)
#define CMDLINE_MOST 2000                       /* what kernels of all architectures take */

static gboolean
is_count(gint64 count)
{
    return count >= 1 && count <= CPUS_MOST;
}

/* --- what was sent -------------------------------------------------------------------------------------------------------- */

/* Clients send back all they have read: what stays as it is is nobody's wish, wherever it lies. */
static gboolean
rewrite_path(const Work *work, const char *field, char **path, GError **error)
{
    const Vm *now = view_find(work->view, &vm_type, &work->target);
    const char *present = !now ? NULL : g_str_equal(field, "os.kernel") ? now->os.kernel : now->os.initrd;
    if (!*path || !**path || g_strcmp0(*path, present) == 0)
        return TRUE;
    char *found = paths_boot_file(work->view, field, *path, error);
    if (!found)
        return FALSE;
    g_free(*path);
    *path = found;
    return TRUE;
}

gboolean
vm_rules_is_boot_device(const char *word)
{
    static const char *const known[] = { "hd", "cdrom", "network", NULL };
    return g_strv_contains(known, word);
}

static gboolean
check_boot(const Work *work, GError **error)
{
    Vm *sent = work->draft->record;
    if (draft_has(work->draft, "os.kernel") && !rewrite_path(work, "os.kernel", &sent->os.kernel, error))
        return FALSE;
    if (draft_has(work->draft, "os.initrd") && !rewrite_path(work, "os.initrd", &sent->os.initrd, error))
        return FALSE;
    if (sent->os.cmdline && strlen(sent->os.cmdline) > CMDLINE_MOST)
        return fault_set(error, MSG_CMDLINE_TOO_LONG, NULL);
    for (guint i = 0; i < sent->os.boot.devices.count; i++) {
        const char *device = sent->os.boot.devices.items[i];
        if (!vm_rules_is_boot_device(device))
            return fault_set(error, MSG_BAD_BOOT_DEVICE, "device", device, NULL);
    }
    return TRUE;
}

gboolean
vm_rules_check_memory(const char *name, gint64 bytes, GError **error)
{
    g_autofree char *memory = g_strdup_printf("%" G_GINT64_FORMAT, bytes);
    return (bytes >= MEMORY_LEAST && bytes <= MEMORY_MOST) || fault_set(error, MSG_MEMORY_OUT_OF_RANGE, "vm", name, "memory", memory, NULL);
}

static gboolean
check_system(const Work *work, const Vm *sent, GError **error)
{
    const Vm *now = view_find(work->view, &vm_type, &work->target);
    if (!draft_has(work->draft, "os.type") || (now && g_strcmp0(sent->os.type, now->os.type) == 0))
        return TRUE;
    if (sent->os.type && view_find_name(work->view, &operating_system_type, sent->os.type))
        return TRUE;
    return fault_set(error, MSG_BAD_OS_TYPE, "system", sent->os.type ? sent->os.type : "", NULL);
}

/* Of what is not sent there is one; none is nobody's wish. */
static gboolean
check_counts(const Draft *draft, const Vm *sent, const char *name, GError **error)
{
    const CpuTopology *cpu = &sent->cpu.topology;
    const struct { const char *field; gint64 count; } counts[] = {
        { "cpu.topology.sockets", cpu->sockets }, { "cpu.topology.cores", cpu->cores }, { "cpu.topology.threads", cpu->threads },
    };
    for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
        if (draft_has(draft, counts[i].field) && !is_count(counts[i].count)) {
            g_autofree char *count = g_strdup_printf("%" G_GINT64_FORMAT, counts[i].count);
            g_autofree char *most = g_strdup_printf("%d", CPUS_MOST);
            return fault_set(error, MSG_BAD_COUNT, "vm", name, "field", counts[i].field, "count", count, "most", most, NULL);
        }
    }
    return TRUE;
}

/* What it is, or will be by this draft. */
static gboolean
is_windows(const Work *work, const Vm *sent)
{
    const Vm *now = view_find(work->view, &vm_type, &work->target);
    return guest_system_is_windows(draft_has(work->draft, "os.type") ? sent->os.type : now ? now->os.type : NULL);
}

gboolean
vm_rules_check_draft(Work *work, const char *name, GError **error)
{
    const Vm *sent = work->draft->record;
    if (!guard_texts(work->draft, error))
        return FALSE;
    if (draft_has(work->draft, "name") && !guard_name("VM", "name", sent->name, error))
        return FALSE;
    if (draft_has(work->draft, "memory") && !vm_rules_check_memory(name, sent->memory, error))
        return FALSE;
    return initializations_check(work->draft, name, is_windows(work, sent), error) && check_system(work, sent, error) && check_counts(work->draft, sent, name, error) && check_boot(work, error);
}

/* What a new VM has unless it is said not to: as oVirt's, and a serial console, which costs nothing. */
static void
switch_on(const Draft *draft, Vm *vm)
{
    const struct { const char *field; gboolean *value; } switches[] = {
        { "usb.enabled", &vm->usb.enabled }, { "virtio_scsi.enabled", &vm->virtio_scsi.enabled }, { "console.enabled", &vm->console.enabled },
    };
    for (guint i = 0; i < G_N_ELEMENTS(switches); i++)
        *switches[i].value |= !draft_has(draft, switches[i].field);
}

void
vm_rules_apply(const Draft *draft, Vm *vm, guint mask)
{
    gint64 before = vm->memory;
    draft_apply(draft, vm, mask);
    if (mask == ADD)
        switch_on(draft, vm);
    if (mask != ADD && vm->rng_device.source == 0)
        vm->rng_device.rate = (Rate) { 0 };     /* of nothing */
    if (mask != ADD && vm->memory == before)
        return;
    vm->memory -= vm->memory % MIB;
    if (!draft_has(draft, "memory_policy.guaranteed") && (mask == ADD || vm->memory_policy.guaranteed > vm->memory))
        vm->memory_policy.guaranteed = vm->memory;
    if (!draft_has(draft, "memory_policy.max") && (mask == ADD || vm->memory_policy.max < vm->memory))
        vm->memory_policy.max = MIN(vm->memory, MEMORY_MOST / MAX_FACTOR) * MAX_FACTOR;
}

/* --- as it would be ------------------------------------------------------------------------------------------------------- */

static gboolean
check_memory(const Vm *vm, GError **error)
{
    g_autofree char *memory = g_strdup_printf("%" G_GINT64_FORMAT, vm->memory);
    g_autofree char *guaranteed = g_strdup_printf("%" G_GINT64_FORMAT, vm->memory_policy.guaranteed);
    if (vm->memory_policy.guaranteed < 0 || vm->memory_policy.guaranteed > vm->memory)
        return fault_set(error, MSG_GUARANTEED_TOO_HIGH, "vm", vm->name, "guaranteed", guaranteed, "memory", memory, NULL);
    g_autofree char *most = g_strdup_printf("%" G_GINT64_FORMAT, vm->memory_policy.max);
    if (vm->memory_policy.max > 0 && vm->memory_policy.max < vm->memory)
        return fault_set(error, MSG_MAX_MEMORY_TOO_LOW, "vm", vm->name, "max", most, "memory", memory, NULL);
    return TRUE;
}

static gboolean
check_cpu(const Vm *vm, GError **error)
{
    const CpuTopology *cpu = &vm->cpu.topology;
    gboolean well = is_count(cpu->sockets) && is_count(cpu->cores) && is_count(cpu->threads) && cpu->sockets * cpu->cores * cpu->threads <= CPUS_MOST;
    if (well)
        return TRUE;
    g_autofree char *given = g_strdup_printf("%" G_GINT64_FORMAT " × %" G_GINT64_FORMAT " × %" G_GINT64_FORMAT, cpu->sockets, cpu->cores, cpu->threads);
    g_autofree char *most = g_strdup_printf("%d", CPUS_MOST);
    return fault_set(error, MSG_BAD_TOPOLOGY, "vm", vm->name, "topology", given, "most", most, NULL);
}

static gboolean
check_random(const Vm *vm, GError **error)
{
    const Rate *rate = &vm->rng_device.rate;
    gboolean well = rate->bytes >= 0 && rate->bytes <= RATE_MOST && rate->period >= 0 && rate->period <= RATE_MOST && (rate->bytes > 0 || rate->period == 0);
    return well || fault_set(error, MSG_RNG_RATE, "vm", vm->name, NULL);
}

static gboolean
check_threads(const Vm *vm, GError **error)
{
    g_autofree char *count = g_strdup_printf("%" G_GINT64_FORMAT, vm->io.threads), *most = g_strdup_printf("%d", IO_THREADS_MOST);
    return (vm->io.threads >= 0 && vm->io.threads <= IO_THREADS_MOST) || fault_set(error, MSG_IO_THREADS, "vm", vm->name, "count", count, "most", most, NULL);
}

/* Drives of machines without IDE and SATA stand on it too. */
static gboolean
check_scsi(const Vm *vm, GError **error)
{
    for (guint i = 0; i < vm->disk_attachments.count && !vm->virtio_scsi.enabled; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        if (attachment->active && attachment->interface == DISK_INTERFACE_VIRTIO_SCSI)
            return fault_set(error, MSG_SCSI_IN_USE, "vm", vm->name, "what", "a disk of it", NULL);
    }
    if (!vm->virtio_scsi.enabled && vm->cpu.architecture == ARCHITECTURE_AARCH64)
        return fault_set(error, MSG_SCSI_IN_USE, "vm", vm->name, "what", "its CD-ROM drive", NULL);
    return TRUE;
}

/* A page size is a power of two that the memory is a whole number of. */
static gboolean
check_pages(const Vm *vm, const char *value, GError **error)
{
    gint64 pages = 0;
    gboolean number = *value && strspn(value, "0123456789") == strlen(value) && strlen(value) < 10;
    if (number)
        pages = g_ascii_strtoll(value, NULL, 10);
    gboolean well = number && (pages & (pages - 1)) == 0 && (pages == 0 || vm->memory % (pages * 1024) == 0);
    return well || fault_set(error, MSG_HUGEPAGES, "vm", vm->name, "value", value, NULL);
}

static gboolean
check_properties(const Vm *vm, GError **error)
{
    for (guint i = 0; i < vm->custom_properties.count; i++) {
        const CustomProperty *property = vm->custom_properties.items[i];
        const char *name = property->name ? property->name : "";
        if (!g_str_equal(name, VM_HUGEPAGES))
            return fault_set(error, MSG_UNKNOWN_PROPERTY, "vm", vm->name, "property", name, NULL);
        if (i > 0)
            return fault_set(error, MSG_PROPERTY_TWICE, "vm", vm->name, "property", name, NULL);
        if (!check_pages(vm, property->value ? property->value : "", error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
check_devices(const Draft *draft, const Vm *vm, GError **error)
{
    return (!draft_has(draft, "rng_device") || check_random(vm, error)) && (!draft_has(draft, "io") || check_threads(vm, error)) &&
           (!draft_has(draft, "virtio_scsi") || check_scsi(vm, error)) &&
           (!(draft_has(draft, "custom_properties") || draft_has(draft, "memory")) || check_properties(vm, error));
}

/* Seconds of a day are the most; an agent is waited for only so long as is said. */
static gboolean
check_autostart(const Vm *vm, GError **error)
{
    const Autostart *wish = &vm->autostart;
    if (wish->order < 0 || wish->order > ORDER_MOST)
        return fault_set(error, MSG_AUTOSTART_ORDER, "vm", vm->name, NULL);
    if (wish->start_delay < 0 || wish->start_delay > DELAY_MOST || wish->stop_delay < 0 || wish->stop_delay > DELAY_MOST)
        return fault_set(error, MSG_AUTOSTART_DELAY, "vm", vm->name, NULL);
    return !wish->wait_for_agent || wish->start_delay > 0 || fault_set(error, MSG_AUTOSTART_AGENT, "vm", vm->name, NULL);
}

gboolean
vm_rules_check(const Draft *draft, const Vm *vm, gboolean adding, GError **error)
{
    if (draft_has(draft, "autostart") && !check_autostart(vm, error))
        return FALSE;
    if ((adding || draft_has(draft, "memory") || draft_has(draft, "memory_policy")) && !check_memory(vm, error))
        return FALSE;
    if ((adding || draft_has(draft, "cpu")) && !check_cpu(vm, error))
        return FALSE;
    if (vm->cpu_shares < 0 || vm->cpu_shares > CPU_SHARES_MOST)
        return fault_set(error, MSG_BAD_CPU_SHARES, "vm", vm->name, NULL);
    if (vm->os.initrd && *vm->os.initrd && !(vm->os.kernel && *vm->os.kernel))
        return fault_set(error, MSG_INITRD_WITHOUT_KERNEL, "vm", vm->name, NULL);
    return check_devices(draft, vm, error);
}

static const Id *
data_center_of(const View *view, const Vm *vm)
{
    const Cluster *cluster = view_find(view, &cluster_type, &vm->cluster.id);
    return cluster ? &cluster->data_center.id : &id_null;
}

gboolean
vm_rules_name_is_free(Work *work, const Vm *vm, gboolean adding, GError **error)
{
    const View *view = work->view;
    const Id *here = data_center_of(view, vm);
    ViewWalk walk = view_walk(view, &vm_type);
    for (const Vm *other; (other = view_next(&walk));) {
        if (id_equal(&other->object.id, &vm->object.id) || g_strcmp0(other->name, vm->name) != 0)
            continue;
        if (id_equal(data_center_of(view, other), here))
            return fault_set(error, adding ? MSG_NAME_TAKEN_ADD : MSG_NAME_TAKEN_EDIT, "vm", vm->name, NULL);
    }
    guard_claim_word(work, "The name '%s'", vm->name);
    return TRUE;
}

/* --- booting -------------------------------------------------------------------------------------------------------------- */

static gboolean
boots_from(const Vm *vm, const char *device)
{
    for (guint i = 0; i < vm->os.boot.devices.count; i++) {
        if (g_str_equal(vm->os.boot.devices.items[i], device))
            return TRUE;
    }
    return FALSE;
}

static gboolean
has_medium(const Vm *vm)
{
    for (guint i = 0; i < vm->cdroms.count; i++) {
        const Cdrom *cdrom = vm->cdroms.items[i];
        if (cdrom->file.id && *cdrom->file.id)
            return TRUE;
    }
    return FALSE;
}

static gboolean
has_plugged_nic(const Vm *vm)
{
    for (guint i = 0; i < vm->nics.count; i++) {
        const Nic *nic = vm->nics.items[i];
        if (nic->plugged)
            return TRUE;
    }
    return FALSE;
}

gboolean
vm_rules_can_boot(const Vm *vm)
{
    return (vm->os.kernel && *vm->os.kernel) || devices_boot_disk(vm, NULL) || has_medium(vm) || (boots_from(vm, "network") && has_plugged_nic(vm));
}
