/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A licence boundary: the cores of a host that a product is licensed for. VMs with the product name it (Vm.licence_boundary); what would let one of them run
 * outside is refused (command/boundaries.h), unless an exception was made. */
#pragma once

#include "schema/type.h"

/* One VM may leave it for a while: who said so, and why. */
typedef struct { Ref vm, user; gint64 until; char *reason; } BoundaryException;

typedef struct {
    Object object;
    char *name, *description, *comment;
    char *product;                      /* as licence/tables.h names it: "EE" */
    char *cpu_set;                      /* of the host; one spelling */
    gint64 licences;                    /* owned; 0: not told */
    gboolean keep_others_off;           /* cores are not chosen from it for VMs that are not in it */
    Ref host;
    List exceptions;                    /* BoundaryException */
} LicenceBoundary;

extern const Type licence_boundary_type;
