/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The VM's rows, its allowed moves of status, and what a new one gets where nothing was said. Element names and shapes are
 * oVirt's. Booleans that clients compare are always written, also when false. */
#include "model/vm.h"

#include "model/instance_type.h"
#include "model/licence_boundary.h"
#include "model/people.h"
#include "model/places.h"
#include "model/smalls.h"
#include "model/template.h"

NAMES_TABLE(vm_status_names, VM_STATUS);
NAMES_TABLE(vm_type_names, VM_TYPE);
NAMES_TABLE(architecture_names, ARCHITECTURE);
NAMES_TABLE(bios_type_names, BIOS_TYPE);
NAMES_TABLE(rng_source_names, RNG_SOURCE);
NAMES_TABLE(stop_action_names, STOP_ACTION);

/* clang-format off */
static const Type topology_type = { .one = "topology", .many = "topologies", .size = sizeof(CpuTopology), .fields = (const Field[]) {
    INT(CpuTopology, cores,   ADD | SET | OPT, "Cores of a socket."),
    INT(CpuTopology, sockets, ADD | SET | OPT, "Sockets."),
    INT(CpuTopology, threads, ADD | SET | OPT, "Threads of a core."),
    { 0 } } };

const Type version_type = { .one = "version", .many = "versions", .size = sizeof(Version), .fields = (const Field[]) {
    INT (Version, build,        ADD | SET | OPT, "Third number."),
    TEXT(Version, full_version, ADD | SET,       "As its maker writes it."),
    INT (Version, major,        ADD | SET | OPT, "First number."),
    INT (Version, minor,        ADD | SET | OPT, "Second number."),
    INT (Version, revision,     ADD | SET | OPT, "Fourth number."),
    { 0 } } };

const Type cpu_type = { .one = "cpu", .many = "cpus", .size = sizeof(Cpu), .fields = (const Field[]) {
    ENUM (Cpu, architecture, architecture_names, ADD | SET, "Instruction set."),
    GROUP(Cpu, cpu_tune, cpu_tune_type, ADD | SET | OPT, "Which CPUs of its host its threads are bound to."),
    TEXT (Cpu, mode,     ADD | SET,       "custom, host_model or host_passthrough."),
    TEXT (Cpu, name,     ADD | SET,       "Model as the host names it."),
    REAL (Cpu, speed,    LIVE | OPT,      "MHz."),
    GROUP(Cpu, topology, topology_type, ADD | SET | OPT, "Sockets, cores and threads."),
    TEXT (Cpu, type,     ADD | SET,       "CPU type of a cluster."),
    { 0 } } };

const Type memory_policy_type = { .one = "memory_policy", .many = "memory_policies", .size = sizeof(MemoryPolicy), .fields = (const Field[]) {
    BOOL(MemoryPolicy, ballooning, ADD | SET, "May the host take back memory that the guest does not use?"),
    INT (MemoryPolicy, guaranteed, ADD | SET, "Bytes the host always keeps for it."),
    INT (MemoryPolicy, max,        ADD | SET, "Bytes it may grow to while it runs."),
    { 0 } } };

static const Type boot_menu_type = { .one = "boot_menu", .many = "boot_menus", .size = sizeof(BootMenu), .fields = (const Field[]) {
    BOOL(BootMenu, enabled, ADD | SET, "Wait for a key at the start?"),
    { 0 } } };

const Type bios_type = { .one = "bios", .many = "bioses", .size = sizeof(Bios), .fields = (const Field[]) {
    GROUP(Bios, boot_menu, boot_menu_type, ADD | SET, "The firmware's boot menu."),
    ENUM (Bios, type, bios_type_names, ADD | SET,     "Chipset and firmware."),
    { 0 } } };

static const Type boot_type = { .one = "boot", .many = "boots", .size = sizeof(Boot), .fields = (const Field[]) {
    WORDS(Boot, devices, "device", ADD | SET, "hd, cdrom, network, in the order they are tried."),
    { 0 } } };

