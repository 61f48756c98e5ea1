/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Uses to periods. A use is cut at the turn of the year: each year is counted for itself. */
#include "licence/periods.h"

#define DAY ((gint64) 86400 * CLOCK_SECOND)
#define DAYS_TO_1970 719163         /* from the first day of the year 1, as GDate counts */

void
periods_init(Periods *periods)
{
    *periods = (Periods) { .years = g_array_new(FALSE, FALSE, sizeof(PeriodsYear)), .ends = G_MININT64, .last_day = G_MININT64 };
}

void
periods_clear(Periods *periods)
{
    g_clear_pointer(&periods->years, g_array_unref);
}

static gint64
day_of(Wall wall)
{
    return wall / DAY - (wall % DAY < 0);
}

static int
year_of(Wall wall)
{
    GDate date;
    g_date_clear(&date, 1);
    g_date_set_julian(&date, (guint32) MAX(day_of(wall) + DAYS_TO_1970, 1));
    return g_date_get_year(&date);
}

static Wall
beginning_of(int year)
{
    GDate date;
    g_date_clear(&date, 1);
    g_date_set_dmy(&date, 1, G_DATE_JANUARY, (GDateYear) year);
    return ((gint64) g_date_get_julian(&date) - DAYS_TO_1970) * DAY;
}

static PeriodsYear *
last_year(Periods *periods, int year)
{
    PeriodsYear fresh = { .year = year };
    GArray *years = periods->years;
    if (!years->len || g_array_index(years, PeriodsYear, years->len - 1).year != year) {
        g_array_append_val(years, fresh);
        periods->ends = G_MININT64;
    }
    return &g_array_index(years, PeriodsYear, years->len - 1);
}

static void
use_within_year(Periods *periods, int year, Wall from, Wall to)
{
    PeriodsYear *counted = last_year(periods, year);
    Wall opens = MAX(from, periods->ends);
    if (opens < to) {
        guint opened = (guint) ((to - opens + DAY - 1) / DAY);
        counted->periods += opened;
        periods->ends = opens + opened * DAY;
    }
    gint64 first = MAX(day_of(from), periods->last_day + 1), last = day_of(to - 1);
    counted->days += first <= last ? (guint) (last - first + 1) : 0;
    periods->last_day = MAX(periods->last_day, last);
}

void
periods_use(Periods *periods, Wall from, Wall to)
{
    while (from < to) {
        int year = year_of(from);
        Wall end = year < 9999 ? MIN(to, beginning_of(year + 1)) : to;
        use_within_year(periods, year, from, end);
        from = end;
    }
}

guint
periods_most(const Periods *periods, Wall from, Wall to, PeriodsYear *ret_year)
{
    guint most = 0;
    int first = year_of(from), last = year_of(to);
    for (guint i = 0; i < periods->years->len; i++) {
        const PeriodsYear *year = &g_array_index(periods->years, PeriodsYear, i);
        if (year->year < first || year->year > last || MAX(year->periods, year->days) <= most)
            continue;
        most = MAX(year->periods, year->days);
        if (ret_year)
            *ret_year = *year;
    }
    return most;
}
