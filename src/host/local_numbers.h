/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What this machine's kernel counts of itself, from /proc. Counters become rates between two samples. The texts are
 * arguments, so that tests have their own. */
#pragma once

#include "model/statistics.h"

typedef struct {
    guint64 user, system, idle;     /* ticks of all CPUs since boot */
    guint64 rx, tx;                 /* bytes through the real network cards */
    Tick when;
} LocalCounters;

/* Each reads one text into what it knows of; text that is not understood changes nothing. */
void local_numbers_cpu(const char *stat, LocalCounters *counters, HostNumbers *numbers);       /* /proc/stat: also the boot time */
void local_numbers_memory(const char *meminfo, HostNumbers *numbers);                          /* /proc/meminfo */
void local_numbers_load(const char *loadavg, HostNumbers *numbers);                            /* /proc/loadavg */
/* /proc/net/dev. REAL tells a card from a bridge, a tap or a tunnel, whose bytes a card counts too. */
void local_numbers_net(const char *dev, gboolean (*real)(const char *name), LocalCounters *counters);
void local_numbers_rates(const LocalCounters *before, const LocalCounters *now, HostNumbers *numbers);

/* All of it, now. LAST is the sample before, and becomes this one; zeroed at the beginning. */
void local_numbers_read(LocalCounters *last, HostNumbers *ret_numbers);
