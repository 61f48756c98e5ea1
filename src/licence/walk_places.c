/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which cores count now, by product and host. VMs are taken off and put on again; sums follow the difference, so that a moment costs what
 * changed in it and not what there is. */
#include "licence/count_parts.h"

void
places_clear(Place *place)
{
    if (!place)
        return;
    g_free(place->cores);
    g_free(place->sockets);
    cpus_clear(&place->ever);
    cpus_clear(&place->ever_sockets);
    g_free(place);
}

static void
mark(Walk *walk, guint host, guint product)
{
    Place *place = walk_place(walk, host, product);
    guint at = host * (walk->n_products + 1) + product;
    if (!place || place->dirty)
        return;
    place->dirty = TRUE;
    g_array_append_val(walk->dirty, at);
}

void
places_mark(Walk *walk, guint host)
{
    for (guint product = 0; product <= walk->n_products; product++)
        mark(walk, host, product);
}

/* --- VMs on places -------------------------------------------------------------------------------------------------------- */

static guint *
with_room(guint *counts, guint *room, guint wanted)
{
    if (wanted <= *room)
        return counts;
    counts = g_renew(guint, counts, wanted);
    memset(counts + *room, 0, (wanted - *room) * sizeof(guint));
    *room = wanted;
    return counts;
}

static Place *
get_place(Walk *walk, guint host, guint product)
{
    Place *place = walk_place(walk, host, product);
    const Topology *topology = walk->hosts[host].topology;
    if (!place)
        walk_place(walk, host, product) = place = g_new0(Place, 1);
    place->cores = with_room(place->cores, &place->cores_room, topology->core_of_count);
    place->sockets = with_room(place->sockets, &place->sockets_room, topology->n_sockets);
    return place;
}

/* One VM more (SIGN 1) or less (-1). */
static void
add_vm(Place *place, const Footprint *footprint, gboolean whole, int sign)
{
    place->vms += (guint) sign;
    if (whole) {
        place->whole += (guint) sign;
        return;
    }
    for (guint i = 0; i < footprint->n_cores; i++) {
        guint *count = &place->cores[footprint->cores[i]], before = *count;
        *count += (guint) sign;
        place->distinct += (guint) (*count != 0) - (guint) (before != 0);
    }
    for (guint i = 0; i < footprint->n_sockets; i++) {
        guint *count = &place->sockets[footprint->sockets[i]], before = *count;
        *count += (guint) sign;
        place->distinct_sockets += (guint) (*count != 0) - (guint) (before != 0);
    }
}

static void
move(Walk *walk, const VmState *vm, int sign)
{
    guint host = (guint) vm->placed_host;
    HostState *state = &walk->hosts[host];
    if (!vm->placed_tags && vm->placed_running && !vm->placed_whole) {
        add_vm(get_place(walk, host, walk->n_products), vm->placed, FALSE, sign);
        mark(walk, host, walk->n_products);
    }
    for (guint64 left = vm->placed_tags; left; left &= left - 1) {
        guint product = (guint) __builtin_ctzll(left);
        add_vm(get_place(walk, host, product), vm->placed, vm->placed_whole, sign);
        if (state->running && vm->placed_running)
            state->running[product] += (guint) sign;
        mark(walk, host, product);
    }
}

static void
take_off(Walk *walk, VmState *vm)
{
    if (vm->placed_host >= 0)
        move(walk, vm, -1);
    vm->placed_host = -1;
}

void
places_settle(Walk *walk, int index)
{
    VmState *vm = &walk->vms[index];
    take_off(walk, vm);
    if (vm->host < 0 || (!vm->running && walk->options->ignore_stopped))
        return;
    vm->placed = walk_footprint(walk, vm);
    vm->placed_host = vm->host;
    vm->placed_whole = vm->placed->binding != BOUND || vm->migratable || vm->contradicted;
    vm->placed_running = vm->running;
    vm->placed_tags = vm->tags;
    move(walk, vm, 1);
    for (guint64 left = walk->recording && !vm->placed_whole ? vm->placed_tags : 0; left; left &= left - 1) {
        Place *place = walk_place(walk, (guint) vm->host, (guint) __builtin_ctzll(left));
        cpus_join(&place->ever, &vm->placed->core_set);
        cpus_join(&place->ever_sockets, &vm->placed->socket_set);
    }
}

