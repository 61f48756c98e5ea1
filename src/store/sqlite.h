/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * SQLite behind the store: opening, the format, one transaction's worth of rows, and its errors as our faults. Used by
 * store.c (the writing thread) and backup.c; nobody else. */
#pragma once

#include "store/store.h"

#include <sqlite3.h>

#define STORE_FORMAT 1          /* grows when an older program could misread; unknown fields and types do not need it */
#define STORE_EVENTS_MOST 20000 /* older ones are dropped, a thousand at a time */

typedef struct {
    sqlite3 *db;
    sqlite3_stmt *put, *take, *put_event, *take_event, *drop_events, *keep, *forget, *probe;
} Sqlite;

/* FALSE with a sentence naming FILE; MAKE: made if it is not there (0600). */
gboolean sqlite_open(Sqlite *sqlite, const char *file, gboolean make, GError **error);
/* A bare connection that only reads; to be closed with sqlite3_close_v2 even after a failure. */
gboolean sqlite_open_reading(sqlite3 **ret_db, const char *file, GError **error);
/* We make neither views nor triggers: a file that has some was made by somebody else, for instance a backup, and they are not run. */
void sqlite_distrust(sqlite3 *db);
void sqlite_shut(Sqlite *sqlite);
gboolean sqlite_run(sqlite3 *db, const char *sql, GError **error);
/* The last error of DB as a fault: NO_SPACE, UNAVAILABLE (locked), INTERNAL. Returns FALSE. */
gboolean sqlite_fault(sqlite3 *db, GError **error);
gboolean sqlite_write(Sqlite *sqlite, const Changes *changes, GError **error);     /* inside a transaction */
