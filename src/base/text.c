/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Appending to a run of bytes, with the escapes of XML, JSON and URLs. What goes in may hold anything, libvirt's strings
 * too; what comes out is well-formed: bytes that are no UTF-8 become U+FFFD. */
#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define REPLACEMENT "\xef\xbf\xbd"

void
text_clear(Text *text)
{
    g_free(text->bytes);
    memset(text, 0, sizeof(*text));
}

void
text_reset(Text *text)
{
    text->length = 0;
}

char *
text_take(Text *text)
{
    text_grow(text, 0);
    text->bytes[text->length] = '\0';
    char *bytes = text->bytes;
    memset(text, 0, sizeof(*text));
    return bytes;
}

GBytes *
text_take_bytes(Text *text)
{
    gsize length = text->length;
    return g_bytes_new_take(text_take(text), length);
}

void
text_grow(Text *text, gsize more)
{
    gsize needed = text->length + more + 1;
    if (needed <= more)
        g_error("a text outgrows the address space");
    if (needed <= text->room)
        return;
    text->room = MAX(needed, MAX(text->room * 2, 128));
    text->bytes = g_realloc(text->bytes, text->room);
}

void
text_printf(Text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *said = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    text_add(text, said);
}

void
text_add_int(Text *text, gint64 value)
{
    char digits[24];
    char *at = digits + sizeof(digits);
    guint64 left = value < 0 ? 0 - (guint64) value : (guint64) value;
    do {
        *--at = (char) ('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (value < 0)
        *--at = '-';
    text_add_bytes(text, at, (gsize) (digits + sizeof(digits) - at));
}

/* Neither XML's readers nor JSON know infinities as numbers: they are written as 0. */
void
text_add_real(Text *text, double value)
{
    char digits[G_ASCII_DTOSTR_BUF_SIZE];
    if (!isfinite(value))
        value = 0;
    if (value == floor(value) && fabs(value) < 1e15) {
        text_add_int(text, (gint64) value);
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        char format[8];
        g_snprintf(format, sizeof(format), "%%.%dg", precision);
        g_ascii_formatd(digits, sizeof(digits), format, value);
        if (g_ascii_strtod(digits, NULL) == value)
            break;
    }
    text_add(text, digits);
}

/* Length of the valid UTF-8 sequence at AT (which may end the string), 0 if there is none. */
static gsize
utf8_length(const char *at)
{
    const guchar *byte = (const guchar *) at;
    gsize length = *byte < 0x80 ? 1 : *byte < 0xc2 ? 0 : *byte < 0xe0 ? 2 : *byte < 0xf0 ? 3 : *byte < 0xf5 ? 4 : 0;
    for (gsize i = 1; i < length; i++)
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
    if ((*byte == 0xe0 && byte[1] < 0xa0) || (*byte == 0xed && byte[1] > 0x9f) || (*byte == 0xf0 && byte[1] < 0x90) ||
        (*byte == 0xf4 && byte[1] > 0x8f))
        return 0;
    return length;
}

/* Which bytes end a run that can be copied as it is. */
enum { PLAIN_XML = 1, PLAIN_JSON = 2 };

static const guint8 plain[256] = {
    [0x20] = 3, [0x21] = 3, [0x22] = 0, [0x23 ... 0x25] = 3, [0x26] = 2, [0x27 ... 0x3b] = 3, [0x3c] = 2, [0x3d] = 3,
    [0x3e] = 2, [0x3f ... 0x5b] = 3, [0x5c] = 1, [0x5d ... 0x7e] = 3,
};

static const char *
skip_plain(const char *at, guint8 what)
{
    while (plain[(guchar) *at] & what)
        at++;
    return at;
}

/* Copies one UTF-8 sequence, or writes the replacement for a byte that begins none. Returns what is behind it. */
static const char *
add_sequence(Text *text, const char *at)
{
    gsize length = utf8_length(at);
    if (length == 0) {
        text_add_literal(text, REPLACEMENT);
        return at + 1;
    }
    text_add_bytes(text, at, length);
    return at + length;
}

static void
add_xml_ascii(Text *text, char byte)
{
    switch (byte) {
    case '&':
        text_add_literal(text, "&amp;");
        break;
    case '<':
        text_add_literal(text, "&lt;");
        break;
    case '>':
        text_add_literal(text, "&gt;");
        break;
    case '"':
        text_add_literal(text, "&quot;");
        break;
    case '\t':
    case '\n':
    case '\r':
        text_printf(text, "&#%d;", byte);   /* else an attribute's would read back as a space */
        break;
    case 0x7f:
        text_add_bytes(text, &byte, 1);
        break;
    default:
        break;      /* a control character: XML 1.0 has no way to write it */
    }
}

/* U+FFFE and U+FFFF are no XML characters. */
static gboolean
is_no_character(const char *at)
{
    return (guchar) at[0] == 0xef && (guchar) at[1] == 0xbf && ((guchar) at[2] == 0xbe || (guchar) at[2] == 0xbf);
}

void
text_add_xml(Text *text, const char *value)
{
    for (;;) {
        const char *run = skip_plain(value, PLAIN_XML);
        text_add_bytes(text, value, (gsize) (run - value));
        if (*run == '\0')
            return;
        if ((guchar) *run < 0x80) {
            add_xml_ascii(text, *run);
            value = run + 1;
        } else if (is_no_character(run)) {
            text_add_literal(text, REPLACEMENT);
            value = run + 3;
        } else {
            value = add_sequence(text, run);
        }
    }
}

static void
add_json_ascii(Text *text, char byte)
{
    static const char short_of[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (const char *pair = short_of; *pair; pair += 2) {
        if (*pair == byte) {
            text_add_literal(text, "\\");
            text_add_bytes(text, pair + 1, 1);
            return;
        }
    }
    text_printf(text, "\\u%04x", byte);
}

void
text_add_json(Text *text, const char *value)
{
    text_add_literal(text, "\"");
    for (;;) {
        const char *run = skip_plain(value, PLAIN_JSON);
        text_add_bytes(text, value, (gsize) (run - value));
        if (*run == '\0')
            break;
        if ((guchar) *run < 0x80) {
            add_json_ascii(text, *run);
            value = run + 1;
        } else {
            value = add_sequence(text, run);
        }
    }
    text_add_literal(text, "\"");
}

void
text_add_url(Text *text, const char *value)
{
    static const char digits[] = "0123456789ABCDEF";
    for (; *value; value++) {
        guchar byte = (guchar) *value;
        if (g_ascii_isalnum(byte) || strchr("-._~", byte)) {
            text_add_bytes(text, value, 1);
        } else {
            char escaped[3] = { '%', digits[byte >> 4], digits[byte & 15] };
            text_add_bytes(text, escaped, sizeof(escaped));
        }
    }
}

/* What would make two names look the same or turn a line around. The joiners of Indic scripts and emoji are text. */
static gboolean
is_invisible(gunichar character, GUnicodeType type)
{
    if (character == 0x200c || character == 0x200d)
        return FALSE;
    if ((character & 0xfffe) == 0xfffe || (character >= 0xfdd0 && character <= 0xfdef))
        return TRUE;                /* no characters at all: XML may not hold them */
    return type == G_UNICODE_FORMAT || type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR;
}

gboolean
text_is_name(const char *value)
{
    gsize length = strnlen(value, 256);
    if (length == 0 || length > 255 || !g_utf8_validate(value, -1, NULL))
        return FALSE;
    if (strcmp(value, ".") == 0 || strcmp(value, "..") == 0)
        return FALSE;
    for (; *value; value = g_utf8_next_char(value)) {
        gunichar character = g_utf8_get_char(value);
        GUnicodeType type = g_unichar_type(character);
        if (character == '/' || character == '\\' || type == G_UNICODE_CONTROL || is_invisible(character, type))
            return FALSE;
    }
    return TRUE;
}

static char *
fold_beyond_ascii(const char *value)
{
    g_autofree char *valid = g_utf8_make_valid(value, -1);
    g_autofree char *normal = g_utf8_normalize(valid, -1, G_NORMALIZE_NFKC);
    g_autofree char *folded = g_utf8_casefold(normal, -1);
    return g_utf8_normalize(folded, -1, G_NORMALIZE_NFKC);      /* folding may take the text out of its normal form */
}

char *
text_fold(const char *value)
{
    for (const char *at = value; *at; at++)
        if ((guchar) *at >= 0x80)
            return fold_beyond_ascii(value);
    return g_ascii_strdown(value, -1);
}

/* On a mismatch only the last star can take one character more: linear but for the length of the pattern. */
gboolean
text_matches(const char *folded, const char *pattern)
{
    const char *star = NULL, *resume = NULL;
    for (;;) {
        if (*pattern == '*') {
            star = ++pattern;
            resume = folded;
        } else if (*folded == '\0') {
            return *pattern == '\0';
        } else if (*pattern == *folded) {
            pattern++;
            folded++;
        } else if (star) {
            pattern = star;
            folded = ++resume;
        } else {
            return FALSE;
        }
    }
}
