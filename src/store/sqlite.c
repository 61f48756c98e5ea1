/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * SQLite in WAL with synchronous FULL: what was committed is on the disk. Objects by (type, id), events by their number, kept
 * texts by (space, id). Statements are prepared once. */
#include "store/sqlite.h"

#include "base/fault.h"
#include "schema/body.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS objects(type TEXT, id BLOB, body BLOB NOT NULL, PRIMARY KEY(type, id)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS events(id INTEGER PRIMARY KEY, body BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS kept(space TEXT, id BLOB, text TEXT NOT NULL, PRIMARY KEY(space, id)) WITHOUT ROWID;"
    "INSERT OR IGNORE INTO meta VALUES('format', '1'), ('made by', 'shikiri " SHIKIRI_VERSION "');";

gboolean
sqlite_fault(sqlite3 *db, GError **error)
{
    int code = sqlite3_errcode(db);
    const char *reason = sqlite3_errmsg(db);
    if (code == SQLITE_FULL || (code == SQLITE_IOERR && sqlite3_system_errno(db) == ENOSPC))
        return fault_set(error, MSG_STORE_FULL, "file", sqlite3_db_filename(db, "main"), NULL);
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        return fault_set(error, MSG_STORE_LOCKED, "file", sqlite3_db_filename(db, "main"), NULL);
    return fault_set(error, MSG_STORE_BROKEN, "file", sqlite3_db_filename(db, "main"), "reason", reason, NULL);
}

gboolean
sqlite_run(sqlite3 *db, const char *sql, GError **error)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK || sqlite_fault(db, error);
}

static gboolean
prepare(sqlite3 *db, sqlite3_stmt **ret, const char *sql, GError **error)
{
    return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL) == SQLITE_OK || sqlite_fault(db, error);
}

static gboolean
prepare_all(Sqlite *sqlite, GError **error)
{
    sqlite3 *db = sqlite->db;
    return prepare(db, &sqlite->put, "INSERT INTO objects VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET body = ?3", error) &&
           prepare(db, &sqlite->take, "DELETE FROM objects WHERE type = ?1 AND id = ?2", error) &&
           prepare(db, &sqlite->put_event, "INSERT OR REPLACE INTO events VALUES(?1, ?2)", error) &&
           prepare(db, &sqlite->take_event, "DELETE FROM events WHERE id = ?1", error) &&
           prepare(db, &sqlite->drop_events, "DELETE FROM events WHERE id <= ?1", error) &&
           prepare(db, &sqlite->keep, "INSERT INTO kept VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET text = ?3", error) &&
           prepare(db, &sqlite->forget, "DELETE FROM kept WHERE space = ?1 AND id = ?2", error) &&
           prepare(db, &sqlite->probe, "INSERT OR REPLACE INTO meta VALUES('probe', ?1)", error);
}

static gboolean
check_format(sqlite3 *db, const char *file, GError **error)
{
    sqlite3_stmt *read = NULL;
    if (!prepare(db, &read, "SELECT value FROM meta WHERE key = 'format'", error))
        return FALSE;
    int format = sqlite3_step(read) == SQLITE_ROW ? sqlite3_column_int(read, 0) : STORE_FORMAT;
    sqlite3_finalize(read);
    g_autofree char *theirs = g_strdup_printf("%d", format);
    return format <= STORE_FORMAT || fault_set(error, MSG_STORE_NEWER, "file", file, "format", theirs, NULL);
}

/* SQLite makes files as the umask says; secrets lie in this one. */
static gboolean
make_private(const char *file, GError **error)
{
    int descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return fault_set(error, MSG_STORE_BROKEN, "file", file, "reason", g_strerror(errno), NULL);
    close(descriptor);
    return TRUE;
}

void
sqlite_distrust(sqlite3 *db)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
}

/* Its own sums of memory cost a lock at each allocation; nobody reads them. */
static void
configure(void)
{
    static gsize once;
    if (g_once_init_enter(&once)) {
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
        g_once_init_leave(&once, 1);
    }
}

