/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sizes of VMs: what a new one gets of memory, processors and the like that its client does not say. */
#pragma once

#include "model/vm.h"

typedef struct {
    Object object;
    char *name, *description, *comment;
    Cpu cpu;
    gint64 cpu_shares;
    gint64 memory;                      /* bytes */
    MemoryPolicy memory_policy;         /* bytes */
    Display display;
    HighAvailability high_availability;
    Io io;
    Switch usb, virtio_scsi, console;
    MigrationOptions migration;
    gboolean soundcard_enabled;
} InstanceType;

extern const Type instance_type_type;

void instance_type_add_fixed(GPtrArray *objects);       /* Tiny … XLarge; owned by OBJECTS. See fixed.h */