const Type os_type = { .one = "os", .many = "oss", .size = sizeof(OperatingSystem), .fields = (const Field[]) {
    GROUP(OperatingSystem, boot, boot_type, ADD | SET,       "What it starts from."),
    TEXT (OperatingSystem, cmdline, ADD | SET,               "Arguments of the kernel."),
    TEXT (OperatingSystem, initrd,  ADD | SET,               "Initial RAM disk, a file in a storage domain."),
    TEXT (OperatingSystem, kernel,  ADD | SET,               "Kernel, a file in a storage domain."),
    TEXT (OperatingSystem, reported_kernel_cmdline, LIVE,    "A host's own."),
    TEXT (OperatingSystem, type,    ADD | SET | FIND,        "Name of an operating system."),
    GROUP(OperatingSystem, version, version_type, LIVE | OPT, "A host's own."),
    { 0 } } };

const Type display_type = { .one = "display", .many = "displays", .size = sizeof(Display), .fields = (const Field[]) {
    TEXT(Display, address, LIVE,                         "Where its console listens."),
    BOOL(Display, allow_override, ADD | SET,             "May a second person take the console over?"),
    BOOL(Display, copy_paste_enabled, ADD | SET,         "Clipboard shared with the guest."),
    TEXT(Display, disconnect_action, ADD | SET,          "What happens when the console closes."),
    BOOL(Display, file_transfer_enabled, ADD | SET,      "Files dropped on the console."),
    TEXT(Display, keyboard_layout, ADD | SET,            "ja, en-us …"),
    INT (Display, monitors, ADD | SET | OPT,             "How many."),
    INT (Display, port, LIVE | OPT,                      "Port of the console."),
    INT (Display, secure_port, LIVE | OPT,               "Port with TLS."),
    BOOL(Display, smartcard_enabled, ADD | SET,          "Smart card of the person at the console."),
    TEXT(Display, type, ADD | SET,                       "vnc or spice."),
    { 0 } } };

const Type high_availability_type = { .one = "high_availability", .many = "high_availabilities", .size = sizeof(HighAvailability), .fields = (const Field[]) {
    BOOL(HighAvailability, enabled,  ADD | SET, "Started again elsewhere when its host is lost."),
    INT (HighAvailability, priority, ADD | SET, "Who is first."),
    { 0 } } };

const Type placement_policy_type = { .one = "placement_policy", .many = "placement_policies", .size = sizeof(PlacementPolicy), .fields = (const Field[]) {
    TEXT(PlacementPolicy, affinity, ADD | SET, "migratable, user_migratable or pinned."),
    { 0 } } };

const Type time_zone_type = { .one = "time_zone", .many = "time_zones", .size = sizeof(TimeZone), .fields = (const Field[]) {
    TEXT(TimeZone, name,       ADD | SET, "Asia/Tokyo, or Windows' name."),
    TEXT(TimeZone, utc_offset, LIVE,      "As the guest says."),
    { 0 } } };

const Type io_type = { .one = "io", .many = "ios", .size = sizeof(Io), .fields = (const Field[]) {
    INT(Io, threads, ADD | SET, "I/O threads."),
    { 0 } } };

const Type switch_type = { .one = "switch", .many = "switches", .size = sizeof(Switch), .fields = (const Field[]) {
    BOOL(Switch, enabled, ADD | SET, "On or off."),
    { 0 } } };

static const Type console_type = { .one = "console", .many = "consoles", .size = sizeof(Console), .fields = (const Field[]) {
    BOOL(Console, enabled,     ADD | SET, "On or off."),
    TEXT(Console, log_file,    OPT,       "Where on its host that is."),
    BOOL(Console, log_enabled, ADD | SET | OPT, "What the guest prints there is kept in a file, the newest of it."),
    { 0 } } };

static const Type rate_type = { .one = "rate", .many = "rates", .size = sizeof(Rate), .fields = (const Field[]) {
    INT(Rate, bytes,  ADD | SET | OPT, "So many bytes …"),
    INT(Rate, period, ADD | SET | OPT, "… in so many milliseconds."),
    { 0 } } };

const Type rng_device_type = { .one = "rng_device", .many = "rng_devices", .size = sizeof(RngDevice), .fields = (const Field[]) {
    GROUP(RngDevice, rate, rate_type, ADD | SET | OPT, "How much the guest may take from the host."),
    ENUM (RngDevice, source, rng_source_names, ADD | SET, "urandom or hwrng; an empty one takes the device away."),
    { 0 } } };

