/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The decision: ask every host each condition in turn, take the best of those left, and say why not the others. Conditions
 * are rows of filters.c, wishes rows of weights.c. */
#include "placement/placement.h"

#include "placement/filters.h"
#include "placement/weights.h"

typedef struct {
    const Host *best, *closest;
    gint64 best_sum, nearness;
    guint depth;                    /* which filter refused the closest */
} Race;

static void
free_refusal(gpointer data)
{
    PlacementRefusal *refusal = data;
    g_free(refusal->name);
    message_unref(refusal->why);
    g_free(refusal);
}

static int
compare_refusals(gconstpointer a, gconstpointer b)
{
    const PlacementRefusal *x = *(const PlacementRefusal *const *) a, *y = *(const PlacementRefusal *const *) b;
    int by_name = g_strcmp0(x->name, y->name);
    return by_name ? by_name : id_compare(&x->host, &y->host);
}

/* Names decide where numbers do not, so that the same view always gives the same answer. */
static gboolean
comes_before(const Host *a, const Host *b)
{
    int by_name = g_strcmp0(a->name, b->name);
    return by_name ? by_name < 0 : id_compare(&a->object.id, &b->object.id) < 0;
}

static void
consider(Race *race, const Ask *ask, const Host *host)
{
    gint64 sum = weights_sum(ask, host);
    if (race->best && (sum < race->best_sum || (sum == race->best_sum && comes_before(race->best, host))))
        return;
    race->best = host;
    race->best_sum = sum;
}

static void
remember_closest(Race *race, const Ask *ask, const Host *host, guint depth)
{
    gint64 nearness = filters[depth].nearness ? filters[depth].nearness(ask, host) : 0;
    gboolean closer = !race->closest || depth > race->depth || (depth == race->depth && nearness > race->nearness);
    gboolean alike = race->closest && depth == race->depth && nearness == race->nearness;
    if (!closer && !(alike && comes_before(host, race->closest)))
        return;
    race->closest = host;
    race->depth = depth;
    race->nearness = nearness;
}

static void
refuse(PlacementChoice *choice, const Host *host, Message *take)
{
    PlacementRefusal *refusal = g_new0(PlacementRefusal, 1);
    refusal->host = host->object.id;
    refusal->name = g_strdup(host->name);
    refusal->why = take;
    g_ptr_array_add(choice->refusals, refusal);
}

static void
try_host(PlacementChoice *choice, Race *race, const Ask *ask, const Host *host)
{
    for (guint i = 0; i < n_filters; i++) {
        Message *why = ask->purpose == PLACEMENT_ADD && !filters[i].for_add ? NULL : filters[i].refuse(ask, host);
        if (!why)
            continue;
        refuse(choice, host, why);
        remember_closest(race, ask, host, i);
        return;
    }
    consider(race, ask, host);
}

static void
settle(PlacementChoice *choice, const Race *race, const Ask *ask)
{
    if (race->best) {
        choice->host = race->best->object.id;
        choice->name = g_strdup(race->best->name);
    } else {
        choice->why = race->closest ? filters[race->depth].tell(ask, race->closest) : filters_tell_empty(ask);
    }
}

PlacementChoice *
placement_choose(const View *view, const Vm *vm, PlacementPurpose purpose)
{
    g_autoptr(GHashTable) loads = capacity_loads(view, &vm->object.id);
    const Ask ask = { .view = view, .vm = vm, .purpose = purpose, .loads = loads };
    PlacementChoice *choice = g_new0(PlacementChoice, 1);
    choice->refusals = g_ptr_array_new_with_free_func(free_refusal);
    Race race = { NULL };
    ViewWalk walk = view_walk(view, &host_type);
    for (const Host *host; (host = view_next(&walk));)
        try_host(choice, &race, &ask, host);
    g_ptr_array_sort(choice->refusals, compare_refusals);
    settle(choice, &race, &ask);
    return choice;
}

gboolean
placement_check(const PlacementChoice *choice, GError **error)
{
    return choice->why ? fault_take(error, message_ref(choice->why)) : TRUE;
}

gboolean
placement_check_make(const Host *host, const Vm *vm, GError **error)
{
    Message *why = filters_refuse_make(host, vm);
    return why ? fault_take(error, why) : TRUE;
}

void
placement_choice_free(PlacementChoice *choice)
{
    if (!choice)
        return;
    g_free(choice->name);
    g_ptr_array_unref(choice->refusals);
    message_unref(choice->why);
    g_free(choice);
}
