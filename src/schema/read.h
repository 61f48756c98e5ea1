/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Bodies from outside to drafts. Hostile input is the normal case: size is capped by the caller, nesting at READ_DEPTH,
 * DOCTYPE and entities are refused, duplicate keys and wrong types name the object and the field. */
#pragma once

#include "schema/draft.h"

#define READ_DEPTH 32
#define READ_ITEMS 4096             /* of one list: each costs far more memory than the few bytes it may be sent with */
#define READ_UNKNOWN 10000          /* fields nobody here knows, in one body: a VM as it was shown, sent back, has some hundreds */
#define READ_TEXT 65536             /* bytes of one text */

typedef struct {
    gboolean strict;                /* unknown fields are a fault (Prefer: handling=strict, the CLI); else ignored, as clients need */
} ReadOptions;

/* The root element or, in JSON, the bare object, must be of TYPE ("<vm>…"). A JSON root key of the type's name is accepted too. */
Draft *read_xml(const Type *type, const char *bytes, gsize length, ReadOptions options, GError **error);
Draft *read_json(const Type *type, const char *bytes, gsize length, ReadOptions options, GError **error);
/* One scalar from text into a member, as all readers do it: numbers, booleans (true yes 1), dates, enum words, byte sizes ("2GiB" only
 * if SUFFIXES). FALSE with a fault naming TYPE and FIELD. */
gboolean read_scalar(const Type *type, const Field *field, gpointer record, const char *text, gboolean suffixes, GError **error);
/* May one more unknown field of a body (ROOT: its type's word) be passed over? COUNT is of those so far. */
gboolean read_may_ignore(const char *root, guint *count, GError **error);
/* May FIELD, a list or words of RECORD, take one more item? */
gboolean read_has_room(const Type *type, const Field *field, gconstpointer record, GError **error);
