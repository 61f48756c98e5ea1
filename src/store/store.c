/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The store: one thread that gathers what waits into one transaction. While it commits, more gathers, so the busier it is
 * the fewer commits a change set costs. After a failure everything queued fails until the writer has thrown away what it had
 * built on it (store_resume); a probe row tells when the disk takes writes again. */
#include "store/store.h"

#include "base/failpoint.h"
#include "base/fault.h"
#include "base/lock.h"
#include "base/log.h"
#include "store/load.h"
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#define GATHER_MOST 256
#define PROBE_FIRST (CLOCK_SECOND / 10)     /* after a failure; then twice as long each time */
#define PROBE_MOST (3 * CLOCK_SECOND)
#define LOCK_PATIENCE (30 * CLOCK_SECOND)   /* at the start: for another program that holds the file */
#define LOCK_PAUSE (CLOCK_SECOND / 5)

typedef struct {
    const Changes *changes;
    StoreDone done;
    gpointer data;
} Pending;

struct Store {
    Lock lock;                      /* of queue, refusing, trouble, stopping */
    Condition wake;
    GQueue queue;                   /* Pending */
    GError *refusing;               /* set from a failure until store_resume */
    Message *trouble;               /* set from a failure until a write succeeds */
    Tick pause;                     /* until the next probe */
    gboolean stopping;
    Thread *thread;
    Sqlite sqlite;                  /* the thread's alone, after store_open */
    Lock reading;                   /* of `reader` */
    Sqlite reader;
    guint64 last_event;
    Load *load;                     /* from store_open to store_load */
    int guard;                      /* descriptor of the lock file */
    char *file;
};

/* Two managers on one database would each undo what the other believes. */
static int
guard(const char *file, GError **error)
{
    g_autofree char *path = g_strconcat(file, ".lock", NULL);
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        return descriptor;
    gboolean held = descriptor >= 0 && errno == EWOULDBLOCK;
    if (held)
        fault_set(error, MSG_STORE_HELD, "file", file, NULL);
    else
        fault_set(error, MSG_STORE_BROKEN, "file", path, "reason", g_strerror(errno), NULL);
    if (descriptor >= 0)
        close(descriptor);
    return -1;
}

/* Everything that waits, at most GATHER_MOST; NULL when it is time to probe or to stop. */
static GPtrArray *
gather(Store *store, gboolean *ret_stop)
{
    GPtrArray *batch = g_ptr_array_new_with_free_func(g_free);
    LOCK_HOLD(&store->lock);
    Tick deadline = clock_tick() + store->pause;
    gboolean waiting = TRUE;
    while (waiting && !store->queue.length && !store->stopping) {
        if (store->trouble)
            waiting = condition_wait_until(&store->wake, &store->lock, deadline);
        else
            condition_wait(&store->wake, &store->lock);
    }
    while (store->queue.length && batch->len < GATHER_MOST)
        g_ptr_array_add(batch, g_queue_pop_head(&store->queue));
    *ret_stop = store->stopping && !batch->len;
    return batch;
}

static gboolean
soft_failure(GError **error)
{
    return fault_set(error, MSG_STORE_ON_ORDER, NULL);
}

static gboolean
write_batch(Store *store, const GPtrArray *batch, GError **error)
{
    if (!failpoint_passes(FAILPOINT_SQL))
        return soft_failure(error);
    if (!sqlite_run(store->sqlite.db, "BEGIN IMMEDIATE", error))
        return FALSE;
    for (guint i = 0; i < batch->len; i++) {
        const Pending *pending = g_ptr_array_index(batch, i);
        if (!sqlite_write(&store->sqlite, pending->changes, error))
            return FALSE;
    }
    if (!failpoint_passes(FAILPOINT_SQL))
        return soft_failure(error);
    if (!sqlite_run(store->sqlite.db, "COMMIT", error))
        return FALSE;
    failpoint_passes(FAILPOINT_SQL);    /* committed: nothing may fail softly any more */
    return TRUE;
}

static void
roll_back(Store *store)
{
    if (!sqlite3_get_autocommit(store->sqlite.db))
        sqlite_run(store->sqlite.db, "ROLLBACK", NULL);
}

static void
note(Store *store, const GError *error)
{
    LOCK_HOLD(&store->lock);
    g_clear_pointer(&store->trouble, message_unref);
    if (!error)
        return;
    store->trouble = message_ref(fault_message(error));
    store->pause = PROBE_FIRST;
    if (!store->refusing)
        store->refusing = g_error_copy(error);
}

static GError *
refusal(Store *store)
{
    LOCK_HOLD(&store->lock);
    return store->refusing ? g_error_copy(store->refusing) : NULL;
}

static void
handle(Store *store, const GPtrArray *batch)
{
    g_autoptr(GError) error = refusal(store);
    if (!error) {
        if (!write_batch(store, batch, &error)) {
            log_error("store: %s", error->message);
            roll_back(store);
        }
        note(store, error);
    }
    for (guint i = 0; i < batch->len; i++) {
        const Pending *pending = g_ptr_array_index(batch, i);
        pending->done(pending->data, error);
    }
}

