/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Algorithm 2. One walk counts; where it finds a cluster in which something was migrated live, a second walk counts that cluster by whole hosts.
 * Everything is put into the order of names, so that the same history gives the same bytes. */
#include "licence/count.h"

#include "base/fault.h"
#include "licence/count_parts.h"

#include <stdlib.h>

/* --- clusters that count by whole hosts ------------------------------------------------------------------------------------- */

typedef struct {
    const Walk *walk;
    GHashTable *seen;               /* cell and VM */
    guint *vms;                     /* by cell */
} Distinct;

static void
count_vm(gpointer data, guint vm, guint host, guint64 tags)
{
    Distinct *distinct = data;
    const Walk *walk = distinct->walk;
    int cluster = history_host(walk->history, host)->cluster;
    for (guint64 left = tags; left; left &= left - 1) {
        gsize cell = walk_cell(walk, __builtin_ctzll(left), cluster);
        if (walk->found[cell] && g_hash_table_add(distinct->seen, GSIZE_TO_POINTER(cell * walk->history->vms->len + vm + 1)))
            distinct->vms[cell]++;
    }
}

static int
compare_hosts(const void *a, const void *b, void *data)
{
    const Walk *walk = data;
    guint one = (guint) *(const int *) a, other = (guint) *(const int *) b;
    const HostState *left = &walk->hosts[one], *right = &walk->hosts[other];
    if (left->most_cores != right->most_cores)
        return left->most_cores > right->most_cores ? -1 : 1;
    if (left->factor != right->factor)
        return left->factor > right->factor ? -1 : 1;
    return strcmp(history_host(walk->history, one)->name, history_host(walk->history, other)->name);
}

static void
free_cluster(CountCluster *cluster)
{
    if (cluster)
        g_array_unref(cluster->hosts);
    g_free(cluster);
}

/* As many of the largest hosts as there are VMs with the product. */
static CountCluster *
largest_hosts(const Walk *walk, int cluster, guint vms)
{
    CountCluster *counted = g_new0(CountCluster, 1);
    counted->cluster = cluster;
    counted->vms = vms;
    counted->hosts = g_array_new(FALSE, FALSE, sizeof(int));
    for (int i = 0; i < (int) walk->n_hosts; i++) {
        if (history_host(walk->history, (guint) i)->cluster == cluster)
            g_array_append_val(counted->hosts, i);
    }
    if (counted->hosts->len)
        qsort_r(counted->hosts->data, counted->hosts->len, sizeof(int), compare_hosts, (void *) walk);
    g_array_set_size(counted->hosts, MIN(vms, counted->hosts->len));
    for (guint i = 0; i < counted->hosts->len; i++) {
        counted->cores += walk->hosts[g_array_index(counted->hosts, int, i)].most_cores;
        counted->sockets += walk->hosts[g_array_index(counted->hosts, int, i)].most_sockets;
    }
    return counted;
}

/* By cell; NULL where a cluster counts by cores. Yours, with what is in it. */
static CountCluster **
find_whole_clusters(const Walk *walk)
{
    gsize cells = (gsize) walk->n_products * walk->n_clusters;
    g_autofree guint *vms = g_new0(guint, cells);
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    Distinct distinct = { walk, seen, vms };
    CountCluster **whole = g_new0(CountCluster *, cells);
    walk_each_presence(walk, count_vm, &distinct);
    for (gsize cell = 0; cell < cells; cell++)
        whole[cell] = walk->found[cell] ? largest_hosts(walk, (int) (cell % walk->n_clusters), vms[cell]) : NULL;
    return whole;
}

/* What whole hosts count is there from the first moment to the last. */
static void
put_whole_clusters(Walk *walk, const Walk *before, CountCluster **whole)
{
    walk->whole = whole;
    for (gsize cell = 0; cell < (gsize) walk->n_products * walk->n_clusters; cell++) {
        ProductState *product = &walk->products[cell / walk->n_clusters];
        walk->migrated[cell] = whole[cell] != NULL;
        if (!whole[cell])
            continue;
        product->now += whole[cell]->cores;
        product->sockets_now += whole[cell]->sockets;
        for (guint i = 0; i < whole[cell]->hosts->len; i++) {
            const HostState *host = &before->hosts[g_array_index(whole[cell]->hosts, int, i)];
            places_group(product->groups, host->factor, host->most_cores);
        }
    }
}

