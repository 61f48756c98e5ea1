/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Diffs: the shapes people know, and that the new text can be made of the old one and the diff, for a thousand pairs. */
#include "command/diff.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void
check(const char *before, const char *after, const char *wanted)
{
    g_autofree char *diff = diff_unified(before, after);
    g_assert_cmpstr(diff, ==, wanted);
}

static void
test_shapes(void)
{
    check("", "", "");
    check(NULL, "a\n", "@@ -0,0 +1,1 @@\n+a\n");
    check("a\n", NULL, "@@ -1,1 +0,0 @@\n-a\n");
    check("a\nb\nc\n", "a\nb\nc\n", "");
    check("a\nb\nc\n", "a\nX\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+X\n c\n");
    check("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n", "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
    check("a\nb", "a\nb\n", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n");
}

static void
test_two_hunks(void)
{
    g_autoptr(GString) before = g_string_new(NULL), after = g_string_new(NULL);
    for (int i = 1; i <= 30; i++) {
        g_string_append_printf(before, "%d\n", i);
        if (i != 28)
            g_string_append_printf(after, i == 3 ? "three\n" : "%d\n", i);
    }
    check(before->str, after->str,
          "@@ -1,6 +1,6 @@\n 1\n 2\n-3\n+three\n 4\n 5\n 6\n@@ -25,6 +25,5 @@\n 25\n 26\n 27\n-28\n 29\n 30\n");
}

/* Applies DIFF (whole lines only) to BEFORE. */
static char *
apply(const char *before, const char *diff)
{
    g_auto(GStrv) old = g_strsplit(before, "\n", -1);
    g_auto(GStrv) rows = g_strsplit(diff, "\n", -1);
    GString *out = g_string_new(NULL);
    int at = 0, start, length, begin, count;
    for (char **row = rows; *row && **row; row++) {
        if (sscanf(*row, "@@ -%d,%d +%d,%d @@", &start, &length, &begin, &count) == 4) {
            for (int until = length > 0 ? start - 1 : start; at < until; at++)
                g_string_append_printf(out, "%s\n", old[at]);
        } else if (**row == '+') {
            g_string_append_printf(out, "%s\n", *row + 1);
        } else {
            g_assert_cmpstr(old[at], ==, *row + 1);
            if (**row == ' ')
                g_string_append_printf(out, "%s\n", old[at]);
            at++;
        }
    }
    for (; old[at] && old[at + 1]; at++)
        g_string_append_printf(out, "%s\n", old[at]);
    return g_string_free(out, FALSE);
}

static char *
random_text(GRand *random, int most, int kinds)
{
    GString *text = g_string_new(NULL);
    int lines = g_rand_int_range(random, 0, most);
    for (int i = 0; i < lines; i++)
        g_string_append_printf(text, "%d\n", g_rand_int_range(random, 0, kinds));
    return g_string_free(text, FALSE);
}

static void
test_applies(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    for (int i = 0; i < 1000; i++) {
        g_autofree char *before = random_text(random, 40, 1 + i % 9);
        g_autofree char *after = random_text(random, 40, 1 + i % 9);
        g_autofree char *diff = diff_unified(before, after);
        g_autofree char *made = apply(before, diff);
        g_assert_cmpstr(made, ==, after);
    }
}

/* Two long texts with nothing in common: bounded, and still true. */
static void
test_nothing_in_common(void)
{
    g_autoptr(GString) before = g_string_new(NULL), after = g_string_new(NULL);
    for (int i = 0; i < 5000; i++) {
        g_string_append_printf(before, "a%d\n", i);
        g_string_append_printf(after, "b%d\n", i);
    }
    clock_t start = clock();            /* of this process: others on the machine do not count */
    g_autofree char *diff = diff_unified(before->str, after->str);
    g_autofree char *made = apply(before->str, diff);
    g_assert_cmpstr(made, ==, after->str);
    g_assert_cmpint(clock() - start, <, 2 * CLOCKS_PER_SEC);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/diff/shapes", test_shapes);
    g_test_add_func("/diff/two_hunks", test_two_hunks);
    g_test_add_func("/diff/applies", test_applies);
    g_test_add_func("/diff/nothing_in_common", test_nothing_in_common);
    return g_test_run();
}
