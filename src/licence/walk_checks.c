/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Algorithm 3: what is found while the events of a window pass. Each check is a few lines, named by its number. Only VMs with a product
 * are looked at; a stopped one is not said to have run. */
#include "licence/count_parts.h"

static const char *
host_name(const Walk *walk, int host)
{
    return history_host(walk->history, (guint) host)->name;
}

static const char *
cluster_name(const Walk *walk, int host)
{
    return history_cluster(walk->history, (guint) history_host(walk->history, (guint) host)->cluster)->name;
}

/* About VM on HOST, now. */
static Finding
about(const Walk *walk, guint number, int vm, int host)
{
    return (Finding) { .number = number, .severity = finding_severity(number), .vm = vm < 0 ? NULL : walk_vm(walk, vm), .host = host_name(walk, host),
        .cluster = cluster_name(walk, host), .t = walk->now };
}

/* --- what happens --------------------------------------------------------------------------------------------------------- */

static void
check_migration(Walk *walk, const Event *event)
{
    const VmState *vm = &walk->vms[event->vm];
    int from = event->from >= 0 ? event->from : vm->host;
    Finding what = about(walk, 1, event->vm, event->host);
    findings_add(walk->findings, &what, MSG_LICENCE_LIVE_MIGRATED, "vm", what.vm, "from", from < 0 ? "?" : host_name(walk, from), "host", what.host, NULL);
}

static gboolean
same_lists(const CpuList *a, const CpuList *b)
{
    if (a == b)
        return TRUE;
    if (!a || !b || a->count != b->count)
        return FALSE;
    for (guint i = 0; i < a->count; i++) {
        if (a->given[i] != b->given[i] || !cpus_equal(&a->sets[i], &b->sets[i]))
            return FALSE;
    }
    return TRUE;
}

static void
check_repinning(Walk *walk, const Event *event)
{
    const VmState *vm = &walk->vms[event->vm];
    gboolean changed = (event->says & SAYS_PINS && !same_lists(vm->pins, event->pins)) || (event->says & SAYS_CPUSET && !same_lists(vm->cpuset, event->cpuset));
    if (!vm->running || vm->host < 0 || !changed)
        return;
    Finding what = about(walk, 8, event->vm, vm->host);
    findings_add(walk->findings, &what, MSG_LICENCE_PINS_CHANGED, "vm", what.vm, "host", what.host, NULL);
}

/* Set number INDEX of LIST; DEFAULT_LIST's only one where it has none; NULL: any CPU. */
static const Cpus *
set_of(const CpuList *list, guint index, const CpuList *default_list)
{
    if (list && index < list->count && list->given[index])
        return &list->sets[index];
    return default_list && default_list->count && default_list->given[0] ? &default_list->sets[0] : NULL;
}

/* Where a thread was seen against where it was to be. FALSE: it was seen where it may not be. */
static gboolean
compare_observed(Walk *walk, const Event *event, const char *thread, const Cpus *wanted, const Cpus *seen)
{
    if (!wanted || !seen || cpus_equal(wanted, seen))
        return TRUE;
    Finding what = about(walk, 4, event->vm, walk->vms[event->vm].host);
    g_autofree char *recorded = cpus_text(wanted), *observed = cpus_text(seen);
    if (walk->inside)
        findings_add(walk->findings, &what, MSG_LICENCE_OBSERVED_OTHERWISE, "vm", what.vm, "host", what.host, "thread", thread, "recorded", recorded, "observed", observed, NULL);
    return cpus_is_within(seen, wanted);
}