const Type custom_property_type = { .one = "custom_property", .many = "custom_properties", .size = sizeof(CustomProperty), .fields = (const Field[]) {
    TEXT(CustomProperty, name,   ADD | SET, "hugepages."),
    TEXT(CustomProperty, value,  ADD | SET, "hugepages: KiB of a page, as 2048; 0: as its host likes."),
    TEXT(CustomProperty, regexp, LIVE,      "What it may be."),
    { 0 } } };

const Type migration_type = { .one = "migration", .many = "migrations", .size = sizeof(MigrationOptions), .fields = (const Field[]) {
    TEXT(MigrationOptions, auto_converge, ADD | SET, "true, false or inherit."),
    TEXT(MigrationOptions, compressed,    ADD | SET, "true, false or inherit."),
    TEXT(MigrationOptions, encrypted,     ADD | SET, "true, false or inherit."),
    { 0 } } };

static const Type autostart_type = { .one = "autostart", .many = "autostarts", .size = sizeof(Autostart), .fields = (const Field[]) {
    BOOL(Autostart, enabled,        ADD | SET,       "Started when its host has booted."),
    INT (Autostart, order,          ADD | SET | OPT, "Who starts first and stops last: 1 before 2, those of one number together; 0: started behind all others, stopped before them."),
    INT (Autostart, start_delay,    ADD | SET | OPT, "Seconds from its start until the next ones follow."),
    BOOL(Autostart, wait_for_agent, ADD | SET,       "They follow earlier, as soon as its guest's agent answers."),
    ENUM(Autostart, stop_action, stop_action_names, ADD | SET, "When its host goes down: shutdown, suspend or stop."),
    INT (Autostart, stop_delay,     ADD | SET | OPT, "Seconds its guest has to shut down, before it is powered off; 0: 120."),
    { 0 } } };

static const Type guest_time_zone_type = { .one = "guest_time_zone", .many = "guest_time_zones", .size = sizeof(TimeZone), .fields = (const Field[]) {
    TEXT(TimeZone, name,       LIVE, "As the guest agent says."),
    TEXT(TimeZone, utc_offset, LIVE, "As the guest agent says."),
    { 0 } } };

static const Type guest_os_type = { .one = "guest_operating_system", .many = "guest_operating_systems", .size = sizeof(GuestOperatingSystem), .fields = (const Field[]) {
    TEXT (GuestOperatingSystem, architecture, LIVE, "As the guest agent says."),
    TEXT (GuestOperatingSystem, codename,     LIVE, "As the guest agent says."),
    TEXT (GuestOperatingSystem, distribution, LIVE, "As the guest agent says."),
    TEXT (GuestOperatingSystem, family,       LIVE, "As the guest agent says."),
    GROUP(GuestOperatingSystem, kernel,  version_type, LIVE | OPT, "As the guest agent says."),
    GROUP(GuestOperatingSystem, version, version_type, LIVE | OPT, "As the guest agent says."),
    { 0 } } };

