/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rows, and the five sizes that every oVirt has, by the ids clients know them by. Called by fixed.c. */
#include "model/instance_type.h"

/* clang-format off */
const Type instance_type_type = { .one = "instance_type", .many = "instance_types", .path = "instancetypes", .size = sizeof(InstanceType), .help = "A size of VM.", .fields = (const Field[]) {
    TEXT (InstanceType, name,        ADD | SET | FIND | SHOW | NEED, "Its name."),
    TEXT (InstanceType, description, ADD | SET | FIND,         "For people."),
    TEXT (InstanceType, comment,     ADD | SET | FIND,         "For people."),
    INT  (InstanceType, memory,      ADD | SET | SHOW,         "Bytes."),
    GROUP(InstanceType, memory_policy, memory_policy_type, ADD | SET, "What is kept and what it may grow to."),
    GROUP(InstanceType, cpu, cpu_type, ADD | SET,              "Virtual processors."),
    INT  (InstanceType, cpu_shares,  ADD | SET,                "Weight against its neighbours; 0 is the usual."),
    GROUP(InstanceType, display, display_type, ADD | SET,      "Its console."),
    GROUP(InstanceType, high_availability, high_availability_type, ADD | SET, "What happens when its host is lost."),
    GROUP(InstanceType, io, io_type, ADD | SET,                "I/O threads."),
    GROUP(InstanceType, usb, switch_type, ADD | SET,           "USB."),
    GROUP(InstanceType, virtio_scsi, switch_type, ADD | SET,   "A virtio-scsi controller."),
    GROUP(InstanceType, console, switch_type, ADD | SET | ALL, "A serial console."),
    GROUP(InstanceType, migration, migration_type, ADD | SET,  "How it moves."),
    BOOL (InstanceType, soundcard_enabled, ADD | SET | ALL,    "A sound card."),
    EMPTY("cdroms", "cdroms"), EMPTY("disk_attachments", "diskattachments"), EMPTY("graphics_consoles", "graphicsconsoles"),
    EMPTY("mediated_devices", "mediateddevices"), EMPTY("nics", "nics"), EMPTY("permissions", "permissions"), EMPTY("tags", "tags"), EMPTY("watchdogs", "watchdogs"),
    { 0 } } };
/* clang-format on */

#define MIB (1ll << 20)

static const struct { const char *id, *name, *description; gint64 memory, sockets; } sizes[] = {
    { "00000003-0003-0003-0003-0000000000be", "Tiny", "Tiny instance type", 512 * MIB, 1 },
    { "00000005-0005-0005-0005-0000000002e6", "Small", "Small instance type", 2048 * MIB, 1 },
    { "00000007-0007-0007-0007-00000000010a", "Medium", "Medium instance type", 4096 * MIB, 2 },
    { "00000009-0009-0009-0009-0000000000f1", "Large", "Large instance type", 8192 * MIB, 2 },
    { "0000000b-000b-000b-000b-00000000021f", "XLarge", "Extra large instance type", 16384 * MIB, 4 },
};

void
instance_type_add_fixed(GPtrArray *objects)
{
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        InstanceType *size = object_new(&instance_type_type);
        id_parse(sizes[i].id, ID_UUID, &size->object.id);
        size->name = g_strdup(sizes[i].name);
        size->description = g_strdup(sizes[i].description);
        size->memory = size->memory_policy.guaranteed = sizes[i].memory;
        size->memory_policy.max = 4 * sizes[i].memory;
        size->memory_policy.ballooning = TRUE;
        size->cpu.topology = (CpuTopology) { .cores = 1, .sockets = sizes[i].sockets, .threads = 1 };
        size->usb.enabled = size->virtio_scsi.enabled = size->console.enabled = TRUE;
        g_ptr_array_add(objects, size);
    }
}
