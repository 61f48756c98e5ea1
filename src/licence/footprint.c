/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Pins to cores, remembered by what they were made of. */
#include "licence/footprint.h"

typedef struct {
    const Topology *topology;
    const CpuList *pins, *cpuset;
    gint64 vcpus;
    Footprint made;
} Entry;

struct Footprints {
    GHashTable *entries;
};

static guint
hash_entry(gconstpointer key)
{
    const Entry *entry = key;
    return g_direct_hash(entry->topology) * 31 + g_direct_hash(entry->pins) * 1009 + g_direct_hash(entry->cpuset) * 7 + (guint) entry->vcpus;
}

static gboolean
same_entry(gconstpointer a, gconstpointer b)
{
    const Entry *one = a, *other = b;
    return one->topology == other->topology && one->pins == other->pins && one->cpuset == other->cpuset && one->vcpus == other->vcpus;
}

static void
free_entry(gpointer record)
{
    Entry *entry = record;
    g_free(entry->made.cores);
    g_free(entry->made.sockets);
    cpus_clear(&entry->made.core_set);
    cpus_clear(&entry->made.socket_set);
    cpus_clear(&entry->made.cpus);
    g_free(entry);
}

Footprints *
footprints_new(void)
{
    Footprints *footprints = g_new(Footprints, 1);
    footprints->entries = g_hash_table_new_full(hash_entry, same_entry, free_entry, NULL);
    return footprints;
}

void
footprints_free(Footprints *footprints)
{
    if (footprints)
        g_hash_table_unref(footprints->entries);
    g_free(footprints);
}

/* Where vCPU may run; NULL: anywhere. A vCPU without a pin inherits the cpuset. */
static const Cpus *
set_of(const Entry *entry, guint vcpu)
{
    if (entry->pins && vcpu < entry->pins->count && entry->pins->given[vcpu])
        return &entry->pins->sets[vcpu];
    return entry->cpuset && entry->cpuset->count && entry->cpuset->given[0] ? &entry->cpuset->sets[0] : NULL;
}

static Binding
binding_of(const Topology *topology, const Cpus *set)
{
    return !set                                           ? UNBOUND_VCPU
           : !cpus_is_within(set, &topology->online)      ? UNBOUND_STRANGE
           : cpus_is_within(&topology->online, set)       ? UNBOUND_ALL
                                                          : BOUND;
}

static void
judge(Entry *entry)
{
    const Cpus *before = NULL;
    for (guint vcpu = 0; vcpu < (guint) entry->vcpus; vcpu++) {
        const Cpus *set = set_of(entry, vcpu);
        if (set && set == before)
            continue;
        entry->made.binding = binding_of(entry->topology, set);
        entry->made.vcpu = vcpu;
        if (entry->made.binding != BOUND)
            return;
        cpus_join(&entry->made.cpus, set);
        before = set;
    }
}

/* The cores that CPUS touch. */
static void
touch(Footprint *made, const Topology *topology, const Cpus *cpus)
{
    g_autofree guint *threads = g_new0(guint, topology->n_cores);
    g_auto(Cpus) sockets = CPUS_EMPTY;
    for (int cpu = -1; (cpu = cpus_next(cpus, cpu)) >= 0;) {
        int core = topology_core(topology, (guint) cpu);
        if (core >= 0)
            threads[core]++;
    }
    made->cores = g_new(guint, topology->n_cores);
    for (guint i = 0; i < topology->n_cores; i++) {
        const TopologyCore *core = &topology->cores[i];
        if (!threads[i])
            continue;
        made->cores[made->n_cores++] = core->first;
        made->partial |= threads[i] < core->n_threads;
        cpus_add(&made->core_set, core->first);
        cpus_add(&sockets, core->socket);
    }
    made->sockets = g_new(guint, cpus_count(&sockets));
    for (int socket = -1; (socket = cpus_next(&sockets, socket)) >= 0;) {
        made->sockets[made->n_sockets++] = (guint) socket;
        cpus_add(&made->socket_set, MIN(topology->sockets[socket], CPUS_MOST - 1));
    }
}

const Footprint *
footprints_find(Footprints *footprints, const Topology *topology, int vcpus, const CpuList *pins, const CpuList *cpuset)
{
    Entry key = { .topology = topology, .pins = pins, .cpuset = cpuset, .vcpus = vcpus };
    Entry *entry = g_hash_table_lookup(footprints->entries, &key);
    if (!entry) {
        entry = g_new(Entry, 1);
        *entry = key;
        judge(entry);
        touch(&entry->made, topology, entry->made.binding == BOUND ? &entry->made.cpus : &topology->online);
        g_hash_table_add(footprints->entries, entry);
    }
    return &entry->made;
}
