/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * JSON as this folder reads it: pulled value by value into structs by tables of fields, nothing kept beside, so that a year of
 * history is read in a fraction of a second. Everything is strict: an unknown field, one given twice, a wrong type or too large a number is
 * a fault that names its place ("events[12].pins[3]"). Called by topology, tables, history and ledger. */
#pragma once

#include <glib.h>

#define READER_DEPTH 16

typedef struct {
    const char *bytes;              /* not zero-terminated */
    gsize length;
} Slice;

typedef struct Reader Reader;
/* Takes one value into RECORD. */
typedef gboolean (*ReaderValue)(Reader *reader, gpointer record, GError **error);

typedef enum {
    READER_VALUE,                   /* by READ */
    READER_SLICE,                   /* Slice: a text */
    READER_INT,                     /* gint64, LEAST to MOST */
    READER_FLAG,                    /* gboolean */
    READER_MICRO,                   /* gint64: a decimal number in millionths, exactly; LEAST to MOST in millionths too */
} ReaderKind;

typedef struct {
    const char *name;               /* NULL ends a table; at most 64 rows */
    ReaderKind kind;
    gsize offset;
    gint64 least, most;
    ReaderValue read;
} ReaderField;

struct Reader {
    const char *type;               /* "history": the word for sentences */
    const char *at, *end;
    guint depth;
    struct { const char *name; gssize index; } path[READER_DEPTH + 1];    /* NAME: of an object's field, else the INDEX in a list */
    GStringChunk *decoded;          /* texts that had escapes */
};

/* BYTES stay the caller's and must outlive the reader and its slices. */
void reader_open(Reader *reader, const char *type, const char *bytes, gsize length);
void reader_close(Reader *reader);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reader, reader_close)

/* RET_GIVEN: a bit per row of FIELDS that was there. */
gboolean reader_object(Reader *reader, const ReaderField *fields, gpointer record, guint64 *ret_given, GError **error);
/* Are the rows of NEEDED there? (One that is missing is named.) */
gboolean reader_has(Reader *reader, const ReaderField *fields, guint64 given, guint64 needed, GError **error);
gboolean reader_list(Reader *reader, ReaderValue item, gpointer record, guint most, GError **error);
gboolean reader_text(Reader *reader, const char *wanted, Slice *ret_text, GError **error);
gboolean reader_int(Reader *reader, gint64 least, gint64 most, gint64 *ret_value, GError **error);
gboolean reader_null(Reader *reader);           /* takes a null if that is what comes */
char reader_peek(Reader *reader);               /* the first character of what comes; '\0' at the end */
gboolean reader_ends(Reader *reader, GError **error);
/* VALUE at the present place is not WANTED. FALSE. */
gboolean reader_refuse(Reader *reader, Slice value, const char *wanted, GError **error);

gboolean slice_is(Slice slice, const char *word);
char *slice_dup(Slice slice);
