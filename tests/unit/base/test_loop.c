/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Loops, workers and locks together, with real threads: order, wake-ups, ends. */
#include "base/lock.h"
#include "base/loop.h"
#include "base/workers.h"

#include <signal.h>
#include <string.h>

#define POSTS 2000

typedef struct {
    Loop *loop;
    guint who, next;
} Poster;

static guint last_of[4], arrived;
static Loop *the_loop;

typedef struct { guint who, number; } Post;

static void
arrive(gpointer data)
{
    Post *post = data;
    g_assert_true(loop_is_mine(the_loop));
    g_assert_cmpuint(post->number, ==, ++last_of[post->who]);
    g_free(post);
    if (++arrived == 4 * POSTS)
        loop_quit(the_loop);
}

static gpointer
post_many(gpointer data)
{
    guint who = GPOINTER_TO_UINT(data);
    g_assert_false(loop_is_mine(the_loop));
    for (guint i = 1; i <= POSTS; i++) {
        Post *post = g_new(Post, 1);
        *post = (Post) { who, i };
        loop_post(the_loop, arrive, post);
    }
    return data;
}

/* Each thread's closures run in the order it posted them, all of them, in the loop's own thread. */
static void
test_posts(void)
{
    Thread *threads[4];
    the_loop = loop_new();
    for (guint i = 0; i < 4; i++)
        threads[i] = thread_new("poster", post_many, GUINT_TO_POINTER(i));
    loop_run(the_loop);
    for (guint i = 0; i < 4; i++)
        g_assert_true(thread_join(threads[i]) == GUINT_TO_POINTER(i));
    g_assert_cmpuint(arrived, ==, 4 * POSTS);
    loop_free(the_loop);
}

static gpointer
ask_mask(gpointer data)
{
    pthread_sigmask(SIG_SETMASK, NULL, data);
    return NULL;
}

/* A thread takes no signal that is meant for the process, and all of its own faults: blocked, those end it without a word. */
static void
test_signals(void)
{
    static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS };
    static const int others[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCHLD, SIGUSR1 };
    sigset_t mask;
    thread_join(thread_new("asks", ask_mask, &mask));
    for (gsize i = 0; i < G_N_ELEMENTS(faults); i++)
        g_assert_cmpint(sigismember(&mask, faults[i]), ==, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_cmpint(sigismember(&mask, others[i]), ==, 1);
}

static GString *trace;

static void
note(gpointer data)
{
    g_string_append(trace, data);
}

static void
note_and_post(gpointer data)
{
    note(data);
    loop_post(the_loop, note, "c");
}

static void
quit(gpointer data)
{
    (void) data;
    loop_quit(the_loop);
}

static void
post_for_ever(gpointer data)
{
    loop_post(the_loop, post_for_ever, data);
}

/* Timers in order of time, closures in order of posting; a loop whose closures post without end still runs its timers. */
static void
test_order(void)
{
    the_loop = loop_new();
    trace = g_string_new(NULL);
    loop_timer(the_loop, 900000, note, "3");      /* so far apart that no two are due in one round of a loop that was kept from running */
    loop_timer(the_loop, 100000, note, "1");
    loop_timer(the_loop, 500000, note, "2");
    loop_cancel(the_loop, loop_timer(the_loop, 300000, note, "x"));
    loop_cancel(the_loop, 12345);
    loop_cancel(the_loop, 0);
    loop_timer(the_loop, 1300000, quit, NULL);
    loop_post(the_loop, note_and_post, "a");
    loop_post(the_loop, note, "b");
    loop_post(the_loop, post_for_ever, NULL);
    loop_run(the_loop);
    g_assert_cmpstr(trace->str, ==, "abc123");
    g_string_free(trace, TRUE);
    loop_free(the_loop);        /* with one closure left, which is dropped */
}

static guint ticks, every;

static void
count_tick(gpointer data)
{
    (void) data;
    if (++ticks == 3) {
        loop_cancel(the_loop, every);
        loop_timer(the_loop, 50000, quit, NULL);
    }
}

static void
test_every(void)
{
    the_loop = loop_new();
    every = loop_every(the_loop, 5000, count_tick, NULL);
    loop_run(the_loop);
    g_assert_cmpuint(ticks, ==, 3);
    loop_free(the_loop);
}