/* A vCPU that was seen outside of its pins makes them worth nothing until they are seen, or set, anew. */
static void
check_observed(Walk *walk, const Event *event)
{
    VmState *vm = &walk->vms[event->vm];
    gboolean within = TRUE;
    if (vm->host < 0)
        return;
    for (guint i = 0; event->pins && i < event->pins->count; i++) {
        g_autofree char *thread = g_strdup_printf("vCPU %u", i);
        within &= compare_observed(walk, event, thread, set_of(vm->pins, i, vm->cpuset), set_of(event->pins, i, NULL));
    }
    if (event->pins)
        vm->contradicted = !within;
    compare_observed(walk, event, "emulator", set_of(vm->emulator, 0, vm->cpuset), set_of(event->emulator, 0, NULL));
    for (guint i = 0; event->iothreads && i < event->iothreads->count; i++) {
        g_autofree char *thread = g_strdup_printf("I/O thread %u", i + 1);
        compare_observed(walk, event, thread, set_of(vm->iothreads, i, vm->cpuset), set_of(event->iothreads, i, NULL));
    }
}

void
checks_event(Walk *walk, const Event *event)
{
    if (event->kind == EVENT_OBSERVED)
        check_observed(walk, event);
    if (!walk->inside || event->vm < 0 || !walk->vms[event->vm].tags)
        return;
    if (event->kind == EVENT_LIVE_MIGRATE)
        check_migration(walk, event);
    if (event->kind == EVENT_PIN)
        check_repinning(walk, event);
}

void
checks_gap(Walk *walk, guint host)
{
    Finding what = about(walk, 17, -1, (int) host);
    walk->hosts[host].gapped = TRUE;
    for (guint vm = 0; vm < walk->history->vms->len; vm++)
        walk->vms[vm].unknown |= walk->vms[vm].host == (int) host && walk->vms[vm].tags;
    findings_add(walk->findings, &what, MSG_LICENCE_NOT_OBSERVED, "host", what.host, NULL);
}

/* --- how a VM is bound ---------------------------------------------------------------------------------------------------- */

static void
check_binding(Walk *walk, int index, const VmState *vm)
{
    static const MessageCode codes[] = { [UNBOUND_VCPU] = MSG_LICENCE_VCPU_UNBOUND, [UNBOUND_ALL] = MSG_LICENCE_VCPU_ANYWHERE, [UNBOUND_STRANGE] = MSG_LICENCE_VCPU_STRANGE };
    Finding what = about(walk, 2, index, vm->placed_host);
    char vcpu[16];
    g_snprintf(vcpu, sizeof(vcpu), "%u", vm->placed->vcpu);
    if (vm->placed->binding != BOUND)
        findings_add(walk->findings, &what, codes[vm->placed->binding], "vm", what.vm, "vcpu", vcpu, "host", what.host, NULL);
}

static void
check_scheduling(Walk *walk, int index, const VmState *vm)
{
    const HistoryCluster *cluster = history_cluster(walk->history, (guint) history_host(walk->history, (guint) vm->placed_host)->cluster);
    Finding what = about(walk, 3, index, vm->placed_host);
    if (vm->placed->binding != BOUND || !cluster->scheduling || g_str_equal(cluster->scheduling, "none"))
        return;
    what.host = NULL;
    findings_add(walk->findings, &what, MSG_LICENCE_CLUSTER_SCHEDULES, "cluster", cluster->name, "policy", cluster->scheduling, "vm", what.vm, NULL);
}

static gboolean
holds(const GArray *indexes, int index)
{
    for (guint i = 0; i < indexes->len; i++) {
        if (g_array_index(indexes, int, i) == index)
            return TRUE;
    }
    return FALSE;
}

/* Does a boundary of PRODUCT that VM (-1: any) is in hold HOST? */
typedef enum { NO_BOUNDARY, OUTSIDE, INSIDE } BoundarySays;

static BoundarySays
ask_boundaries(const Walk *walk, guint product, int vm, int host)
{
    BoundarySays says = NO_BOUNDARY;
    for (guint i = 0; i < walk->history->boundaries->len; i++) {
        const HistoryBoundary *boundary = history_boundary(walk->history, i);
        if (boundary->product != (int) product || (vm >= 0 && boundary->vms->len && !holds(boundary->vms, vm)))
            continue;
        if (holds(boundary->hosts, host))
            return INSIDE;
        says = OUTSIDE;
    }
    return says;
}

