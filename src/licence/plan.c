/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Algorithm 1 of the house's reading of hard partitioning. Places are counted in free cores; a core with one thread taken is not free. */
#include "licence/plan.h"

#include "base/fault.h"

#define MOST_TOLD 64                /* nodes that a refusal lists */

typedef struct {
    const Topology *topology;
    const PlanNeed *need;
    gboolean *free;                 /* by core */
    gboolean *allowed;              /* by socket */
    guint *free_in_node;            /* by node: of allowed sockets */
    guint *share;                   /* by node: how many cores to take there */
    guint threads;                  /* the fewest of any free core */
    guint wanted;                   /* cores */
} Choosing;

void
plan_free(Plan *plan)
{
    if (!plan)
        return;
    g_free(plan->pins);
    cpus_clear(&plan->blocked);
    cpus_clear(&plan->cpus);
    cpus_clear(&plan->advice);
    g_free(plan->cores);
    g_free(plan->cells);
    g_free(plan->sockets);
    g_free(plan);
}

static void
find_free(Choosing *choosing)
{
    const Topology *topology = choosing->topology;
    for (guint i = 0; i < topology->n_cores; i++) {
        const TopologyCore *core = &topology->cores[i];
        choosing->free[i] = TRUE;
        for (guint t = 0; t < core->n_threads; t++)
            choosing->free[i] &= !cpus_has(&choosing->need->busy, core->threads[t]) && !cpus_has(&choosing->need->reserved, core->threads[t]);
        if (choosing->free[i])
            choosing->threads = choosing->threads ? MIN(choosing->threads, core->n_threads) : core->n_threads;
    }
    guint threads = MAX(choosing->threads, 1);
    choosing->wanted = choosing->need->mode == PLAN_CORES ? choosing->need->vcpus : (choosing->need->vcpus + threads - 1) / threads;
}

/* Free cores of each node, of allowed sockets alone; their sum. */
static guint
count_free(Choosing *choosing)
{
    const Topology *topology = choosing->topology;
    guint sum = 0;
    memset(choosing->free_in_node, 0, topology->n_nodes * sizeof(guint));
    for (guint i = 0; i < topology->n_cores; i++) {
        if (choosing->free[i] && choosing->allowed[topology->cores[i].socket]) {
            choosing->free_in_node[topology->cores[i].node]++;
            sum++;
        }
    }
    return sum;
}

static void
allow_all(Choosing *choosing)
{
    for (guint i = 0; i < choosing->topology->n_sockets; i++)
        choosing->allowed[i] = TRUE;
}

static void
allow_only(Choosing *choosing, guint socket)
{
    memset(choosing->allowed, 0, choosing->topology->n_sockets * sizeof(gboolean));
    choosing->allowed[socket] = TRUE;
}

/* In how many sockets NODE has free cores: one node of a machine without NUMA has them all. */
static guint
sockets_of_node(const Choosing *choosing, guint node)
{
    const Topology *topology = choosing->topology;
    g_auto(Cpus) sockets = CPUS_EMPTY;
    for (guint i = 0; i < topology->n_cores; i++) {
        if (choosing->free[i] && topology->cores[i].node == node)
            cpus_add(&sockets, topology->cores[i].socket);
    }
    return cpus_count(&sockets);
}

/* --- sharing out ---------------------------------------------------------------------------------------------------------- */

/* Of NODES those with the most free cores, as few as have WANTED: FREE_IN_NODE of all others becomes 0. */
static void
keep_fewest_nodes(Choosing *choosing)
{
    guint count = choosing->topology->n_nodes, sum = 0;
    g_autofree gboolean *kept = g_new0(gboolean, count);
    while (sum < choosing->wanted) {
        guint best = count;
        for (guint node = 0; node < count; node++) {
            if (!kept[node] && (best == count || choosing->free_in_node[node] > choosing->free_in_node[best]))
                best = node;
        }
        kept[best] = TRUE;
        sum += choosing->free_in_node[best];
    }
    for (guint node = 0; node < count; node++)
        choosing->free_in_node[node] = kept[node] ? choosing->free_in_node[node] : 0;
}

/* WANTED cores among the nodes as evenly as what is free allows; the lowest number gets the odd one. */
static void
split_evenly(Choosing *choosing)
{
    guint count = choosing->topology->n_nodes, left = choosing->wanted;
    memset(choosing->share, 0, count * sizeof(guint));
    while (left) {
        guint open = 0;
        for (guint node = 0; node < count; node++)
            open += choosing->share[node] < choosing->free_in_node[node];
        guint each = left / open, odd = left % open;
        for (guint node = 0; node < count; node++) {
            guint room = choosing->free_in_node[node] - choosing->share[node];
            guint given = MIN(room, each + (room && odd ? 1 : 0));
            odd -= room && odd ? 1 : 0;
            choosing->share[node] += given;
            left -= given;
        }
    }
}

/* --- where ---------------------------------------------------------------------------------------------------------------- */

