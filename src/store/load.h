/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is stored, as objects. Used by store.c, once, at the start. */
#pragma once

#include "store/store.h"

#include <sqlite3.h>

/* Reads objects and events of FILE into CHANGES, through DB and a connection made for it. FALSE, and CHANGES untouched, with a sentence. */
gboolean load_all(sqlite3 *db, const char *file, Changes *changes, guint64 *ret_last_event, GError **error);
