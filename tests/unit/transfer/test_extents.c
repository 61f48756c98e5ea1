/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Extents in the form that imageio's clients read. */
#include "transfer/extents.h"

static char *
list(const Extent *extents, guint count)
{
    ExtentsText writer = { 0 };
    Text out = TEXT_EMPTY;
    for (guint i = 0; i < count; i++)
        extents_add(&writer, &extents[i], &out);
    extents_end(&writer, &out);
    return text_take(&out);
}

static void
test_alike_is_one(void)
{
    static const Extent rows[] = { { 10, FALSE, FALSE }, { 20, FALSE, FALSE }, { 5, TRUE, TRUE }, { 0, FALSE, FALSE }, { 7, TRUE, TRUE }, { 1, TRUE, FALSE } };
    g_autofree char *text = list(rows, G_N_ELEMENTS(rows));
    g_assert_cmpstr(text, ==, "[{\"start\": 0, \"length\": 30, \"zero\": false, \"hole\": false}, {\"start\": 30, \"length\": 12, \"zero\": true, \"hole\": true}, "
                              "{\"start\": 42, \"length\": 1, \"zero\": true, \"hole\": false}]");
}

static void
test_none(void)
{
    g_autofree char *text = list(NULL, 0);
    g_assert_cmpstr(text, ==, "[]");
}

static void
test_large(void)
{
    static const Extent rows[] = { { 1ll << 50, TRUE, TRUE }, { 1ll << 50, TRUE, TRUE } };
    g_autofree char *text = list(rows, G_N_ELEMENTS(rows));
    g_assert_cmpstr(text, ==, "[{\"start\": 0, \"length\": 2251799813685248, \"zero\": true, \"hole\": true}]");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/extents/alike", test_alike_is_one);
    g_test_add_func("/extents/none", test_none);
    g_test_add_func("/extents/large", test_large);
    return g_test_run();
}
