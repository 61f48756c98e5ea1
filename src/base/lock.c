/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * pthread's mutexes, conditions and threads under the project's names. A failing call is a bug in the caller or a machine
 * without memory: both abort. */
#include "base/lock.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct Thread {
    pthread_t id;
    char name[16];
    gpointer (*function)(gpointer data);
    gpointer data;
};

static void
must_be_zero(int result, const char *what)
{
    if (G_LIKELY(result == 0))
        return;
    g_error("%s: %s", what, strerror(result));  /* aborts */
}

void
lock_init(Lock *lock)
{
    must_be_zero(pthread_mutex_init(&lock->mutex, NULL), "lock_init");
}

void
lock_clear(Lock *lock)
{
    must_be_zero(pthread_mutex_destroy(&lock->mutex), "lock_clear");
}

void
lock_take(Lock *lock)
{
    must_be_zero(pthread_mutex_lock(&lock->mutex), "lock_take");
}

void
lock_drop(Lock *lock)
{
    must_be_zero(pthread_mutex_unlock(&lock->mutex), "lock_drop");
}

void
condition_init(Condition *condition)
{
    pthread_condattr_t attributes;
    must_be_zero(pthread_condattr_init(&attributes), "condition_init");
    must_be_zero(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC), "condition_init");
    must_be_zero(pthread_cond_init(&condition->cond, &attributes), "condition_init");
    pthread_condattr_destroy(&attributes);
}

void
condition_clear(Condition *condition)
{
    must_be_zero(pthread_cond_destroy(&condition->cond), "condition_clear");
}

void
condition_signal(Condition *condition)
{
    must_be_zero(pthread_cond_signal(&condition->cond), "condition_signal");
}

void
condition_broadcast(Condition *condition)
{
    must_be_zero(pthread_cond_broadcast(&condition->cond), "condition_broadcast");
}

void
condition_wait(Condition *condition, Lock *lock)
{
    must_be_zero(pthread_cond_wait(&condition->cond, &lock->mutex), "condition_wait");
}

gboolean
condition_wait_until(Condition *condition, Lock *lock, Tick deadline)
{
    deadline = MAX(deadline, 0);
    struct timespec until = {
        .tv_sec = (time_t) (deadline / CLOCK_SECOND),
        .tv_nsec = (long) (deadline % CLOCK_SECOND * 1000),
    };
    int result = pthread_cond_timedwait(&condition->cond, &lock->mutex, &until);
    if (result == ETIMEDOUT)
        return FALSE;
    must_be_zero(result, "condition_wait_until");
    return TRUE;
}

static gpointer
run_thread(gpointer data)
{
    Thread *thread = data;
    pthread_setname_np(pthread_self(), thread->name);
    return thread->function(thread->data);
}

/* A fault of the thread itself: blocked, it would end the process before any handler could say where. */
static const int own_faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS };

Thread *
thread_new(const char *name, gpointer (*function)(gpointer data), gpointer data)
{
    Thread *thread = g_new0(Thread, 1);
    sigset_t all, before;
    g_strlcpy(thread->name, name, sizeof(thread->name));
    thread->function = function;
    thread->data = data;
    sigfillset(&all);
    for (gsize i = 0; i < G_N_ELEMENTS(own_faults); i++)
        sigdelset(&all, own_faults[i]);
    must_be_zero(pthread_sigmask(SIG_SETMASK, &all, &before), "thread_new");
    must_be_zero(pthread_create(&thread->id, NULL, run_thread, thread), "thread_new");
    must_be_zero(pthread_sigmask(SIG_SETMASK, &before, NULL), "thread_new");
    return thread;
}

gpointer
thread_join(Thread *thread)
{
    gpointer result = NULL;
    must_be_zero(pthread_join(thread->id, &result), "thread_join");
    g_free(thread);
    return result;
}
