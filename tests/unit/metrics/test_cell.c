/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Numbers in sixteen bits: what comes back, gaps, both ends. */
#include "metrics/cell.h"

#include <math.h>

static void
test_ends(void)
{
    g_assert_true(isnan(cell_value(cell_pack(NAN))));
    g_assert_true(isnan(cell_value(CELL_GAP)));
    g_assert_cmpint(cell_pack(NAN), ==, 0);
    g_assert_cmpfloat(cell_value(cell_pack(0)), ==, 0);
    g_assert_cmpfloat(cell_value(cell_pack(-5)), ==, 0);
    g_assert_cmpfloat(cell_value(cell_pack(1e-9)), ==, 0);
    g_assert_cmpint(cell_pack(INFINITY), ==, 0xffff);
    g_assert_cmpint(cell_pack(1e300), ==, 0xffff);
    g_assert_cmpfloat(cell_value(0xffff), >, 2.8e14);
}

/* From a part of a percent to the memory of the largest machine: wrong by one part in 2048 at most. */
static void
test_precision(void)
{
    for (double value = 0.0001; value < 2e14; value *= 1.00731)
        g_assert_cmpfloat(fabs(cell_value(cell_pack(value)) - value), <=, value / 2048);
    for (guint i = 0; i <= 1024; i++)
        g_assert_cmpfloat(cell_value(cell_pack(i)), ==, i);
    for (guint i = 1; i <= G_MAXUINT16; i++)
        g_assert_cmpint(cell_pack(cell_value((Cell) i)), ==, i);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cell/ends", test_ends);
    g_test_add_func("/cell/precision", test_precision);
    return g_test_run();
}
