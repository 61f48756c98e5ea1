/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A pool of threads. A thread is started when a closure finds none idle and there are fewer than MOST; it ends after ten
 * idle seconds and is joined by the next push. Does not know what the closures do, and cannot stop one. */
#include "base/workers.h"

#include "base/lock.h"
#include "base/log.h"

#define IDLE_LIFE (10 * CLOCK_SECOND)

static gint abandoned;          /* pools; atomic */

typedef struct {
    void (*function)(gpointer data);
    gpointer data;
} Closure;

struct Workers {
    char *name;
    guint most;
    Lock lock;                  /* everything below */
    Condition work;             /* something was queued, or stopping */
    Condition done;             /* a thread ended */
    GQueue queue;
    GPtrArray *threads;         /* Thread *, running or waiting */
    GPtrArray *ended;           /* Thread *, to be joined */
    guint idle;
    guint busy;
    gboolean stopping;
};

typedef struct {
    Workers *workers;
    Thread *thread;             /* set under the lock before the thread looks */
} Seat;

Workers *
workers_new(const char *name, guint most)
{
    Workers *workers = g_new0(Workers, 1);
    workers->name = g_strdup(name);
    workers->most = MAX(most, 1);
    lock_init(&workers->lock);
    condition_init(&workers->work);
    condition_init(&workers->done);
    g_queue_init(&workers->queue);
    workers->threads = g_ptr_array_new();
    workers->ended = g_ptr_array_new();
    return workers;
}

/* Waits for work; NULL when the thread should end. The lock is held. */
static Closure *
next_closure(Workers *workers)
{
    Tick until = clock_tick() + IDLE_LIFE;
    gboolean more_time = TRUE;
    workers->idle++;
    while (workers->queue.length == 0 && !workers->stopping && more_time)
        more_time = condition_wait_until(&workers->work, &workers->lock, until);
    workers->idle--;
    return g_queue_pop_head(&workers->queue);
}

static gpointer
run_worker(gpointer data)
{
    g_autofree Seat *seat = data;
    Workers *workers = seat->workers;
    LOCK_HOLD(&workers->lock);
    for (;;) {
        g_autofree Closure *closure = next_closure(workers);
        if (!closure)
            break;
        workers->busy++;
        lock_drop(&workers->lock);
        closure->function(closure->data);
        lock_take(&workers->lock);
        workers->busy--;
    }
    g_ptr_array_remove_fast(workers->threads, seat->thread);
    g_ptr_array_add(workers->ended, seat->thread);
    condition_broadcast(&workers->done);
    return NULL;
}

static void
start_thread(Workers *workers)
{
    Seat *seat = g_new0(Seat, 1);
    seat->workers = workers;
    seat->thread = thread_new(workers->name, run_worker, seat);
    g_ptr_array_add(workers->threads, seat->thread);
}

static void
join_ended(Workers *workers)
{
    for (guint i = 0; i < workers->ended->len; i++)
        thread_join(workers->ended->pdata[i]);
    g_ptr_array_set_size(workers->ended, 0);
}

void
workers_push(Workers *workers, void (*function)(gpointer data), gpointer data)
{
    Closure *closure = g_new(Closure, 1);
    closure->function = function;
    closure->data = data;
    LOCK_HOLD(&workers->lock);
    g_assert(!workers->stopping);
    join_ended(workers);
    g_queue_push_tail(&workers->queue, closure);
    if (workers->queue.length > workers->idle && workers->threads->len < workers->most)
        start_thread(workers);
    condition_signal(&workers->work);
}

guint
workers_busy(Workers *workers)
{
    LOCK_HOLD(&workers->lock);
    return workers->busy;
}

static gboolean
wait_for_end(Workers *workers, Tick deadline)
{
    LOCK_HOLD(&workers->lock);
    workers->stopping = TRUE;
    condition_broadcast(&workers->work);
    gboolean more_time = TRUE;
    while (workers->threads->len > 0 && more_time)
        more_time = condition_wait_until(&workers->done, &workers->lock, deadline);
    if (workers->threads->len == 0) {
        join_ended(workers);
        return TRUE;
    }
    log_warn("%s: %u closures still run and %u never started", workers->name, workers->busy, workers->queue.length);
    g_queue_clear_full(&workers->queue, g_free);
    return FALSE;
}

gboolean
workers_stop(Workers *workers, gint64 deadline)
{
    if (!workers)
        return TRUE;
    if (!wait_for_end(workers, deadline)) {
        g_atomic_int_inc(&abandoned);
        return FALSE;           /* its memory stays: a thread that comes back from its call still looks at it */
    }
    g_ptr_array_unref(workers->threads);
    g_ptr_array_unref(workers->ended);
    condition_clear(&workers->work);
    condition_clear(&workers->done);
    lock_clear(&workers->lock);
    g_free(workers->name);
    g_free(workers);
    return TRUE;
}

gboolean
workers_were_abandoned(void)
{
    return g_atomic_int_get(&abandoned) > 0;
}