static Walk *
walk_window(const History *history, const Tables *tables, const CountOptions *options, Wall from, Wall to)
{
    Walk *walk = walk_new(history, tables, options, from, to);
    walk_run(walk);
    if (!walk->n_products || !walk->n_clusters || !memchr(walk->found, TRUE, (gsize) walk->n_products * walk->n_clusters))
        return walk;
    CountCluster **whole = find_whole_clusters(walk);
    Walk *again = walk_new(history, tables, options, from, to);
    put_whole_clusters(again, walk, whole);
    walk_free(walk);
    walk_run(again);
    return again;
}

/* --- failover ------------------------------------------------------------------------------------------------------------- */

static gboolean
has_another_host(const History *history, guint spare)
{
    for (guint i = 0; i < history->hosts->len; i++) {
        if (i != spare && !history_host(history, i)->spare && history_host(history, i)->cluster == history_host(history, spare)->cluster)
            return TRUE;
    }
    return FALSE;
}

/* Products of which the terms of a VM that was there have no failover rule, by host. */
typedef struct { const Walk *walk; guint64 *without; } Terms;

static void
gather_terms(gpointer data, guint vm, guint host, guint64 tags)
{
    Terms *terms = data;
    terms->without[host] |= tags & terms->walk->vms[vm].no_failover;
}

/* WITHOUT: products that have no such rule there. A cluster that counts by whole hosts has none for its product either. */
static void
count_failover(Count *count, const Walk *walk, guint host, guint64 without, guint64 *ret_exempt)
{
    const History *history = walk->history;
    int cluster = history_host(history, host)->cluster;
    CountFailover row = { .host = (int) host };
    gboolean may = !history_cluster(history, (guint) cluster)->apart && has_another_host(history, host);
    row.exempt = may;
    for (guint product = 0; product < walk->n_products; product++) {
        PeriodsYear year = { 0 };
        guint64 bit = (guint64) 1 << product;
        guint most = periods_most(&walk->hosts[host].periods[product], walk->from, walk->to, &year);
        if (most > MAX(row.periods, row.days)) {
            row.periods = year.periods;
            row.days = year.days;
        }
        if (may && !(without & bit) && most <= PERIODS_MOST && !walk->migrated[walk_cell(walk, product, cluster)])
            *ret_exempt |= bit;
        else if (most || without & bit)
            row.exempt = FALSE;
    }
    g_array_append_val(count->failover, row);
}

/* --- products ------------------------------------------------------------------------------------------------------------- */

static CountHost
count_host(const Walk *walk, guint host, const Place *place, gboolean exempt)
{
    const HostState *state = &walk->hosts[host];
    return (CountHost) { .host = (int) host, .peak = place->peak, .ever = cpus_count(&place->ever), .socket_peak = place->peak_sockets,
        .socket_ever = cpus_count(&place->ever_sockets), .factor = state->factor, .basis = state->basis, .exempt = exempt, .whole = place->was_whole };
}

/* What a cluster that counts by whole hosts touched itself is told too, where it is more. */
static void
add_whole_cluster(CountProduct *counted, const Walk *walk, guint product, const CountCluster *whole)
{
    guint ever = 0, sockets = 0;
    for (guint host = 0; host < walk->n_hosts; host++) {
        const Place *place = walk_place(walk, host, product);
        if (!place || history_host(walk->history, host)->cluster != whole->cluster)
            continue;
        ever += cpus_count(&place->ever);
        sockets += cpus_count(&place->ever_sockets);
    }
    CountCluster copy = *whole;
    copy.hosts = g_array_ref(whole->hosts);
    g_array_append_val(counted->clusters, copy);
    counted->cores.sum_of_host_peaks += whole->cores;
    counted->cores.union_ever += MAX(whole->cores, ever);
    counted->sockets.sum_of_host_peaks += whole->sockets;
    counted->sockets.union_ever += MAX(whole->sockets, sockets);
}

static void
add_hosts(CountProduct *counted, const Walk *walk, guint product, const guint64 *exempt)
{
    for (guint host = 0; host < walk->n_hosts; host++) {
        const Place *place = walk_place(walk, host, product);
        if (!place || !place->peak || walk->migrated[walk_cell(walk, product, history_host(walk->history, host)->cluster)])
            continue;
        CountHost row = count_host(walk, host, place, exempt[host] >> product & 1);
        g_array_append_val(counted->hosts, row);
        counted->cores.sum_of_host_peaks += row.peak;
        counted->cores.union_ever += row.ever;
        counted->sockets.sum_of_host_peaks += row.socket_peak;
        counted->sockets.union_ever += row.socket_ever;
    }
}

