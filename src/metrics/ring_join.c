/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Longer steps out of shorter ones: the average of what is there, and the highest. Gaps count for nothing; a step in which there
 * was nothing is not written. After a start what was missed is made up for as long as the shorter rows are still there. */
#include "metrics/ring_parts.h"

#include <math.h>
#include <string.h>

typedef struct {
    double sum[METRIC_MOST][RING_SLOTS], peak[METRIC_MOST][RING_SLOTS];
    guint8 count[METRIC_MOST][RING_SLOTS];
} Joined;

/* Row STEP of LEVEL, of a block, into what is joined. Cells from before a slot's object are not its own. */
static void
add_row(const Ring *ring, guint block, guint level, const RingRow *row, Joined *joined)
{
    const MetricKind *kind = ring->kind;
    const Cell *cells = (const Cell *) (gconstpointer) (row + 1);
    gint64 end = ((gint64) row->step + 1) * metric_levels[level].step;
    const RingSlot *slots = &g_array_index(ring->slots, RingSlot, block * RING_SLOTS);
    for (guint metric = 0; metric < kind->n; metric++) {
        int high = level > 0 ? metric_peak(kind, metric) : -1;
        for (guint slot = 0; slot < RING_SLOTS; slot++) {
            Cell cell = cells[metric * RING_SLOTS + slot];
            if (cell == CELL_GAP || end <= slots[slot].born)
                continue;
            double value = cell_value(cell), peak = high >= 0 ? cell_value(cells[(kind->n + (guint) high) * RING_SLOTS + slot]) : value;
            joined->sum[metric][slot] += value;
            joined->peak[metric][slot] = fmax(joined->peak[metric][slot], peak);
            joined->count[metric][slot]++;
        }
    }
}

static gboolean
write_joined(Ring *ring, guint block, guint level, gint64 step, const Joined *joined, GError **error)
{
    const MetricKind *kind = ring->kind;
    g_autofree RingRow *row = g_malloc0(ring->shape.row[level]);
    Cell *cells = (Cell *) (gpointer) (row + 1);
    for (guint metric = 0; metric < kind->n; metric++) {
        int high = metric_peak(kind, metric);
        for (guint slot = 0; slot < RING_SLOTS; slot++) {
            guint count = joined->count[metric][slot];
            if (count == 0)
                continue;
            cells[metric * RING_SLOTS + slot] = cell_pack(joined->sum[metric][slot] / count);
            if (high >= 0)
                cells[(kind->n + (guint) high) * RING_SLOTS + slot] = cell_pack(joined->peak[metric][slot]);
        }
    }
    row->step = (guint32) step;
    row->sum = ring_row_sum(row, ring->shape.row[level]);
    return ring_write(ring, row, ring->shape.row[level], ring_row_at(ring, block, level, step), error);
}

/* Its parts lie one behind the other: a level has a whole number of the next one's steps. */
static gboolean
join_step(Ring *ring, guint block, guint level, gint64 step, GError **error)
{
    guint below = level - 1, ratio = metric_levels[level].step / metric_levels[below].step;
    gsize size = ring->shape.row[below];
    g_autofree char *rows = g_malloc(ratio * size);
    g_autofree Joined *joined = NULL;
    if (!ring_fetch(ring, rows, ratio * size, ring_row_at(ring, block, below, step * ratio)))
        return TRUE;
    for (guint i = 0; i < ratio; i++) {
        const RingRow *row = (const RingRow *) (gconstpointer) (rows + i * size);
        if (!ring_row_is(ring, below, row, step * ratio + i))
            continue;
        if (!joined)
            joined = g_new0(Joined, 1);
        add_row(ring, block, below, row, joined);
    }
    return !joined || write_joined(ring, block, level, step, joined, error);
}

/* Was the step made before this program started? */
static gboolean
is_made(const Ring *ring, guint block, guint level, gint64 step)
{
    RingRow row;
    return ring_fetch(ring, &row, sizeof(row), ring_row_at(ring, block, level, step)) && row.step == (guint32) step;
}

/* The last step before this program started, from LAST downwards: mostly one of the first looked at. None is before the oldest object. */
static gint64
find_made(const Ring *ring, guint block, guint level, gint64 first, gint64 last)
{
    gint64 oldest = G_MAXINT64;
    for (guint i = 0; i < RING_SLOTS; i++) {
        const RingSlot *slot = &g_array_index(ring->slots, RingSlot, block * RING_SLOTS + i);
        oldest = id_is_null(&slot->id) ? oldest : MIN(oldest, slot->born);
    }
    first = MAX(first, oldest / metric_levels[level].step);
    while (last >= first && !is_made(ring, block, level, last))
        last--;
    return last;
}

/* A clock that went back makes steps over again as they pass; one that went on has nothing to make them of. */
static gboolean
join_level(Ring *ring, guint block, guint level, gint64 now, GError **error)
{
    gint64 *joined = &ring_block(ring, block)->joined[level];
    gint64 last = now / metric_levels[level].step - 1;
    gint64 first = last - (gint64) metric_levels[level - 1].step * metric_levels[level - 1].rows / metric_levels[level].step + 1;
    gint64 made = *joined != 0 ? *joined : find_made(ring, block, level, first, last);
    gboolean well = TRUE;
    for (gint64 step = MAX(first, made + 1); step <= last; step++)
        well &= join_step(ring, block, level, step, well ? error : NULL);
    *joined = last;
    return well;
}

gboolean
ring_join(Ring *ring, guint block, gint64 now, GError **error)
{
    gboolean well = TRUE;
    for (guint level = 1; level < METRIC_LEVELS; level++)
        well &= join_level(ring, block, level, now, well ? error : NULL);
    return well;
}
