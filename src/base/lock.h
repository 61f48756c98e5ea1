/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Locks, conditions and threads over pthread, so that ThreadSanitizer sees them (it does not see GLib's futexes). Every
 * lock in the tree stands in docs/threads.md with its rank. `LOCK_HOLD(&x->lock);` holds to the end of the block. */
#pragma once

#include "base/clock.h"

#include <pthread.h>

typedef struct { pthread_mutex_t mutex; } Lock;
typedef struct { pthread_cond_t cond; } Condition;

void lock_init(Lock *lock);
void lock_clear(Lock *lock);
void lock_take(Lock *lock);
void lock_drop(Lock *lock);

void condition_init(Condition *condition);
void condition_clear(Condition *condition);
void condition_signal(Condition *condition);                /* wakes one */
void condition_broadcast(Condition *condition);
void condition_wait(Condition *condition, Lock *lock);
gboolean condition_wait_until(Condition *condition, Lock *lock, Tick deadline);    /* FALSE: the time is over */

static inline Lock *lock_held(Lock *lock) { lock_take(lock); return lock; }
static inline void lock_release(Lock **lock) { lock_drop(*lock); }
#define LOCK_HOLD_(lock, line) __attribute__((cleanup(lock_release), unused)) Lock *held_##line = lock_held(lock)
#define LOCK_HOLD__(lock, line) LOCK_HOLD_(lock, line)
#define LOCK_HOLD(lock) LOCK_HOLD__(lock, __LINE__)

/* A named thread; join it with thread_join, which returns what FUNCTION returned. Signals are blocked in it, so that
 * they reach the thread that waits for them. No thread is detached: who starts one joins it. */
typedef struct Thread Thread;
Thread *thread_new(const char *name, gpointer (*function)(gpointer data), gpointer data);
gpointer thread_join(Thread *thread);
