/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is stored, as objects. Used by store.c, once, at the start. */
#pragma once

#include "store/store.h"

#include <sqlite3.h>

typedef struct Load Load;

/* Begins to read FILE in a thread of its own; nobody may write before load_all() or load_free(). */
Load *load_begin(const char *file);
/* Reads the rest, over DB too, and gives all to CHANGES. FALSE, and CHANGES untouched, with a sentence. Once. */
gboolean load_all(Load *load, sqlite3 *db, Changes *changes, guint64 *ret_last_event, GError **error);
void load_free(Load *load);             /* ends it, whatever it had come to */
