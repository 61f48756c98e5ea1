/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sets of CPU numbers, spelled as libvirt spells them: "0-3,^1,8". Also used for sets of sockets and of first threads of cores. */
#pragma once

#include "base/text.h"

#define CPUS_MOST 16384             /* numbers from here on are refused: libvirt's own bound */
#define CPUS_WORD 64u

typedef struct {
    guint words;
    guint64 *bits;                  /* owned */
} Cpus;

#define CPUS_EMPTY { 0, NULL }

void cpus_clear(Cpus *cpus);        /* frees; leaves it empty and usable */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Cpus, cpus_clear)

void cpus_add(Cpus *cpus, guint cpu);                           /* CPU < CPUS_MOST */
void cpus_remove(Cpus *cpus, guint cpu);
void cpus_join(Cpus *cpus, const Cpus *more);
gboolean cpus_has(const Cpus *cpus, guint cpu);
guint cpus_count(const Cpus *cpus);
gboolean cpus_is_within(const Cpus *inner, const Cpus *outer);
gboolean cpus_equal(const Cpus *a, const Cpus *b);
int cpus_next(const Cpus *cpus, int after);                     /* the lowest above AFTER (begin with -1); -1: none */

/* Numbers, ranges and, behind them, "^N" without N; blanks around are passed over. FALSE for anything else, for numbers from CPUS_MOST on and
 * for the empty set; RET is untouched then. */
gboolean cpus_parse(const char *text, gsize length, Cpus *ret_cpus);
void cpus_write(Text *out, const Cpus *cpus);                   /* "0-3,8"; nothing for the empty set */
char *cpus_text(const Cpus *cpus);                              /* the same, yours */
