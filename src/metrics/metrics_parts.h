/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What metrics.c and series.c share. */
#pragma once

#include "base/lock.h"
#include "metrics/metrics.h"
#include "metrics/ring.h"

struct Metrics {
    Inventory *inventory;
    Statistics *statistics;
    Ring *rings[N_KEPT];
    GHashTable *missed;                     /* ids the last sweep did not find in the inventory */
    gint64 swept;                           /* when */
    gboolean ails;                          /* something could not be kept, and it was said */
    Thread *thread;
    Lock lock;                              /* of the next two */
    Condition wake;
    gboolean stopping;
};
