/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Changes what is in a NUMA node of a VM, or where its memory comes from. */
#include "command/numa.h"
#include "command/parts.h"
#include "command/rows.h"

static void
change(const Work *work, VirtualNode *node)
{
    draft_apply(work->draft, node, SET);
    if (node->numa_node_pins.count == 0 && !draft_has(work->draft, "numa_tune_mode"))
        node->numa_tune_mode = 0;
    else if (!node->numa_tune_mode && node->numa_node_pins.count > 0)
        node->numa_tune_mode = NUMA_STRICT;
}

static gboolean
edit(Work *work, Vm *vm, GError **error)
{
    VirtualNode *node = list_find(&vm->numa_nodes, &work->target);
    if (!node)
        return fault_set(error, MSG_DEVICE_GONE_OUTSIDE, "vm", vm->name, NULL);
    change(work, node);
    numa_settle(vm);
    return TRUE;
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = parts_check(work, TRUE, error);
    const VirtualNode *now = vm ? list_find(&vm->numa_nodes, &work->target) : NULL;
    if (vm && !now)
        return fault_set(error, MSG_NO_SUCH_NUMA_NODE, "vm", vm->name, NULL);
    if (!vm)
        return FALSE;
    VirtualNode *edited = object_dup(now);
    change(work, edited);
    gboolean well = numa_check(work, vm, edited, error);
    object_unref(edited);
    return well;
}

const Command numa_node_update = {
    .verb = "update",
    .on = &virtual_node_type,
    .params = &virtual_node_type,
    PARTS_ROW,
    .check = check,
    .edit = edit,
    .stage = parts_stage,
    .help = "Changes a NUMA node of a VM; a guest that runs feels it from its next start on.",
};