const Type vm_type = { .one = "vm", .many = "vms", .path = "vms", .size = sizeof(Vm), .help = "A virtual machine.", .fields = (const Field[]) {
    TEXT (Vm, name,        ADD | SET | FIND | SHOW | NEED, "Unique within a data center."),
    TEXT (Vm, description, ADD | SET | FIND,               "For people."),
    TEXT (Vm, comment,     ADD | SET | FIND,               "For people."),
    ENUM (Vm, status, vm_status_names, LIVE | FIND | SHOW, "What its host last reported."),
    TEXT (Vm, status_detail, LIVE,                         "Why it is in that status."),
    ENUM (Vm, type, vm_type_names, ADD | SET | FIND,       "What it is tuned for."),
    TEXT (Vm, origin,      0,                              "ovirt, or external where it was adopted."),
    INT  (Vm, memory,      ADD | SET | FIND | SHOW,        "Bytes."),
    GROUP(Vm, memory_policy, memory_policy_type, ADD | SET, "What is kept and what it may grow to."),
    GROUP(Vm, cpu, cpu_type, ADD | SET,                    "Virtual processors."),
    INT  (Vm, cpu_shares,  ADD | SET,                      "Weight against its neighbours; 0 is the usual."),
    GROUP(Vm, bios, bios_type, ADD | SET,                  "Chipset and firmware."),
    GROUP(Vm, os, os_type, ADD | SET,                      "What it runs and starts from."),
    GROUP(Vm, display, display_type, ADD | SET,            "Its console."),
    GROUP(Vm, high_availability, high_availability_type, ADD | SET, "What happens when its host is lost."),
    GROUP(Vm, placement_policy, placement_policy_type, ADD | SET, "Where it may run."),
    GROUP(Vm, time_zone, time_zone_type, ADD | SET,        "The zone of its clock."),
    GROUP(Vm, io, io_type, ADD | SET,                      "I/O threads."),
    GROUP(Vm, usb, switch_type, ADD | SET,                 "USB."),
    GROUP(Vm, virtio_scsi, switch_type, ADD | SET,         "A virtio-scsi controller."),
    GROUP(Vm, console, console_type, ADD | SET | ALL,      "A serial console."),
    GROUP(Vm, rng_device, rng_device_type, ADD | SET | OPT, "Random numbers from the host."),
    LIST (Vm, custom_properties, custom_property_type, ADD | SET | OPT, "What oVirt has no field for: hugepages."),
    GROUP(Vm, migration, migration_type, ADD | SET,        "How it moves."),
    GROUP(Vm, autostart, autostart_type, ADD | SET | OPT,  "How it begins and ends with its host."),
    GROUP(Vm, initialization, initialization_type, ADD | SET | OPT | ALL, "What its guest is told at its first start: cloud-init, sysprep."),
    BOOL (Vm, libvirt_autostart, LIVE | OPT,               "libvirt starts it by itself (virsh autostart); the manager leaves that to it."),
    BOOL (Vm, stateless,   ADD | SET,                      "Its disks forget at each stop."),
    BOOL (Vm, delete_protected, ADD | SET,                 "Refuse to remove it."),
    BOOL (Vm, start_paused, ADD | SET,                     "Stands still until it is resumed."),
    BOOL (Vm, run_once,    LIVE,                           "Runs with settings for this one time."),
    BOOL (Vm, soundcard_enabled, ADD | SET | ALL,          "A sound card."),
    BOOL (Vm, tpm_enabled, ADD | SET,                      "A TPM 2.0."),
    BOOL (Vm, multi_queues_enabled, ADD | SET,             "A queue a CPU for its NICs."),
    BOOL (Vm, use_latest_template_version, ADD | SET,      "Follows its template's newest version."),
    BOOL (Vm, has_illegal_images, LIVE,                    "A disk's chain is damaged."),
    BOOL (Vm, next_run_configuration_exists, LIVE | FIND,  "It runs with other settings than it will start with."),
    WORDS(Vm, next_run_differences, "difference", LIVE | OPT, "Which of its settings those are."),
    TEXT (Vm, running_pins, LIVE | SECRET,                 "Where its threads are bound while it runs."),
    TEXT (Vm, storage_error_resume_behaviour, ADD | SET,   "auto_resume, leave_paused or kill."),
    TEXT (Vm, custom_emulated_machine, ADD | SET | FIND,   "Machine type of QEMU."),
    TEXT (Vm, custom_cpu_model, ADD | SET,                 "CPU model of QEMU."),
    TEXT (Vm, cpu_pinning_policy, ADD | SET,               "none; manual: as cpu.cpu_tune says; dedicated: a thread of the host for each vCPU, isolate_threads: a core."),
    TEXT (Vm, auto_pinning_policy, ADD | SET,              "disabled or adjust."),
    REF  (Vm, cluster, cluster_type, ADD | SET | NEED,     "Where it may run."),
    NAMED("template", KIND_REF, Vm, template_, Ref, &template_type, ADD | INLINE, "What it was made from."),
    REF  (Vm, original_template, template_type, INLINE,    "What it was made from, even if that is gone."),
    REF  (Vm, instance_type, instance_type_type, ADD, "The size it was made in."),
    REF  (Vm, cpu_profile, cpu_profile_type, ADD | SET,    "Its CPU limits."),
    REF  (Vm, quota, quota_type, ADD | SET,                "Whose limits it counts against."),
    REF  (Vm, licence_boundary, licence_boundary_type, ADD | SET | FIND, "The licence boundary it runs in, and not outside."),
    TIME (Vm, creation_time, FIND,                         "When it was made or adopted."),
    TIME (Vm, start_time, LIVE,                            "Since when it runs."),
    TIME (Vm, stop_time, 0,                                "When it last stopped."),
    TEXT (Vm, stop_reason, 0,                              "Why it last stopped."),
    TIME (Vm, frozen_until, 0,                             "When the file systems of its guest, which are frozen, are thawed at the latest."),
    REF  (Vm, host, host_type, LIVE | SHOW,                "Where it runs now."),
    TEXT (Vm, fqdn, LIVE | FIND,                           "The guest's own name."),
    GROUP(Vm, guest_operating_system, guest_os_type, LIVE | OPT, "As the guest agent says."),
    GROUP(Vm, guest_time_zone, guest_time_zone_type, LIVE | OPT, "As the guest agent says."),
    REF  (Vm, home, host_type, SECRET,                     "The host that holds its definition."),
    BOOL (Vm, adopted, SECRET,                             "Made by somebody else and not yet edited."),
    BOOL (Vm, locked, SECRET,                              "A job is making, copying or removing it."),
    TEXT (Vm, numa_draft, SECRET,                          "NUMA nodes that are not the whole of it yet."),
    TEXT (Vm, same_as, SECRET,                             "Another domain of the same name, UUID or MAC."),
    CHILDREN(Vm, nics, nic_type, ADD,                      "Network cards."),
    CHILDREN(Vm, disk_attachments, disk_attachment_type, ADD, "Disks."),
    CHILDREN(Vm, cdroms, cdrom_type, 0,                    "CD-ROM drives."),
    CHILDREN(Vm, graphics_consoles, graphics_console_type, 0, "Graphical consoles."),
    CHILDREN(Vm, snapshots, snapshot_type, 0,              "Points it can return to."),
    CHILDREN(Vm, reported_devices, reported_device_type, LIVE, "The guest's own view of its NICs."),
    CHILDREN(Vm, sessions, session_type, LIVE,             "Who is logged in at the guest, as it says."),
    CHILDREN(Vm, file_systems, file_system_type, LIVE,     "File systems of the guest, as it says."),
    EMPTY("affinity_labels", "affinitylabels"), EMPTY("applications", "applications"), EMPTY("floppies", "floppies"),
    CHILDREN(Vm, host_devices, vm_device_type, 0,          "Devices of its host that it has as they are."),
    CHILDREN(Vm, shared_folders, shared_folder_type, 0,    "Folders of its host that it has as file systems."),
    EMPTY("katello_errata", "katelloerrata"), EMPTY("mediated_devices", "mediateddevices"),
    CHILDREN(Vm, numa_nodes, virtual_node_type, 0,         "Its NUMA nodes."), COLLECT("permissions", permission_type, "vm"), EMPTY("series", "series"), EMPTY("statistics", "statistics"),
    EMPTY("tags", "tags"), CHILDREN(Vm, watchdogs, watchdog_type, 0, "Its watchdog."), EMPTY("backups", "backups"), EMPTY("checkpoints", "checkpoints"),
    { 0 } } };
