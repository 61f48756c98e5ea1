/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading everything at the start: turning bodies into objects is most of a start. It is cut into slices, which two threads take by turns,
 * each over a connection of its own: one from the moment the store is open, while the start does other things, the other when it
 * comes to wait for the first. Nobody writes meanwhile: the store is guarded and its thread has nothing to do yet. */
#include "store/load.h"

#include "base/fault.h"
#include "base/lock.h"
#include "base/memory.h"
#include "model/fixed.h"
#include "schema/body.h"
#include "store/sqlite.h"

#include <string.h>
#include <sys/stat.h>

#define SLICES_OF_OBJECTS 16        /* by the first half byte of the id: ids are mostly random */
#define SLICES_OF_EVENTS 4
#define SLICES (SLICES_OF_OBJECTS + SLICES_OF_EVENTS)

/* Each type is a range of the key. */
static const char objects_sql[] = "SELECT id, body FROM objects WHERE type = ?1 AND id >= ?2 AND id < ?3 ORDER BY id";
#define EVENT_AT(part) "(SELECT min(id) FROM events) + ((SELECT max(id) FROM events) - (SELECT min(id) FROM events) + 1) * (" part ") / 4"
static const char events_sql[] = "SELECT id, body FROM events WHERE id >= " EVENT_AT("?1") " AND id < " EVENT_AT("?1 + 1") " ORDER BY id";
G_STATIC_ASSERT(SLICES_OF_EVENTS == 4);

typedef struct {                    /* one thread's */
    Load *load;
    sqlite3 *db;
    guint64 last_event;
    GError *error;
} Reader;

struct Load {
    char *file;
    GPtrArray *slices[SLICES];      /* objects, owned; each filled by the one that took it */
    gint next;                      /* the slice nobody has taken yet; atomic */
    Reader beside;
    Thread *thread;
};

static gboolean
read_row(Reader *reader, GPtrArray *slice, const Type *type, const Id *id, sqlite3_stmt *row)
{
    gpointer object = body_read(type, id, sqlite3_column_blob(row, 1), (gsize) sqlite3_column_bytes(row, 1), &reader->error);
    if (object)
        g_ptr_array_add(slice, object);
    return object != NULL;
}

static gboolean
read_type(Reader *reader, GPtrArray *slice, const Type *type, sqlite3_stmt *rows)
{
    int code;
    sqlite3_bind_text(rows, 1, type->one, -1, SQLITE_STATIC);
    while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
        if (sqlite3_column_bytes(rows, 0) != sizeof(Id))
            continue;               /* of another program: left as it is */
        Id id = *(const Id *) sqlite3_column_blob(rows, 0);
        if (fixed_has(type, &id))
            continue;               /* an older program kept it here; now it is the same everywhere */
        if (!read_row(reader, slice, type, &id, rows))
            return FALSE;
    }
    return (sqlite3_reset(rows) == SQLITE_OK && code == SQLITE_DONE) || sqlite_fault(reader->db, &reader->error);
}

/* Types of another program stay as they are: only ours are asked for. */
static gboolean
read_objects(Reader *reader, guint number, sqlite3_stmt *rows)
{
    guint8 from = (guint8) (number << 4), to[sizeof(Id) + 1];
    memset(to, number == SLICES_OF_OBJECTS - 1 ? 0xff : (int) (number + 1) << 4, sizeof(to));
    sqlite3_bind_blob(rows, 2, &from, number ? 1 : 0, SQLITE_STATIC);
    sqlite3_bind_blob(rows, 3, to, number == SLICES_OF_OBJECTS - 1 ? sizeof(to) : 1, SQLITE_STATIC);
    for (guint i = 0; inventory_types[i]; i++) {
        if (!inventory_types[i]->parent && !read_type(reader, reader->load->slices[number], inventory_types[i], rows))
            return FALSE;
    }
    return TRUE;
}

