/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * How many hold a shared thing. Inline over the compiler's atomics, so that ThreadSanitizer sees who let go before it was freed;
 * GLib's counts stand in a library it does not see into. */
#pragma once

#include <glib.h>

typedef struct { gint count; } Refs;

static inline void refs_init(Refs *refs) { refs->count = 1; }
static inline void refs_inc(Refs *refs) { __atomic_fetch_add(&refs->count, 1, __ATOMIC_RELAXED); }
/* TRUE: that was the last one, and all that the others did with the thing is done. */
static inline gboolean refs_dec(Refs *refs) { return __atomic_fetch_sub(&refs->count, 1, __ATOMIC_ACQ_REL) == 1; }
static inline gboolean refs_is_one(const Refs *refs) { return __atomic_load_n(&refs->count, __ATOMIC_ACQUIRE) == 1; }
