/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The identity of an object: sixteen bytes, by value, comparable with memcmp. Most are UUIDs. Where the API's own ids
 * are numbers (events, operating systems) or words (cluster level "4.7", console "766e63") the same sixteen bytes hold
 * them, and the style says how they are spelled in a path. Called by everybody; knows nobody. */
#pragma once

#include <glib.h>

typedef struct {
    guint8 bytes[16];
} Id;

typedef enum {
    ID_UUID,        /* 36 characters, lower case */
    ID_NUMBER,      /* unsigned decimal, in the last eight bytes, big endian */
    ID_WORD,        /* up to 16 bytes [0-9A-Za-z._-], zero padded */
    ID_HEX,         /* the same sixteen bytes, spelled as upper-case hexadecimal digits: "696E7465726E616C" is "internal" */
} IdStyle;

#define ID_TEXT_SIZE 37             /* the longest spelling and its zero byte */

extern const Id id_null;

gboolean id_is_null(const Id *id);
int id_compare(const Id *a, const Id *b);
gboolean id_equal(const Id *a, const Id *b);
guint id_hash(gconstpointer id);                        /* for GHashTable, keys are const Id * */
gboolean id_equal_key(gconstpointer a, gconstpointer b);

Id id_random(void);                                     /* UUID version 4 */
Id id_named(const Id *space, const char *name);         /* UUID version 5 of NAME in SPACE; stable for ever */
Id id_number(guint64 number);
guint64 id_get_number(const Id *id);
Id id_word(const char *word);                           /* longer words are cut: callers pass constants */

/* Writes the spelling and its zero byte to RET; returns RET. */
char *id_format(const Id *id, IdStyle style, char ret_text[ID_TEXT_SIZE]);
/* FALSE, and RET untouched, if TEXT is not wholly an id of that style. UUIDs and hexadecimal digits are accepted in either case. */
gboolean id_parse(const char *text, IdStyle style, Id *ret_id);
