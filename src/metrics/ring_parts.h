/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * How a file of rings lies on disk. Private to ring.c and ring_join.c. Numbers are in the machine's own order, which the head
 * tells: a file that was moved to another kind of machine is put aside as any foreign one. */
#pragma once

#include "base/lock.h"
#include "metrics/cell.h"
#include "metrics/ring.h"

#include <sys/types.h>

#define RING_PAGE 4096
#define RING_MAGIC "ShikiRng"
#define RING_ORDER 0x01020304u

typedef struct {
    char magic[8];
    guint32 format, order, slots, metrics, peaks;
    guint32 steps[METRIC_LEVELS], rows[METRIC_LEVELS];
    char kind[12];
} RingHead;

typedef struct {
    Id id;                          /* null: free */
    gint64 born;                    /* seconds since 1970 */
    guint32 generation;             /* how many objects it has held */
    guint32 sum;
} RingSlot;

typedef struct {
    guint32 step;                   /* seconds since 1970 by the level's step; 0: never written */
    guint32 sum;
    /* Cell [columns][RING_SLOTS] */
} RingRow;

typedef struct {
    gsize start[METRIC_LEVELS], row[METRIC_LEVELS], block;      /* bytes */
    guint columns[METRIC_LEVELS];
} RingShape;

/* What the writer has of a block. */
typedef struct {
    gint64 joined[METRIC_LEVELS];   /* the last step of that level that was made; 0: of a block that was here before, not looked yet */
    RingRow row[];                  /* the step being staged */
} RingBlock;

struct Ring {
    char *path;
    const MetricKind *kind;
    RingShape shape;
    int file;
    GArray *free;                   /* guint: slots of nobody; writer only */
    GPtrArray *blocks;              /* RingBlock *; writer only */
    Lock lock;                      /* what follows: the writer changes it, readers look */
    GArray *slots;                  /* RingSlot */
    GHashTable *index;              /* Id → slot */
};

void ring_shape(const MetricKind *kind, RingShape *ret);
off_t ring_row_at(const Ring *ring, guint block, guint level, gint64 step);
guint32 ring_row_sum(const RingRow *row, gsize length);
gboolean ring_row_is(const Ring *ring, guint level, const RingRow *row, gint64 step);       /* whole, and of that step */
gboolean ring_write(Ring *ring, gconstpointer bytes, gsize length, off_t at, GError **error);
gboolean ring_fetch(const Ring *ring, gpointer bytes, gsize length, off_t at);
RingBlock *ring_block(Ring *ring, guint number);

/* ring_join.c: makes every step of the longer levels of a block that is over by NOW. */
gboolean ring_join(Ring *ring, guint block, gint64 now, GError **error);
