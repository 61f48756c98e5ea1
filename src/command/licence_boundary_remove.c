/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Removes a licence boundary that no VM is in. What was recorded of it stays in the ledger. */
#include "command/boundaries.h"
#include "command/rows.h"

static gboolean
check(Work *work, GError **error)
{
    const LicenceBoundary *boundary = view_find(work->view, &licence_boundary_type, &work->target);
    if (!boundary)
        return fault_set(error, MSG_NO_SUCH_BOUNDARY, NULL);
    ViewWalk walk = view_walk(work->view, &vm_type);
    for (const Vm *vm; (vm = view_next(&walk));) {
        if (id_equal(&vm->licence_boundary.id, &boundary->object.id))
            return fault_set(error, MSG_BOUNDARY_HAS_VMS, "boundary", boundary->name, "vm", vm->name, NULL);
    }
    return TRUE;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    changes_remove(changes, &licence_boundary_type, &work->target);
    return TRUE;
}

const Command licence_boundary_remove = {
    .verb = "remove",
    .on = &licence_boundary_type,
    .permit = PERMIT_CONFIGURE_ENGINE,
    .title = MSG_REMOVING_BOUNDARY,
    .done = { 11053, MSG_BOUNDARY_REMOVED },
    .check = check,
    .stage = stage,
    .help = "Removes a licence boundary that no VM is in.",
};
