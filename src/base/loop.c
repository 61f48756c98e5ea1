/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A main loop with a mailbox. The mailbox has a lock of ours and wakes the loop through an eventfd, so nobody but the
 * owner ever touches the GMainContext. Does not run the default context, which belongs to libvirt's events. */
#include "base/loop.h"

#include "base/lock.h"
#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct {
    LoopFunction function;
    gpointer data;
} Closure;

struct Loop {
    GMainContext *context;
    GSource *mailbox;
    int wake;                   /* the eventfd: readable while there is something in the mailbox */
    Lock lock;                  /* the fields below */
    GQueue posted;
    gboolean quit;
    gboolean owned;
    pthread_t owner;
};

typedef struct {
    GSource source;
    Loop *loop;
} Mailbox;

typedef struct {
    GSource source;
    LoopFunction function;
    gpointer data;
    Tick period;                /* 0: once */
} Timer;

static void
wake_up(Loop *loop)
{
    guint64 one = 1;
    while (write(loop->wake, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;               /* EAGAIN: the counter is full, so it is readable */
}

static void
go_quiet(Loop *loop)
{
    guint64 count;
    while (read(loop->wake, &count, sizeof(count)) < 0 && errno == EINTR)
        continue;
}

static Closure *
take_posted(Loop *loop)
{
    LOCK_HOLD(&loop->lock);
    return loop->quit ? NULL : g_queue_pop_head(&loop->posted);
}

static guint
count_posted(Loop *loop)
{
    LOCK_HOLD(&loop->lock);
    return loop->posted.length;
}

/* Runs what stood in the mailbox when it was opened; what those post waits for the next round, so timers get their turn. */
static gboolean
dispatch_mailbox(GSource *source, G_GNUC_UNUSED GSourceFunc callback, G_GNUC_UNUSED gpointer data)
{
    Loop *loop = ((Mailbox *) source)->loop;
    go_quiet(loop);
    for (guint left = count_posted(loop); left > 0; left--) {
        g_autofree Closure *closure = take_posted(loop);
        if (!closure)
            return G_SOURCE_CONTINUE;
        closure->function(closure->data);
    }
    if (count_posted(loop) > 0)
        wake_up(loop);
    return G_SOURCE_CONTINUE;
}

static gboolean
dispatch_timer(GSource *source, G_GNUC_UNUSED GSourceFunc callback, G_GNUC_UNUSED gpointer data)
{
    Timer *timer = (Timer *) source;
    if (timer->period > 0)
        g_source_set_ready_time(source, g_source_get_time(source) + timer->period);
    timer->function(timer->data);
    return timer->period > 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static GSourceFuncs mailbox_functions = { .dispatch = dispatch_mailbox };
static GSourceFuncs timer_functions = { .dispatch = dispatch_timer };

Loop *
loop_new(void)
{
    Loop *loop = g_new0(Loop, 1);
    lock_init(&loop->lock);
    g_queue_init(&loop->posted);
    loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wake < 0)
        g_error("eventfd: %s", g_strerror(errno));
    loop->context = g_main_context_new();
    loop->mailbox = g_source_new(&mailbox_functions, sizeof(Mailbox));
    ((Mailbox *) loop->mailbox)->loop = loop;
    g_source_set_name(loop->mailbox, "mailbox");
    g_source_add_unix_fd(loop->mailbox, loop->wake, G_IO_IN);
    g_source_attach(loop->mailbox, loop->context);
    return loop;
}

void
loop_free(Loop *loop)
{
    if (!loop)
        return;
    if (loop->posted.length > 0)
        log_warn("a loop ends with %u closures unrun", loop->posted.length);
    g_queue_clear_full(&loop->posted, g_free);
    g_source_destroy(loop->mailbox);
    g_source_unref(loop->mailbox);
    g_main_context_unref(loop->context);
    close(loop->wake);
    lock_clear(&loop->lock);
    g_free(loop);
}

static void
become_owner(Loop *loop)
{
    LOCK_HOLD(&loop->lock);
    loop->owned = TRUE;
    loop->owner = pthread_self();
}

static gboolean
has_quit(Loop *loop)
{
    LOCK_HOLD(&loop->lock);
    return loop->quit;
}

void
loop_run(Loop *loop)
{
    become_owner(loop);
    g_main_context_push_thread_default(loop->context);
    while (!has_quit(loop))
        g_main_context_iteration(loop->context, TRUE);
    g_main_context_pop_thread_default(loop->context);
}

void
loop_quit(Loop *loop)
{
    LOCK_HOLD(&loop->lock);
    loop->quit = TRUE;
    wake_up(loop);
}

/* What was left when the loop was told to end still stands in the mailbox, and wakes nobody any more. */
static void
go_on_after_quit(Loop *loop)
{
    LOCK_HOLD(&loop->lock);
    if (!loop->quit)
        return;
    loop->quit = FALSE;
    wake_up(loop);
}

gboolean
loop_iterate(Loop *loop, gboolean may_block)
{
    become_owner(loop);
    go_on_after_quit(loop);
    return g_main_context_iteration(loop->context, may_block);
}

void
loop_post(Loop *loop, LoopFunction function, gpointer data)
{
    Closure *closure = g_new(Closure, 1);
    closure->function = function;
    closure->data = data;
    LOCK_HOLD(&loop->lock);
    g_queue_push_tail(&loop->posted, closure);
    if (loop->posted.length == 1)
        wake_up(loop);
}

static guint
add_timer(Loop *loop, Tick after, Tick period, const Closure *closure)
{
    Timer *timer = (Timer *) g_source_new(&timer_functions, sizeof(Timer));
    timer->function = closure->function;
    timer->data = closure->data;
    timer->period = period;
    g_source_set_ready_time(&timer->source, clock_tick() + MAX(after, 0));
    guint id = g_source_attach(&timer->source, loop->context);
    g_source_unref(&timer->source);
    return id;
}

guint
loop_timer(Loop *loop, Tick after, LoopFunction function, gpointer data)
{
    Closure closure = { function, data };
    return add_timer(loop, after, 0, &closure);
}

guint
loop_every(Loop *loop, Tick period, LoopFunction function, gpointer data)
{
    Closure closure = { function, data };
    period = MAX(period, 1000);
    return add_timer(loop, period, period, &closure);
}

/* A timer that has already run is gone; cancelling it again is nothing. */
void
loop_cancel(Loop *loop, guint timer)
{
    GSource *source = timer ? g_main_context_find_source_by_id(loop->context, timer) : NULL;
    if (source)
        g_source_destroy(source);
}

gboolean
loop_is_mine(Loop *loop)
{
    LOCK_HOLD(&loop->lock);
    return loop->owned && pthread_equal(loop->owner, pthread_self());
}