/* clang-format on */

#define BIT(status) (1u << (status))

/* From row to the set of statuses it may move to. DOWN, UNKNOWN and NOT_RESPONDING may come from anywhere: hosts die. */
static const guint moves[] = {
    [VM_NONE_] = ~0u,
    [VM_UNASSIGNED] = ~0u,
    [VM_DOWN] = BIT(VM_WAIT_FOR_LAUNCH) | BIT(VM_POWERING_UP) | BIT(VM_UP) | BIT(VM_PAUSED) | BIT(VM_IMAGE_LOCKED) | BIT(VM_RESTORING_STATE) | BIT(VM_SUSPENDED),
    [VM_UP] = BIT(VM_PAUSED) | BIT(VM_POWERING_DOWN) | BIT(VM_MIGRATING) | BIT(VM_REBOOT_IN_PROGRESS) | BIT(VM_SAVING_STATE) | BIT(VM_POWERING_UP),
    [VM_POWERING_UP] = BIT(VM_UP) | BIT(VM_PAUSED) | BIT(VM_POWERING_DOWN) | BIT(VM_MIGRATING) | BIT(VM_REBOOT_IN_PROGRESS),
    [VM_PAUSED] = BIT(VM_UP) | BIT(VM_POWERING_UP) | BIT(VM_MIGRATING) | BIT(VM_SAVING_STATE) | BIT(VM_POWERING_DOWN),
    [VM_MIGRATING] = BIT(VM_UP) | BIT(VM_PAUSED) | BIT(VM_POWERING_UP),
    [VM_UNKNOWN] = ~0u,
    [VM_NOT_RESPONDING] = ~0u,
    [VM_WAIT_FOR_LAUNCH] = BIT(VM_POWERING_UP) | BIT(VM_UP) | BIT(VM_PAUSED),
    [VM_REBOOT_IN_PROGRESS] = BIT(VM_UP) | BIT(VM_POWERING_UP) | BIT(VM_PAUSED),
    [VM_SAVING_STATE] = BIT(VM_SUSPENDED) | BIT(VM_UP) | BIT(VM_PAUSED),
    [VM_RESTORING_STATE] = BIT(VM_UP) | BIT(VM_PAUSED) | BIT(VM_SUSPENDED),
    [VM_SUSPENDED] = BIT(VM_RESTORING_STATE) | BIT(VM_UP) | BIT(VM_PAUSED),
    [VM_IMAGE_LOCKED] = ~0u,
    [VM_POWERING_DOWN] = BIT(VM_UP) | BIT(VM_PAUSED),
};

