/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The template's rows, and Blank: what VMs are made from that are made from nothing. Everybody knows Blank by its id of zeros.
 * Called by fixed.c. */
#include "model/template.h"

#include "model/people.h"
#include "model/places.h"
#include "model/smalls.h"

NAMES_TABLE(template_status_names, TEMPLATE_STATUS);

/* clang-format off */
static const Type template_version_type = { .one = "version", .many = "versions", .size = sizeof(TemplateVersion), .fields = (const Field[]) {
    INT (TemplateVersion, version_number, 0,         "1 of the first."),
    TEXT(TemplateVersion, version_name,   ADD | SET, "What people call it."),
    REF (TemplateVersion, base_template, template_type, ADD, "The first of its versions; absent of that itself."),
    { 0 } } };

const Type template_type = { .one = "template", .many = "templates", .path = "templates", .size = sizeof(Template), .help = "What VMs are made from.", .fields = (const Field[]) {
    TEXT (Template, name,        ADD | SET | FIND | SHOW | NEED, "Its name; all versions of one template share it."),
    TEXT (Template, description, ADD | SET | FIND,         "For people."),
    TEXT (Template, comment,     ADD | SET | FIND,         "For people."),
    ENUM (Template, status, template_status_names, FIND | SHOW, "Can it be used?"),
    ENUM (Template, type, vm_type_names, ADD | SET,        "What its VMs are tuned for."),
    TEXT (Template, origin,      0,                        "ovirt."),
    INT  (Template, memory,      ADD | SET | SHOW,         "Bytes."),
    GROUP(Template, memory_policy, memory_policy_type, ADD | SET, "What is kept and what it may grow to."),
    GROUP(Template, cpu, cpu_type, ADD | SET,              "Virtual processors."),
    INT  (Template, cpu_shares,  ADD | SET,                "Weight against its neighbours; 0 is the usual."),
    GROUP(Template, bios, bios_type, ADD | SET,            "Chipset and firmware."),
    GROUP(Template, os, os_type, ADD | SET,                "What its VMs run and start from."),
    GROUP(Template, display, display_type, ADD | SET,      "Their console."),
    GROUP(Template, high_availability, high_availability_type, ADD | SET, "What happens when their host is lost."),
    GROUP(Template, placement_policy, placement_policy_type, ADD | SET, "Where they may run."),
    GROUP(Template, time_zone, time_zone_type, ADD | SET,  "The zone of their clocks."),
    GROUP(Template, io, io_type, ADD | SET,                "I/O threads."),
    GROUP(Template, usb, switch_type, ADD | SET,           "USB."),
    GROUP(Template, virtio_scsi, switch_type, ADD | SET,   "A virtio-scsi controller."),
    GROUP(Template, console, switch_type, ADD | SET | ALL, "A serial console."),
    GROUP(Template, rng_device, rng_device_type, ADD | SET | OPT, "Random numbers from their host."),
    LIST (Template, custom_properties, custom_property_type, ADD | SET | OPT, "What oVirt has no field for: hugepages."),
    GROUP(Template, initialization, initialization_type, ADD | SET | OPT | ALL, "What their guests are told at their first start: cloud-init, sysprep."),
    GROUP(Template, migration, migration_type, ADD | SET,  "How they move."),
    BOOL (Template, stateless,   ADD | SET,                "Their disks forget at each stop."),
    BOOL (Template, delete_protected, ADD | SET,           "Refuse to remove it."),
    BOOL (Template, start_paused, ADD | SET,               "They stand still until they are resumed."),
    BOOL (Template, soundcard_enabled, ADD | SET | ALL,    "A sound card."),
    BOOL (Template, tpm_enabled, ADD | SET,                "A TPM 2.0."),
    BOOL (Template, multi_queues_enabled, ADD | SET,       "A queue a CPU for their NICs."),
    TEXT (Template, storage_error_resume_behaviour, ADD | SET, "auto_resume, leave_paused or kill."),
    TEXT (Template, custom_emulated_machine, ADD | SET,    "Machine type of QEMU."),
    TEXT (Template, custom_cpu_model, ADD | SET,           "CPU model of QEMU."),
    TEXT (Template, cpu_pinning_policy, ADD | SET,         "none, manual, dedicated …"),
    TEXT (Template, auto_pinning_policy, ADD | SET,        "disabled or adjust."),
    TIME (Template, creation_time, FIND,                   "When it was made."),
    GROUP(Template, version, template_version_type, ADD | SET, "Which version it is."),
    REF  (Template, cluster, cluster_type, ADD | SHOW,     "Where its VMs run; absent: anywhere."),
    REF  (Template, cpu_profile, cpu_profile_type, ADD | SET, "Their CPU limits."),
    REF  (Template, quota, quota_type, ADD | SET,          "Whose limits it counts against."),
    REF  (Template, vm, vm_type, ADD,                      "The VM that it is made from."),
    EMPTY("cdroms", "cdroms"), CHILDREN(Template, disk_attachments, template_disk_attachment_type, 0, "The disks they get."), EMPTY("graphics_consoles", "graphicsconsoles"),
    EMPTY("mediated_devices", "mediateddevices"), CHILDREN(Template, nics, template_nic_type, 0, "The network cards they get."), COLLECT("permissions", permission_type, "template"), EMPTY("tags", "tags"),
    EMPTY("watchdogs", "watchdogs"),
    { 0 } } };
/* clang-format on */

void
template_add_fixed(GPtrArray *objects)
{
    Template *blank = object_new(&template_type);
    blank->name = g_strdup("Blank");
    blank->description = g_strdup("Blank template");
    blank->origin = g_strdup("ovirt");
    blank->status = TEMPLATE_OK;
    blank->version = (TemplateVersion) { .version_number = 1, .version_name = g_strdup("base version") };
    blank->type = VM_TYPE_SERVER;
    blank->memory = blank->memory_policy.guaranteed = 1ll << 30;
    blank->memory_policy.max = 4ll << 30;
    blank->cpu.topology = (CpuTopology) { .cores = 1, .sockets = 1, .threads = 1 };
    blank->bios.type = BIOS_CLUSTER_DEFAULT;
    blank->os.type = g_strdup("other");
    words_add(&blank->os.boot.devices, "hd");
    blank->display.type = g_strdup("vnc");
    blank->display.monitors = 1;
    blank->high_availability.priority = 1;
    blank->placement_policy.affinity = g_strdup("migratable");
    blank->storage_error_resume_behaviour = g_strdup("auto_resume");
    blank->time_zone.name = g_strdup("Etc/GMT");
    g_ptr_array_add(objects, blank);
}