static void
check_boundary(Walk *walk, int index, const VmState *vm)
{
    for (guint64 left = walk->history->boundaries->len ? vm->placed_tags : 0; left; left &= left - 1) {
        guint product = (guint) __builtin_ctzll(left);
        Finding what = about(walk, 5, index, vm->placed_host);
        what.product = walk_product(walk, product);
        if (ask_boundaries(walk, product, index, vm->placed_host) == OUTSIDE)
            findings_add(walk->findings, &what, MSG_LICENCE_OUTSIDE_BOUNDARY, "vm", what.vm, "host", what.host, "product", what.product, NULL);
    }
}

static void
check_migratable(Walk *walk, int index, const VmState *vm)
{
    Finding what = about(walk, 7, index, vm->placed_host);
    if (vm->migratable)
        findings_add(walk->findings, &what, MSG_LICENCE_MIGRATABLE, "vm", what.vm, "host", what.host, NULL);
}

static void
check_policy(Walk *walk, int index, const VmState *vm)
{
    Finding what = about(walk, 9, index, vm->placed_host);
    if (vm->policy == POLICY_DEDICATED || vm->policy == POLICY_ISOLATE_THREADS)
        findings_add(walk->findings, &what, MSG_LICENCE_PINS_RECOMPUTED, "vm", what.vm, "host", what.host, "policy", vm->policy == POLICY_DEDICATED ? "dedicated" : "isolate_threads", NULL);
}

/* May threads with SET run on a core that the vCPUs do not touch? */
static gboolean
may_leave(const Walk *walk, const VmState *vm, const Cpus *set)
{
    const Topology *topology = walk->hosts[vm->placed_host].topology;
    for (int cpu = -1; set && (cpu = cpus_next(set, cpu)) >= 0;) {
        int core = topology_core(topology, (guint) cpu);
        if (core < 0 || !cpus_has(&vm->placed->core_set, topology->cores[core].first))
            return TRUE;
    }
    return !set;
}

static void
check_emulator(Walk *walk, int index, const VmState *vm)
{
    Finding what = about(walk, 10, index, vm->placed_host);
    if (vm->placed->binding != BOUND)
        return;
    gboolean leaves = may_leave(walk, vm, set_of(vm->emulator, 0, vm->cpuset));
    for (guint i = 0; vm->says_iothreads && vm->iothreads && i < vm->iothreads->count; i++)
        leaves |= may_leave(walk, vm, set_of(vm->iothreads, i, vm->cpuset));
    if (leaves)
        findings_add(walk->findings, &what, MSG_LICENCE_EMULATOR_FREE, "vm", what.vm, "host", what.host, NULL);
}

/* A core that VM has a part of, and an ordinary VM the other: the first; -1. */
static int
shared_core(const Walk *walk, const VmState *vm)
{
    const Topology *topology = walk->hosts[vm->placed_host].topology;
    const Place *others = walk_place(walk, vm->placed_host, walk->n_products);
    for (guint i = 0; others && vm->placed->binding == BOUND && vm->placed->partial && i < vm->placed->n_cores; i++) {
        guint first = vm->placed->cores[i];
        if (first >= others->cores_room || !others->cores[first])
            continue;
        const TopologyCore *core = &topology->cores[topology_core(topology, first)];
        for (guint t = 0; t < core->n_threads; t++) {
            if (!cpus_has(&vm->placed->cpus, core->threads[t]))
                return (int) first;
        }
    }
    return -1;
}

static void
check_sharing(Walk *walk, int index, const VmState *vm)
{
    int core = shared_core(walk, vm);
    Finding what = about(walk, 11, index, vm->placed_host);
    char number[16];
    g_snprintf(number, sizeof(number), "%d", core);
    if (core >= 0)
        findings_add(walk->findings, &what, MSG_LICENCE_CORE_SHARED, "vm", what.vm, "host", what.host, "cpu", number, NULL);
}

