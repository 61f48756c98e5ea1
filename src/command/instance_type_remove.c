/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Removes a size of VMs. Those that were made in it keep what they have, and forget its name. */
#include "command/instance_types.h"
#include "command/rows.h"

static gboolean
check(Work *work, GError **error)
{
    const InstanceType *size = view_find(work->view, &instance_type_type, &work->target);
    if (!size)
        return fault_set(error, MSG_SIZE_GONE, NULL);
    work_set_about(work, "name", size->name);
    work_claim(work, &instance_type_type, &work->target);
    return TRUE;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    ViewWalk walk = view_walk(work->view, &vm_type);
    for (const Vm *vm; (vm = view_next(&walk));) {
        if (id_equal(&vm->instance_type.id, &work->target))
            ((Vm *) changes_edit(changes, &vm_type, &vm->object.id))->instance_type.id = id_null;
    }
    changes_remove(changes, &instance_type_type, &work->target);
    return TRUE;
}

const Command instance_type_remove = {
    .verb = "remove",
    .on = &instance_type_type,
    .permit = PERMIT_CONFIGURE_ENGINE,
    .title = MSG_REMOVING_SIZE,
    .done = { 11025, MSG_SIZE_REMOVED },
    .failed = { 11026, MSG_SIZE_REMOVE_FAILED },
    .check = check,
    .stage = stage,
    .help = "Removes a size of VMs; those made in it keep what they have.",
};