/* Licences of what ROWS and whole clusters have, with or without hosts that are exempt. */
static guint64
licences_of(const CountProduct *counted, const Walk *walk, gboolean with_exempt)
{
    g_autoptr(GArray) groups = g_array_new(FALSE, FALSE, sizeof(FactorGroup));
    guint64 sockets = 0;
    for (guint i = 0; i < counted->hosts->len; i++) {
        const CountHost *host = &g_array_index(counted->hosts, CountHost, i);
        if (host->exempt && !with_exempt)
            continue;
        places_group(groups, host->factor, host->peak);
        sockets += host->socket_peak;
    }
    for (guint i = 0; i < counted->clusters->len; i++) {
        const CountCluster *cluster = &g_array_index(counted->clusters, CountCluster, i);
        sockets += cluster->sockets;
        for (guint h = 0; h < cluster->hosts->len; h++) {
            const HostState *host = &walk->hosts[g_array_index(cluster->hosts, int, h)];
            places_group(groups, host->factor, host->most_cores);
        }
    }
    return counted->row && counted->row->metric == METRIC_SOCKET ? sockets : places_licences(groups);
}

static guint
servers_of(const CountProduct *counted)
{
    guint servers = 0;
    for (guint i = 0; i < counted->hosts->len; i++)
        servers += !g_array_index(counted->hosts, CountHost, i).exempt;
    for (guint i = 0; i < counted->clusters->len; i++)
        servers += g_array_index(counted->clusters, CountCluster, i).hosts->len;
    return servers;
}

typedef struct {
    const Walk *walk;
    guint product;
    gint64 users;
    GHashTable *vms;
    gboolean *clusters;             /* where a VM with it was */
    gboolean *hosts;
} Present;

static void
gather_present(gpointer data, guint vm, guint host, guint64 tags)
{
    Present *present = data;
    if (!(tags >> present->product & 1))
        return;
    present->hosts[host] = TRUE;
    present->clusters[history_host(present->walk->history, host)->cluster] = TRUE;
    if (!g_hash_table_add(present->vms, GUINT_TO_POINTER(vm + 1)))
        return;
    const NamedUsers *users = g_hash_table_lookup(present->walk->users, GSIZE_TO_POINTER((gsize) vm * HISTORY_MOST_PRODUCTS + present->product + 1));
    present->users += users ? users->most : 0;
}

/* Users; whether every host where it might have run was looked at all the time; whether it may run where it did. */
static void
judge_product(CountProduct *counted, const Walk *walk, guint product)
{
    g_autoptr(GHashTable) vms = g_hash_table_new(NULL, NULL);
    g_autofree gboolean *clusters = g_new0(gboolean, walk->n_clusters), *hosts = g_new0(gboolean, walk->n_hosts);
    Present present = { walk, product, 0, vms, clusters, hosts };
    walk_each_presence(walk, gather_present, &present);
    counted->users = present.users;
    counted->proven = counted->eligible = TRUE;
    for (guint i = 0; i < walk->n_hosts; i++) {
        const HistoryHost *host = history_host(walk->history, i);
        counted->proven &= !walk->hosts[i].gapped || !clusters[host->cluster];
        if (hosts[i] && counted->row && counted->row->most_sockets)
            counted->eligible &= MAX(host->socket_capacity, (gint64) walk->hosts[i].most_sockets) <= counted->row->most_sockets;
    }
}

static gint64
owned_licences(const History *history, guint product)
{
    gint64 owned = -1;
    for (guint i = 0; i < history->boundaries->len; i++) {
        const HistoryBoundary *boundary = history_boundary(history, i);
        if (boundary->product == (int) product && boundary->licences >= 0)
            owned = MAX(owned, 0) + boundary->licences;
    }
    return owned;
}

static int
compare_host_names(gconstpointer a, gconstpointer b, gpointer history)
{
    return strcmp(history_host((History *) history, (guint) *(const int *) a)->name, history_host((History *) history, (guint) *(const int *) b)->name);
}

static int
compare_cluster_names(gconstpointer a, gconstpointer b, gpointer history)
{
    return strcmp(history_cluster((History *) history, (guint) *(const int *) a)->name, history_cluster((History *) history, (guint) *(const int *) b)->name);
}

