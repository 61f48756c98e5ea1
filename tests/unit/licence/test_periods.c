/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Periods of 24 hours and days of the calendar. */
#include "licence/periods.h"

static Wall
at(const char *text)
{
    Wall wall;
    g_assert_true(clock_parse(text, &wall));
    return wall;
}

static void
assert_counts(const char *const *uses, guint periods, guint days)
{
    Periods counted;
    PeriodsYear year = { 0 };
    periods_init(&counted);
    for (; *uses; uses += 2)
        periods_use(&counted, at(uses[0]), at(uses[1]));
    periods_most(&counted, at("2026-01-01T00:00:00Z"), at("2026-12-31T00:00:00Z"), &year);
    g_assert_cmpuint(year.periods, ==, periods);
    g_assert_cmpuint(year.days, ==, days);
    periods_clear(&counted);
}

static void
test_counts(void)
{
    /* two hours on Tuesday and three on Friday: two */
    assert_counts((const char *const[]) { "2026-01-06T10:00:00Z", "2026-01-06T12:00:00Z", "2026-01-09T10:00:00Z", "2026-01-09T13:00:00Z", NULL }, 2, 2);
    /* twice within 24 hours: one */
    assert_counts((const char *const[]) { "2026-01-06T01:00:00Z", "2026-01-06T02:00:00Z", "2026-01-06T20:00:00Z", "2026-01-06T21:00:00Z", NULL }, 1, 1);
    /* over midnight: one period, two days */
    assert_counts((const char *const[]) { "2026-01-06T20:00:00Z", "2026-01-07T04:00:00Z", NULL }, 1, 2);
    /* 24 hours and a moment: the second opens */
    assert_counts((const char *const[]) { "2026-01-06T00:00:00Z", "2026-01-07T00:00:00Z", NULL }, 1, 1);
    assert_counts((const char *const[]) { "2026-01-06T00:00:00Z", "2026-01-07T00:00:01Z", NULL }, 2, 2);
    /* a use that begins in an open period and outlasts it */
    assert_counts((const char *const[]) { "2026-01-06T00:00:00Z", "2026-01-06T01:00:00Z", "2026-01-06T23:00:00Z", "2026-01-07T02:00:00Z", NULL }, 2, 2);
    /* ten days in one piece */
    assert_counts((const char *const[]) { "2026-01-06T00:00:00Z", "2026-01-16T00:00:00Z", NULL }, 10, 10);
    /* each year for itself: an old one's open period excuses nothing in the new one */
    assert_counts((const char *const[]) { "2025-12-31T20:00:00Z", "2026-01-01T04:00:00Z", NULL }, 1, 1);
    assert_counts((const char *const[]) { "2025-01-01T00:00:00Z", "2025-12-01T00:00:00Z", NULL }, 0, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/periods/counts", test_counts);
    return g_test_run();
}
