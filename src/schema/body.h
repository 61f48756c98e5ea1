/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The stored form of an object or draft: a compact self-describing run of (name, value). LIVE rows are left out; keys the
 * table does not know are kept in Object.rest and written back, so a new field needs no upgrade. Reading is fast: it
 * expects rows in table order and only searches when they are not. */
#pragma once

#include "base/text.h"
#include "schema/draft.h"

void body_write(Text *out, const Type *type, gconstpointer object);
gpointer body_read(const Type *type, const Id *id, gconstpointer bytes, gsize length, GError **error);  /* a new Object */
void body_write_draft(Text *out, const Draft *draft);
Draft *body_read_draft(const Type *type, gconstpointer bytes, gsize length, GError **error);
