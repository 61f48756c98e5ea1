/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading everything at the start, in two halves by two threads, each over a connection of its own: turning bodies into objects is most
 * of a start. Nobody writes meanwhile: the store is guarded and its thread has nothing to do yet. */
#include "store/load.h"

#include "base/fault.h"
#include "base/lock.h"
#include "model/fixed.h"
#include "schema/body.h"
#include "store/sqlite.h"

/* Ids are mostly random: as many begin below 0x80 as behind. Each type is a range of the key. */
static const char objects_sql[] = "SELECT id, body FROM objects WHERE type = ?1 AND id >= ?2 AND id < ?3 ORDER BY id";
static const struct {
    guint8 from[1], to[sizeof(Id) + 1];
    int from_length, to_length;
    const char *events_sql;
} cuts[2] = {
    { { 0 }, { 0x80 }, 0, 1, "SELECT id, body FROM events WHERE id <= (SELECT (min(id) + max(id)) / 2 FROM events) ORDER BY id" },
    { { 0x80 }, { [0 ... sizeof(Id)] = 0xff }, 1, sizeof(Id) + 1, "SELECT id, body FROM events WHERE id > (SELECT (min(id) + max(id)) / 2 FROM events) ORDER BY id" },
};

typedef struct {
    sqlite3 *db;                    /* its own; NULL: opened by the thread */
    const char *file;
    guint number;
    GPtrArray *objects;             /* owned */
    guint64 last_event;
    GError *error;
} Half;

static gboolean
read_row(Half *half, const Type *type, const Id *id, sqlite3_stmt *row)
{
    gpointer object = body_read(type, id, sqlite3_column_blob(row, 1), (gsize) sqlite3_column_bytes(row, 1), &half->error);
    if (object)
        g_ptr_array_add(half->objects, object);
    return object != NULL;
}

static gboolean
read_type(Half *half, const Type *type, sqlite3_stmt *rows)
{
    int code;
    sqlite3_bind_text(rows, 1, type->one, -1, SQLITE_STATIC);
    while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
        if (sqlite3_column_bytes(rows, 0) != sizeof(Id))
            continue;               /* of another program: left as it is */
        Id id = *(const Id *) sqlite3_column_blob(rows, 0);
        if (fixed_has(type, &id))
            continue;               /* an older program kept it here; now it is the same everywhere */
        if (!read_row(half, type, &id, rows))
            return FALSE;
    }
    return (sqlite3_reset(rows) == SQLITE_OK && code == SQLITE_DONE) || sqlite_fault(half->db, &half->error);
}

/* Types of another program stay as they are: only ours are asked for. */
static gboolean
read_objects(Half *half, sqlite3_stmt *rows)
{
    sqlite3_bind_blob(rows, 2, cuts[half->number].from, cuts[half->number].from_length, SQLITE_STATIC);
    sqlite3_bind_blob(rows, 3, cuts[half->number].to, cuts[half->number].to_length, SQLITE_STATIC);
    for (guint i = 0; inventory_types[i]; i++) {
        if (!inventory_types[i]->parent && !read_type(half, inventory_types[i], rows))
            return FALSE;
    }
    return TRUE;
}

static gboolean
read_events(Half *half, sqlite3_stmt *rows)
{
    int code;
    while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
        half->last_event = (guint64) sqlite3_column_int64(rows, 0);
        Id id = id_number(half->last_event);
        if (!read_row(half, &event_type, &id, rows))
            return FALSE;
    }
    return code == SQLITE_DONE || sqlite_fault(half->db, &half->error);
}

static gboolean
read_by(Half *half, const char *sql, gboolean (*rows)(Half *half, sqlite3_stmt *rows))
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(half->db, sql, -1, &statement, NULL) != SQLITE_OK)
        return sqlite_fault(half->db, &half->error);
    gboolean well = rows(half, statement);
    sqlite3_finalize(statement);
    return well;
}

static gboolean
read_half(Half *half)
{
    return read_by(half, objects_sql, read_objects) && read_by(half, cuts[half->number].events_sql, read_events);
}

static gpointer
read_beside(gpointer data)
{
    Half *half = data;
    if (sqlite_open_reading(&half->db, half->file, &half->error))
        read_half(half);
    sqlite3_close_v2(half->db);
    return NULL;
}

/* What was read goes to CHANGES, or nowhere if the other half failed. */
static void
hand_over(Half *half, Changes *changes)
{
    for (guint i = 0; i < half->objects->len; i++) {
        if (changes)
            changes_add(changes, half->objects->pdata[i]);
        else
            object_unref(half->objects->pdata[i]);
    }
    g_ptr_array_unref(half->objects);
}

gboolean
load_all(sqlite3 *db, const char *file, Changes *changes, guint64 *ret_last_event, GError **error)
{
    Half first = { .db = db, .file = file, .number = 0, .objects = g_ptr_array_new() };
    Half second = { .file = file, .number = 1, .objects = g_ptr_array_new() };
    Thread *beside = thread_new("load", read_beside, &second);
    read_half(&first);
    thread_join(beside);
    gboolean well = !first.error && !second.error;
    hand_over(&first, well ? changes : NULL);
    hand_over(&second, well ? changes : NULL);
    if (well)
        *ret_last_event = MAX(first.last_event, second.last_event);
    else
        g_propagate_error(error, first.error ? g_steal_pointer(&first.error) : g_steal_pointer(&second.error));
    g_clear_error(&second.error);
    return well;
}
