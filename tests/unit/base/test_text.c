/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Escapes whose result is always well-formed, names, folding and wildcards. */
#include "base/text.h"

static void
check_escape(void (*add)(Text *text, const char *value), const char *value, const char *wanted)
{
    Text out = TEXT_EMPTY;
    add(&out, value);
    g_autofree char *got = text_take(&out);
    g_assert_cmpstr(got, ==, wanted);
    g_assert_true(g_utf8_validate(got, -1, NULL));
}

static void
test_xml(void)
{
    check_escape(text_add_xml, "", "");
    check_escape(text_add_xml, "plain 車 \xf0\x9f\x9a\xa2", "plain 車 \xf0\x9f\x9a\xa2");
    check_escape(text_add_xml, "<a href=\"x\">&'</a>", "&lt;a href=&quot;x&quot;&gt;&amp;'&lt;/a&gt;");
    check_escape(text_add_xml, "a\x01\x02\x1f\tb\nc\rd", "a&#9;b&#10;c&#13;d");
    check_escape(text_add_xml, "\xef\xbf\xbe|\xef\xbf\xbf|\xef\xbf\xbd", "\xef\xbf\xbd|\xef\xbf\xbd|\xef\xbf\xbd");
    check_escape(text_add_xml, "bad \xff\xc3", "bad \xef\xbf\xbd\xef\xbf\xbd");
    check_escape(text_add_xml, "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    check_escape(text_add_xml, "\xc0\xaf\xf5\x80\x80\x80\xe0\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void
test_json(void)
{
    check_escape(text_add_json, "", "\"\"");
    check_escape(text_add_json, "a\"b\\c/d<車", "\"a\\\"b\\\\c/d<車\"");
    check_escape(text_add_json, "\b\f\n\r\t\x01\x1f\x7f", "\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\"");
    check_escape(text_add_json, "\xe8\xbb", "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void
test_url(void)
{
    check_escape(text_add_url, "a b/c?車&=~._-", "a%20b%2Fc%3F%E8%BB%8A%26%3D~._-");
}

static void
test_numbers(void)
{
    static const gint64 whole[] = { 0, 1, -1, 42, G_MAXINT64, G_MININT64 };
    static const double real[] = { 0, 0.5, -2.25, 0.1, 1e21, 123456789.125, 1.0 / 3, 5e-324, 1.7976931348623157e308, -1e15 };
    for (guint i = 0; i < G_N_ELEMENTS(whole); i++) {
        Text out = TEXT_EMPTY;
        text_add_int(&out, whole[i]);
        g_autofree char *got = text_take(&out);
        g_assert_cmpint(g_ascii_strtoll(got, NULL, 10), ==, whole[i]);
    }
    for (guint i = 0; i < G_N_ELEMENTS(real); i++) {
        Text out = TEXT_EMPTY;
        text_add_real(&out, real[i]);
        g_autofree char *got = text_take(&out);
        g_assert_cmpfloat(g_ascii_strtod(got, NULL), ==, real[i]);
    }
    g_auto(Text) out = TEXT_EMPTY;
    text_add_real(&out, 0.1);
    text_add_literal(&out, " ");
    text_add_real(&out, 7);
    text_add_literal(&out, " ");
    text_add_real(&out, g_ascii_strtod("nan", NULL));
    g_assert_cmpmem(out.bytes, out.length, "0.1 7 0", 7);
}

static void
test_growth(void)
{
    g_auto(Text) out = TEXT_EMPTY;
    for (guint i = 0; i < 100000; i++)
        text_add_literal(&out, "abc");
    g_assert_cmpuint(out.length, ==, 300000);
    g_assert_cmpmem(out.bytes + 299997, 3, "abc", 3);
    text_reset(&out);
    g_assert_cmpuint(out.length, ==, 0);
    g_autofree char *nothing = text_take(&out);
    g_assert_cmpstr(nothing, ==, "");
    text_printf(&out, "%d-%s", 4, "x");
    g_autoptr(GBytes) bytes = text_take_bytes(&out);
    g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), "4-x", 3);
}

static void
test_names(void)
{
    static const char *const good[] = { "a", "web 1", "車", "👩‍🔧", "a.b", "…", "-rf" };
    static const char *const bad[] = { "", "a/b", "a\\b", "a\nb", "a\x7f", "a\xc2\x80", ".", "..", "\xff", "a\xe2\x80\xae" "b", "a\xe2\x80\x8b", "\xef\xbb\xbf" "a", "a\xe2\x80\xa8" "b" };
    g_autofree char *most = g_strnfill(255, 'a'), *more = g_strnfill(256, 'a');
    for (guint i = 0; i < G_N_ELEMENTS(good); i++)
        g_assert_true(text_is_name(good[i]));
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(text_is_name(bad[i]));
    g_assert_true(text_is_name(most));
    g_assert_false(text_is_name(more));
}

static void
check_same(const char *a, const char *b)
{
    g_autofree char *folded_a = text_fold(a), *folded_b = text_fold(b);
    g_assert_cmpstr(folded_a, ==, folded_b);
}

static void
test_fold(void)
{
    check_same("WEB", "web");
    check_same("ＷＥＢ１", "web1");
    check_same("Ångström", "A\xcc\x8aNGSTRÖM");
    check_same("STRASSE", "straße");
    check_same("ｶﾞ", "ガ");
    g_autofree char *broken = text_fold("a\xff");
    g_assert_true(g_utf8_validate(broken, -1, NULL));
}

static void
test_matches(void)
{
    static const struct { const char *text, *pattern; gboolean fits; } cases[] = {
        { "", "", TRUE }, { "", "*", TRUE }, { "a", "", FALSE }, { "abc", "abc", TRUE }, { "abc", "ab", FALSE }, { "abc", "a*", TRUE },
        { "abc", "*c", TRUE }, { "abc", "*b*", TRUE }, { "abc", "a*c", TRUE }, { "abc", "a*d", FALSE }, { "abcbc", "a*bc", TRUE },
        { "aaa", "a**a*a", TRUE }, { "aa", "a*a*a", FALSE }, { "車両", "車*", TRUE }, { "mississippi", "m*iss*pi", TRUE }, { "mississippi", "m*iss*ip", FALSE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        if (text_matches(cases[i].text, cases[i].pattern) != cases[i].fits)
            g_error("'%s' and '%s'", cases[i].text, cases[i].pattern);
}

/* The classic trap of wildcards: must not take a time that grows with the power of the stars. */
static void
test_many_stars(void)
{
    g_autofree char *text = g_strnfill(4000, 'a');
    GString *pattern = g_string_new(NULL);
    for (guint i = 0; i < 500; i++)
        g_string_append(pattern, "a*");
    g_string_append_c(pattern, 'b');
    gint64 start = g_get_monotonic_time();
    g_assert_false(text_matches(text, pattern->str));
    g_assert_cmpint(g_get_monotonic_time() - start, <, 5 * G_USEC_PER_SEC);
    g_string_free(pattern, TRUE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/text/xml", test_xml);
    g_test_add_func("/text/json", test_json);
    g_test_add_func("/text/url", test_url);
    g_test_add_func("/text/numbers", test_numbers);
    g_test_add_func("/text/growth", test_growth);
    g_test_add_func("/text/names", test_names);
    g_test_add_func("/text/fold", test_fold);
    g_test_add_func("/text/matches", test_matches);
    g_test_add_func("/text/many_stars", test_many_stars);
    return g_test_run();
}
