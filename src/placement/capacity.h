/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What hosts have and what their VMs have taken of it, counted from a view. Pure. Used by the files of placement, and where a running VM grows. */
#pragma once

#include "model/inventory.h"
#include "model/places.h"

typedef struct {
    Id host;
    gint64 memory;                  /* bytes guaranteed to the VMs that run there (or may) */
    gint64 cpus;                    /* their virtual processors */
} Load;

/* Load of every host with a running VM, by Id *; VM of id EXCEPT is not counted. Yours (g_hash_table_unref). */
GHashTable *capacity_loads(const View *view, const Id *except);
gint64 capacity_needed(const Vm *vm);                           /* bytes that must be free for it to start */
gint64 capacity_total(const Host *host);                        /* bytes of it that VMs may have */
gint64 capacity_free(const Host *host, const Load *load);       /* never below 0; LOAD may be NULL */
gint64 capacity_cpus(const Host *host);                         /* logical processors; 0: not known */
/* "6 GiB", "512 MiB": AVAILABLE rounded down and NEEDED up, in a unit fine enough that they differ where they do. Yours. */
void capacity_tell(gint64 available, gint64 needed, char **ret_available, char **ret_needed);