static gboolean
read_events(Reader *reader, guint number, sqlite3_stmt *rows)
{
    int code;
    sqlite3_bind_int(rows, 1, (int) number - SLICES_OF_OBJECTS);
    while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
        guint64 event = (guint64) sqlite3_column_int64(rows, 0);
        Id id = id_number(event);
        reader->last_event = MAX(reader->last_event, event);
        if (!read_row(reader, reader->load->slices[number], &event_type, &id, rows))
            return FALSE;
    }
    return code == SQLITE_DONE || sqlite_fault(reader->db, &reader->error);
}

static gboolean
read_slice(Reader *reader, guint number)
{
    gboolean objects = number < SLICES_OF_OBJECTS;
    sqlite3_stmt *rows = NULL;
    if (sqlite3_prepare_v2(reader->db, objects ? objects_sql : events_sql, -1, &rows, NULL) != SQLITE_OK)
        return sqlite_fault(reader->db, &reader->error);
    gboolean well = objects ? read_objects(reader, number, rows) : read_events(reader, number, rows);
    sqlite3_finalize(rows);
    return well;
}

/* What is read takes about as much memory as it takes of the file, and half of it is read by each of the two. */
static gsize
half_of(const char *file)
{
    struct stat status;
    return stat(file, &status) == 0 ? (gsize) status.st_size / 2 : 0;
}

/* Until nothing is left or something fails; then the other need not go on either. In one transaction: the file is locked once and not for
 * each statement. */
static void
read_slices(Reader *reader)
{
    Load *load = reader->load;
    if (!sqlite_run(reader->db, "BEGIN", &reader->error))
        g_atomic_int_set(&load->next, SLICES);
    for (int number; (number = g_atomic_int_add(&load->next, 1)) < SLICES;) {
        load->slices[number] = g_ptr_array_new_with_free_func((GDestroyNotify) object_unref);
        if (!read_slice(reader, (guint) number))
            g_atomic_int_set(&load->next, SLICES);
    }
    sqlite_run(reader->db, "COMMIT", NULL);
}

static gpointer
read_beside(gpointer data)
{
    Reader *reader = data;
    memory_expect(half_of(reader->load->file));
    if (sqlite_open_reading(&reader->db, reader->load->file, &reader->error))
        read_slices(reader);
    else
        g_atomic_int_set(&reader->load->next, SLICES);
    sqlite3_close_v2(reader->db);
    return NULL;
}

Load *
load_begin(const char *file)
{
    Load *load = g_new0(Load, 1);
    load->file = g_strdup(file);
    load->beside.load = load;
    load->thread = thread_new("load", read_beside, &load->beside);
    return load;
}

/* Slice by slice: so each type's objects come in the order of their ids. */
static void
hand_over(Load *load, Changes *changes)
{
    for (guint i = 0; i < SLICES; i++) {
        GPtrArray *slice = load->slices[i];
        for (guint k = 0; k < slice->len; k++)
            changes_add(changes, slice->pdata[k]);
        g_ptr_array_set_free_func(slice, NULL);
    }
}

void
load_free(Load *load)
{
    if (!load)
        return;
    g_atomic_int_set(&load->next, SLICES);
    if (load->thread)
        thread_join(load->thread);
    for (guint i = 0; i < SLICES; i++)
        g_clear_pointer(&load->slices[i], g_ptr_array_unref);
    g_clear_error(&load->beside.error);
    g_free(load->file);
    g_free(load);
}

gboolean
load_all(Load *load, sqlite3 *db, Changes *changes, guint64 *ret_last_event, GError **error)
{
    Reader here = { .load = load, .db = db };
    read_slices(&here);
    thread_join(g_steal_pointer(&load->thread));
    gboolean well = !here.error && !load->beside.error;
    if (well) {
        hand_over(load, changes);
        *ret_last_event = MAX(here.last_event, load->beside.last_event);
    } else {
        GError **first = here.error ? &here.error : &load->beside.error;
        g_propagate_error(error, g_steal_pointer(first));
    }
    g_clear_error(&here.error);
    return well;
}
