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
    return set;
}

void
signals_block(void)
{
    sigset_t set = wanted();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static gpointer
watch(gpointer loop)
{
    sigset_t set = wanted();
    int signal = 0;
    while (sigwait(&set, &signal) != 0)
        continue;
    log_info("ending: signal %d", signal);
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