void
places_leave(Walk *walk, guint host)
{
    for (guint vm = 0; vm < walk->history->vms->len; vm++) {
        if (walk->vms[vm].placed_host != (int) host)
            continue;
        take_off(walk, &walk->vms[vm]);
        walk_touch(walk, (int) vm);
    }
}

/* --- sums ----------------------------------------------------------------------------------------------------------------- */

void
places_group(GArray *groups, gint64 factor, gint64 more)
{
    guint i = 0;
    while (i < groups->len && g_array_index(groups, FactorGroup, i).factor != factor)
        i++;
    if (i == groups->len) {
        FactorGroup fresh = { .factor = factor };
        g_array_append_val(groups, fresh);
    }
    g_array_index(groups, FactorGroup, i).cores += (guint64) more;
}

static gboolean
is_by_cores(const Walk *walk, guint host, guint product)
{
    return !walk->migrated[walk_cell(walk, product, history_host(walk->history, host)->cluster)];
}

void
places_change_factor(Walk *walk, guint host, gint64 before)
{
    for (guint product = 0; product < walk->n_products; product++) {
        const Place *place = walk_place(walk, host, product);
        if (!place || !is_by_cores(walk, host, product))
            continue;
        places_group(walk->products[product].groups, before, -(gint64) place->now);
        places_group(walk->products[product].groups, walk->hosts[host].factor, place->now);
    }
}

guint64
places_licences(const GArray *groups)
{
    guint64 licences = 0;
    for (guint i = 0; i < groups->len; i++) {
        const FactorGroup *group = &g_array_index(groups, FactorGroup, i);
        licences += (group->cores * (guint64) group->factor + TABLES_UNIT - 1) / TABLES_UNIT;
    }
    return licences;
}

static void
record_place(Walk *walk, Place *place, const Topology *topology, gboolean whole)
{
    place->peak = MAX(place->peak, place->now);
    place->peak_sockets = MAX(place->peak_sockets, place->now_sockets);
    if (!whole)
        return;
    const Footprint *all = footprints_find(walk->footprints, topology, 1, NULL, NULL);
    place->was_whole = TRUE;
    cpus_join(&place->ever, &all->core_set);
    cpus_join(&place->ever_sockets, &all->socket_set);
}

static void
refresh(Walk *walk, guint host, guint index)
{
    Place *place = walk_place(walk, host, index);
    const HostState *state = &walk->hosts[host];
    gboolean whole = place->whole || (state->gaps && place->vms);
    guint now = whole ? state->topology->n_cores : place->distinct, sockets = whole ? state->topology->n_sockets : place->distinct_sockets;
    place->dirty = FALSE;
    if (index == walk->n_products)
        return;
    ProductState *product = &walk->products[index];
    if (is_by_cores(walk, host, index)) {
        product->now += now - (guint64) place->now;
        product->sockets_now += sockets - (guint64) place->now_sockets;
        places_group(product->groups, state->factor, (gint64) now - place->now);
    }
    place->now = now;
    place->now_sockets = sockets;
    product->touched = TRUE;
    product->seen |= place->vms > 0;
    if (walk->recording)
        record_place(walk, place, state->topology, whole);
}

static void
record_product(Walk *walk, ProductState *product)
{
    product->peak = MAX(product->peak, product->now);
    product->sockets_peak = MAX(product->sockets_peak, product->sockets_now);
    product->licences_peak = MAX(product->licences_peak, places_licences(product->groups));
    if (walk->options->timeline && product->seen) {
        CountPoint point = { walk->now, product->now };
        g_array_append_val(product->timeline, point);
    }
}

void
places_refresh(Walk *walk)
{
    for (guint i = 0; i < walk->dirty->len; i++) {
        guint at = g_array_index(walk->dirty, guint, i);
        refresh(walk, at / (walk->n_products + 1), at % (walk->n_products + 1));
    }
    g_array_set_size(walk->dirty, 0);
    for (guint i = 0; i < walk->n_products; i++) {
        ProductState *product = &walk->products[i];
        if (product->touched && walk->recording)
            record_product(walk, product);
        product->touched = FALSE;
    }
}