/* The node that has enough and keeps the least over. */
static gboolean
choose_node(Choosing *choosing)
{
    guint best = G_MAXUINT, limit = choosing->need->most_sockets;
    allow_all(choosing);
    count_free(choosing);
    for (guint node = 0; node < choosing->topology->n_nodes; node++) {
        guint free = choosing->free_in_node[node];
        if (free >= choosing->wanted && (best == G_MAXUINT || free < choosing->free_in_node[best]) && (!limit || sockets_of_node(choosing, node) <= limit))
            best = node;
    }
    if (best == G_MAXUINT)
        return FALSE;
    memset(choosing->share, 0, choosing->topology->n_nodes * sizeof(guint));
    choosing->share[best] = choosing->wanted;
    return TRUE;
}

static guint *
free_by_socket(const Choosing *choosing)
{
    const Topology *topology = choosing->topology;
    guint *free = g_new0(guint, topology->n_sockets);
    for (guint i = 0; i < topology->n_cores; i++)
        free[topology->cores[i].socket] += choosing->free[i];
    return free;
}

static gboolean
choose_socket(Choosing *choosing)
{
    g_autofree guint *free = free_by_socket(choosing);
    guint best = G_MAXUINT;
    for (guint socket = 0; socket < choosing->topology->n_sockets; socket++) {
        if (free[socket] >= choosing->wanted && (best == G_MAXUINT || free[socket] < free[best]))
            best = socket;
    }
    if (best == G_MAXUINT)
        return FALSE;
    allow_only(choosing, best);
    count_free(choosing);
    keep_fewest_nodes(choosing);
    split_evenly(choosing);
    return TRUE;
}

/* All sockets, or as many as may be, of those with the most free cores. */
static void
allow_most(Choosing *choosing)
{
    guint sockets = choosing->topology->n_sockets, limit = choosing->need->most_sockets;
    g_autofree guint *free = free_by_socket(choosing);
    allow_all(choosing);
    if (!limit || limit >= sockets)
        return;
    memset(choosing->allowed, 0, sockets * sizeof(gboolean));
    for (guint taken = 0; taken < limit; taken++) {
        guint best = sockets;
        for (guint socket = 0; socket < sockets; socket++) {
            if (!choosing->allowed[socket] && (best == sockets || free[socket] > free[best]))
                best = socket;
        }
        choosing->allowed[best] = TRUE;
    }
}

/* What is free where, for the one who has to make room. Yours. */
static char *
describe_free(const Choosing *choosing)
{
    const Topology *topology = choosing->topology;
    g_auto(Text) out = TEXT_EMPTY;
    for (guint node = 0; node < MIN(topology->n_nodes, MOST_TOLD); node++) {
        g_auto(Cpus) sockets = CPUS_EMPTY;
        for (guint i = 0; i < topology->n_cores; i++) {
            if (topology->cores[i].node == node && topology->sockets[topology->cores[i].socket] < CPUS_MOST)
                cpus_add(&sockets, topology->sockets[topology->cores[i].socket]);
        }
        text_printf(&out, "%snode %u (socket ", node ? ", " : "", topology->nodes[node]);
        cpus_write(&out, &sockets);
        text_printf(&out, "): %u", choosing->free_in_node[node]);
    }
    return text_take(&out);
}

static gboolean
refuse(Choosing *choosing, guint free, GError **error)
{
    guint limit = choosing->need->most_sockets;
    allow_all(choosing);
    count_free(choosing);
    g_autofree char *vcpus = g_strdup_printf("%u", choosing->need->vcpus), *wanted = g_strdup_printf("%u", choosing->wanted), *missing = g_strdup_printf("%u", choosing->wanted - free),
                    *have = g_strdup_printf("%u", free), *where = describe_free(choosing), *sockets = g_strdup_printf("%u", limit);
    if (limit && limit < choosing->topology->n_sockets)
        return fault_set(error, MSG_LICENCE_NO_ROOM_IN_SOCKETS, "vcpus", vcpus, "wanted", wanted, "free", have, "missing", missing, "sockets", sockets, "where", where, NULL);
    return fault_set(error, MSG_LICENCE_NO_ROOM, "vcpus", vcpus, "wanted", wanted, "free", have, "missing", missing, "where", where, NULL);
}

static gboolean
choose(Choosing *choosing, GError **error)
{
    find_free(choosing);
    if (choose_node(choosing) || choose_socket(choosing))
        return TRUE;
    allow_most(choosing);
    guint free = count_free(choosing);
    if (free < choosing->wanted)
        return refuse(choosing, free, error);
    keep_fewest_nodes(choosing);
    split_evenly(choosing);
    return TRUE;
}

/* --- the answer ----------------------------------------------------------------------------------------------------------- */

/* The next vCPUs to CORE; what it has beyond stays blocked. */
static void
fill_core(const Choosing *choosing, Plan *plan, const TopologyCore *core, guint *vcpu)
{
    guint most = choosing->need->mode == PLAN_CORES ? 1 : choosing->threads;
    plan->cores[plan->n_cores++] = core->first;
    for (guint t = 0; t < core->n_threads; t++) {
        cpus_add(&plan->cpus, core->threads[t]);
        if (t < most && *vcpu < plan->n_vcpus)
            plan->pins[(*vcpu)++] = core->threads[t];
        else
            cpus_add(&plan->blocked, core->threads[t]);
    }
}