static void
check_growth(Walk *walk, int index, const VmState *vm)
{
    Finding what = about(walk, 13, index, vm->placed_host);
    char most[16];
    g_snprintf(most, sizeof(most), "%d", vm->max_vcpus);
    if (vm->max_vcpus > MAX(vm->vcpus, 1) && !vm->cpuset)
        findings_add(walk->findings, &what, MSG_LICENCE_VCPUS_MAY_GROW, "vm", what.vm, "host", what.host, "most", most, NULL);
}

static void
check_capacity(Walk *walk, int host, guint product, const ProductRow *row)
{
    Finding what = about(walk, 14, -1, host);
    gint64 capacity = history_host(walk->history, (guint) host)->socket_capacity;
    gint64 sockets = MAX(capacity, (gint64) walk->hosts[host].topology->n_sockets);
    if (capacity && sockets <= row->most_sockets)
        return;
    g_autofree char *has = g_strdup_printf("%d", (int) sockets), *most = g_strdup_printf("%d", (int) row->most_sockets);
    what.product = walk_product(walk, product);
    what.severity = sockets > row->most_sockets ? FINDING_FAIL : FINDING_UNKNOWN;
    if (sockets > row->most_sockets)
        findings_add(walk->findings, &what, MSG_LICENCE_TOO_MANY_SOCKETS, "host", what.host, "product", what.product, "sockets", has, "most", most, NULL);
    else
        findings_add(walk->findings, &what, MSG_LICENCE_CAPACITY_UNKNOWN, "host", what.host, "product", what.product, NULL);
}

static void
check_sockets(Walk *walk, int index, const VmState *vm)
{
    for (guint64 left = vm->placed_tags; left; left &= left - 1) {
        guint product = (guint) __builtin_ctzll(left);
        const ProductRow *row = tables_product(walk->tables, walk_product(walk, product));
        Finding what = about(walk, 14, index, vm->placed_host);
        if (!row || !row->most_sockets)
            continue;
        char sockets[16];
        g_snprintf(sockets, sizeof(sockets), "%u", vm->placed->n_sockets);
        what.product = walk_product(walk, product);
        if (vm->placed->n_sockets > 1)
            findings_add(walk->findings, &what, MSG_LICENCE_SPANS_SOCKETS, "vm", what.vm, "host", what.host, "product", what.product, "sockets", sockets, NULL);
        check_capacity(walk, vm->placed_host, product, row);
    }
}

static void
check_host(Walk *walk, const VmState *vm)
{
    Finding what = about(walk, 15, -1, vm->placed_host);
    if (walk->hosts[vm->placed_host].topology->doubts)
        findings_add(walk->findings, &what, MSG_LICENCE_CORES_UNCERTAIN, "host", what.host, "why", topology_doubt(walk->hosts[vm->placed_host].topology->doubts), NULL);
    what.number = 18;
    what.severity = finding_severity(18);
    if (!history_host(walk->history, (guint) vm->placed_host)->olvm)
        findings_add(walk->findings, &what, MSG_LICENCE_PLATFORM, "host", what.host, NULL);
}

/* Does a VM with a product touch a core that VM, an ordinary one, does? */
static gboolean
meets_products(const Walk *walk, const VmState *vm)
{
    for (guint product = 0; product < walk->n_products; product++) {
        const Place *place = walk_place(walk, vm->placed_host, product);
        for (guint i = 0; place && place->vms && i < vm->placed->n_cores; i++) {
            if (vm->placed->cores[i] < place->cores_room && place->cores[vm->placed->cores[i]])
                return TRUE;
        }
    }
    return FALSE;
}

/* An ordinary VM has come: those that share a core with it are looked at. */
static void
check_neighbours(Walk *walk, const VmState *vm)
{
    for (guint i = 0; i < walk->history->vms->len; i++) {
        const VmState *other = &walk->vms[i];
        if (other->placed_host == vm->placed_host && other->placed_tags && other->running)
            check_sharing(walk, (int) i, other);
    }
}

