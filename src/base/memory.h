/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * How the C library keeps memory. */
#pragma once

#include <glib.h>

/* Called once, first of all, by daemon's main(). */
void memory_set_up(void);

/* The calling thread is about to allocate about BYTES in small blocks. Costs no memory. */
void memory_expect(gsize bytes);

/* What is free within the heaps goes back to the system: after work that left much of it. Some milliseconds; any thread. */
void memory_give_back(void);
