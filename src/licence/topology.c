/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * CPUs to cores, and the JSON form. */
#include "licence/topology.h"

#include "base/fault.h"

#include <stdlib.h>

void
topology_free(Topology *topology)
{
    if (!topology)
        return;
    cpus_clear(&topology->online);
    g_free(topology->cores);
    g_free(topology->sockets);
    g_free(topology->nodes);
    g_free(topology->core_of);
    g_free(topology->threads);
    g_free(topology->arch);
    g_free(topology->vendor);
    g_free(topology->model);
    g_free(topology);
}

int
topology_core(const Topology *topology, guint cpu)
{
    return cpu < topology->core_of_count ? topology->core_of[cpu] : -1;
}

const char *
topology_doubt(guint doubts)
{
    static const char *const phrases[] = {
        "a CPU names a sibling that does not name it",
        "threads of one core have different core numbers",
        "CPUs of different cores have the same core number",
        "threads of one core lie in different sockets or NUMA nodes",
        "two cores of a module are told as threads of one",
    };
    for (guint i = 0; i < G_N_ELEMENTS(phrases); i++) {
        if (doubts >> i & 1)
            return phrases[i];
    }
    return "";
}

/* --- building ------------------------------------------------------------------------------------------------------------- */

static int
compare_cpus(gconstpointer a, gconstpointer b)
{
    const TopologyCpu *left = a, *right = b;
    return left->id < right->id ? -1 : left->id > right->id;
}

static int
compare_numbers(const void *a, const void *b)
{
    guint left = *(const guint *) a, right = *(const guint *) b;
    return left < right ? -1 : left > right;
}

/* The distinct VALUES, ascending. */
static guint *
distinct(const guint *values, guint count, guint *ret_count)
{
    guint *sorted = g_memdup2(values, count * sizeof(guint)), kept = 0;
    qsort(sorted, count, sizeof(guint), compare_numbers);
    for (guint i = 0; i < count; i++) {
        if (!i || sorted[i] != sorted[i - 1])
            sorted[kept++] = sorted[i];
    }
    *ret_count = kept;
    return sorted;
}

static guint
index_of(const guint *sorted, guint count, guint value)
{
    const guint *found = bsearch(&value, sorted, count, sizeof(guint), compare_numbers);
    return (guint) (found - sorted);
}

/* Those of CPU's siblings that are online, itself among them. */
static void
online_siblings(const Topology *topology, const TopologyCpu *cpu, Cpus *ret_siblings)
{
    for (int sibling = -1; (sibling = cpus_next(&cpu->siblings, sibling)) >= 0;) {
        if (cpus_has(&topology->online, (guint) sibling))
            cpus_add(ret_siblings, (guint) sibling);
    }
    cpus_add(ret_siblings, (guint) cpu->id);
}

/* What CPU and OTHER, of its core or not, say that cannot both be so. */
static guint
doubts_between(const TopologyCpu *cpu, const TopologyCpu *other, gboolean siblings)
{
    gboolean told = cpu->core >= 0 && other->core >= 0;
    gboolean same = cpu->core == other->core && cpu->socket == other->socket && cpu->die == other->die && cpu->cluster == other->cluster;
    if (!siblings)
        return told && same ? TOPOLOGY_COLLISION : 0;
    return (told && cpu->core != other->core ? TOPOLOGY_TWO_CORES : 0) | (cpu->socket != other->socket || cpu->node != other->node ? TOPOLOGY_SPLIT : 0);
}

static guint
hash_place(gconstpointer key)
{
    const TopologyCpu *cpu = key;
    return (guint) (cpu->core * 31 + cpu->socket * 1009 + cpu->die * 65537 + cpu->cluster * 7);
}

static gboolean
same_place(gconstpointer a, gconstpointer b)
{
    return doubts_between(a, b, FALSE) != 0;
}

/* CPUs of different cores that have one place. */
static void
find_collisions(Topology *topology, GArray *cpus)
{
    g_autoptr(GHashTable) places = g_hash_table_new(hash_place, same_place);
    for (guint i = 0; i < cpus->len; i++) {
        TopologyCpu *cpu = &g_array_index(cpus, TopologyCpu, i);
        if (!cpu->online || cpu->core < 0)
            continue;
        const TopologyCpu *first = g_hash_table_lookup(places, cpu);
        if (!first)
            g_hash_table_add(places, cpu);
        else if (topology_core(topology, (guint) first->id) != topology_core(topology, (guint) cpu->id))
            topology->doubts |= TOPOLOGY_COLLISION;
    }
}

/* Makes the core of CPUS[at] unless it has one: those later CPUs that say the very same siblings. One that is named and says
 * otherwise becomes a core of its own: of two readings the one with more cores. */
