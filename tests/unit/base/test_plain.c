/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What guests print, made harmless: nothing that comes out moves a cursor, changes a title or asks a terminal for an answer. */
#include "base/plain.h"

#include <string.h>

static void
check(const char *bytes, gsize length, const char *expected)
{
    g_autofree char *text = plain_text(bytes, length);
    g_assert_cmpstr(text, ==, expected);
}

#define plain(literal, expected) check("" literal, sizeof(literal) - 1, expected)

static void
test_letters(void)
{
    plain("", "");
    check(NULL, 0, "");
    plain("login: \ttab\n", "login: \ttab\n");
    plain("日本語 é\n", "日本語 é\n");
    plain("a\0b\7c\bd\x7f" "e\v\f", "abcde");
    plain("cut \xe6\x97", "cut \xef\xbf\xbd\xef\xbf\xbd");
    plain("\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd");
    plain("\xef\xbf\xbe\xef\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd");              /* stand in no XML */
    plain("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    plain("a\u202eb\u2066c\u200fd", "abcd");
}

static void
test_lines(void)
{
    plain("one\r\ntwo\r\r\nthree\rfour\n", "one\ntwo\nthree\nfour\n");
    plain("10%\r20%\r", "10%\n20%\n");
}

static void
test_sequences(void)
{
    plain("\033[1;31mred\033[0m", "red");
    plain("\033[2J\033[H\033[?25lx", "x");
    plain("\033]0;title\007x", "x");
    plain("\033]0;title\033\\x", "x");
    plain("\033Pq#0;2\033\\x", "x");
    plain("\033(Bx\0337y\033cz", "xyz");
    plain("\033[6n", "");                           /* asks where the cursor is: the answer would be typed */
    plain("\xc2\x9b" "31mx\x9b" "1m", "\xef\xbf\xbd" "31mx\xef\xbf\xbd" "1m");
    plain("\033", "");
    plain("\033[", "");
    plain("\033[12", "");
    plain("\033\033[1mx", "x");
    plain("\033]0;no end\nthe next line", "\nthe next line");
    plain("\033[3\nx", "\nx");
    plain("\033é", "é");
}

/* Whatever comes in, what comes out is UTF-8 without controls. */
static void
test_anything(void)
{
    for (guint run = 0; run < 2000; run++) {
        char bytes[64];
        gsize length = (gsize) g_test_rand_int_range(0, sizeof(bytes));
        for (gsize i = 0; i < length; i++)
            bytes[i] = (char) (g_test_rand_bit() ? g_test_rand_int_range(0, 256) : "\033[]P\\\r\n\007;m0"[g_test_rand_int_range(0, 12)]);
        g_autofree char *text = plain_text(bytes, length), *again = plain_text(text, strlen(text));
        g_assert_true(g_utf8_validate(text, -1, NULL));
        g_assert_cmpstr(text, ==, again);
        for (const char *at = text; *at; at = g_utf8_next_char(at)) {
            gunichar letter = g_utf8_get_char(at);
            g_assert_true(letter == '\n' || letter == '\t' || (letter >= 0x20 && letter < 0x7f) || letter >= 0xa0);
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plain/letters", test_letters);
    g_test_add_func("/plain/lines", test_lines);
    g_test_add_func("/plain/sequences", test_sequences);
    g_test_add_func("/plain/anything", test_anything);
    return g_test_run();
}
