/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One thread waits for the signals, since a handler may touch hardly anything. Once one came it watches over the ending: what
 * still hangs after the time is left to recovery, which is what the journal is for. Called by shikiri.c and main(). */
#include "daemon/signals.h"

#include "base/lock.h"
#include "base/log.h"

#include <signal.h>
#include <unistd.h>

#define PATIENCE (19 * CLOCK_SECOND / 10)

static Lock lock;
static Condition condition;
static gboolean ended;
static Thread *watcher;

static sigset_t
wanted(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);        /* the terminal it was started from is gone */
    return set;
}

void
signals_block(void)
{
    sigset_t set = wanted();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* Whoever wonders later why it ended finds the name here: the sender is mostly gone by then. */
static void
tell_why(const siginfo_t *info)
{
    const char *name = info->si_signo == SIGTERM ? "SIGTERM" : info->si_signo == SIGINT ? "SIGINT" : "SIGHUP";
    g_autofree char *path = g_strdup_printf("/proc/%d/comm", (int) info->si_pid), *sender = NULL;
    if (info->si_pid > 0 && g_file_get_contents(path, &sender, NULL, NULL))
        log_info("ending: %s from process %d (%s) of user %u", name, (int) info->si_pid, g_strchomp(sender), (guint) info->si_uid);
    else
        log_info("ending: %s", name);
}

static gpointer
watch(gpointer loop)
{
    sigset_t set = wanted();
    siginfo_t info = { 0 };
    while (sigwaitinfo(&set, &info) < 0)
        continue;
    tell_why(&info);
    loop_quit(loop);
    Tick deadline = clock_tick() + PATIENCE;
    LOCK_HOLD(&lock);
    while (!ended)
        if (!condition_wait_until(&condition, &lock, deadline))
            break;
    if (!ended) {
        log_warn("something still hangs; what it was doing is taken up at the next start");
        _exit(0);
    }
    return NULL;
}

void
signals_watch(Loop *loop)
{
    lock_init(&lock);
    condition_init(&condition);
    watcher = thread_new("signals", watch, loop);
}

void
signals_ended(void)
{
    lock_take(&lock);
    ended = TRUE;
    condition_broadcast(&condition);
    lock_drop(&lock);
    thread_join(watcher);
}
