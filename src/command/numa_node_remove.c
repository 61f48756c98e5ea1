/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Takes a NUMA node of a VM away; what was in it must be in another before the VM starts, unless none is left. */
#include "command/numa.h"
#include "command/parts.h"
#include "command/rows.h"

static gboolean
edit(Work *work, Vm *vm, GError **error)
{
    (void) error;
    list_remove(&vm->numa_nodes, &virtual_node_type, &work->target);
    numa_settle(vm);
    return TRUE;
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = parts_check(work, FALSE, error);
    if (!vm)
        return FALSE;
    return list_find(&vm->numa_nodes, &work->target) || fault_set(error, MSG_NO_SUCH_NUMA_NODE, "vm", vm->name, NULL);
}

static gboolean
prepare(Work *work, GError **error)
{
    return definition_prepare(work, edit, error);
}

static void
finish(Work *work, Changes *changes)
{
    definition_finish(work, changes, edit);
}

static char *
plan(Work *work, GError **error)
{
    return definition_plan(work, edit, error);
}

const Command numa_node_remove = {
    .verb = "remove",
    .on = &virtual_node_type,
    .permit = PERMIT_EDIT_VM,
    .title = MSG_EDITING_VM,
    .done = { 35, MSG_VM_EDITED },
    .failed = { 58, MSG_VM_EDIT_FAILED },
    .words = parts_words,
    .check = check,
    .plan = plan,
    .steps = PARTS_STEPS(prepare),
    .finish = finish,
    .help = "Takes a NUMA node of a VM away; a guest that runs has it until it stops.",
};
