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

const Command numa_node_remove = {
    .verb = "remove",
    .on = &virtual_node_type,
    PARTS_ROW,
    .check = check,
    .edit = edit,
    .help = "Takes a NUMA node of a VM away; a guest that runs has it until it stops.",
};
