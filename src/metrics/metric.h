/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is kept of the past: of each kind of object its metrics, and for how long in which steps. The order of rows is the order
 * in files: a row is only ever added at the end, with a new METRIC_FORMAT. */
#pragma once

#include <glib.h>

#define METRIC_FORMAT 1
#define METRIC_LEVELS 4
#define METRIC_MOST 16              /* of one kind */

typedef enum { KEPT_VM, KEPT_DISK, KEPT_NIC, KEPT_HOST, N_KEPT } KeptKind;

typedef struct {
    const char *name;               /* "cpu.total" */
    const char *unit;               /* oVirt's: "percent", "bytes", "bytes_per_second", "count_per_second", "seconds", "none" */
    const char *help;
    gboolean peak;                  /* the highest value of a longer step is kept beside its average */
    double scale;                   /* a value times this is what a cell holds; 0: 1 */
} Metric;

typedef struct {
    const char *name;               /* "vm": its file is vm.rings */
    const Metric *metrics;          /* N of them */
    guint n, peaks;
} MetricKind;

typedef struct {
    guint step, rows;               /* seconds; how many are kept */
} MetricLevel;

extern const MetricKind metric_kinds[N_KEPT];
extern const MetricLevel metric_levels[METRIC_LEVELS];      /* each a multiple of the one before */

int metric_find(const MetricKind *kind, const char *name);  /* its row; -1 */
int metric_peak(const MetricKind *kind, guint metric);      /* which of the peaks is METRIC's; -1: none is kept */
