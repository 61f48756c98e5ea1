/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The use of a failover host, by calendar year: separate periods of 24 hours (the first use opens one; use after it has ended opens the next) and,
 * because others count so, days of the calendar that were touched. Both are kept, and the larger counts. UTC. */
#pragma once

#include "base/clock.h"

#define PERIODS_MOST 10             /* that a calendar year has free of licence */

typedef struct {
    int year;
    guint periods, days;
} PeriodsYear;

typedef struct {
    GArray *years;                  /* PeriodsYear, ascending */
    Wall ends;                      /* of the period opened last */
    gint64 last_day;                /* touched */
} Periods;

void periods_init(Periods *periods);
void periods_clear(Periods *periods);
/* One use, FROM to TO and not TO itself; uses come in order of time and do not overlap. */
void periods_use(Periods *periods, Wall from, Wall to);
/* The largest count of the years from that of FROM to that of TO; RET may be NULL: its two counts. */
guint periods_most(const Periods *periods, Wall from, Wall to, PeriodsYear *ret_year);