gboolean
vm_may_move(VmStatus from, VmStatus to)
{
    if (from == to || to == VM_DOWN || to == VM_UNKNOWN || to == VM_NOT_RESPONDING || to == VM_UNASSIGNED)
        return TRUE;
    return (guint) from < G_N_ELEMENTS(moves) && moves[from] & BIT(to);
}

void
vm_lock(Vm *vm)
{
    vm->locked = TRUE;
    if (vm->status == VM_DOWN)
        vm->status = VM_IMAGE_LOCKED;
}

void
vm_unlock(Vm *vm)
{
    vm->locked = FALSE;
    if (vm->status == VM_IMAGE_LOCKED)
        vm->status = VM_DOWN;
}

gboolean
vm_is_running(VmStatus status)
{
    return status != VM_NONE_ && status != VM_DOWN && status != VM_SUSPENDED && status != VM_IMAGE_LOCKED;
}

gint64
vm_cpus(const Vm *vm)
{
    const CpuTopology *topology = &vm->cpu.topology;
    return MAX(topology->sockets, 1) * MAX(topology->cores, 1) * MAX(topology->threads, 1);
}

gint64
vm_start_order(const Vm *vm)
{
    return vm->autostart.enabled && vm->autostart.order > 0 ? vm->autostart.order : VM_NO_ORDER;
}

const char *
vm_property(const Vm *vm, const char *name)
{
    for (guint i = 0; i < vm->custom_properties.count; i++) {
        const CustomProperty *property = vm->custom_properties.items[i];
        if (g_strcmp0(property->name, name) == 0)
            return property->value;
    }
    return NULL;
}

static void
default_text(char **member, const char *value)
{
    if (!*member)
        *member = g_strdup(value);
}

static void
default_int(gint64 *member, gint64 value)
{
    if (!*member)
        *member = value;
}

void
vm_set_defaults(Vm *vm)
{
    vm->type = vm->type ? vm->type : VM_TYPE_SERVER;
    vm->bios.type = vm->bios.type ? vm->bios.type : BIOS_CLUSTER_DEFAULT;
    default_int(&vm->memory, 1ll << 30);
    default_int(&vm->memory_policy.guaranteed, vm->memory);
    default_int(&vm->memory_policy.max, MAX(vm->memory, MIN(4 * vm->memory, 1ll << 42)));
    default_int(&vm->cpu.topology.sockets, 1);
    default_int(&vm->cpu.topology.cores, 1);
    default_int(&vm->cpu.topology.threads, 1);
    default_int(&vm->display.monitors, 1);
    vm->rng_device.source = vm->rng_device.source ? vm->rng_device.source : RNG_URANDOM;
    default_int(&vm->high_availability.priority, 1);
    default_text(&vm->os.type, "other");
    default_text(&vm->display.type, "vnc");
    default_text(&vm->placement_policy.affinity, "migratable");
    default_text(&vm->storage_error_resume_behaviour, "auto_resume");
    default_text(&vm->time_zone.name, "Etc/GMT");
    default_text(&vm->origin, "ovirt");
    if (!vm->os.boot.devices.count)
        words_add(&vm->os.boot.devices, "hd");
}
