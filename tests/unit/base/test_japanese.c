/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The catalogue in Japanese: whole, with the same arguments as in English, written as Japanese is written here. */
#include "base/language.h"

#include <string.h>

static const struct { const char *name, *text, *hint; } english[] = {
#define MESSAGE(name, fault, code, en, hint) { #name, en, hint },
#include "base/catalogue/all.def"
#undef MESSAGE
};

static const struct { const char *text, *hint; } japanese[N_MESSAGES] = {
#define JAPANESE(name, text, hint) [MSG_##name] = { text, hint },
#include "base/catalogue/ja/all.def"
#undef JAPANESE
};

static const struct { const char *english, *japanese; } words[] = {
#define WORD(en, ja) { en, ja },
#define WORD_AROUND(before, after, ja_before, ja_after) { before after, ja_before "「x」" ja_after },
#include "base/catalogue/ja/words.def"
#undef WORD_AROUND
#undef WORD
};

static int
compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* The names in braces, sorted and joined; a word's {=name} counts as {name}. Yours. */
static char *
arguments(const char *text)
{
    g_autoptr(GRegex) regex = g_regex_new("\\{=?([a-z0-9_]+)\\}", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (g_regex_match(regex, text, 0, &match); g_match_info_matches(match); g_match_info_next(match, NULL)) {
        char *name = g_match_info_fetch(match, 1);
        if (g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
            g_free(name);
        else
            g_ptr_array_add(names, name);
    }
    g_ptr_array_sort(names, compare);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(out, "%s ", (const char *) names->pdata[i]);
    return g_string_free(out, FALSE);
}

static gboolean
same_arguments(const char *a, const char *b)
{
    g_autofree char *left = arguments(a), *right = arguments(b);
    return g_str_equal(left, right);
}

static gboolean
matches(const char *pattern, const char *text)
{
    return g_regex_match_simple(pattern, text, 0, 0);
}

/* Kana and kanji, without the punctuation between their ranges. */
#define WIDE "[\\x{3041}-\\x{3096}\\x{30a1}-\\x{30fa}\\x{30fc}\\x{4e00}-\\x{9fff}]"

/* What is wrong with TEXT as Japanese; NULL: nothing. One made of arguments alone is nobody's language. */
static const char *
wrong_japanese(const char *text)
{
    if (!*text || matches("^(\\{=?[a-z]+\\}|[「」])*$", text))
        return NULL;
    return !g_utf8_validate(text, -1, NULL)                          ? "is not UTF-8"
           : !matches(WIDE, text)                                    ? "has nothing Japanese in it"
           : matches("[\\x{ff61}-\\x{ff9f}]", text)                  ? "has half-width kana"
           : matches("[\\x{ff10}-\\x{ff19}\\x{ff21}-\\x{ff5a}]", text) ? "has full-width letters or digits"
           : matches("[A-Za-z0-9]" WIDE "|" WIDE "[A-Za-z0-9]", text) ? "has Latin and Japanese letters without a blank between them"
           : matches("'\\{", text)                                   ? "quotes a name as English does"
                                                                     : NULL;
}

static void
test_sentences(void)
{
    for (guint i = 0; i < N_MESSAGES; i++) {
        const char *name = english[i].name, *text = japanese[i].text, *hint = japanese[i].hint;
        if (!text)
            g_error("MSG_%s has no Japanese: add a row to src/base/catalogue/ja", name);
        const char *wrong = !same_arguments(english[i].text, text) || !same_arguments(english[i].hint, hint) ? "has not the arguments of the English"
                            : !*hint != !*english[i].hint                                                    ? "has a hint where English has none, or none where it has one"
                            : wrong_japanese(text)                                                           ? wrong_japanese(text)
                                                                                                             : wrong_japanese(hint);
        if (wrong)
            g_error("the Japanese of MSG_%s %s", name, wrong);
    }
}

static void
test_words(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (!g_hash_table_add(seen, (gpointer) words[i].english))
            g_error("'%s' stands twice", words[i].english);
        if (!*words[i].japanese || matches("[A-Za-z0-9]" WIDE "|" WIDE "[A-Za-z0-9]", words[i].japanese))
            g_error("'%s': empty, or no blank between Latin and Japanese letters", words[i].english);
    }
    g_assert_cmpstr(language_word("down", LANGUAGE_JA), ==, "停止中");
    g_assert_cmpstr(language_word("down", LANGUAGE_EN), ==, "down");
    g_assert_cmpstr(language_word("nobody's word", LANGUAGE_JA), ==, "nobody's word");
}

static void
assert_phrase(const char *given, const char *wanted)
{
    g_autofree char *told = language_phrase(given, LANGUAGE_JA);
    g_assert_cmpstr(told, ==, wanted);
}

static void
test_phrases(void)
{
    assert_phrase("disk_attachment", "ディスク接続");
    assert_phrase("disk attachment", "ディスク接続");
    assert_phrase("one of cow, raw", "cow, raw のいずれか");
    assert_phrase("parameter 'max'", "パラメータ「max」");
    assert_phrase("my_own_words", "my_own_words");
}

static void
assert_told(const Message *message, Language language, const char *wanted)
{
    g_autofree char *told = message_text(message, language);
    g_assert_cmpstr(told, ==, wanted);
}

/* A reason that is a message is told in the reader's language too; a name that looks like one is a name. */
static void
test_nested(void)
{
    g_autoptr(Message) why = message_new(MSG_REMOVE_NEEDS_DOWN, "vm", "web1", "status", "up", NULL);
    g_autofree char *encoded = message_encode(why);
    g_autoptr(Message) event = message_new(MSG_VM_REMOVE_FAILED, "vm", "web1", "why", encoded, NULL);
    assert_told(event, LANGUAGE_EN, "Failed to remove VM web1: Cannot remove VM 'web1'. VM is running: it is up.");
    assert_told(event, LANGUAGE_JA, "仮想マシン「web1」を削除できませんでした: 仮想マシン「web1」を削除できません。現在の状態は「稼働中」です。");
    g_autoptr(Message) plain = message_new(MSG_VM_REMOVE_FAILED, "vm", encoded, "why", "disk full", NULL);
    g_autofree char *told = message_text(plain, LANGUAGE_JA);
    g_assert_nonnull(strstr(told, "vm.remove_needs_down"));
    g_assert_true(g_str_has_suffix(told, "disk full"));
}

/* A reason in a reason in a reason … ends somewhere. */
static void
test_nested_deeply(void)
{
    g_autofree char *why = g_strdup("at the bottom");
    for (guint i = 0; i < 8; i++) {
        g_autoptr(Message) around = message_new(MSG_VM_REMOVE_FAILED, "vm", "a", "why", why, NULL);
        g_free(why);
        why = message_encode(around);
    }
    g_autoptr(Message) top = message_decode(why);
    g_autofree char *told = message_text(top, LANGUAGE_JA);
    g_assert_true(g_utf8_validate(told, -1, NULL));
}

static void
test_spacing(void)
{
    g_autoptr(Message) nic = message_new(MSG_NO_SUCH_OBJECT_AT_ALL, "type", "nic", "name", "eth0", NULL);
    assert_told(nic, LANGUAGE_JA, "NIC「eth0」はありません。");
    g_autoptr(Message) empty = message_new(MSG_BODY_MISSING, "type", "nic", NULL);
    assert_told(empty, LANGUAGE_JA, "リクエストの本文で NIC を指定する必要がありますが、本文が空です。");
    assert_told(empty, LANGUAGE_EN, "A nic must be described in the body of the request; it is empty.");
    g_autoptr(Message) event = message_new(MSG_BODY_MISSING, "type", "event", NULL);
    assert_told(event, LANGUAGE_EN, "An event must be described in the body of the request; it is empty.");
}

static void
test_lines(void)
{
    g_autoptr(Message) line = message_new(MSG_PLAN_START, "vm", "web1", NULL);
    g_autofree char *encoded = message_encode(line), *plan = g_strconcat(encoded, "\n+<domain>{x}\n", NULL);
    g_autofree char *japanese_plan = message_lines(plan, LANGUAGE_JA), *english_plan = message_lines(plan, LANGUAGE_EN);
    g_assert_cmpstr(japanese_plan, ==, "仮想マシン「web1」を起動します。\n+<domain>{x}\n");
    g_assert_cmpstr(english_plan, ==, "VM 'web1' is started.\n+<domain>{x}\n");
}

static void
assert_terminal(const char *all, const char *messages, const char *lang, Language wanted)
{
    g_setenv("LC_ALL", all, TRUE);
    g_setenv("LC_MESSAGES", messages, TRUE);
    g_setenv("LANG", lang, TRUE);
    g_assert_cmpint(language_of_terminal(NULL), ==, wanted);
}

static void
test_terminal(void)
{
    assert_terminal("", "", "", LANGUAGE_EN);
    assert_terminal("", "", "ja_JP.UTF-8", LANGUAGE_JA);
    assert_terminal("", "C", "ja_JP.UTF-8", LANGUAGE_EN);
    assert_terminal("C.UTF-8", "ja_JP.UTF-8", "ja_JP.UTF-8", LANGUAGE_EN);
    assert_terminal("ja", "C", "C", LANGUAGE_JA);
    assert_terminal("", "", "jam_JM.UTF-8", LANGUAGE_EN);
    g_assert_cmpint(language_of_terminal("ja"), ==, LANGUAGE_JA);
    g_assert_cmpint(language_of_terminal("en"), ==, LANGUAGE_EN);
    g_assert_cmpstr(language_tag(LANGUAGE_JA), ==, "ja");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/japanese/sentences", test_sentences);
    g_test_add_func("/japanese/words", test_words);
    g_test_add_func("/japanese/phrases", test_phrases);
    g_test_add_func("/japanese/nested", test_nested);
    g_test_add_func("/japanese/nested_deeply", test_nested_deeply);
    g_test_add_func("/japanese/spacing", test_spacing);
    g_test_add_func("/japanese/lines", test_lines);
    g_test_add_func("/japanese/terminal", test_terminal);
    return g_test_run();
}