void
checks_vm(Walk *walk, int index)
{
    static void (*const checks[])(Walk *walk, int index, const VmState *vm) = {
        check_binding, check_scheduling, check_boundary, check_migratable, check_policy, check_emulator, check_sharing, check_growth, check_sockets,
    };
    const VmState *vm = &walk->vms[index];
    if (!vm->running)
        return;
    if (!vm->placed_tags) {
        if (!vm->placed_whole && meets_products(walk, vm))
            check_neighbours(walk, vm);
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(checks); i++)
        checks[i](walk, index, vm);
    check_host(walk, vm);
}

/* --- the window as a whole ------------------------------------------------------------------------------------------------ */

static void
check_scan(Walk *walk, guint index, int host)
{
    const VmState *vm = &walk->vms[index];
    Finding what = about(walk, 16, (int) index, host);
    what.host = NULL;
    what.t = MAX(vm->tagged, walk->from);
    if (vm->scanned == G_MININT64)
        findings_add(walk->findings, &what, MSG_LICENCE_NOT_SCANNED, "vm", what.vm, NULL);
    else if (vm->tagged < vm->scanned)
        findings_add(walk->findings, &what, MSG_LICENCE_TAG_BEFORE_SCAN, "vm", what.vm, NULL);
}

/* A host of CLUSTER that counts nothing for PRODUCT, is no spare and stands in no boundary: where a restart would add to the bill; -1. */
static int
unlicensed_host(const Walk *walk, guint product, int cluster)
{
    int found = -1;
    for (guint i = 0; i < walk->n_hosts; i++) {
        const HistoryHost *host = history_host(walk->history, i);
        const Place *place = walk_place(walk, i, product);
        gboolean told = ask_boundaries(walk, product, -1, (int) i) == INSIDE;
        if (host->cluster == cluster && !host->spare && !told && !(place && place->peak) && (found < 0 || strcmp(host->name, host_name(walk, found)) < 0))
            found = (int) i;
    }
    return found;
}

static void
check_ha(Walk *walk, guint index, int host, int *unlicensed)
{
    int cluster = history_host(walk->history, (guint) host)->cluster;
    for (guint64 left = walk->vms[index].ha_seen ? walk->vms[index].present_tags : 0; left; left &= left - 1) {
        guint product = (guint) __builtin_ctzll(left);
        int *known = &unlicensed[walk_cell(walk, product, cluster)];
        if (*known == G_MAXINT)
            *known = unlicensed_host(walk, product, cluster);
        Finding what = about(walk, 12, (int) index, host);
        what.product = walk_product(walk, product);
        if (*known >= 0)
            findings_add(walk->findings, &what, MSG_LICENCE_HA_UNLICENSED, "vm", what.vm, "host", host_name(walk, *known), "product", what.product, NULL);
    }
}

static void
check_spare(Walk *walk, guint host)
{
    for (guint product = 0; product < walk->n_products; product++) {
        PeriodsYear year = { 0 };
        guint most = periods_most(&walk->hosts[host].periods[product], walk->from, walk->to, &year);
        Finding what = about(walk, 6, -1, (int) host);
        g_autofree char *count = g_strdup_printf("%u", most), *when = g_strdup_printf("%d", year.year);
        what.product = walk_product(walk, product);
        if (most > PERIODS_MOST)
            findings_add(walk->findings, &what, MSG_LICENCE_SPARE_OVERUSED, "host", what.host, "product", what.product, "periods", count, "year", when, NULL);
    }
}

void
checks_end(Walk *walk)
{
    gsize cells = (gsize) walk->n_products * walk->n_clusters;
    g_autofree int *unlicensed = g_new(int, cells);
    for (gsize i = 0; i < cells; i++)
        unlicensed[i] = G_MAXINT;
    walk->now = walk->to;
    for (guint vm = 0; vm < walk->history->vms->len; vm++) {
        if (!walk->vms[vm].present_tags)
            continue;
        check_scan(walk, vm, walk->vms[vm].present_host);
        check_ha(walk, vm, walk->vms[vm].present_host, unlicensed);
    }
    for (guint host = 0; host < walk->n_hosts; host++) {
        if (walk->hosts[host].periods)
            check_spare(walk, host);
    }
}
