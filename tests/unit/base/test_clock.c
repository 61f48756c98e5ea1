/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Dates as text, against GLib's calendar as a second opinion. */
#include "base/clock.h"

#include <string.h>

static void
test_known(void)
{
    static const struct { const char *text; Wall wall; } known[] = {
        { "1970-01-01T00:00:00.000Z", 0 }, { "1969-12-31T23:59:59.999Z", -1000 }, { "2000-02-29T12:00:00.500Z", G_GINT64_CONSTANT(951825600500000) },
        { "2024-05-01T10:20:30.123Z", G_GINT64_CONSTANT(1714558830123000) }, { "9999-12-31T23:59:59.999Z", G_GINT64_CONSTANT(253402300799999000) },
    };
    for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
        char text[CLOCK_DATE_SIZE];
        Wall wall;
        g_assert_cmpstr(clock_format(known[i].wall, text), ==, known[i].text);
        g_assert_true(clock_parse(known[i].text, &wall));
        g_assert_cmpint(wall, ==, known[i].wall);
    }
}

static void
test_spellings(void)
{
    static const char *const same[] = {
        "2024-05-01T10:20:30Z", "2024-05-01t10:20:30z", "2024-05-01 10:20:30", "2024-05-01T12:20:30+02:00", "2024-05-01T12:20:30+0200",
        "2024-05-01T05:20:30.000000-05:00", "2024-05-01T10:20:30.0000000001Z",
    };
    for (guint i = 0; i < G_N_ELEMENTS(same); i++) {
        Wall wall = 0;
        g_assert_true(clock_parse(same[i], &wall));
        g_assert_cmpint(wall, ==, G_GINT64_CONSTANT(1714558830000000));
    }
}

static void
test_refused(void)
{
    static const char *const bad[] = {
        "", "yesterday", "2024-05-01", "2024-5-1T10:20:30Z", "2024-13-01T10:20:30Z", "2024-00-01T10:20:30Z", "2024-02-30T10:20:30Z",
        "2023-02-29T10:20:30Z", "1900-02-29T10:20:30Z", "2024-04-31T10:20:30Z", "2024-05-01T24:00:00Z", "2024-05-01T10:60:30Z", "2024-05-01T10:20:61Z",
        "2024-05-01T10:20:30.Z", "2024-05-01T10:20:30ZZ", "2024-05-01T10:20:30+2", "2024-05-01T10:20:30+24:00", "2024-05-01T10:20:30Z ", "0000-01-01T00:00:00Z",
        "-024-05-01T10:20:30Z",
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        Wall wall = 42;
        if (clock_parse(bad[i], &wall))
            g_error("'%s' was taken for a date", bad[i]);
        g_assert_cmpint(wall, ==, 42);
    }
}

static void
test_calendar(void)
{
    for (gint64 second = -G_GINT64_CONSTANT(2208988800); second < G_GINT64_CONSTANT(4102444800); second += 86400 * 13 + 3571) {
        char text[CLOCK_DATE_SIZE];
        Wall back;
        g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(second);
        g_autofree char *wanted = g_date_time_format(date, "%Y-%m-%dT%H:%M:%S.000Z");
        g_assert_cmpstr(clock_format(second * CLOCK_SECOND, text), ==, wanted);
        g_assert_true(clock_parse(text, &back));
        g_assert_cmpint(back, ==, second * CLOCK_SECOND);
    }
}

static void
test_ticking(void)
{
    Tick first = clock_tick(), second = clock_tick();
    g_assert_cmpint(second, >=, first);
    g_assert_cmpint(ABS(clock_wall() - g_get_real_time()), <, 60 * CLOCK_SECOND);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/clock/known", test_known);
    g_test_add_func("/clock/spellings", test_spellings);
    g_test_add_func("/clock/refused", test_refused);
    g_test_add_func("/clock/calendar", test_calendar);
    g_test_add_func("/clock/ticking", test_ticking);
    return g_test_run();
}
