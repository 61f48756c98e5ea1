/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sets of CPUs: libvirt's spelling both ways, and what is none. */
#include "licence/cpus.h"

static void
assert_spelled(const char *text, const char *wanted)
{
    g_auto(Cpus) cpus = CPUS_EMPTY;
    if (!cpus_parse(text, strlen(text), &cpus))
        g_error("'%s' was refused", text);
    g_autofree char *again = cpus_text(&cpus);
    g_assert_cmpstr(again, ==, wanted);
}

static void
test_spelling(void)
{
    assert_spelled("0", "0");
    assert_spelled("0-3", "0-3");
    assert_spelled("3,2,1,0", "0-3");
    assert_spelled("0-3,^1,8", "0,2-3,8");
    assert_spelled("^1,0-3", "0-3");
    assert_spelled(" 0 - 3 , 5", "0-3,5");
    assert_spelled("63,64,127,128", "63-64,127-128");
    assert_spelled("16383", "16383");
}

static void
test_refused(void)
{
    static const char *const bad[] = { "", " ", ",", "0,", ",0", "0,,1", "3-1", "-1", "1-", "^", "^0", "0,^0", "a", "0x1", "1;2", "16384", "0-16384", "99999999999999999999", "1 2", "^1-2", "0\n", "１" };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_auto(Cpus) cpus = CPUS_EMPTY;
        if (cpus_parse(bad[i], strlen(bad[i]), &cpus))
            g_error("'%s' was taken for a set", bad[i]);
        g_assert_null(cpus.bits);
    }
}

static void
test_sets(void)
{
    g_auto(Cpus) small = CPUS_EMPTY, large = CPUS_EMPTY, none = CPUS_EMPTY;
    cpus_add(&small, 3);
    cpus_add(&large, 3);
    cpus_add(&large, 300);
    g_assert_true(cpus_is_within(&small, &large) && !cpus_is_within(&large, &small) && cpus_is_within(&none, &small));
    g_assert_cmpuint(cpus_count(&large), ==, 2);
    g_assert_cmpint(cpus_next(&large, 3), ==, 300);
    g_assert_cmpint(cpus_next(&large, 300), ==, -1);
    g_assert_cmpint(cpus_next(&none, -1), ==, -1);
    cpus_remove(&large, 300);
    g_assert_true(cpus_equal(&small, &large));
    cpus_join(&none, &large);
    g_assert_true(cpus_has(&none, 3) && !cpus_has(&none, 4) && !cpus_has(&none, 9999));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cpus/spelling", test_spelling);
    g_test_add_func("/cpus/refused", test_refused);
    g_test_add_func("/cpus/sets", test_sets);
    return g_test_run();
}
