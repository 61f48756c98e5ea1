/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The past of the numbers: every ten seconds the newest sheets of all hosts go into rings of fixed size on disk, one file a kind
 * of object, from which anybody may read a series. What fails costs samples and nothing else. */
#pragma once

#include "metrics/metric.h"
#include "model/inventory.h"
#include "model/statistics.h"

#define METRICS_STALE (25 * CLOCK_SECOND)   /* a sheet older than this is of a host that is silent: gaps, no numbers */

typedef struct Metrics Metrics;

/* Keeps them in DIR, which is made. NULL with a sentence if that cannot be: the manager goes on without. */
Metrics *metrics_new(const char *dir, Inventory *inventory, Statistics *statistics, GError **error);
void metrics_start(Metrics *metrics);       /* its thread */
void metrics_free(Metrics *metrics);        /* ends it; returns within the time of one write */

/* One step now, as the thread does it; NOW in seconds since 1970. For tests, and before metrics_start only. */
void metrics_tick(Metrics *metrics, gint64 now);

/* What was kept. Any thread; reads the disk. */
typedef struct {
    guint kind;                             /* KeptKind */
    Id id;
    guint metric;
    gint64 from, to, step;                  /* seconds; STEP 0: as fine as is kept that far back */
} SeriesWish;

typedef struct {
    gint64 from, step;                      /* of the first value: what was wished, on whole steps */
    guint count;
    gboolean kept;                          /* something was ever kept of it */
    double *average, *peak;                 /* NaN: a gap. PEAK NULL: none is kept of this metric */
} Series;

#define SERIES_MOST 20000                   /* values of one series */

/* NOW: seconds since 1970. The step becomes longer than wished where so fine is not kept so far back, or would be too many. */
void series_read(Metrics *metrics, const SeriesWish *wish, gint64 now, Series *ret);
void series_clear(Series *series);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Series, series_clear)
