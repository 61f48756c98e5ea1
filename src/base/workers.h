/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A pool of threads that run closures which may block (libvirt calls, file copies). It grows to MOST and shrinks when idle. */
#pragma once

#include <glib.h>

typedef struct Workers Workers;

Workers *workers_new(const char *name, guint most);
void workers_push(Workers *workers, void (*function)(gpointer data), gpointer data);
guint workers_busy(Workers *workers);
/* Lets queued closures finish until DEADLINE (base/clock.h Tick), then abandons the pool (its threads may hang in a call). */
gboolean workers_stop(Workers *workers, gint64 deadline);
/* Has any pool been abandoned? Then threads may still come back to what their closures know: it stays in memory, and the process ends by _exit(). */
gboolean workers_were_abandoned(void);
