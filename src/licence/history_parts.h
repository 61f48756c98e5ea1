/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the reading of a history shares with its keeping. Nobody else includes it. */
#pragma once

#include "licence/history.h"

History *history_new(void);
void history_sort(History *history);        /* by time, kind and content */

/* What reading goes by. */
typedef struct {
    History *history;
    HistoryFile file;
    gpointer data;
    GHashTable *vms, *products, *clusters, *hosts;      /* name to index + 1; the names are the history's */
    GString *key;                                       /* of a list being read */
    guint cpus;                                         /* in all topologies so far */
    guint place;                                        /* of the event being read; HISTORY_NO_PLACE outside of events */
} HistoryReading;

#define HISTORY_NO_PLACE G_MAXUINT

/* history_read.c: the index of a name, made where it is new. FALSE with a fault for what is no name, or for too many. */
gboolean history_vm(Reader *reader, HistoryReading *reading, int *ret_index, GError **error);
gboolean history_product(Reader *reader, HistoryReading *reading, int *ret_index, GError **error);
gboolean history_host_named(Reader *reader, HistoryReading *reading, int *ret_index, GError **error);
/* history_places.c: clusters, hosts, boundaries; topologies, told by a file's name, an object, or the four numbers. */
typedef struct {
    gint64 cores, threads, sockets, nodes;              /* 0: not told */
    const Topology *read;                               /* by file or object */
    Slice arch, vendor, model;
} HistoryShape;
gboolean history_topology(Reader *reader, HistoryReading *reading, HistoryShape *shape, GError **error);     /* the value of "topology" */
const Topology *history_shape(Reader *reader, HistoryReading *reading, const HistoryShape *shape, GError **error);
gboolean history_read_cluster(Reader *reader, gpointer reading, GError **error);
gboolean history_read_host(Reader *reader, gpointer reading, GError **error);
gboolean history_read_boundary(Reader *reader, gpointer reading, GError **error);
/* history_events.c */
gboolean history_read_event(Reader *reader, gpointer reading, GError **error);