static gboolean
open_db(sqlite3 **ret_db, const char *file, int flags, GError **error)
{
    configure();
    if (sqlite3_open_v2(file, ret_db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return fault_set(error, MSG_STORE_BROKEN, "file", file, "reason", *ret_db ? sqlite3_errmsg(*ret_db) : "no memory", NULL);
    sqlite_distrust(*ret_db);
    sqlite3_busy_timeout(*ret_db, 3000);
    return TRUE;
}

gboolean
sqlite_open_reading(sqlite3 **ret_db, const char *file, GError **error)
{
    return open_db(ret_db, file, SQLITE_OPEN_READONLY, error);
}

gboolean
sqlite_open(Sqlite *sqlite, const char *file, gboolean make, GError **error)
{
    if (make && !make_private(file, error))
        return FALSE;
    if (!open_db(&sqlite->db, file, SQLITE_OPEN_READWRITE, error))
        return FALSE;
    if (!sqlite_run(sqlite->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 2000;", error))
        return FALSE;
    /* The format is looked at before anything is made in a file of a newer program. */
    gboolean known = sqlite3_table_column_metadata(sqlite->db, NULL, "meta", "key", NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
    if (known && !check_format(sqlite->db, file, error))
        return FALSE;
    return sqlite_run(sqlite->db, schema, error) && prepare_all(sqlite, error);
}

void
sqlite_shut(Sqlite *sqlite)
{
    sqlite3_stmt *const all[] = { sqlite->put, sqlite->take, sqlite->put_event, sqlite->take_event, sqlite->drop_events, sqlite->keep, sqlite->forget, sqlite->probe };
    for (guint i = 0; i < G_N_ELEMENTS(all); i++)
        sqlite3_finalize(all[i]);
    sqlite3_close_v2(sqlite->db);
    *sqlite = (Sqlite) { 0 };
}

static gboolean
run_once(Sqlite *sqlite, sqlite3_stmt *statement, GError **error)
{
    gboolean well = sqlite3_step(statement) == SQLITE_DONE || sqlite_fault(sqlite->db, error);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return well;
}

static gboolean
write_event(Sqlite *sqlite, const Object *event, const Text *body, GError **error)
{
    gint64 number = (gint64) id_get_number(&event->id);
    sqlite3_stmt *statement = body ? sqlite->put_event : sqlite->take_event;
    sqlite3_bind_int64(statement, 1, number);
    if (body)
        sqlite3_bind_blob(statement, 2, body->bytes ? body->bytes : "", (int) body->length, SQLITE_STATIC);
    if (!run_once(sqlite, statement, error))
        return FALSE;
    if (!body || number % 1000 || number <= STORE_EVENTS_MOST)
        return TRUE;
    sqlite3_bind_int64(sqlite->drop_events, 1, number - STORE_EVENTS_MOST);
    return run_once(sqlite, sqlite->drop_events, error);
}

static gboolean
write_object_row(Sqlite *sqlite, const Object *object, const Text *body, GError **error)
{
    sqlite3_stmt *statement = body ? sqlite->put : sqlite->take;
    sqlite3_bind_text(statement, 1, object->type->one, -1, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 2, object->id.bytes, sizeof(Id), SQLITE_STATIC);
    if (body)
        sqlite3_bind_blob(statement, 3, body->bytes ? body->bytes : "", (int) body->length, SQLITE_STATIC);
    return run_once(sqlite, statement, error);
}

static gboolean
write_change(Sqlite *sqlite, const Change *change, GError **error)
{
    const Object *object = change->after ? change->after : change->before;
    g_auto(Text) body = TEXT_EMPTY;
    if (change->after)
        body_write(&body, object->type, object);
    const Text *stored = change->after ? &body : NULL;
    return object->type == &event_type ? write_event(sqlite, object, stored, error) : write_object_row(sqlite, object, stored, error);
}

static gboolean
write_keep(Sqlite *sqlite, const Keep *keep, GError **error)
{
    sqlite3_stmt *statement = keep->text ? sqlite->keep : sqlite->forget;
    sqlite3_bind_text(statement, 1, keep->space, -1, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 2, keep->id.bytes, sizeof(Id), SQLITE_STATIC);
    if (keep->text)
        sqlite3_bind_text(statement, 3, keep->text, -1, SQLITE_STATIC);
    return run_once(sqlite, statement, error);
}

gboolean
sqlite_write(Sqlite *sqlite, const Changes *changes, GError **error)
{
    guint count;
    const Change *rows = changes_rows(changes, &count);
    for (guint i = 0; i < count; i++) {
        if (rows[i].stored && !write_change(sqlite, &rows[i], error))
            return FALSE;
    }
    const Keep *keeps = changes_keeps(changes, &count);
    for (guint i = 0; i < count; i++) {
        if (!write_keep(sqlite, &keeps[i], error))
            return FALSE;
    }
    return TRUE;
}
