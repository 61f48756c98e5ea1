/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * By default glibc gives each thread an arena of its own and raises the sizes above which it maps and gives back: a daemon of a dozen
 * threads, in which what one allocates another frees, then holds half as much again as it uses (measured at 10,000 VMs: 152 MB, and 108
 * with these). Nothing here changes what a program may do. */
#include "base/memory.h"

#include <features.h>

#ifdef __GLIBC__
#include <malloc.h>
#include <stdlib.h>
#endif

#define ARENAS 3                    /* our threads wait more than they allocate; but two load the store, beside its own thread */
#define MAPPED (128 << 10)          /* blocks from here on go back to the system when they are freed */
#define TOP (512 << 10)             /* so much free memory at the end of the heap is kept */
#define STEP (512 << 10)            /* the heap grows by so much: each step stops all threads that touch new memory */
#define PIECE (120 << 10)           /* less than what is mapped */

void
memory_set_up(void)
{
#ifdef __GLIBC__
    mallopt(M_ARENA_MAX, ARENAS);
    mallopt(M_MMAP_THRESHOLD, MAPPED);
    mallopt(M_TRIM_THRESHOLD, TOP);
    mallopt(M_TOP_PAD, STEP);
#endif
}

/* The heap of an arena that is not the first grows page by page, whatever the step above says, and each page is a call that stops the other
 * threads' page faults. What was reached once stays accessible. Freed from below, so that it is given back once and not piece by piece. */
void
memory_expect(gsize bytes)
{
#ifdef __GLIBC__
    gsize count = bytes / PIECE;
    gpointer *pieces = calloc(count + 1, sizeof(gpointer));
    for (gsize i = 0; pieces && i < count; i++)
        pieces[i] = malloc(PIECE);
    for (gsize i = 0; pieces && i < count; i++)
        free(pieces[i]);
    free(pieces);
#else
    (void) bytes;
#endif
}

void
memory_give_back(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
