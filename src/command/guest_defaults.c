/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The systems' own rows say what suits them (model/guest_systems.c); here it is used. What only suits, and no host can make, is left away; what a
 * system requires is not, so that placement says what is missing. */
#include "command/guest_defaults.h"

#include "command/paths.h"
#include "model/guest_systems.h"
#include "placement/placement.h"

static const GuestSystem *
system_of(const View *view, const Vm *vm)
{
    return vm->os.type ? view_find_name(view, &operating_system_type, vm->os.type) : NULL;
}

static gboolean
is_known(int architecture)
{
    return architecture != ARCHITECTURE_NONE_ && architecture != ARCHITECTURE_UNDEFINED;
}

static gboolean
is_uefi(const Vm *vm)
{
    return vm->bios.type == BIOS_Q35_OVMF || vm->bios.type == BIOS_Q35_SECURE_BOOT || vm->cpu.architecture == ARCHITECTURE_AARCH64;
}

/* --- what was not said ------------------------------------------------------------------------------------------------------------ */

static void
choose_architecture(const View *view, const GuestSystem *system, Vm *vm)
{
    const Cluster *cluster = view_find(view, &cluster_type, &vm->cluster.id);
    if (is_known(vm->cpu.architecture))
        return;
    if (system && system->architecture != ARCHITECTURE_X86_64)
        vm->cpu.architecture = system->architecture;
    else if (cluster && is_known(cluster->cpu.architecture))
        vm->cpu.architecture = cluster->cpu.architecture;
}

void
guest_defaults_settle(const View *view, Vm *vm)
{
    const Cluster *cluster = view_find(view, &cluster_type, &vm->cluster.id);
    int meant = cluster && cluster->bios_type ? names_find(&bios_type_names, cluster->bios_type) : 0;
    gboolean open = vm->bios.type == BIOS_NONE_ || vm->bios.type == BIOS_CLUSTER_DEFAULT;
    if (open && meant && meant != BIOS_CLUSTER_DEFAULT && meant != BIOS_Q35_SEA_BIOS && vm->cpu.architecture != ARCHITECTURE_AARCH64)
        vm->bios.type = meant;
}

static gboolean
can_be_made(const View *view, const Vm *vm)
{
    ViewWalk walk = view_walk(view, &host_type);
    for (const Host *host; (host = view_next(&walk));) {
        if (id_equal(&host->cluster.id, &vm->cluster.id) && placement_check_make(host, vm, NULL))
            return TRUE;
    }
    return FALSE;
}

static void
choose_firmware(const View *view, const Draft *draft, const GuestSystem *system, Vm *vm)
{
    gboolean firmware = !draft_has(draft, "bios.type") && system->bios_type, tpm = !draft_has(draft, "tpm_enabled") && system->tpm_enabled;
    const int before = vm->bios.type;
    if (firmware)
        vm->bios.type = system->bios_type;
    vm->tpm_enabled = vm->tpm_enabled || (tpm && is_uefi(vm));
    if (guest_system_requires_tpm(system) || can_be_made(view, vm))
        return;
    if (firmware)
        vm->bios.type = before;
    if (tpm)
        vm->tpm_enabled = FALSE;
}

/* Setup finds its disk and card on the CD beside the one it starts from. */
static void
add_drivers(const View *view, Vm *vm)
{
    char text[ID_TEXT_SIZE];
    const File *drivers = paths_windows_drivers(view);
    Cdrom *cdrom = drivers ? object_new(&cdrom_type) : NULL;
    if (!cdrom)
        return;
    cdrom->object.id = id_named(&vm->object.id, "cdrom drivers");
    cdrom->file.id = g_strdup(id_format(&drivers->object.id, ID_UUID, text));
    list_add(&vm->cdroms, cdrom);
}

void
guest_defaults_apply(const View *view, const Draft *draft, Vm *vm)
{
    const GuestSystem *system = system_of(view, vm);
    choose_architecture(view, system, vm);
    if (system && vm->cpu.architecture != ARCHITECTURE_AARCH64)
        choose_firmware(view, draft, system, vm);
    guest_defaults_settle(view, vm);
    if (system && !draft_has(draft, "memory"))
        vm->memory = MAX(system->minimum_memory, (gint64) 1 << 30);
    if (guest_system_is_windows(vm->os.type))
        add_drivers(view, vm);
}

