/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every row of the catalogue, and messages and faults made of them. */
#include "base/fault.h"

#include <string.h>

/* Beyond the enum: the texts themselves, as they stand in the .def files. */
static const struct { const char *name, *code, *text, *hint; } rows[] = {
#define MESSAGE(name, fault, code, en, hint) { #name, code, en, hint },
#include "base/catalogue/all.def"
#undef MESSAGE
};

static gboolean
is_code(const char *code)
{
    const char *at = code;
    if (!g_ascii_islower(*at))
        return FALSE;
    for (; *at; at++)
        if (!g_ascii_islower(*at) && !g_ascii_isdigit(*at) && *at != '_' && (*at != '.' || at[1] == '.' || !at[1]))
            return FALSE;
    return TRUE;
}

/* {names} of lower-case words, every brace with its fellow. */
static gboolean
has_good_braces(const char *text)
{
    for (; *text; text++) {
        if (*text == '}')
            return FALSE;
        if (*text != '{')
            continue;
        gsize length = strspn(text + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
        if (length == 0 || text[1 + length] != '}')
            return FALSE;
        text += 1 + length;
    }
    return TRUE;
}

/* A sentence ends with a period; before a text that follows on the next line, with a colon. One that ends with somebody else's words ends
 * as those do, which are sentences themselves. */
static gboolean
ends_well(const char *text)
{
    static const char *const ends[] = { ".", "?", ".)", ":", "{text}", "{why}", "{proof}", "{hint}" };
    for (guint i = 0; i < G_N_ELEMENTS(ends); i++)
        if (g_str_has_suffix(text, ends[i]))
            return TRUE;
    return FALSE;
}

/* The title of a job is no sentence: "Starting VM web1". */
static gboolean
is_title(const char *code)
{
    return g_str_has_prefix(code, "title.");
}

static void
test_rows(void)
{
    g_autoptr(GHashTable) codes = g_hash_table_new(g_str_hash, g_str_equal);
    g_assert_cmpuint(G_N_ELEMENTS(rows), ==, N_MESSAGES);
    for (guint i = 0; i < N_MESSAGES; i++) {
        const char *why = !is_code(rows[i].code)                                       ? "its code is not dotted lower-case words"
                          : !g_hash_table_add(codes, (gpointer) rows[i].code)          ? "its code is used twice"
                          : !has_good_braces(rows[i].text) || !has_good_braces(rows[i].hint) ? "a placeholder is malformed"
                          : !is_title(rows[i].code) && !ends_well(rows[i].text)        ? "its sentence does not end with a period"
                          : rows[i].hint[0] && !ends_well(rows[i].hint)                ? "its hint does not end with a period"
                          : !g_utf8_validate(rows[i].text, -1, NULL)                   ? "it is not UTF-8"
                                                                                       : NULL;
        if (why)
            g_error("MSG_%s: %s", rows[i].name, why);
        g_assert_cmpstr(message_code_name((MessageCode) i), ==, rows[i].code);
        g_assert_cmpint(fault_http((Fault) message_fault((MessageCode) i)), >=, 400);
    }
}

static void
test_sentence(void)
{
    g_autoptr(Message) message = message_new(MSG_FAILPOINT_SPEC, "given", "x{y}", NULL);
    g_autofree char *text = message_text(message, LANGUAGE_EN), *japanese = message_text(message, LANGUAGE_JA), *hint = message_hint(message, LANGUAGE_EN);
    g_assert_nonnull(strstr(text, "'x{y}'"));
    g_assert_nonnull(strstr(japanese, "「x{y}」"));
    g_assert_nonnull(hint);
    g_assert_cmpstr(message_argument(message, "given"), ==, "x{y}");
    g_assert_null(message_argument(message, "giv"));
    g_autoptr(Message) rough = message_new(MSG_FOREIGN, "text", "a\nb\tc\x1b[31m\x7f\xc2\x9b\xff車\xe8\xbb", NULL);
    g_autofree char *smooth = message_text(rough, LANGUAGE_EN);
    g_assert_cmpstr(smooth, ==, "a b c?[31m??\xef\xbf\xbd車\xef\xbf\xbd\xef\xbf\xbd");
    g_autoptr(Message) empty = message_new(MSG_FOREIGN, "text", NULL, NULL);
    g_autofree char *nothing = message_text(empty, LANGUAGE_EN), *none = message_hint(empty, LANGUAGE_EN);
    g_assert_cmpstr(nothing, ==, "");
    g_assert_null(none);
}

static void
test_stored(void)
{
    const char *const pairs[] = { "given", "a \"b\"\\\n\x01 車", "other", "", NULL };
    g_autoptr(Message) message = message_new_pairs(MSG_FAILPOINT_SPEC, pairs);
    g_autofree char *stored = message_encode(message);
    g_autoptr(Message) back = message_decode(stored);
    g_assert_nonnull(back);
    g_assert_cmpint(message_code(back), ==, MSG_FAILPOINT_SPEC);
    g_assert_cmpstr(message_argument(back, "given"), ==, pairs[1]);
    g_assert_cmpstr(message_argument(back, "other"), ==, "");
    g_autofree char *again = message_encode(back);
    g_assert_cmpstr(again, ==, stored);
}

static void
test_stored_wrong(void)
{
    static const char *const bad[] = { "", "{", "{}", "[]", "null", "{\"code\"}", "{\"code\":}", "{\"code\":1}", "{\"code\":\"a\"", "{\"code\":\"a\"}x",
                                       "{\"vm\":\"a\"}", "{\"code\":\"a\",}", "{\"code\":\"\\u00\"}", "{\"code\":\"\\", "{\"code\":\"\\ud800\"}" };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(Message) message = message_decode(bad[i]);
        if (message)
            g_error("%s was taken for a message", bad[i]);
    }
    g_assert_null(message_decode(NULL));
    g_autoptr(Message) foreign = message_decode("{\"code\":\"moon.phase\",\"phase\":\"full\"}");
    g_assert_cmpint(message_code(foreign), ==, MSG_FOREIGN);
    g_autofree char *text = message_text(foreign, LANGUAGE_EN);
    g_assert_nonnull(strstr(text, "moon.phase"));
    g_assert_nonnull(strstr(text, "full"));
}