static void
count_product(Count *count, const Walk *walk, guint product, const guint64 *exempt)
{
    const ProductState *state = &walk->products[product];
    gboolean by_socket;
    CountProduct counted = { .product = (int) product, .row = tables_product(walk->tables, walk_product(walk, product)) };
    counted.hosts = g_array_new(FALSE, FALSE, sizeof(CountHost));
    counted.clusters = g_array_new(FALSE, FALSE, sizeof(CountCluster));
    counted.timeline = g_array_ref(state->timeline);
    counted.cores.concurrent_peak = state->peak;
    counted.sockets.concurrent_peak = state->sockets_peak;
    for (guint cluster = 0; walk->whole && cluster < walk->n_clusters; cluster++) {
        if (walk->whole[walk_cell(walk, product, cluster)])
            add_whole_cluster(&counted, walk, product, walk->whole[walk_cell(walk, product, cluster)]);
    }
    add_hosts(&counted, walk, product, exempt);
    g_array_sort_with_data(counted.hosts, compare_host_names, (gpointer) walk->history);       /* the index stands first in both */
    g_array_sort_with_data(counted.clusters, compare_cluster_names, (gpointer) walk->history);
    by_socket = counted.row && counted.row->metric == METRIC_SOCKET;
    counted.licences = licences_of(&counted, walk, FALSE);
    counted.licences_before = licences_of(&counted, walk, TRUE);
    counted.licences_concurrent = by_socket ? state->sockets_peak : state->licences_peak;
    counted.owned = owned_licences(walk->history, product);
    judge_product(&counted, walk, product);
    counted.nup = counted.users;
    if (counted.row)
        counted.nup = MAX(counted.users, MAX(counted.row->nup_per_licence * (gint64) counted.licences, counted.row->nup_per_server * (gint64) servers_of(&counted)));
    g_array_append_val(count->products, counted);
}

/* --- what is well and what is not ------------------------------------------------------------------------------------------ */

typedef struct {
    const Walk *walk;
    GHashTable *failed;             /* names of VMs, hosts and clusters; each its own object */
    FindingSeverity *vms, *hosts, *clusters;
    gboolean *seen_hosts, *seen_vms;
} States;

static void
judge_present_vm(gpointer data, guint vm, guint host, guint64 tags)
{
    States *states = data;
    (void) tags;
    states->seen_hosts[host] = states->seen_vms[vm] = TRUE;
    if (g_hash_table_contains(states->failed, walk_vm(states->walk, (int) vm)))
        states->vms[vm] = FINDING_FAIL;
    else if (states->walk->vms[vm].unknown)
        states->vms[vm] = FINDING_UNKNOWN;
    states->hosts[host] = MIN(states->hosts[host], states->vms[vm]);
}

static void
find_failed(const Walk *walk, GHashTable *failed)
{
    for (guint i = 0; i < walk->findings->rows->len; i++) {
        const Finding *finding = walk->findings->rows->pdata[i];
        if (finding->severity != FINDING_FAIL)
            continue;
        const char *name = finding->vm ? finding->vm : finding->host ? finding->host : finding->cluster;
        g_hash_table_add(failed, (gpointer) name);
        if (finding->cluster && (finding->number == 1 || finding->number == 3))
            g_hash_table_add(failed, (gpointer) finding->cluster);
    }
}

static int
compare_states(gconstpointer a, gconstpointer b)
{
    return strcmp(((const CountState *) a)->name, ((const CountState *) b)->name);
}

static void
add_state(GArray *states, const char *name, FindingSeverity state)
{
    CountState row = { name, state };
    g_array_append_val(states, row);
}

/* VMs first, then hosts by their VMs, then clusters by their hosts. */
static void
judge_objects(Count *count, const Walk *walk)
{
    const History *history = walk->history;
    g_autoptr(GHashTable) failed = g_hash_table_new(NULL, NULL);
    g_autofree FindingSeverity *vms = g_new(FindingSeverity, history->vms->len), *hosts = g_new(FindingSeverity, walk->n_hosts), *clusters = g_new(FindingSeverity, walk->n_clusters);
    g_autofree gboolean *seen_hosts = g_new0(gboolean, walk->n_hosts), *seen_vms = g_new0(gboolean, history->vms->len), *seen_clusters = g_new0(gboolean, walk->n_clusters);
    States states = { walk, failed, vms, hosts, clusters, seen_hosts, seen_vms };
    find_failed(walk, failed);
    for (guint i = 0; i < history->vms->len; i++)
        vms[i] = FINDING_INFO;
    for (guint i = 0; i < walk->n_hosts; i++)
        hosts[i] = g_hash_table_contains(failed, history_host(history, i)->name) ? FINDING_FAIL : walk->hosts[i].gapped ? FINDING_UNKNOWN : FINDING_INFO;
    for (guint i = 0; i < walk->n_clusters; i++)
        clusters[i] = g_hash_table_contains(failed, history_cluster(history, i)->name) ? FINDING_FAIL : FINDING_INFO;
    walk_each_presence(walk, judge_present_vm, &states);
    for (guint i = 0; i < walk->n_hosts; i++) {
        int cluster = history_host(history, i)->cluster;
        if (!seen_hosts[i] && hosts[i] == FINDING_INFO)
            continue;
        add_state(count->hosts, history_host(history, i)->name, hosts[i]);
        clusters[cluster] = MIN(clusters[cluster], hosts[i]);
        seen_clusters[cluster] = TRUE;
    }
    for (guint i = 0; i < history->vms->len; i++) {
        if (seen_vms[i])
            add_state(count->vms, walk_vm(walk, (int) i), vms[i]);
    }
    for (guint i = 0; i < walk->n_clusters; i++) {
        if (seen_clusters[i])
            add_state(count->clusters, history_cluster(history, i)->name, clusters[i]);
    }
    g_array_sort(count->vms, compare_states);
    g_array_sort(count->hosts, compare_states);
    g_array_sort(count->clusters, compare_states);
}