static void
fill_node(const Choosing *choosing, Plan *plan, guint node, guint *vcpu, Cpus *sockets)
{
    const Topology *topology = choosing->topology;
    guint left = choosing->share[node], first = *vcpu;
    for (guint i = 0; i < topology->n_cores && left; i++) {
        const TopologyCore *core = &topology->cores[i];
        if (core->node != node || !choosing->free[i] || !choosing->allowed[core->socket])
            continue;
        fill_core(choosing, plan, core, vcpu);
        cpus_add(sockets, core->socket);
        left--;
    }
    plan->cells[plan->n_cells++] = (PlanCell) { topology->nodes[node], first, *vcpu - first };
}

static Plan *
answer(const Choosing *choosing)
{
    const Topology *topology = choosing->topology;
    Plan *plan = g_new0(Plan, 1);
    g_auto(Cpus) sockets = CPUS_EMPTY;
    guint vcpu = 0;
    plan->n_vcpus = choosing->need->vcpus;
    plan->pins = g_new(guint, plan->n_vcpus);
    plan->cores = g_new(guint, choosing->wanted);
    plan->cells = g_new(PlanCell, topology->n_nodes);
    plan->threads = choosing->need->mode == PLAN_THREADS && plan->n_vcpus % choosing->threads == 0 ? choosing->threads : 1;
    plan->doubts = topology->doubts;
    for (guint node = 0; node < topology->n_nodes; node++) {
        if (choosing->share[node])
            fill_node(choosing, plan, node, &vcpu, &sockets);
    }
    plan->sockets = g_new(guint, cpus_count(&sockets));
    for (int socket = -1; (socket = cpus_next(&sockets, socket)) >= 0;)
        plan->sockets[plan->n_sockets++] = topology->sockets[socket];
    return plan;
}

/* A CPU that is asked about and not there: a slip of the pen that would let a taken core look free. */
static gboolean
is_known(const Topology *topology, const Cpus *cpus, const char *field, GError **error)
{
    for (int cpu = -1; (cpu = cpus_next(cpus, cpu)) >= 0;) {
        if ((guint) cpu >= topology->core_of_count) {
            g_autofree char *number = g_strdup_printf("%d", cpu);
            return fault_set(error, MSG_LICENCE_NO_SUCH_CPU, "field", field, "cpu", number, NULL);
        }
    }
    return TRUE;
}

static Plan *
choose_and_answer(const Topology *topology, const PlanNeed *need, GError **error)
{
    g_autofree gboolean *free = g_new0(gboolean, topology->n_cores), *allowed = g_new0(gboolean, topology->n_sockets);
    g_autofree guint *free_in_node = g_new0(guint, topology->n_nodes), *share = g_new0(guint, topology->n_nodes);
    Choosing choosing = { .topology = topology, .need = need, .free = free, .allowed = allowed, .free_in_node = free_in_node, .share = share };
    return choose(&choosing, error) ? answer(&choosing) : NULL;
}

/* Cores count with the threads of the poorest. Would it be better without those that have fewer than THREADS? */
static void
try_without(const Topology *topology, const PlanNeed *need, guint threads, Plan *plan)
{
    g_auto(Cpus) reserved = CPUS_EMPTY, added = CPUS_EMPTY;
    PlanNeed other = *need;
    cpus_join(&reserved, &need->reserved);
    for (guint i = 0; i < topology->n_cores; i++) {
        const TopologyCore *core = &topology->cores[i];
        if (core->n_threads >= threads || cpus_has(&reserved, core->first) || cpus_has(&need->busy, core->first))
            continue;
        cpus_add(&reserved, core->first);
        cpus_add(&added, core->first);
    }
    other.reserved = reserved;
    g_autoptr(Plan) better = cpus_next(&added, -1) < 0 ? NULL : choose_and_answer(topology, &other, NULL);
    if (!better || better->n_cores >= (plan->advice_cores ? plan->advice_cores : plan->n_cores))
        return;
    cpus_clear(&plan->advice);
    cpus_join(&plan->advice, &added);
    plan->advice_cores = better->n_cores;
}

static void
advise(const Topology *topology, const PlanNeed *need, Plan *plan)
{
    guint most = 0;
    for (guint i = 0; i < topology->n_cores; i++)
        most = MAX(most, topology->cores[i].n_threads);
    for (guint threads = 2; need->mode == PLAN_THREADS && threads <= most; threads++)
        try_without(topology, need, threads, plan);
}

Plan *
plan_choose(const Topology *topology, const PlanNeed *need, GError **error)
{
    if (!is_known(topology, &need->busy, "busy", error) || !is_known(topology, &need->reserved, "reserved", error))
        return NULL;
    Plan *plan = choose_and_answer(topology, need, error);
    if (plan)
        advise(topology, need, plan);
    return plan;
}
