/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Ranges as clients write them, right and wrong. */
#include "transfer/range.h"

#define SIZE 1000

static void
test_range(void)
{
    static const struct { const char *header; RangeKind kind; gint64 first, count; } rows[] = {
        { NULL, RANGE_WHOLE, 0, SIZE },
        { "bytes=0-", RANGE_PART, 0, SIZE },
        { "bytes=0-999", RANGE_PART, 0, SIZE },
        { "bytes=5-9", RANGE_PART, 5, 5 },
        { "Bytes = 5-5 ", RANGE_PART, 5, 1 },
        { "bytes=999-999", RANGE_PART, 999, 1 },
        { "bytes=0-1000", RANGE_OUTSIDE, 0, SIZE },
        { "bytes=1000-", RANGE_OUTSIDE, 0, SIZE },
        { "bytes=-5", RANGE_OUTSIDE, 0, SIZE },
        { "bytes=999999999999999999-", RANGE_OUTSIDE, 0, SIZE },
        { "bytes=9-5", RANGE_BAD, 0, SIZE },
        { "bytes=9999999999999999999-", RANGE_BAD, 0, SIZE },
        { "bytes=0-1,5-9", RANGE_BAD, 0, SIZE },
        { "bytes=a-b", RANGE_BAD, 0, SIZE },
        { "bytes=5", RANGE_BAD, 0, SIZE },
        { "bytes=+5-9", RANGE_BAD, 0, SIZE },
        { "items=5-9", RANGE_BAD, 0, SIZE },
        { "bytes 5-9", RANGE_BAD, 0, SIZE },
        { "", RANGE_BAD, 0, SIZE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        gint64 first = -1, count = -1;
        g_test_message("%s", rows[i].header);
        g_assert_cmpint(range_read(rows[i].header, SIZE, &first, &count), ==, rows[i].kind);
        g_assert_cmpint(first, ==, rows[i].first);
        g_assert_cmpint(count, ==, rows[i].count);
    }
}

static void
test_nothing_to_range(void)
{
    gint64 first, count;
    g_assert_cmpint(range_read(NULL, 0, &first, &count), ==, RANGE_WHOLE);
    g_assert_cmpint(range_read("bytes=0-", 0, &first, &count), ==, RANGE_OUTSIDE);
}

static void
test_content_range(void)
{
    static const struct { const char *header; gboolean well; gint64 first; } rows[] = {
        { NULL, TRUE, 0 },
        { "bytes 0-999/1000", TRUE, 0 },
        { "bytes 5-9/*", TRUE, 5 },
        { "bytes 5-*/*", TRUE, 5 },
        { "bytes  1048576-2097151/*", TRUE, 1048576 },
        { "bytes 7-3/*", TRUE, 7 },     /* where it begins counts */
        { "bytes */1000", FALSE, 0 },
        { "bytes=5-9/*", FALSE, 0 },
        { "bytes 5-9", FALSE, 0 },
        { "bytes 5/*", FALSE, 0 },
        { "bytes -5-9/*", FALSE, 0 },
        { "bytes 99999999999999999999-9/*", FALSE, 0 },
        { "bytes 5-9/* more", FALSE, 0 },
        { "", FALSE, 0 },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        gint64 first = -1;
        g_test_message("%s", rows[i].header);
        g_assert_cmpint(range_read_content(rows[i].header, &first), ==, rows[i].well);
        g_assert_cmpint(first, ==, rows[i].first);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/range/range", test_range);
    g_test_add_func("/range/nothing", test_nothing_to_range);
    g_test_add_func("/range/content", test_content_range);
    return g_test_run();
}