static void
test_iterate(void)
{
    the_loop = loop_new();
    trace = g_string_new(NULL);
    g_assert_false(loop_is_mine(the_loop));
    g_assert_false(loop_iterate(the_loop, FALSE));
    g_assert_true(loop_is_mine(the_loop));
    loop_post(the_loop, note, "x");
    g_assert_cmpstr(trace->str, ==, "");
    g_assert_true(loop_iterate(the_loop, TRUE));
    g_assert_cmpstr(trace->str, ==, "x");
    g_string_free(trace, TRUE);
    loop_free(the_loop);
}

static Lock lock;
static Condition condition;
static guint inside, most_inside, done;
static gboolean gate;

static void
pass_gate(gpointer data)
{
    (void) data;
    LOCK_HOLD(&lock);
    inside++;
    most_inside = MAX(most_inside, inside);
    while (!gate)
        condition_wait(&condition, &lock);
    inside--;
    done++;
}

static void
open_gate(void)
{
    LOCK_HOLD(&lock);
    gate = TRUE;
    condition_broadcast(&condition);
}

static void
wait_inside(guint count)
{
    for (;;) {
        {
            LOCK_HOLD(&lock);
            if (inside == count)
                return;
        }
        g_usleep(1000);
    }
}

/* Never more threads than MOST, all closures run, and stopping waits for them. */
static void
test_workers(void)
{
    Workers *workers = workers_new("test", 3);
    lock_init(&lock);
    condition_init(&condition);
    for (guint i = 0; i < 20; i++)
        workers_push(workers, pass_gate, NULL);
    wait_inside(3);
    g_assert_cmpuint(workers_busy(workers), ==, 3);
    open_gate();
    g_assert_true(workers_stop(workers, clock_tick() + 300 * CLOCK_SECOND));
    g_assert_cmpuint(done, ==, 20);
    g_assert_cmpuint(most_inside, ==, 3);
    g_assert_true(workers_stop(NULL, 0));
    g_assert_true(workers_stop(workers_new("idle", 2), clock_tick() + CLOCK_SECOND));
}

/* A thread that hangs does not hold the one who stops the pool. Once it has come back the pool ends after all. */
static void
test_abandon(void)
{
    Workers *workers = workers_new("hangs", 1);
    gate = FALSE;
    inside = done = 0;
    workers_push(workers, pass_gate, NULL);
    workers_push(workers, pass_gate, NULL);
    wait_inside(1);
    g_assert_false(workers_stop(workers, clock_tick() + CLOCK_SECOND / 20));      /* it comes back while the gate is shut */
    open_gate();
    g_assert_true(workers_stop(workers, clock_tick() + 300 * CLOCK_SECOND));
    g_assert_cmpuint(done, ==, 1);      /* what had not begun was dropped */
}

static void
test_condition(void)
{
    Lock here;
    Condition never;
    lock_init(&here);
    condition_init(&never);
    Tick start = clock_tick();
    {
        LOCK_HOLD(&here);
        g_assert_false(condition_wait_until(&never, &here, start + 20000));
        g_assert_false(condition_wait_until(&never, &here, 0));
    }
    g_assert_cmpint(clock_tick() - start, >=, 20000);
    condition_clear(&never);
    lock_clear(&here);
}

/* Who ends a loop iterates it once more for what was still under way. */
static void
test_after_quit(void)
{
    trace = g_string_new(NULL);
    the_loop = loop_new();
    loop_post(the_loop, quit, NULL);
    loop_post(the_loop, note, "a");
    loop_run(the_loop);
    loop_post(the_loop, note, "b");
    while (loop_iterate(the_loop, FALSE))
        continue;
    g_assert_nonnull(strstr(trace->str, "ab"));
    loop_free(the_loop);
    g_string_free(trace, TRUE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/loop/posts", test_posts);
    g_test_add_func("/loop/signals", test_signals);
    g_test_add_func("/loop/order", test_order);
    g_test_add_func("/loop/every", test_every);
    g_test_add_func("/loop/iterate", test_iterate);
    g_test_add_func("/loop/after-quit", test_after_quit);
    g_test_add_func("/loop/workers", test_workers);
    g_test_add_func("/loop/abandon", test_abandon);
    g_test_add_func("/loop/condition", test_condition);
    return g_test_run();
}
