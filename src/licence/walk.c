/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The walk over a history: moment by moment, everything that happens at one time is applied before anything is counted, so that no state
 * counts that lasted for no time. What came before the window only sets the stage. */
#include "licence/count_parts.h"

const char *
walk_vm(const Walk *walk, int vm)
{
    return g_ptr_array_index(walk->history->vms, (guint) vm);
}

const char *
walk_product(const Walk *walk, guint product)
{
    return g_ptr_array_index(walk->history->products, product);
}

static FactorBasis
find_factor(const Walk *walk, const HistoryHost *host, const Topology *topology, gint64 *ret_factor)
{
    const char *arch = topology->arch ? topology->arch : "x86_64";
    const CoreFactor *row = host->factor ? NULL : tables_factor(walk->tables, arch, topology->vendor, topology->model);
    *ret_factor = host->factor ? host->factor : row ? row->factor : TABLES_UNIT;
    return host->factor ? FACTOR_GIVEN : topology->arch ? FACTOR_LISTED : FACTOR_ASSUMED;
}

/* Of a host that changes, the larger factor counts. */
void
walk_take_topology(Walk *walk, guint index, const Topology *topology)
{
    HostState *host = &walk->hosts[index];
    gint64 factor;
    FactorBasis basis = find_factor(walk, history_host(walk->history, index), topology, &factor);
    host->topology = topology;
    if (factor > host->factor) {
        host->factor = factor;
        host->basis = basis;
    }
}

static void
set_up_host(Walk *walk, guint index)
{
    const HistoryHost *given = history_host(walk->history, index);
    HostState *host = &walk->hosts[index];
    walk_take_topology(walk, index, given->topology);
    if (!given->spare)
        return;
    host->used_since = g_new(Wall, walk->n_products);
    host->running = g_new0(guint, walk->n_products);
    host->periods = g_new0(Periods, walk->n_products);
    for (guint product = 0; product < walk->n_products; product++) {
        host->used_since[product] = G_MAXINT64;
        periods_init(&host->periods[product]);
    }
}

Walk *
walk_new(const History *history, const Tables *tables, const CountOptions *options, Wall from, Wall to)
{
    Walk *walk = g_new0(Walk, 1);
    *walk = (Walk) { .history = history, .tables = tables, .options = options, .from = from, .to = to };
    walk->n_products = history->products->len;
    walk->n_hosts = history->hosts->len;
    walk->n_clusters = history->clusters->len;
    walk->vms = g_new0(VmState, history->vms->len);
    walk->hosts = g_new0(HostState, walk->n_hosts);
    walk->places = g_new0(Place *, (gsize) walk->n_hosts * (walk->n_products + 1));
    walk->products = g_new0(ProductState, walk->n_products);
    walk->migrated = g_new0(guint8, (gsize) walk->n_products * walk->n_clusters);
    walk->found = g_new0(guint8, (gsize) walk->n_products * walk->n_clusters);
    walk->presence = g_hash_table_new(NULL, NULL);
    walk->users = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    walk->footprints = footprints_new();
    walk->findings = findings_new();
    walk->changed = g_array_new(FALSE, FALSE, sizeof(int));
    walk->dirty = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint i = 0; i < history->vms->len; i++)
        walk->vms[i] = (VmState) { .host = -1, .vcpus = -1, .max_vcpus = -1, .placed_host = -1, .present_host = -1, .tagged = G_MININT64, .scanned = G_MININT64 };
    for (guint i = 0; i < walk->n_hosts; i++)
        set_up_host(walk, i);
    for (guint i = 0; i < walk->n_products; i++) {
        walk->products[i].groups = g_array_new(FALSE, FALSE, sizeof(FactorGroup));
        walk->products[i].timeline = g_array_new(FALSE, FALSE, sizeof(CountPoint));
    }
    return walk;
}

static void
clear_host(Walk *walk, HostState *host)
{
    for (guint product = 0; host->periods && product < walk->n_products; product++)
        periods_clear(&host->periods[product]);
    g_free(host->periods);
    g_free(host->running);
    g_free(host->used_since);
}

void
walk_free(Walk *walk)
{
    if (!walk)
        return;
    for (guint i = 0; i < walk->n_hosts; i++)
        clear_host(walk, &walk->hosts[i]);
    for (gsize i = 0; i < (gsize) walk->n_hosts * (walk->n_products + 1); i++)
        places_clear(walk->places[i]);
    for (guint i = 0; i < walk->n_products; i++) {
        g_array_unref(walk->products[i].groups);
        g_array_unref(walk->products[i].timeline);
    }
    g_free(walk->vms);
    g_free(walk->hosts);
    g_free(walk->places);
    g_free(walk->products);
    g_free(walk->migrated);
    g_free(walk->found);
    g_hash_table_unref(walk->presence);
    g_hash_table_unref(walk->users);
    footprints_free(walk->footprints);
    findings_free(walk->findings);
    g_array_unref(walk->changed);
    g_array_unref(walk->dirty);
    g_free(walk);
}

const Footprint *
walk_footprint(Walk *walk, const VmState *vm)
{
    int vcpus = vm->vcpus > 0 ? vm->vcpus : vm->pins ? (int) MAX(vm->pins->count, 1) : 1;
    return vm->host < 0 ? NULL : footprints_find(walk->footprints, walk->hosts[vm->host].topology, vcpus, vm->pins, vm->cpuset);
}

