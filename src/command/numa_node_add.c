/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Gives a VM a NUMA node: a part of its memory and processors. */
#include "command/numa.h"
#include "command/parts.h"
#include "command/rows.h"

static gboolean
edit(Work *work, Vm *vm, GError **error)
{
    (void) error;
    if (list_find(&vm->numa_nodes, &work->target))
        return TRUE;
    VirtualNode *node = object_new(&virtual_node_type);
    node->object.id = work->target;
    draft_apply(work->draft, node, ADD);
    if (node->numa_node_pins.count > 0 && !node->numa_tune_mode)
        node->numa_tune_mode = NUMA_STRICT;
    list_add(&vm->numa_nodes, node);
    numa_settle(vm);
    return TRUE;
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = parts_check(work, TRUE, error);
    if (!vm || !draft_check_needed(work->draft, error))
        return FALSE;
    const VirtualNode *sent = work->draft->record;
    g_autofree char *index = g_strdup_printf("%" G_GINT64_FORMAT, sent->index);
    if (!draft_has(work->draft, "index"))
        return fault_set(error, MSG_SCHEMA_INCOMPLETE, "type", "VmNumaNode", "fields", "index", NULL);
    if (sent->index < 0 || sent->index >= VIRTUAL_NODES_MOST)
        return fault_set(error, MSG_NUMA_INDEX, "vm", vm->name, "index", index, "most", G_STRINGIFY(VIRTUAL_NODES_MOST), NULL);
    work->target = virtual_node_id(&vm->object.id, sent->index);
    if (list_find(&vm->numa_nodes, &work->target))
        return fault_set(error, MSG_NUMA_THERE, "vm", vm->name, "index", index, NULL);
    return numa_check(work, vm, sent, error);
}

const Command numa_node_add = {
    .verb = "add",
    .on = &virtual_node_type,
    .params = &virtual_node_type,
    PARTS_ROW,
    .check = check,
    .edit = edit,
    .stage = parts_stage,
    .help = "Gives a VM a NUMA node; a guest that runs has it from its next start on.",
};
