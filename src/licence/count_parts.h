/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the counting of a window is made of: the walk over the events and the state it keeps. Nobody else includes it. */
#pragma once

#include "licence/count.h"
#include "licence/footprint.h"

/* One VM as the events so far have it. It is kept alike whether it runs or not, so that a stop can only take away. */
typedef struct {
    int host;                       /* -1: it has not run yet */
    gboolean running, migratable, ha, contradicted, changed;
    gboolean unknown;               /* nobody looked for a while, within the window */
    guint8 policy;
    int vcpus, max_vcpus;           /* -1: not told */
    const CpuList *pins, *cpuset, *emulator, *iothreads;
    gboolean says_iothreads;
    guint64 tags, no_failover;      /* a bit a product */
    Wall tagged, scanned;           /* the last time; G_MININT64: never */
    /* what was counted of it last */
    int placed_host;
    const Footprint *placed;
    gboolean placed_whole, placed_running;
    guint64 placed_tags;            /* 0: an ordinary VM, of which only the cores are remembered */
    int present_host;               /* what presence was told of last */
    guint64 present_tags;
    gboolean ha_seen;               /* within the window */
} VmState;

/* One product on one host; in the column behind the products: ordinary VMs. */
typedef struct {
    guint *cores, *sockets;         /* how many VMs touch it: by first thread, by index of the socket */
    guint cores_room, sockets_room;
    guint distinct, distinct_sockets;
    guint vms, whole;               /* that count here; of those, that count as the whole host */
    guint now, now_sockets, peak, peak_sockets;
    Cpus ever, ever_sockets;
    gboolean dirty, was_whole;
} Place;

typedef struct {
    const Topology *topology;
    guint gaps;                     /* that are open */
    gboolean gapped;                /* within the window */
    gint64 factor;                  /* the largest it had */
    FactorBasis basis;
    guint most_cores, most_sockets; /* within the window */
    Wall *used_since;               /* of a spare host, by product: since when one runs there; G_MAXINT64: none does */
    guint *running;                 /* how many */
    Periods *periods;               /* by product; these three NULL for other hosts */
} HostState;

typedef struct {
    gint64 factor;
    guint64 cores;
} FactorGroup;

typedef struct {
    guint64 now, peak;              /* cores over all hosts */
    guint64 sockets_now, sockets_peak;
    guint64 licences_peak;
    GArray *groups;                 /* FactorGroup: cores now, by factor */
    gboolean seen;                  /* a VM with it has counted somewhere */
    gboolean touched;               /* by the events of this moment */
    GArray *timeline;
} ProductState;

typedef struct {
    const History *history;
    const Tables *tables;
    const CountOptions *options;
    Wall from, to;
    guint n_products, n_hosts, n_clusters;
    VmState *vms;
    HostState *hosts;
    Place **places;                 /* n_hosts rows of n_products + 1 */
    ProductState *products;
    guint8 *migrated;               /* by product and cluster: counted by whole hosts, known from a walk before this */
    guint8 *found;                  /* the same, found by this walk */
    CountCluster **whole;           /* by product and cluster: which hosts; NULL where not MIGRATED */
    GHashTable *presence;           /* VM and host to the products it had there, within the window */
    GHashTable *users;              /* product and VM to named users: now, and the most within the window */
    Footprints *footprints;
    Findings *findings;
    GArray *changed;                /* int: VMs touched at this moment */
    GArray *dirty;                  /* guint: places to be looked at */
    Wall now;
    gboolean inside;                /* of the window */
    gboolean recording;             /* what is now belongs to it */
} Walk;

typedef struct { gint64 now, most; } NamedUsers;

#define walk_place(walk, host, product) ((walk)->places[(gsize) (host) * ((walk)->n_products + 1) + (product)])
#define walk_cell(walk, product, cluster) ((gsize) (product) * (walk)->n_clusters + (cluster))

/* walk.c */
Walk *walk_new(const History *history, const Tables *tables, const CountOptions *options, Wall from, Wall to);
void walk_free(Walk *walk);
void walk_run(Walk *walk);                              /* from the first event to the end of the window */
const char *walk_vm(const Walk *walk, int vm);
const char *walk_product(const Walk *walk, guint product);
const Footprint *walk_footprint(Walk *walk, const VmState *vm);      /* NULL: it is nowhere */
void walk_take_topology(Walk *walk, guint host, const Topology *topology);
void walk_note_presence(Walk *walk, int vm, int host, guint64 tags);     /* within the window */
/* Calls for each VM and host of the window, in no order; TAGS: the products it had there. */
void walk_each_presence(const Walk *walk, void (*each)(gpointer data, guint vm, guint host, guint64 tags), gpointer data);
/* walk_events.c */
void walk_apply(Walk *walk, const Event *event);
void walk_touch(Walk *walk, int vm);                    /* it is to be settled at the end of this moment */
/* walk_places.c */
void places_settle(Walk *walk, int vm);
void places_mark(Walk *walk, guint host);               /* all of a host's places are to be looked at */
void places_refresh(Walk *walk);                        /* looks at those that are marked */
void places_leave(Walk *walk, guint host);              /* takes every VM off a host whose topology is about to change */
void places_change_factor(Walk *walk, guint host, gint64 before);      /* what counts there now goes to its new group */
void places_clear(Place *place);
guint64 places_licences(const GArray *groups);          /* cores by factor, each rounded up */
void places_group(GArray *groups, gint64 factor, gint64 more);
/* walk_checks.c */
void checks_vm(Walk *walk, int vm);                     /* findings about how it is bound now */
void checks_event(Walk *walk, const Event *event);      /* findings about what happens; before it is applied */
void checks_end(Walk *walk);                            /* findings about the window as a whole */
void checks_gap(Walk *walk, guint host);
