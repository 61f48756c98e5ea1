/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What lies in a storage domain and is not registered: the answer of storage_domain_unregistered, in words for people and as the objects themselves
 * for the API's lists. */
#pragma once

#include "schema/type.h"

typedef struct { char *id, *name, *description; gint64 memory, processors; Words disks; } UnregisteredVm;
typedef struct { char *id, *name, *description; gint64 provisioned_size; } UnregisteredDisk;
typedef struct { char *note, *reason; } UnreadableNote;
typedef struct {
    List unregistered_vms, unregistered_disks;      /* UnregisteredVm, UnregisteredDisk */
    List unreadable_notes;                          /* UnreadableNote */
    List vms, disks;                                /* SECRET: Vm, Disk */
} Unregistered;

extern const Type unregistered_type;
