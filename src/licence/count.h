/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * How many cores, and from them licences, a window of a history needs, product by product, with what each number was made of. Pure. It says what
 * the published rules give when they are applied to what was recorded, and nothing of what anybody accepts. */
#pragma once

#include "licence/findings.h"
#include "licence/history.h"
#include "licence/periods.h"

typedef struct {
    gboolean has_from, has_to;      /* else the first and the last event */
    Wall from, to;                  /* both belong to the window */
    gboolean ignore_stopped;        /* else what is stopped counts where it last ran: it is installed there */
    gboolean strict;                /* a VM that may be migrated counts as one that was */
    gboolean timeline;
} CountOptions;

/* Why a host has its factor. */
typedef enum { FACTOR_GIVEN, FACTOR_LISTED, FACTOR_ASSUMED } FactorBasis;

typedef struct {
    int host;
    guint peak, ever;               /* cores: the most at once, and all that were ever touched */
    guint socket_peak, socket_ever;
    gint64 factor;
    FactorBasis basis;
    gboolean exempt;                /* by the failover rule: not in the licences */
    gboolean whole;                 /* for some time every core counted: a VM was not bound, or nobody looked */
} CountHost;

/* A cluster in which a VM with the product was migrated live: the largest hosts count, as many as there are such VMs. */
typedef struct {
    int cluster;
    guint vms;
    GArray *hosts;                  /* int, the largest first */
    guint cores, sockets;
} CountCluster;

typedef struct {
    Wall t;
    guint64 cores;
} CountPoint;

typedef struct {
    guint64 concurrent_peak, sum_of_host_peaks, union_ever;
} CountFigures;

typedef struct {
    int product;
    const ProductRow *row;          /* NULL: not in the table, counted by processors */
    CountFigures cores, sockets;
    guint64 licences;               /* for the sum of host peaks, without hosts that are exempt */
    guint64 licences_before;        /* with them */
    guint64 licences_concurrent;    /* for the most at any one time */
    gint64 users, nup;              /* named users told by tags; how many named-user licences it would take */
    gint64 owned;                   /* licences of its boundaries; -1: not told */
    gboolean proven;                /* no gap where it counts */
    gboolean eligible;              /* FALSE: a host has room for more sockets than the product may run on */
    GArray *hosts, *clusters, *timeline;    /* CountHost by name, CountCluster by name, CountPoint */
} CountProduct;

typedef struct {
    int host;
    guint periods, days;            /* of the year with the most, separate 24-hour periods and calendar days */
    gboolean exempt;                /* for every product that ran there */
} CountFailover;

typedef struct {
    const char *name;
    FindingSeverity state;          /* FAIL or UNKNOWN; INFO: no fail was found */
} CountState;

typedef struct {
    const History *history;         /* borrowed: names live there */
    Wall from, to;
    CountOptions options;
    GArray *products;               /* CountProduct by name */
    GArray *failover;               /* CountFailover by name */
    GArray *vms, *hosts, *clusters; /* CountState by name, of those with a product */
    Findings *findings;
} Count;

/* HISTORY and TABLES must outlive it. NULL with a fault where the window is none. */
Count *count_run(const History *history, const Tables *tables, const CountOptions *options, GError **error);
void count_free(Count *count);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Count, count_free)
