/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A history as it lies in memory: what it owns, and the order of its events. Reading is history_read.c. */
#include "licence/history_parts.h"

#include <stdlib.h>

static void
clear_cluster(gpointer record)
{
    g_free(((HistoryCluster *) record)->name);
}

static void
clear_host(gpointer record)
{
    g_free(((HistoryHost *) record)->name);
}

static void
clear_boundary(gpointer record)
{
    HistoryBoundary *boundary = record;
    g_free(boundary->name);
    g_array_unref(boundary->hosts);
    g_array_unref(boundary->vms);
}

static void
free_list(gpointer record)
{
    CpuList *list = record;
    for (guint i = 0; i < list->count; i++)
        cpus_clear(&list->sets[i]);
    g_free(list->sets);
    g_free(list->given);
    g_free(list);
}

static GArray *
new_array(gsize size, GDestroyNotify clear)
{
    GArray *array = g_array_new(FALSE, TRUE, (guint) size);
    if (clear)
        g_array_set_clear_func(array, clear);
    return array;
}

History *
history_new(void)
{
    History *history = g_new0(History, 1);
    history->vms = g_ptr_array_new_with_free_func(g_free);
    history->products = g_ptr_array_new_with_free_func(g_free);
    history->clusters = new_array(sizeof(HistoryCluster), clear_cluster);
    history->hosts = new_array(sizeof(HistoryHost), clear_host);
    history->boundaries = new_array(sizeof(HistoryBoundary), clear_boundary);
    history->events = new_array(sizeof(Event), NULL);
    history->lists = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_list);
    history->topologies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) topology_free);
    history->words = g_string_chunk_new(1 << 16);
    return history;
}

void
history_free(History *history)
{
    if (!history)
        return;
    g_ptr_array_unref(history->vms);
    g_ptr_array_unref(history->products);
    g_array_unref(history->clusters);
    g_array_unref(history->hosts);
    g_array_unref(history->boundaries);
    g_array_unref(history->events);
    g_hash_table_unref(history->lists);
    g_hash_table_unref(history->topologies);
    g_string_chunk_free(history->words);
    g_free(history);
}

/* --- order ---------------------------------------------------------------------------------------------------------------- */

static int
compare_numbers(gint64 a, gint64 b)
{
    return a < b ? -1 : a > b;
}

static int
compare_lists(const CpuList *a, const CpuList *b)
{
    return a == b ? 0 : g_strcmp0(a ? a->key : NULL, b ? b->key : NULL);
}

static const char *
name_of(const GPtrArray *names, int index)
{
    return index < 0 ? NULL : g_ptr_array_index(names, (guint) index);
}

static const char *
host_name(const History *history, int index)
{
    return index < 0 ? NULL : history_host(history, (guint) index)->name;
}

static int
compare_cores(const TopologyCore *a, const TopologyCore *b)
{
    int order = compare_numbers(a->first, b->first);
    order = order ? order : compare_numbers(a->socket, b->socket);
    order = order ? order : compare_numbers(a->node, b->node);
    order = order ? order : compare_numbers(a->n_threads, b->n_threads);
    for (guint i = 0; !order && i < a->n_threads; i++)
        order = compare_numbers(a->threads[i], b->threads[i]);
    return order;
}

/* What topology an event brings, told by what is in it and not by where it lies. */
static int
compare_topologies(const Topology *a, const Topology *b)
{
    if (a == b || !a || !b)
        return (a != NULL) - (b != NULL);
    int order = compare_numbers(a->n_cores, b->n_cores);
    order = order ? order : compare_numbers(cpus_count(&a->online), cpus_count(&b->online));
    order = order ? order : compare_numbers(a->n_sockets, b->n_sockets);
    for (guint i = 0; !order && i < a->n_cores; i++)
        order = compare_cores(&a->cores[i], &b->cores[i]);
    return order;
}

/* Of one time and kind: by everything they say, so that nothing depends on where they stood in the file. */
static int
compare_contents(const History *history, const Event *a, const Event *b)
{
    int order = g_strcmp0(name_of(history->vms, a->vm), name_of(history->vms, b->vm));
    order = order ? order : g_strcmp0(host_name(history, a->host), host_name(history, b->host));
    order = order ? order : g_strcmp0(host_name(history, a->from), host_name(history, b->from));
    order = order ? order : g_strcmp0(name_of(history->products, a->product), name_of(history->products, b->product));
    order = order ? order : compare_lists(a->pins, b->pins);
    order = order ? order : compare_lists(a->cpuset, b->cpuset);
    order = order ? order : compare_lists(a->emulator, b->emulator);
    order = order ? order : compare_lists(a->iothreads, b->iothreads);
    order = order ? order : compare_numbers(a->vcpus, b->vcpus);
    order = order ? order : compare_numbers(a->max_vcpus, b->max_vcpus);
    order = order ? order : compare_numbers(a->users, b->users);
    order = order ? order : compare_numbers(a->says, b->says);
    order = order ? order : compare_numbers(a->policy, b->policy);
    return order ? order : compare_topologies(a->topology, b->topology);
}

static int
compare_events(const void *one, const void *other, void *history)
{
    const Event *a = one, *b = other;
    int order = compare_numbers(a->t, b->t);
    order = order ? order : compare_numbers(a->kind, b->kind);
    return order ? order : compare_contents(history, a, b);
}

void
history_sort(History *history)
{
    guint at = 1;
    while (at < history->events->len && compare_events(history_event(history, at - 1), history_event(history, at), history) <= 0)
        at++;
    if (at < history->events->len)
        qsort_r(history->events->data, history->events->len, sizeof(Event), compare_events, history);
}
