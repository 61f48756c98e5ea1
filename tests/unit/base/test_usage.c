/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * --help and the OPTIONS of a man page from one table. */
#include "base/usage.h"

static const char *const synopsis[] = { "[OPTION...] list", "help", NULL };
static const GOptionEntry rows[] = {
    { "search", 's', 0, G_OPTION_ARG_STRING, NULL, "Only what matches, for list", "QUERY" },
    { "describe", 0, G_OPTION_FLAG_OPTIONAL_ARG, G_OPTION_ARG_STRING, NULL, "Log more", "FORMAT" },
    { "hidden", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, NULL, "Nobody sees this", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, NULL, NULL, NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
};
static const Usage usage = { "shikiri", "1", "the command line of the virtualization manager Shikiri", synopsis, rows };

static void
test_help(void)
{
    g_auto(Text) english = TEXT_EMPTY, japanese = TEXT_EMPTY;
    usage_help(&english, &usage, LANGUAGE_EN);
    usage_help(&japanese, &usage, LANGUAGE_JA);
    g_autofree char *en = text_take(&english), *ja = text_take(&japanese);
    g_assert_nonnull(strstr(en, "Usage: shikiri [OPTION...] list\n"));
    g_assert_nonnull(strstr(en, "  -s, --search=QUERY"));
    g_assert_nonnull(strstr(en, "--describe[=FORMAT]"));
    g_assert_null(strstr(en, "hidden"));
    g_assert_true(g_str_is_ascii(en));
    g_assert_nonnull(strstr(ja, "使用法: shikiri [OPTION...] list\n"));
    g_assert_nonnull(strstr(ja, "詳細なログを出力"));
}

static void
test_man(void)
{
    g_auto(Text) out = TEXT_EMPTY;
    usage_man(&out, &usage, LANGUAGE_EN);
    usage_man_faults(&out, LANGUAGE_EN);
    g_autofree char *page = text_take(&out);
    g_assert_nonnull(strstr(page, ".TH SHIKIRI 1 "));
    g_assert_nonnull(strstr(page, ".B \\-s, \\-\\-search=QUERY\nOnly what matches, for list.\n"));
    g_assert_nonnull(strstr(page, ".B 6\nConflict (HTTP 409).\n"));
    g_assert_null(strstr(page, "hidden"));
}

static void
test_man_in_japanese(void)
{
    g_auto(Text) out = TEXT_EMPTY;
    usage_man(&out, &usage, LANGUAGE_JA);
    usage_man_faults(&out, LANGUAGE_JA);
    g_autofree char *page = text_take(&out);
    g_assert_nonnull(strstr(page, ".SH 名前\nshikiri \\- 仮想化マネージャ"));
    g_assert_nonnull(strstr(page, ".B \\-\\-describe[=FORMAT]\n詳細なログを出力。\n"));
    g_assert_nonnull(strstr(page, ".B 0\n正常終了。\n"));
    g_assert_nonnull(strstr(page, "(HTTP 409)。\n"));
}

static void
test_roff(void)
{
    g_auto(Text) out = TEXT_EMPTY;
    text_add_literal(&out, "\n");
    usage_man_text(&out, ".so a\\b--c");
    g_autofree char *text = text_take(&out);
    g_assert_cmpstr(text, ==, "\n\\&.so a\\eb\\-\\-c");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/usage/help", test_help);
    g_test_add_func("/usage/man", test_man);
    g_test_add_func("/usage/man_in_japanese", test_man_in_japanese);
    g_test_add_func("/usage/roff", test_roff);
    return g_test_run();
}