static void
test_faults(void)
{
    g_autoptr(GError) error = NULL, copy = NULL, other = NULL;
    g_assert_false(fault_set(NULL, MSG_FAILPOINT_SPEC, "given", "x", NULL));
    g_assert_false(fault_set(&error, MSG_FAILPOINT_SPEC, "given", "x", NULL));
    g_assert_error(error, SHIKIRI_FAULT, FAULT_BAD_REQUEST);
    copy = g_error_copy(error);
    g_clear_error(&error);
    g_assert_cmpint(message_code(fault_message(copy)), ==, MSG_FAILPOINT_SPEC);
    g_assert_cmpstr(message_argument(fault_message(copy), "given"), ==, "x");
    g_assert_cmpint(fault_http(fault_of(copy)), ==, 400);
    other = g_error_new_literal(G_FILE_ERROR, G_FILE_ERROR_NOSPC, "the disk is full");
    g_assert_cmpint(fault_of(other), ==, FAULT_INTERNAL);
    g_assert_cmpint(message_code(fault_message(other)), ==, MSG_INTERNAL);
    g_assert_cmpstr(message_argument(fault_message(other), "text"), ==, "the disk is full");
}

static void
test_fault_table(void)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    for (Fault fault = 0; fault < N_FAULTS; fault++) {
        g_assert_cmpint(fault_http(fault), >=, 400);
        g_assert_cmpint(fault_http(fault), <, 600);
        g_assert_cmpint(fault_exit(fault), >, 0);
        g_assert_cmpint(fault_exit(fault), <, 64);
        g_assert_cmpstr(fault_reason(fault), !=, "");
        g_assert_true(g_hash_table_add(names, (gpointer) fault_name(fault)));
    }
    g_assert_cmpstr(fault_name(FAULT_NOT_AUTHENTICATED), ==, "not_authenticated");
    g_assert_cmpint(fault_http(N_FAULTS), ==, 500);
}

static void
test_languages(void)
{
    g_assert_cmpint(language_choose(NULL), ==, LANGUAGE_EN);
    g_assert_cmpint(language_choose(""), ==, LANGUAGE_EN);
    g_assert_cmpint(language_choose("fr, de"), ==, LANGUAGE_EN);
    g_assert_cmpint(language_choose("ja"), ==, LANGUAGE_JA);
    g_assert_cmpint(language_choose("ja-JP, en;q=0.5"), ==, LANGUAGE_JA);
    g_assert_cmpint(language_choose("en;q=0.9, ja;q=0.3"), ==, LANGUAGE_EN);
    g_assert_cmpint(language_choose("fr, en;q=0.2, JA;q=0.8"), ==, LANGUAGE_JA);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/message/rows", test_rows);
    g_test_add_func("/message/sentence", test_sentence);
    g_test_add_func("/message/stored", test_stored);
    g_test_add_func("/message/stored_wrong", test_stored_wrong);
    g_test_add_func("/message/faults", test_faults);
    g_test_add_func("/message/fault_table", test_fault_table);
    g_test_add_func("/message/languages", test_languages);
    return g_test_run();
}