static void
make_core(Topology *topology, GArray *cpus, const int *place_of, guint at, guint *used)
{
    const TopologyCpu *cpu = &g_array_index(cpus, TopologyCpu, at);
    g_auto(Cpus) siblings = CPUS_EMPTY;
    if (!cpu->online || topology->core_of[cpu->id] >= 0)
        return;
    TopologyCore *core = &topology->cores[topology->n_cores];
    *core = (TopologyCore) { .first = (guint) cpu->id, .threads = topology->threads + *used, .socket = (guint) cpu->socket, .node = (guint) cpu->node };
    online_siblings(topology, cpu, &siblings);
    for (int id = -1; (id = cpus_next(&siblings, id)) >= 0;) {
        const TopologyCpu *other = &g_array_index(cpus, TopologyCpu, (guint) place_of[id]);
        g_auto(Cpus) theirs = CPUS_EMPTY;
        online_siblings(topology, other, &theirs);
        if (!cpus_equal(&siblings, &theirs) || topology->core_of[id] >= 0) {
            topology->doubts |= TOPOLOGY_SIBLINGS;
            if (other != cpu)
                continue;
        }
        topology->core_of[id] = (int) topology->n_cores;
        topology->threads[(*used)++] = (guint) id;
        core->n_threads++;
        topology->doubts |= doubts_between(cpu, other, TRUE);
    }
    topology->n_cores++;
}

/* Numbers of sockets and nodes to indexes. */
static void
name_places(Topology *topology)
{
    g_autofree guint *sockets = g_new(guint, topology->n_cores), *nodes = g_new(guint, topology->n_cores);
    for (guint i = 0; i < topology->n_cores; i++) {
        sockets[i] = topology->cores[i].socket;
        nodes[i] = topology->cores[i].node;
    }
    topology->sockets = distinct(sockets, topology->n_cores, &topology->n_sockets);
    topology->nodes = distinct(nodes, topology->n_cores, &topology->n_nodes);
    for (guint i = 0; i < topology->n_cores; i++) {
        topology->cores[i].socket = index_of(topology->sockets, topology->n_sockets, sockets[i]);
        topology->cores[i].node = index_of(topology->nodes, topology->n_nodes, nodes[i]);
    }
}

static gboolean
list_online(Topology *topology, const GArray *cpus, GError **error)
{
    for (guint i = 0; i < cpus->len; i++) {
        const TopologyCpu *cpu = &g_array_index(cpus, TopologyCpu, i);
        g_autofree char *id = g_strdup_printf("%d", (int) cpu->id);
        if (i && cpu->id == g_array_index(cpus, TopologyCpu, i - 1).id)
            return fault_set(error, MSG_LICENCE_CPU_TWICE, "cpu", id, NULL);
        if (cpus_count(&cpu->siblings) > TOPOLOGY_MOST_THREADS)
            return fault_set(error, MSG_LICENCE_CORE_TOO_WIDE, "cpu", id, "most", G_STRINGIFY(TOPOLOGY_MOST_THREADS), NULL);
        if (cpu->online)
            cpus_add(&topology->online, (guint) cpu->id);
    }
    return cpus_next(&topology->online, -1) >= 0 || fault_set(error, MSG_LICENCE_NO_CPUS, NULL);
}

static void
clear_cpu(gpointer cpu)
{
    cpus_clear(&((TopologyCpu *) cpu)->siblings);
}

Topology *
topology_build(GArray *take_cpus, GError **error)
{
    g_autoptr(GArray) cpus = take_cpus;
    g_autoptr(Topology) topology = g_new0(Topology, 1);
    guint used = 0;
    g_array_set_clear_func(cpus, clear_cpu);
    g_array_sort(cpus, compare_cpus);
    if (!list_online(topology, cpus, error))
        return NULL;
    guint count = cpus_count(&topology->online);
    topology->core_of_count = (guint) g_array_index(cpus, TopologyCpu, cpus->len - 1).id + 1;
    topology->core_of = g_new(int, topology->core_of_count);
    topology->cores = g_new0(TopologyCore, count);
    topology->threads = g_new(guint, count);
    g_autofree int *place_of = g_new(int, topology->core_of_count);
    for (guint i = 0; i < topology->core_of_count; i++)
        topology->core_of[i] = place_of[i] = -1;
    for (guint i = 0; i < cpus->len; i++)
        place_of[g_array_index(cpus, TopologyCpu, i).id] = (int) i;
    for (guint i = 0; i < cpus->len; i++)
        make_core(topology, cpus, place_of, i, &used);
    find_collisions(topology, cpus);
    name_places(topology);
    return g_steal_pointer(&topology);
}

