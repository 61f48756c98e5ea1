/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Ids: every style reads what it writes and refuses what is nearly one. */
#include "base/id.h"

#include <string.h>

static void
test_round(void)
{
    static const struct { IdStyle style; const char *text; } good[] = {
        { ID_UUID, "00000000-0000-0000-0000-000000000000" }, { ID_UUID, "0123abcd-ef45-6789-8abc-def012345678" },
        { ID_NUMBER, "0" }, { ID_NUMBER, "1" }, { ID_NUMBER, "18446744073709551615" }, { ID_WORD, "4.7" }, { ID_WORD, "7370696365" },
        { ID_WORD, "sixteen-bytes_id" },
        { ID_HEX, "696E7465726E616C2D617574687A" }, { ID_HEX, "01" }, { ID_HEX, "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
        char text[ID_TEXT_SIZE];
        Id id;
        g_assert_true(id_parse(good[i].text, good[i].style, &id));
        g_assert_cmpstr(id_format(&id, good[i].style, text), ==, good[i].text);
    }
}

static void
test_refused(void)
{
    static const struct { IdStyle style; const char *text; } bad[] = {
        { ID_UUID, "" }, { ID_UUID, "0123abcd-ef45-6789-8abc-def01234567" }, { ID_UUID, "0123abcd-ef45-6789-8abc-def0123456789" },
        { ID_UUID, "0123abcd-ef45-6789-8abcd-ef012345678" }, { ID_UUID, "0123abcg-ef45-6789-8abc-def012345678" },
        { ID_UUID, "{123abcd-ef45-6789-8abc-def01234567}" }, { ID_UUID, "0123abcdef4567898abcdef012345678----" },
        { ID_NUMBER, "" }, { ID_NUMBER, "-1" }, { ID_NUMBER, "+1" }, { ID_NUMBER, "01" }, { ID_NUMBER, " 1" }, { ID_NUMBER, "1x" },
        { ID_NUMBER, "18446744073709551616" }, { ID_NUMBER, "99999999999999999999" },
        { ID_WORD, "" }, { ID_WORD, "seventeen_bytes_i" }, { ID_WORD, "a/b" }, { ID_WORD, "a b" }, { ID_WORD, "\xc3\xa9" },
        { ID_HEX, "" }, { ID_HEX, "6" }, { ID_HEX, "6G" }, { ID_HEX, "6900" }, { ID_HEX, "0102030405060708091011121314151617" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        Id id = id_number(7), before = id;
        g_assert_false(id_parse(bad[i].text, bad[i].style, &id));
        g_assert_true(id_equal(&id, &before));
    }
}

static void
test_upper_case(void)
{
    Id lower, upper;
    g_assert_true(id_parse("0123abcd-ef45-6789-8abc-def012345678", ID_UUID, &lower));
    g_assert_true(id_parse("0123ABCD-EF45-6789-8ABC-DEF012345678", ID_UUID, &upper));
    g_assert_true(id_equal(&lower, &upper));
}

static void
test_random(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(id_hash, id_equal_key);
    static Id ids[1000];
    for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
        ids[i] = id_random();
        g_assert_true(g_hash_table_add(seen, &ids[i]));
        g_assert_cmpuint(ids[i].bytes[6] >> 4, ==, 4);
        g_assert_cmpuint(ids[i].bytes[8] >> 6, ==, 2);
    }
}

/* The DNS space and its published example: stable for ever means the same as everybody's. */
static void
test_named(void)
{
    Id space;
    char text[ID_TEXT_SIZE];
    g_assert_true(id_parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8", ID_UUID, &space));
    Id id = id_named(&space, "www.example.com");
    g_assert_cmpstr(id_format(&id, ID_UUID, text), ==, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

static void
test_numbers(void)
{
    Id one = id_number(1), two = id_number(2), many = id_number(G_MAXUINT64);
    g_assert_cmpint(id_compare(&one, &two), <, 0);
    g_assert_cmpint(id_compare(&many, &two), >, 0);
    g_assert_cmpuint(id_get_number(&many), ==, G_MAXUINT64);
    g_assert_cmpuint(id_hash(&one), !=, id_hash(&two));
    g_assert_true(id_is_null(&id_null));
    g_assert_false(id_is_null(&one));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/id/round", test_round);
    g_test_add_func("/id/refused", test_refused);
    g_test_add_func("/id/upper_case", test_upper_case);
    g_test_add_func("/id/random", test_random);
    g_test_add_func("/id/named", test_named);
    g_test_add_func("/id/numbers", test_numbers);
    return g_test_run();
}
