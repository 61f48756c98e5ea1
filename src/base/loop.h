/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A thread's main loop that other threads post to: a private GMainContext (never the default one, which is libvirt's)
 * with a queue over an eventfd. Posted closures run in the order posted. The writer is one; so is any thread that waits
 * for several things. */
#pragma once

#include "base/clock.h"

#include <glib.h>

typedef struct Loop Loop;
typedef void (*LoopFunction)(gpointer data);

Loop *loop_new(void);
void loop_free(Loop *loop);                 /* runs nothing; closures still queued are dropped with a warning */
void loop_run(Loop *loop);                  /* until loop_quit; in the thread that owns it */
void loop_quit(Loop *loop);                 /* from any thread */
gboolean loop_iterate(Loop *loop, gboolean may_block);      /* before the loop runs, and for what is left after it was told to end */
void loop_post(Loop *loop, LoopFunction function, gpointer data);   /* from any thread */
guint loop_timer(Loop *loop, Tick after, LoopFunction function, gpointer data);    /* once; owner thread; returns an id */
guint loop_every(Loop *loop, Tick period, LoopFunction function, gpointer data);   /* until cancelled; owner thread */
void loop_cancel(Loop *loop, guint timer);                  /* owner thread */
gboolean loop_is_mine(Loop *loop);          /* called from the thread that runs (or first iterated) it? */
