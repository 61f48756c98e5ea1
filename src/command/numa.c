/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A machine is divided wholly or not at all: what would be too much is refused at once, and what is not enough yet is kept until the rest comes.
 * One node that is the whole machine and stands nowhere says nothing, and is kept in the same way. */
#include "command/numa.h"

#include "model/places.h"

void
numa_settle(Vm *vm)
{
    gboolean whole = virtual_nodes_are_whole(&vm->numa_nodes, vm->memory >> 20, vm_cpus(vm)) && vm->memory % (1 << 20) == 0;
    gboolean says = vm->numa_nodes.count > 1 || (vm->numa_nodes.count == 1 && ((const VirtualNode *) vm->numa_nodes.items[0])->numa_node_pins.count > 0);
    g_free(vm->numa_draft);
    vm->numa_draft = whole && says ? NULL : virtual_nodes_text(&vm->numa_nodes);
}

gboolean
numa_is_whole(const Vm *vm, GError **error)
{
    if (!vm->numa_draft || virtual_nodes_are_whole(&vm->numa_nodes, vm->memory >> 20, vm_cpus(vm)))
        return TRUE;
    g_autofree char *memory = g_strdup_printf("%" G_GINT64_FORMAT, virtual_nodes_memory(&vm->numa_nodes));
    g_autofree char *whole = g_strdup_printf("%" G_GINT64_FORMAT, vm->memory >> 20);
    g_autofree char *cores = g_strdup_printf("%" G_GINT64_FORMAT, virtual_nodes_cpus(&vm->numa_nodes));
    g_autofree char *cpus = g_strdup_printf("%" G_GINT64_FORMAT, vm_cpus(vm));
    return fault_set(error, MSG_NUMA_NOT_WHOLE, "vm", vm->name, "memory", memory, "whole", whole, "cores", cores, "cpus", cpus, NULL);
}

gboolean
numa_fits(const Vm *vm, const Vm *edited, GError **error)
{
    if (vm->numa_nodes.count == 0 || (vm->memory == edited->memory && vm_cpus(vm) == vm_cpus(edited)))
        return TRUE;
    return fault_set(error, MSG_NUMA_FIXES, "vm", vm->name, NULL);
}

/* --- one node ----------------------------------------------------------------------------------------------------------------------- */

static gboolean
check_memory(const Vm *vm, const VirtualNode *node, GError **error)
{
    gint64 others = 0;
    for (guint i = 0; i < vm->numa_nodes.count; i++) {
        const VirtualNode *other = vm->numa_nodes.items[i];
        others += other->index == node->index ? 0 : other->memory;
    }
    g_autofree char *memory = g_strdup_printf("%" G_GINT64_FORMAT, node->memory);
    g_autofree char *left = g_strdup_printf("%" G_GINT64_FORMAT, MAX(0, (vm->memory >> 20) - others));
    return (node->memory > 0 && node->memory <= (vm->memory >> 20) - others) ||
           fault_set(error, MSG_NUMA_MEMORY, "vm", vm->name, "memory", memory, "left", left, NULL);
}

static gboolean
is_elsewhere(const Vm *vm, const VirtualNode *node, gint64 core)
{
    for (guint i = 0; i < vm->numa_nodes.count; i++) {
        const VirtualNode *other = vm->numa_nodes.items[i];
        if (other->index != node->index && virtual_node_has(&other->cpu.cores, core))
            return TRUE;
    }
    return FALSE;
}

static gboolean
check_cores(const Vm *vm, const VirtualNode *node, GError **error)
{
    if (node->cpu.cores.count == 0)
        return fault_set(error, MSG_NUMA_NO_CORES, "vm", vm->name, NULL);
    for (guint i = 0; i < node->cpu.cores.count; i++) {
        gint64 core = ((const NodeIndex *) node->cpu.cores.items[i])->index;
        const List before = { node->cpu.cores.items, i };
        g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, core), *last = g_strdup_printf("%" G_GINT64_FORMAT, vm_cpus(vm) - 1);
        if (core < 0 || core >= vm_cpus(vm))
            return fault_set(error, MSG_NUMA_NO_SUCH_CORE, "vm", vm->name, "core", text, "last", last, NULL);
        if (is_elsewhere(vm, node, core) || virtual_node_has(&before, core))
            return fault_set(error, MSG_NUMA_CORE_TWICE, "vm", vm->name, "core", text, NULL);
    }
    return TRUE;
}

static gboolean
host_has(const Host *host, gint64 index)
{
    for (guint i = 0; i < host->host_numa_nodes.count; i++) {
        if (((const NumaNode *) host->host_numa_nodes.items[i])->index == index)
            return TRUE;
    }
    return FALSE;
}

static gboolean
check_pins(const Work *work, const Vm *vm, const VirtualNode *node, GError **error)
{
    const Host *host = view_find(work->view, &host_type, &vm->home.id);
    if (node->numa_tune_mode && node->numa_node_pins.count == 0)
        return fault_set(error, MSG_NUMA_MODE_OF_NOTHING, "vm", vm->name, NULL);
    for (guint i = 0; host && i < node->numa_node_pins.count; i++) {
        gint64 index = ((const NodeIndex *) node->numa_node_pins.items[i])->index;
        g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, index);
        if (!host_has(host, index))
            return fault_set(error, MSG_NUMA_NO_HOST_NODE, "vm", vm->name, "host", host->name, "node", text, NULL);
    }
    return TRUE;
}

gboolean
numa_check(const Work *work, const Vm *vm, const VirtualNode *node, GError **error)
{
    return check_memory(vm, node, error) && check_cores(vm, node, error) && check_pins(work, vm, node, error);
}
