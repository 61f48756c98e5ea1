/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * From what hosts report and what VMs are bound to, to sets of CPUs. */
#include "command/cores.h"

#include <string.h>

/* --- the host --------------------------------------------------------------------------------------------------------------------- */

static TopologyCpu
cpu_of(const HostCpuUnit *unit)
{
    TopologyCpu cpu = { .id = unit->cpu_id, .socket = unit->socket_id, .core = unit->core_id, .node = unit->node_id, .online = TRUE };
    for (guint i = 0; i < unit->siblings.count; i++) {
        gint64 sibling = g_ascii_strtoll(unit->siblings.items[i], NULL, 10);
        if (sibling >= 0 && sibling < CPUS_MOST)
            cpus_add(&cpu.siblings, (guint) sibling);
    }
    return cpu;
}

Topology *
cores_topology(const Host *host, GError **error)
{
    g_autoptr(GArray) cpus = g_array_new(FALSE, TRUE, sizeof(TopologyCpu));
    for (guint i = 0; i < host->cpu_units.count; i++) {
        const HostCpuUnit *unit = host->cpu_units.items[i];
        if (unit->cpu_id < 0 || unit->cpu_id >= CPUS_MOST)
            continue;
        TopologyCpu cpu = cpu_of(unit);
        g_array_append_val(cpus, cpu);
    }
    Topology *topology = cpus->len > 0 ? topology_build(g_steal_pointer(&cpus), NULL) : NULL;
    if (!topology)
        fault_set(error, MSG_PIN_NO_TOPOLOGY, "host", host->name, NULL);
    return topology;
}

void
cores_join(const Topology *topology, guint cpu, Cpus *cpus)
{
    int index = topology_core(topology, cpu);
    const TopologyCore *core = index >= 0 ? &topology->cores[index] : NULL;
    for (guint i = 0; core && i < core->n_threads; i++)
        cpus_add(cpus, core->threads[i]);
}

char *
cores_plain(const char *set)
{
    g_auto(Cpus) cpus = CPUS_EMPTY;
    return set && cpus_parse(set, strlen(set), &cpus) ? cpus_text(&cpus) : NULL;
}

/* --- what others are bound to ------------------------------------------------------------------------------------------------------- */

/* What its vCPUs touch; FALSE: one of them may run anywhere. */
static gboolean
touched(const Vm *vm, const Topology *topology, Cpus *cpus)
{
    const CpuTune *tune = &vm->cpu.cpu_tune;
    for (gint64 vcpu = 0; vcpu < vm_cpus(vm); vcpu++) {
        g_auto(Cpus) pin = CPUS_EMPTY;
        const char *set = cpu_tune_vcpu(tune, vcpu);
        if (!set || !cpus_parse(set, strlen(set), &pin) || cpus_is_within(&topology->online, &pin))
            return FALSE;
        for (int cpu = -1; (cpu = cpus_next(&pin, cpu)) >= 0;) {
            if (topology_core(topology, (guint) cpu) >= 0)
                cpus_add(cpus, (guint) cpu);
        }
    }
    return TRUE;
}

void
cores_busy(const View *view, const Host *host, const Id *except, const Topology *topology, Cpus *ret_busy)
{
    ViewWalk walk = view_walk(view, &vm_type);
    for (const Vm *vm; (vm = view_next(&walk));) {
        g_auto(Cpus) own = CPUS_EMPTY;
        if (!id_equal(&vm->home.id, &host->object.id) || id_equal(&vm->object.id, except) || cpu_tune_is_empty(&vm->cpu.cpu_tune))
            continue;
        if (touched(vm, topology, &own))
            cpus_join(ret_busy, &own);
    }
}

/* --- memory ------------------------------------------------------------------------------------------------------------------------- */

static gint64
bound_to(const View *view, const Host *host, const Id *except, guint node)
{
    gint64 bytes = 0;
    ViewWalk walk = view_walk(view, &vm_type);
    for (const Vm *vm; (vm = view_next(&walk));) {
        g_auto(Cpus) nodes = CPUS_EMPTY;
        const char *set = vm->cpu.cpu_tune.memory_node_set;
        if (!set || !id_equal(&vm->home.id, &host->object.id) || id_equal(&vm->object.id, except) || !cpus_parse(set, strlen(set), &nodes))
            continue;
        bytes += cpus_has(&nodes, node) ? vm->memory : 0;
    }
    return bytes;
}

static gint64
left_in(const View *view, const Host *host, const Id *except, const NumaNode *node)
{
    return MAX(0, (node->memory << 20) - bound_to(view, host, except, (guint) node->index));
}

gint64
cores_memory_left(const View *view, const Host *host, const Id *except, const Cpus *nodes)
{
    gint64 bytes = 0;
    for (guint i = 0; i < host->host_numa_nodes.count; i++) {
        const NumaNode *node = host->host_numa_nodes.items[i];
        if (node->index >= 0 && node->index < CPUS_MOST && cpus_has(nodes, (guint) node->index))
            bytes += left_in(view, host, except, node);
    }
    return bytes;
}

static void
join_node(const Host *host, gint64 node, Cpus *cpus)
{
    for (guint i = 0; i < host->cpu_units.count; i++) {
        const HostCpuUnit *unit = host->cpu_units.items[i];
        if (unit->node_id == node && unit->cpu_id >= 0 && unit->cpu_id < CPUS_MOST)
            cpus_add(cpus, (guint) unit->cpu_id);
    }
}

void
cores_short_of_memory(const View *view, const Host *host, const Id *except, gint64 needed, Cpus *ret_cpus)
{
    for (guint i = 0; i < host->host_numa_nodes.count; i++) {
        const NumaNode *node = host->host_numa_nodes.items[i];
        if (node->index >= 0 && node->index < CPUS_MOST && left_in(view, host, except, node) < needed)
            join_node(host, node->index, ret_cpus);
    }
}