/* --- where VMs have been -------------------------------------------------------------------------------------------------- */

static gpointer
presence_key(const Walk *walk, guint vm, guint host)
{
    return GSIZE_TO_POINTER((gsize) vm * walk->n_hosts + host + 1);
}

void
walk_note_presence(Walk *walk, int index, int host, guint64 tags)
{
    VmState *vm = &walk->vms[index];
    if (!tags || host < 0 || (vm->present_host == host && vm->present_tags == tags))
        return;
    gpointer key = presence_key(walk, (guint) index, (guint) host);
    gsize known = GPOINTER_TO_SIZE(g_hash_table_lookup(walk->presence, key));
    g_hash_table_insert(walk->presence, key, GSIZE_TO_POINTER(known | tags));
    vm->present_host = host;
    vm->present_tags = tags;
}

void
walk_each_presence(const Walk *walk, void (*each)(gpointer data, guint vm, guint host, guint64 tags), gpointer data)
{
    GHashTableIter iterator;
    gpointer key, tags;
    g_hash_table_iter_init(&iterator, walk->presence);
    while (g_hash_table_iter_next(&iterator, &key, &tags))
        each(data, (guint) ((GPOINTER_TO_SIZE(key) - 1) / walk->n_hosts), (guint) ((GPOINTER_TO_SIZE(key) - 1) % walk->n_hosts), GPOINTER_TO_SIZE(tags));
}

/* --- moments -------------------------------------------------------------------------------------------------------------- */

/* VM as it now is belongs to the window. */
static void
record_vm(Walk *walk, int index)
{
    VmState *vm = &walk->vms[index];
    if (vm->placed_host < 0)
        return;
    walk_note_presence(walk, index, vm->placed_host, vm->placed_tags);
    vm->ha_seen |= vm->ha && vm->running;
    checks_vm(walk, index);
    if (!walk->options->strict || !vm->migratable || !vm->running)
        return;
    for (guint64 left = vm->placed_tags; left; left &= left - 1)
        walk->found[walk_cell(walk, __builtin_ctzll(left), history_host(walk->history, (guint) vm->placed_host)->cluster)] = TRUE;
}

/* The use of spare hosts changes with what runs there at the end of a moment. */
static void
watch_spares(Walk *walk)
{
    for (guint i = 0; i < walk->dirty->len; i++) {
        guint at = g_array_index(walk->dirty, guint, i), product = at % (walk->n_products + 1);
        HostState *host = &walk->hosts[at / (walk->n_products + 1)];
        if (!host->periods || product == walk->n_products)
            continue;
        gboolean runs = host->running[product] > 0, ran = host->used_since[product] != G_MAXINT64;
        if (ran && !runs)
            periods_use(&host->periods[product], host->used_since[product], walk->now);
        if (runs != ran)
            host->used_since[product] = runs ? walk->now : G_MAXINT64;
    }
}

static void
end_moment(Walk *walk)
{
    for (guint i = 0; i < walk->changed->len; i++)
        places_settle(walk, g_array_index(walk->changed, int, i));
    watch_spares(walk);
    places_refresh(walk);
    for (guint i = 0; i < walk->changed->len; i++) {
        int vm = g_array_index(walk->changed, int, i);
        walk->vms[vm].changed = FALSE;
        if (walk->recording)
            record_vm(walk, vm);
    }
    g_array_set_size(walk->changed, 0);
}

/* What stands at the beginning of the window is its first moment. */
static void
begin_window(Walk *walk)
{
    walk->recording = TRUE;
    walk->now = walk->from;
    for (guint vm = 0; vm < walk->history->vms->len; vm++) {
        if (walk->vms[vm].placed_host >= 0)
            walk_touch(walk, (int) vm);
    }
    for (guint host = 0; host < walk->n_hosts; host++) {
        places_mark(walk, host);
        walk->hosts[host].most_cores = walk->hosts[host].topology->n_cores;
        walk->hosts[host].most_sockets = walk->hosts[host].topology->n_sockets;
        if (walk->hosts[host].gaps)
            checks_gap(walk, host);
    }
    end_moment(walk);
}

static void
end_window(Walk *walk)
{
    for (guint i = 0; i < walk->n_hosts; i++) {
        HostState *host = &walk->hosts[i];
        for (guint product = 0; host->periods && product < walk->n_products; product++) {
            if (host->used_since[product] != G_MAXINT64)
                periods_use(&host->periods[product], host->used_since[product], walk->to + 1);
        }
    }
    checks_end(walk);
}

void
walk_run(Walk *walk)
{
    const GArray *events = walk->history->events;
    guint at = 0;
    while (at < events->len && history_event(walk->history, at)->t <= walk->to) {
        Wall now = history_event(walk->history, at)->t;
        if (now > walk->from && !walk->recording)
            begin_window(walk);
        walk->now = now;
        walk->inside = now >= walk->from;
        for (; at < events->len && history_event(walk->history, at)->t == now; at++)
            walk_apply(walk, history_event(walk->history, at));
        end_moment(walk);
    }
    if (!walk->recording)
        begin_window(walk);
    end_window(walk);
}
