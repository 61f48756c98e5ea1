/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One pass. An escape sequence that does not end takes at most the rest of its line with it, so that nobody hides all that follows. */
#include "base/plain.h"

#include "base/text.h"

#define ESCAPE 0x1b
#define BELL 0x07
#define UNKNOWN "\xef\xbf\xbd"      /* U+FFFD */

typedef struct {
    const guchar *at, *end;
} Scan;

static void
skip_between(Scan *scan, guchar first, guchar last)
{
    while (scan->at < scan->end && *scan->at >= first && *scan->at <= last)
        scan->at++;
}

static void
skip_one(Scan *scan, guchar first, guchar last)
{
    if (scan->at < scan->end && *scan->at >= first && *scan->at <= last)
        scan->at++;
}

/* Up to the bell, or ESC and a backslash. */
static void
skip_string(Scan *scan)
{
    while (scan->at < scan->end && *scan->at != '\n' && *scan->at != BELL && *scan->at != ESCAPE)
        scan->at++;
    skip_one(scan, BELL, BELL);
    if (scan->end - scan->at >= 2 && scan->at[0] == ESCAPE && scan->at[1] == '\\')
        scan->at += 2;
}

/* Behind ESC. */
static void
skip_sequence(Scan *scan)
{
    guchar kind = scan->at < scan->end ? *scan->at : 0;
    if (kind == '[') {
        scan->at++;
        skip_between(scan, 0x30, 0x3f);
        skip_between(scan, 0x20, 0x2f);
        skip_one(scan, 0x40, 0x7e);
    } else if (kind == ']' || kind == 'P' || kind == 'X' || kind == '^' || kind == '_') {
        scan->at++;
        skip_string(scan);
    } else {
        skip_between(scan, 0x20, 0x2f);
        skip_one(scan, 0x30, 0x7e);
    }
}

/* A line's end is written in many ways, and a cursor that goes back to its beginning would write over it. */
static void
take_control(Scan *scan, Text *out)
{
    guchar byte = *scan->at++;
    if (byte == ESCAPE) {
        skip_sequence(scan);
    } else if (byte == '\r') {
        skip_between(scan, '\r', '\r');
        skip_one(scan, '\n', '\n');
        text_add_literal(out, "\n");
    } else if (byte == '\n' || byte == '\t') {
        text_add_bytes(out, (const char *) &byte, 1);
    }
}

static gboolean
turns_direction(gunichar letter)
{
    return (letter >= 0x202a && letter <= 0x202e) || (letter >= 0x2066 && letter <= 0x2069) || letter == 0x200e || letter == 0x200f || letter == 0x61c;
}

/* Bytes 0x80 to 0x9f are controls to some terminals, as characters too; U+FFFE and U+FFFF stand in no XML. */
static void
take_letter(Scan *scan, Text *out)
{
    gunichar letter = g_utf8_get_char_validated((const char *) scan->at, scan->end - scan->at);
    gboolean known = letter != (gunichar) -1 && letter != (gunichar) -2;
    guint size = known ? (guint) g_unichar_to_utf8(letter, NULL) : 1;
    if (!known || letter < 0xa0 || (letter & 0xfffe) == 0xfffe)
        text_add_literal(out, UNKNOWN);
    else if (!turns_direction(letter))
        text_add_bytes(out, (const char *) scan->at, size);
    scan->at += size;
}

char *
plain_text(const char *bytes, gsize length)
{
    g_auto(Text) out = TEXT_EMPTY;
    const guchar *begin = (const guchar *) (length > 0 ? bytes : "");
    Scan scan = { begin, begin + length };
    while (scan.at < scan.end) {
        const guchar *from = scan.at;
        skip_between(&scan, 0x20, 0x7e);
        text_add_bytes(&out, (const char *) from, (gsize) (scan.at - from));
        if (scan.at < scan.end && (*scan.at < 0x20 || *scan.at == 0x7f))
            take_control(&scan, &out);
        else if (scan.at < scan.end)
            take_letter(&scan, &out);
    }
    return text_take(&out);
}
