/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What happened on hosts to VMs with products that are licensed by the core: a file of clusters, hosts and dated events, read into arrays and put
 * into the one order that does not depend on the file's. Says nothing of what it means: that is count's. docs/licences.md has the format. */
#pragma once

#include "base/clock.h"
#include "licence/tables.h"
#include "licence/topology.h"

#define HISTORY_MOST_BYTES (1u << 30)
#define HISTORY_MOST_HOSTS 10000
#define HISTORY_MOST_VMS 1000000
#define HISTORY_MOST_PRODUCTS 64
#define HISTORY_MOST_VCPUS 4096

/* At one time they happen in this order, whatever the file's. */
typedef enum {
    EVENT_HOST_CHANGE,
    EVENT_GAP,
    EVENT_GAP_END,                  /* made of a gap's `until` */
    EVENT_UNTAG,
    EVENT_TAG,
    EVENT_STOP,
    EVENT_LIVE_MIGRATE,
    EVENT_COLD_MOVE,
    EVENT_START,
    EVENT_PIN,
    EVENT_OBSERVED,
    EVENT_SCAN,
    N_EVENTS,
} EventKind;

/* A row of sets of CPUs, as pins are: what is equal in the file is one object here, so that it is understood once. */
typedef struct {
    const char *key;                /* as given: "0;12;-;14" */
    guint count;
    Cpus *sets;
    gboolean *given;                /* FALSE: null */
} CpuList;

/* What an event says beside what it must. */
typedef enum {
    SAYS_CPUSET = 1 << 0,
    SAYS_EMULATOR = 1 << 1,
    SAYS_IOTHREADS = 1 << 2,
    SAYS_MIGRATABLE = 1 << 3,
    SAYS_HA = 1 << 4,
    SAYS_POLICY = 1 << 5,
    SAYS_PINS = 1 << 6,
    IS_MIGRATABLE = 1 << 7,
    IS_HA = 1 << 8,
    IS_WITHOUT_FAILOVER = 1 << 9,   /* a tag of a product whose terms have no failover rule */
} EventSays;

typedef enum { POLICY_NONE, POLICY_MANUAL, POLICY_RESIZE_AND_PIN_NUMA, POLICY_DEDICATED, POLICY_ISOLATE_THREADS, N_POLICIES } PinningPolicy;

typedef struct {
    Wall t;
    guint8 kind, policy;            /* EventKind, PinningPolicy */
    guint16 says;                   /* EventSays bits */
    int vcpus, max_vcpus, users;    /* -1: not told */
    int vm, host, from, product;    /* -1: none; HOST is also where a move goes to */
    guint place;                    /* in the file's list, for sentences */
    const CpuList *pins, *cpuset, *emulator, *iothreads;
    const Topology *topology;       /* of a host_change */
} Event;

typedef struct {
    char *name;
    const char *scheduling;         /* "none", or that of the manager */
    gboolean apart;                 /* said to share no storage, or to stand on two sites: then there is no failover rule */
} HistoryCluster;

typedef struct {
    char *name;
    int cluster;
    const Topology *topology;       /* at the beginning */
    gint64 factor;                  /* in TABLES_UNIT; 0: by the table */
    gint64 socket_capacity;         /* 0: not known */
    gboolean spare, olvm;
    gboolean declared;              /* in the list of hosts, and not only named by somebody */
    guint named_by;                 /* the event that named it first */
} HistoryHost;

typedef struct {
    char *name;
    int product;
    gint64 licences;                /* owned; -1: not told */
    GArray *hosts, *vms;            /* int; no VMs: every one with the product */
} HistoryBoundary;

typedef struct {
    GPtrArray *vms, *products;      /* names, char *, owned */
    GArray *clusters, *hosts, *boundaries, *events;
    Wall sampling;                  /* a gap that is not longer proves as much as none */
    GHashTable *lists;              /* key to CpuList */
    GHashTable *topologies;         /* what each was made of to Topology */
    GStringChunk *words;
} History;

/* How a topology that the history names by a file is had: its content, yours; NULL with ERROR. */
typedef char *(*HistoryFile)(const char *name, gsize *ret_length, gpointer data, GError **error);

/* FILE may be NULL: then a history that names one is refused. */
History *history_read(const char *bytes, gsize length, HistoryFile file, gpointer data, GError **error);
void history_free(History *history);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(History, history_free)

#define history_host(history, i) (&g_array_index((history)->hosts, HistoryHost, (i)))
#define history_cluster(history, i) (&g_array_index((history)->clusters, HistoryCluster, (i)))
#define history_event(history, i) (&g_array_index((history)->events, Event, (i)))
#define history_boundary(history, i) (&g_array_index((history)->boundaries, HistoryBoundary, (i)))