/* --- the whole ------------------------------------------------------------------------------------------------------------ */

static void
clear_product(gpointer record)
{
    CountProduct *product = record;
    for (guint i = 0; i < product->clusters->len; i++)
        g_array_unref(g_array_index(product->clusters, CountCluster, i).hosts);
    g_array_unref(product->hosts);
    g_array_unref(product->clusters);
    g_array_unref(product->timeline);
}

static Count *
count_new(const History *history, const CountOptions *options, Wall from, Wall to)
{
    Count *count = g_new0(Count, 1);
    *count = (Count) { .history = history, .from = from, .to = to, .options = *options };
    count->products = g_array_new(FALSE, FALSE, sizeof(CountProduct));
    g_array_set_clear_func(count->products, clear_product);
    count->failover = g_array_new(FALSE, FALSE, sizeof(CountFailover));
    count->vms = g_array_new(FALSE, FALSE, sizeof(CountState));
    count->hosts = g_array_new(FALSE, FALSE, sizeof(CountState));
    count->clusters = g_array_new(FALSE, FALSE, sizeof(CountState));
    return count;
}

void
count_free(Count *count)
{
    if (!count)
        return;
    g_array_unref(count->products);
    g_array_unref(count->failover);
    g_array_unref(count->vms);
    g_array_unref(count->hosts);
    g_array_unref(count->clusters);
    findings_free(count->findings);
    g_free(count);
}

static int
compare_product_names(gconstpointer a, gconstpointer b, gpointer history)
{
    const GPtrArray *names = ((const History *) history)->products;
    return strcmp(g_ptr_array_index(names, (guint) *(const int *) a), g_ptr_array_index(names, (guint) *(const int *) b));
}

static void
free_whole(Walk *walk)
{
    for (gsize cell = 0; walk->whole && cell < (gsize) walk->n_products * walk->n_clusters; cell++)
        free_cluster(walk->whole[cell]);
    g_free(walk->whole);
}

static void
gather(Count *count, Walk *walk)
{
    g_autofree guint64 *exempt = g_new0(guint64, walk->n_hosts), *without = g_new0(guint64, walk->n_hosts);
    Terms terms = { walk, without };
    walk_each_presence(walk, gather_terms, &terms);
    for (guint host = 0; host < walk->n_hosts; host++) {
        if (walk->hosts[host].periods)
            count_failover(count, walk, host, without[host], &exempt[host]);
    }
    g_array_sort_with_data(count->failover, compare_host_names, (gpointer) walk->history);
    for (guint product = 0; product < walk->n_products; product++)
        count_product(count, walk, product, exempt);
    g_array_sort_with_data(count->products, compare_product_names, (gpointer) walk->history);
    judge_objects(count, walk);
    findings_sort(walk->findings);
    count->findings = g_steal_pointer(&walk->findings);
}

Count *
count_run(const History *history, const Tables *tables, const CountOptions *options, GError **error)
{
    const GArray *events = history->events;
    Wall from = options->has_from ? options->from : events->len ? history_event(history, 0)->t : 0;
    Wall to = options->has_to ? options->to : events->len ? MAX(from, history_event(history, events->len - 1)->t) : from;
    if (from > to) {
        char first[CLOCK_DATE_SIZE], last[CLOCK_DATE_SIZE];
        fault_set(error, MSG_LICENCE_NO_WINDOW, "from", clock_format(from, first), "to", clock_format(to, last), NULL);
        return NULL;
    }
    Count *count = count_new(history, options, from, to);
    Walk *walk = walk_window(history, tables, options, from, to);
    gather(count, walk);
    free_whole(walk);
    walk_free(walk);
    return count;
}
