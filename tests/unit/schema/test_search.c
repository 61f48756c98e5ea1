/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Searches as text: each tests/golden/search/NAME.q has queries, a line each, over the ships (or, after "entries:", the log)
 * of estate.c; NAME.ids has what each must find, in order, or the sentence it is refused with. */
#include "estate.h"

#include "base/fault.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

static int
compare(gconstpointer a, gconstpointer b, gpointer search)
{
    return search_compare(search, &estate_world, *(const gconstpointer *) a, *(const gconstpointer *) b);
}

static void
add_found(GString *out, const Type *type, Search *search)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    GPtrArray *all = estate_all(type);
    for (guint i = 0; i < all->len; i++)
        if (search_matches(search, &estate_world, all->pdata[i]))
            g_ptr_array_add(found, all->pdata[i]);
    g_ptr_array_sort_with_data(found, compare, search);
    for (guint i = 0; i < found->len; i++) {
        char id[ID_TEXT_SIZE];
        const char *name = type == &ship_type ? ((Ship *) found->pdata[i])->name : id_format(&((Object *) found->pdata[i])->id, ID_NUMBER, id);
        g_string_append_printf(out, "%s%s", i ? ", " : "", name);
    }
    if (search_page(search))
        g_string_append_printf(out, " (page %u)", search_page(search));
    if (found->len == 0)
        g_string_append(out, "nothing");
}

/* "cs:" before a query makes it case-sensitive, "entries:" asks the log. */
static char *
answer(const char *line)
{
    GString *out = g_string_new(NULL);
    gboolean sensitive = g_str_has_prefix(line, "cs:"), log = g_str_has_prefix(line, "entries:");
    const Type *type = log ? &entry_type : &ship_type;
    g_autoptr(GError) error = NULL;
    g_autoptr(Search) search = search_new(type, log ? NULL : ship_words, line + (sensitive ? 3 : log ? 8 : 0), sensitive, &error);
    if (search)
        add_found(out, type, search);
    else
        g_string_append_printf(out, "%d %s", fault_http(fault_of(error)), error->message);
    return g_string_free(out, FALSE);
}

static void
test_golden(gconstpointer data)
{
    const char *name = data;
    g_autofree char *queries = NULL, *wanted = NULL;
    g_autofree char *ids = g_strdup_printf("%.*s.ids", (int) strlen(name) - 2, name);
    g_assert_true(g_file_get_contents(name, &queries, NULL, NULL));
    g_assert_true(g_file_get_contents(ids, &wanted, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(queries, "\n", -1), answers = g_strsplit(wanted, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, g_strv_length(answers));
    g_assert_cmpuint(g_strv_length(lines), >, 1);
    for (guint i = 0; lines[i] && lines[i + 1]; i++) {
        g_autofree char *got = answer(lines[i]);
        if (!g_str_equal(got, answers[i]))
            g_error("%s:%u: %s\n  wanted: %s\n  got:    %s", name, i + 1, lines[i], answers[i], got);
    }
}

/* A fault lists words close to the one that is unknown, or else all; what is secret is no word. */
static void
test_hints(void)
{
    g_autoptr(GError) close = NULL, far = NULL;
    g_assert_null(search_new(&ship_type, ship_words, "tonage=4", FALSE, &close));
    g_assert_null(search_new(&ship_type, ship_words, "xyzzy=4", FALSE, &far));
    g_autofree char *one = message_hint(fault_message(close), LANGUAGE_EN), *all = message_hint(fault_message(far), LANGUAGE_EN);
    g_assert_cmpstr(one, ==, "Words that can be used: tonnage.");
    g_assert_nonnull(strstr(all, "motor.power"));
    g_assert_nonnull(strstr(all, "country"));
    g_assert_null(strstr(all, "secret"));
}

static void
test_questions(void)
{
    g_autoptr(Search) all = search_new(&ship_type, ship_words, NULL, FALSE, NULL), blank = search_new(&ship_type, ship_words, "  ", FALSE, NULL);
    g_autoptr(Search) sorted = search_new(&ship_type, ship_words, "sortby name", FALSE, NULL), some = search_new(&ship_type, ship_words, "name=a page 3", FALSE, NULL);
    g_assert_true(search_is_all(all) && search_is_all(blank) && search_is_all(sorted));
    g_assert_false(search_is_all(some));
    g_assert_true(search_sorts(sorted));
    g_assert_false(search_sorts(all));
    g_assert_cmpuint(search_page(some), ==, 3);
    g_assert_cmpuint(search_page(sorted), ==, 0);
}

/* Longer, deeper or stranger than a query may be. */
static void
test_bounds(void)
{
    g_autoptr(GError) longer = NULL, terms = NULL, bytes = NULL;
    g_autofree char *big = g_strnfill(5000, 'a');
    GString *many = g_string_new("a");
    for (guint i = 0; i < 64; i++)
        g_string_append(many, " b");
    g_assert_null(search_new(&ship_type, ship_words, big, FALSE, &longer));
    g_assert_cmpstr(longer->message, ==, "Cannot search ships: the search is too long.");
    g_assert_null(search_new(&ship_type, ship_words, many->str, FALSE, &terms));
    g_assert_cmpstr(terms->message, ==, "Cannot search ships: the search is too long.");
    g_assert_null(search_new(&ship_type, ship_words, "name=\xff\xfe", FALSE, &bytes));
    g_assert_cmpstr(bytes->message, ==, "Cannot search ships: the search is not valid UTF-8.");
    g_string_free(many, TRUE);
}

static void
test_words(void)
{
    g_autoptr(GPtrArray) words = search_words(&ship_type, ship_words);
    g_autoptr(GString) list = g_string_new(NULL);
    for (guint i = 0; i < words->len; i++)
        g_string_append_printf(list, "%s ", ((SearchOffer *) words->pdata[i])->word);
    g_assert_cmpstr(list->str, ==, "built comment country draught flags home_port horsepower id insured letters motor.maker motor.power name status tonnage where ");
}

static void
add_golden(void)
{
    g_autofree char *folder = g_build_filename(g_getenv("G_TEST_SRCDIR"), "tests", "golden", "search", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_assert_nonnull(dir);
    guint found = 0;
    for (const char *name; (name = g_dir_read_name(dir));) {
        if (!g_str_has_suffix(name, ".q"))
            continue;
        g_autofree char *path = g_strconcat("/search/golden/", name, NULL);
        g_test_add_data_func_full(path, g_build_filename(folder, name, NULL), test_golden, g_free);
        found++;
    }
    g_assert_cmpuint(found, >=, 4);
}

int
main(int argc, char **argv)
{
    if (argc == 2 && argv[1][0] != '-') {        /* shows what a file of queries answers, to look at before it becomes golden */
        g_autofree char *queries = NULL;
        g_assert_true(g_file_get_contents(argv[1], &queries, NULL, NULL));
        g_auto(GStrv) lines = g_strsplit(queries, "\n", -1);
        estate_make();
        for (guint i = 0; lines[i] && lines[i + 1]; i++) {
            g_autofree char *got = answer(lines[i]);
            puts(got);
        }
        estate_free();
        return 0;
    }
    g_test_init(&argc, &argv, NULL);
    estate_make();
    add_golden();
    g_test_add_func("/search/hints", test_hints);
    g_test_add_func("/search/questions", test_questions);
    g_test_add_func("/search/bounds", test_bounds);
    g_test_add_func("/search/words", test_words);
    int result = g_test_run();
    estate_free();
    return result;
}
