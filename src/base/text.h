/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Text being written: a growing run of bytes with fast appends, and the few questions asked of text from outside. */
#pragma once

#include <glib.h>
#include <string.h>

typedef struct {
    char *bytes;            /* always room for a zero byte behind length */
    gsize length;
    gsize room;
} Text;

#define TEXT_EMPTY { NULL, 0, 0 }

void text_clear(Text *text);                            /* frees; leaves it empty and usable */
void text_reset(Text *text);                            /* keeps the memory */
char *text_take(Text *text);                            /* the bytes, zero-terminated, yours; TEXT is empty then */
GBytes *text_take_bytes(Text *text);
void text_grow(Text *text, gsize more);                 /* makes room for MORE bytes behind the length */
void text_printf(Text *text, const char *format, ...) G_GNUC_PRINTF(2, 3);
void text_add_int(Text *text, gint64 value);
void text_add_real(Text *text, double value);           /* shortest that reads back; locale-free */
void text_add_xml(Text *text, const char *value);       /* escaped for an element or an attribute; control characters dropped */
void text_add_json(Text *text, const char *value);      /* with quotes */
void text_add_url(Text *text, const char *value);       /* percent-encoded path segment or query value */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Text, text_clear)

static inline void text_add_bytes(Text *text, const char *bytes, gsize length)
{
    if (text->room - text->length <= length)
        text_grow(text, length);
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

static inline void text_add(Text *text, const char *string) { text_add_bytes(text, string, strlen(string)); }
#define text_add_literal(text, literal) text_add_bytes((text), (literal), sizeof(literal) - 1)

/* Is VALUE a name a person may give: 1-255 bytes of valid UTF-8, no control characters, no path separators? */
gboolean text_is_name(const char *value);
/* Case-folded, NFKC, full-width safe: what searches compare. Yours. */
char *text_fold(const char *value);
/* `*` stands for any run of characters; both sides already folded. */
gboolean text_matches(const char *folded, const char *pattern);