static void
probe(Store *store)
{
    g_autoptr(GError) error = NULL;
    char date[CLOCK_DATE_SIZE];
    sqlite3_bind_text(store->sqlite.probe, 1, clock_format(clock_wall(), date), -1, SQLITE_TRANSIENT);
    if (sqlite3_step(store->sqlite.probe) != SQLITE_DONE)
        sqlite_fault(store->sqlite.db, &error);
    sqlite3_reset(store->sqlite.probe);
    LOCK_HOLD(&store->lock);
    store->pause = MIN(store->pause * 2, PROBE_MOST);
    if (!error) {
        g_clear_pointer(&store->trouble, message_unref);
        log_info("store: it takes writes again");
    }
}

static gpointer
work(gpointer data)
{
    Store *store = data;
    for (gboolean stop = FALSE; !stop;) {
        g_autoptr(GPtrArray) batch = gather(store, &stop);
        if (batch->len)
            handle(store, batch);
        else if (!stop)
            probe(store);
    }
    return NULL;
}

static gboolean
open_both(Store *store, const char *file, GError **error)
{
    if (sqlite_open(&store->sqlite, file, TRUE, error) && sqlite_open(&store->reader, file, FALSE, error))
        return TRUE;
    sqlite_shut(&store->reader);
    sqlite_shut(&store->sqlite);
    return FALSE;
}

/* A copy being made or a look with sqlite3 is over in a moment: no reason not to start. */
static gboolean
open_patiently(Store *store, const char *file, GError **error)
{
    Tick until = clock_tick() + LOCK_PATIENCE;
    for (gboolean said = FALSE;; said = TRUE) {
        g_autoptr(GError) why = NULL;
        if (open_both(store, file, &why))
            return TRUE;
        if (fault_of(why) != FAULT_UNAVAILABLE || clock_tick() >= until) {
            g_propagate_error(error, g_steal_pointer(&why));
            return FALSE;
        }
        if (!said)
            log_warn("store: %s The start waits for it, at most %d s.", why->message, (int) (LOCK_PATIENCE / CLOCK_SECOND));
        g_usleep(LOCK_PAUSE);
    }
}

Store *
store_open(const char *file, GError **error)
{
    int descriptor = guard(file, error);
    if (descriptor < 0)
        return NULL;
    Store *store = g_new0(Store, 1);
    store->guard = descriptor;
    store->file = g_strdup(file);
    lock_init(&store->lock);
    lock_init(&store->reading);
    condition_init(&store->wake);
    g_queue_init(&store->queue);
    if (!open_patiently(store, file, error)) {
        store_close(store);
        return NULL;
    }
    store->load = load_begin(file);
    store->thread = thread_new("store", work, store);
    return store;
}

void
store_close(Store *store)
{
    if (!store)
        return;
    load_free(store->load);
    lock_take(&store->lock);
    store->stopping = TRUE;
    condition_broadcast(&store->wake);
    lock_drop(&store->lock);
    if (store->thread)
        thread_join(store->thread);
    sqlite_shut(&store->reader);
    sqlite_shut(&store->sqlite);
    g_clear_error(&store->refusing);
    g_clear_pointer(&store->trouble, message_unref);
    condition_clear(&store->wake);
    lock_clear(&store->reading);
    lock_clear(&store->lock);
    close(store->guard);
    g_free(store->file);
    g_free(store);
}

gboolean
store_load(Store *store, Changes *changes, GError **error)
{
    LOCK_HOLD(&store->reading);
    gboolean well = load_all(store->load, store->reader.db, changes, &store->last_event, error);
    g_clear_pointer(&store->load, load_free);
    return well;
}

guint64
store_next_event(Store *store)
{
    LOCK_HOLD(&store->reading);
    return store->last_event + 1;
}

void
store_write(Store *store, const Changes *changes, StoreDone done, gpointer data)
{
    Pending *pending = g_new(Pending, 1);
    *pending = (Pending) { changes, done, data };
    LOCK_HOLD(&store->lock);
    g_queue_push_tail(&store->queue, pending);
    condition_signal(&store->wake);
}

void
store_resume(Store *store)
{
    LOCK_HOLD(&store->lock);
    g_clear_error(&store->refusing);
}

Message *
store_trouble(Store *store)
{
    LOCK_HOLD(&store->lock);
    return store->trouble ? message_ref(store->trouble) : NULL;
}

char *
store_kept(Store *store, const char *space, const Id *id, GError **error)
{
    sqlite3_stmt *statement = NULL;
    LOCK_HOLD(&store->reading);
    if (sqlite3_prepare_v2(store->reader.db, "SELECT text FROM kept WHERE space = ?1 AND id = ?2", -1, &statement, NULL) != SQLITE_OK) {
        sqlite_fault(store->reader.db, error);
        return NULL;
    }
    sqlite3_bind_text(statement, 1, space, -1, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 2, id->bytes, sizeof(Id), SQLITE_STATIC);
    int code = sqlite3_step(statement);
    char *text = code == SQLITE_ROW ? g_strdup((const char *) sqlite3_column_text(statement, 0)) : NULL;
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        sqlite_fault(store->reader.db, error);
    sqlite3_finalize(statement);
    return text;
}