/* --- disks and cards --------------------------------------------------------------------------------------------------------------- */

static gboolean
has_drivers(const View *view, const Vm *vm)
{
    for (guint i = 0; i < vm->cdroms.count; i++) {
        const Cdrom *cdrom = vm->cdroms.items[i];
        if (cdrom->file.id && paths_is_windows_drivers(view, cdrom->file.id))
            return TRUE;
    }
    return FALSE;
}

/* Who has a virtio device has the drivers: they come together. */
static gboolean
uses_virtio(const Vm *vm)
{
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        int interface = ((const DiskAttachment *) vm->disk_attachments.items[i])->interface;
        if (interface == DISK_INTERFACE_VIRTIO || interface == DISK_INTERFACE_VIRTIO_SCSI)
            return TRUE;
    }
    for (guint i = 0; i < vm->nics.count; i++) {
        if (((const Nic *) vm->nics.items[i])->interface == NIC_VIRTIO)
            return TRUE;
    }
    return FALSE;
}

static gboolean
needs_plain_devices(const View *view, const Vm *vm, const GuestSystem *system)
{
    if (!system || vm->cpu.architecture == ARCHITECTURE_AARCH64 || uses_virtio(vm))
        return FALSE;
    return !(guest_system_is_windows(vm->os.type) && has_drivers(view, vm));
}

int
guest_defaults_disk(const View *view, const Vm *vm)
{
    const GuestSystem *system = system_of(view, vm);
    int wished = needs_plain_devices(view, vm, system) ? system->disk_interface : DISK_INTERFACE_VIRTIO;
    gboolean ide = vm->bios.type == BIOS_I440FX_SEA_BIOS;
    return wished == DISK_INTERFACE_SATA && ide ? DISK_INTERFACE_IDE : wished == DISK_INTERFACE_IDE && !ide ? DISK_INTERFACE_SATA : wished;
}

int
guest_defaults_nic(const View *view, const Vm *vm)
{
    const GuestSystem *system = system_of(view, vm);
    return needs_plain_devices(view, vm, system) ? system->nic_interface : NIC_VIRTIO;
}

/* --- what goes together -------------------------------------------------------------------------------------------------------------- */

static gboolean
check_architecture(const Vm *vm, const GuestSystem *system, GError **error)
{
    int architecture = vm->cpu.architecture;
    if (!system || !is_known(architecture) || system->architecture == architecture || guest_system_is_any(system))
        return TRUE;
    return fault_set(error, MSG_SYSTEM_OF_OTHER_ARCHITECTURE, "vm", vm->name, "system", system->name, "needed",
                     names_get(&architecture_names, system->architecture), "architecture", names_get(&architecture_names, architecture), NULL);
}

static gboolean
check_firmware(const Vm *vm, GError **error)
{
    if (vm->cpu.architecture != ARCHITECTURE_AARCH64 || vm->bios.type == BIOS_NONE_ || vm->bios.type == BIOS_CLUSTER_DEFAULT)
        return TRUE;
    return fault_set(error, MSG_FIRMWARE_OF_X86, "vm", vm->name, "firmware", names_get(&bios_type_names, vm->bios.type), NULL);
}

static gboolean
check_tpm(const Vm *vm, const GuestSystem *system, GError **error)
{
    const char *name = system ? system->name : "other";
    if (!vm->tpm_enabled && system && guest_system_requires_tpm(system))
        return fault_set(error, MSG_TPM_REQUIRED, "vm", vm->name, "system", name, NULL);
    if (vm->tpm_enabled && system && !guest_system_supports_tpm(system))
        return fault_set(error, MSG_TPM_NOT_OF_SYSTEM, "vm", vm->name, "system", name, NULL);
    if (!vm->tpm_enabled || is_uefi(vm))
        return TRUE;
    return fault_set(error, MSG_TPM_NEEDS_UEFI, "vm", vm->name, "firmware", names_get(&bios_type_names, vm->bios.type), NULL);
}

gboolean
guest_defaults_check(const View *view, const Vm *before, const Vm *vm, GError **error)
{
    const GuestSystem *system = system_of(view, vm);
    if (before && before->bios.type == vm->bios.type && !before->tpm_enabled == !vm->tpm_enabled && g_strcmp0(before->os.type, vm->os.type) == 0)
        return TRUE;
    return check_architecture(vm, system, error) && check_firmware(vm, error) && check_tpm(vm, system, error);
}
