/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The notes of one storage domain: what lies in it by a view, and what it says. They are brought together by whoever has the time: the
 * catalogue in the background, steps of jobs before a storage domain is let go. Blocks; one at a time a storage domain. */
#pragma once

#include "host/host.h"
#include "model/inventory.h"

typedef struct {
    const View *view;
    HostLink *link;
    HostStore store;
    Tick deadline;                      /* of the whole */
    char *(*xml)(gpointer data, const Id *vm);      /* its definition; NULL: not known. May be NULL */
    gpointer data;
    GHashTable *variables;              /* Id: VMs whose firmware's variables were brought into the storage domain; NULL: none */
    GHashTable *known;                  /* char * → guint64 *: notes that stand, and of which state of their objects; is kept up. NULL: all are read */
    gboolean whole;                     /* notes of what was gone before KNOWN was begun go, too */
} Shelf;

/* Every note says afterwards what the view says, was read back, and is durable. FALSE: not all do. */
gboolean shelf_write(const Shelf *shelf, GError **error);
/* Do they? FALSE with ERROR: it cannot be known. */
gboolean shelf_compare(const Shelf *shelf, gboolean *ret_same, GError **error);

/* VMs with a disk in it, and disks in it that no VM has; yours, borrowed from the view. */
GPtrArray *shelf_vms(const View *view, const Id *storage);
GPtrArray *shelf_floating(const View *view, const Id *storage);
gboolean shelf_disk_lies_in(const Disk *disk, const Id *storage);
/* Where the variables of a VM's firmware are kept in the storage domain; yours. */
char *shelf_variables(const char *dir, const Id *vm);