Topology *
topology_even(guint cores, guint threads, guint sockets, guint nodes)
{
    GArray *cpus = g_array_sized_new(FALSE, TRUE, sizeof(TopologyCpu), cores * threads);
    for (guint id = 0; id < cores * threads; id++) {
        guint core = id % cores;
        TopologyCpu cpu = { .id = id, .socket = core * sockets / cores, .core = core, .node = core * nodes / cores, .online = TRUE };
        for (guint thread = 0; thread < threads; thread++)
            cpus_add(&cpu.siblings, core + thread * cores);
        g_array_append_val(cpus, cpu);
    }
    return topology_build(cpus, NULL);
}

/* --- JSON ----------------------------------------------------------------------------------------------------------------- */

typedef struct {
    GArray *cpus;
    Slice arch, vendor, model;
    gint64 socket_capacity;
} Given;

static gboolean
read_sibling(Reader *reader, gpointer record, GError **error)
{
    TopologyCpu *cpu = record;
    gint64 id;
    if (!reader_int(reader, 0, CPUS_MOST - 1, &id, error))
        return FALSE;
    cpus_add(&cpu->siblings, (guint) id);
    return TRUE;
}

static gboolean
read_siblings(Reader *reader, gpointer record, GError **error)
{
    return reader_list(reader, read_sibling, record, 1024, error);
}

#define CPU_INT(word, most) { #word, READER_INT, offsetof(TopologyCpu, word), 0, most, NULL }
static const ReaderField cpu_fields[] = {
    CPU_INT(id, CPUS_MOST - 1),
    { "siblings", READER_VALUE, 0, 0, 0, read_siblings },
    CPU_INT(socket, G_MAXINT32),
    CPU_INT(node, G_MAXINT32),
    CPU_INT(die, G_MAXINT32),
    CPU_INT(cluster, G_MAXINT32),
    CPU_INT(core, G_MAXINT32),
    { "online", READER_FLAG, offsetof(TopologyCpu, online), 0, 0, NULL },
    { NULL, 0, 0, 0, 0, NULL },
};

static gboolean
read_cpu(Reader *reader, gpointer record, GError **error)
{
    Given *given = record;
    guint64 there;
    TopologyCpu cpu = { .core = -1, .online = TRUE };
    gboolean well = reader_object(reader, cpu_fields, &cpu, &there, error) && reader_has(reader, cpu_fields, there, 1, error);
    if (well)
        g_array_append_val(given->cpus, cpu);
    else
        cpus_clear(&cpu.siblings);
    return well;
}

static gboolean
read_cpus(Reader *reader, gpointer record, GError **error)
{
    return reader_list(reader, read_cpu, record, CPUS_MOST, error);
}

static const ReaderField given_fields[] = {
    { "cpus", READER_VALUE, 0, 0, 0, read_cpus },
    { "arch", READER_SLICE, offsetof(Given, arch), 0, 0, NULL },
    { "vendor", READER_SLICE, offsetof(Given, vendor), 0, 0, NULL },
    { "model", READER_SLICE, offsetof(Given, model), 0, 0, NULL },
    { "socket_capacity", READER_INT, offsetof(Given, socket_capacity), 1, TOPOLOGY_MOST_SOCKETS, NULL },
    { NULL, 0, 0, 0, 0, NULL },
};

static char *
dup_given(Slice slice)
{
    return slice.length ? slice_dup(slice) : NULL;
}

Topology *
topology_read_object(Reader *reader, GError **error)
{
    guint64 there;
    g_autoptr(GArray) cpus = g_array_new(FALSE, TRUE, sizeof(TopologyCpu));
    Given given = { .cpus = cpus };
    g_array_set_clear_func(cpus, clear_cpu);
    if (!reader_object(reader, given_fields, &given, &there, error) || !reader_has(reader, given_fields, there, 1, error))
        return NULL;
    Topology *topology = topology_build(g_steal_pointer(&cpus), error);
    if (topology) {
        topology->arch = dup_given(given.arch);
        topology->vendor = dup_given(given.vendor);
        topology->model = dup_given(given.model);
        topology->socket_capacity = (guint) given.socket_capacity;
    }
    return topology;
}

Topology *
topology_read(const char *bytes, gsize length, GError **error)
{
    g_auto(Reader) reader;
    reader_open(&reader, "topology", bytes, length);
    if (reader_peek(&reader) == '<')
        return topology_read_xml(bytes, length, error);
    g_autoptr(Topology) topology = topology_read_object(&reader, error);
    return topology && reader_ends(&reader, error) ? g_steal_pointer(&topology) : NULL;
}
