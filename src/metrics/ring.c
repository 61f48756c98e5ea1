/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Slots, staging and reading. Where things lie is ring_shape's; how longer steps come about is ring_join.c's. */
#include "metrics/ring_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SWEEP_BYTES (128u << 10)        /* read at once */

/* --- the shape ------------------------------------------------------------------------------------------------------------------------- */

static gsize
round_up(gsize bytes)
{
    return (bytes + RING_PAGE - 1) / RING_PAGE * RING_PAGE;
}

void
ring_shape(const MetricKind *kind, RingShape *ret)
{
    gsize at = round_up(RING_SLOTS * sizeof(RingSlot));
    for (guint level = 0; level < METRIC_LEVELS; level++) {
        guint columns = kind->n + (level > 0 ? kind->peaks : 0);
        ret->start[level] = at;
        ret->columns[level] = columns;
        ret->row[level] = sizeof(RingRow) + columns * RING_SLOTS * sizeof(Cell);
        at = round_up(at + ret->row[level] * metric_levels[level].rows);
    }
    ret->block = at;
}

gsize
ring_block_bytes(const MetricKind *kind)
{
    RingShape shape;
    ring_shape(kind, &shape);
    return shape.block;
}

/* FNV over words: it is to find what was torn, not what was forged. All that is summed is a multiple of eight bytes. */
static guint32
sum_of(gconstpointer bytes, gsize length, guint64 seed)
{
    guint64 sum = 14695981039346656037u ^ seed;
    for (gsize i = 0; i + 8 <= length; i += 8) {
        guint64 word;
        memcpy(&word, (const char *) bytes + i, 8);
        sum = (sum ^ word) * 1099511628211u;
        sum ^= sum >> 29;
    }
    return (guint32) (sum ^ sum >> 32);
}

guint32
ring_row_sum(const RingRow *row, gsize length)
{
    return sum_of(row + 1, length - sizeof(RingRow), row->step + 1);
}

off_t
ring_row_at(const Ring *ring, guint block, guint level, gint64 step)
{
    const RingShape *shape = &ring->shape;
    return (off_t) (RING_PAGE + block * shape->block + shape->start[level] + (gsize) (step % metric_levels[level].rows) * shape->row[level]);
}

/* --- bytes ------------------------------------------------------------------------------------------------------------------------------- */

static gboolean
fail(const Ring *ring, int number, GError **error)
{
    return fault_set(error, MSG_METRICS_FILE, "file", ring->path, "reason", g_strerror(number), NULL);
}

gboolean
ring_write(Ring *ring, gconstpointer bytes, gsize length, off_t at, GError **error)
{
    for (gsize done = 0; done < length;) {
        ssize_t wrote = pwrite(ring->file, (const char *) bytes + done, length - done, at + (off_t) done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return fail(ring, wrote < 0 ? errno : ENOSPC, error);
        done += (gsize) wrote;
    }
    return TRUE;
}

/* What is beyond the end reads as zeros. FALSE: the disk fails. */
gboolean
ring_fetch(const Ring *ring, gpointer bytes, gsize length, off_t at)
{
    gsize done = 0;
    while (done < length) {
        ssize_t got = pread(ring->file, (char *) bytes + done, length - done, at + (off_t) done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return FALSE;
        if (got == 0)
            break;
        done += (gsize) got;
    }
    memset((char *) bytes + done, 0, length - done);
    return TRUE;
}

gboolean
ring_row_is(const Ring *ring, guint level, const RingRow *row, gint64 step)
{
    return row->step == (guint32) step && row->sum == ring_row_sum(row, ring->shape.row[level]);
}

/* --- opening ------------------------------------------------------------------------------------------------------------------------------ */

static void
make_head(const Ring *ring, RingHead *ret)
{
    memset(ret, 0, sizeof(*ret));
    memcpy(ret->magic, RING_MAGIC, sizeof(ret->magic));
    ret->format = METRIC_FORMAT;
    ret->order = RING_ORDER;
    ret->slots = RING_SLOTS;
    ret->metrics = ring->kind->n;
    ret->peaks = ring->kind->peaks;
    for (guint i = 0; i < METRIC_LEVELS; i++) {
        ret->steps[i] = metric_levels[i].step;
        ret->rows[i] = metric_levels[i].rows;
    }
    g_strlcpy(ret->kind, ring->kind->name, sizeof(ret->kind));
}

static guint32
slot_sum(const RingSlot *slot)
{
    return sum_of(slot, offsetof(RingSlot, generation), slot->generation);
}

/* A slot whose entry was torn is nobody's. Of an object that stands twice (a crash between freeing and giving) the younger one counts. */
static void
take_slot(Ring *ring, const RingSlot *slot)
{
    RingSlot clean = *slot;
    guint at = ring->slots->len;
    if (slot->sum != slot_sum(slot))
        clean = (RingSlot) { .born = 0 };
    g_array_append_val(ring->slots, clean);
    if (id_is_null(&clean.id)) {
        g_array_append_val(ring->free, at);
        return;
    }
    gpointer other;
    if (g_hash_table_lookup_extended(ring->index, &clean.id, NULL, &other) &&
        g_array_index(ring->slots, RingSlot, GPOINTER_TO_UINT(other)).born > clean.born)
        return;
    g_hash_table_replace(ring->index, g_memdup2(&clean.id, sizeof(Id)), GUINT_TO_POINTER(at));
}

static gboolean
read_slots(Ring *ring, off_t size, GError **error)
{
    RingSlot slots[RING_SLOTS];
    guint blocks = size > RING_PAGE ? (guint) (((gsize) size - RING_PAGE + ring->shape.block - 1) / ring->shape.block) : 0;
    for (guint block = 0; block < blocks; block++) {
        if (!ring_fetch(ring, slots, sizeof(slots), (off_t) (RING_PAGE + block * ring->shape.block)))
            return fail(ring, errno, error);
        for (guint i = 0; i < RING_SLOTS; i++)
            take_slot(ring, &slots[i]);
    }
    return TRUE;
}

static gboolean
open_file(Ring *ring, off_t *ret_size, GError **error)
{
    struct stat info;
    ring->file = open(ring->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (ring->file < 0 || fstat(ring->file, &info) < 0)
        return fail(ring, errno, error);
    *ret_size = info.st_size;
    return TRUE;
}

/* A foreign file is kept aside and not overwritten: an older program may want it back. */
static gboolean
put_aside(Ring *ring, off_t *ret_size, GError **error)
{
    g_autofree char *aside = g_strconcat(ring->path, ".old", NULL);
    close(ring->file);
    ring->file = -1;
    if (rename(ring->path, aside) < 0)
        return fail(ring, errno, error);
    return open_file(ring, ret_size, error);
}

static gboolean
take_file(Ring *ring, gboolean *ret_aside, GError **error)
{
    RingHead wanted, found;
    off_t size = 0;
    make_head(ring, &wanted);
    if (!open_file(ring, &size, error))
        return FALSE;
    *ret_aside = size > 0 && (!ring_fetch(ring, &found, sizeof(found), 0) || memcmp(&wanted, &found, sizeof(wanted)) != 0);
    if (*ret_aside && !put_aside(ring, &size, error))
        return FALSE;
    if (size == 0 && !ring_write(ring, &wanted, sizeof(wanted), 0, error))
        return FALSE;
    return read_slots(ring, size, error);
}

Ring *
ring_open(const char *path, const MetricKind *kind, gboolean *ret_aside, GError **error)
{
    Ring *ring = g_new0(Ring, 1);
    lock_init(&ring->lock);
    ring->path = g_strdup(path);
    ring->kind = kind;
    ring->file = -1;
    ring_shape(kind, &ring->shape);
    ring->slots = g_array_new(FALSE, TRUE, sizeof(RingSlot));
    ring->free = g_array_new(FALSE, FALSE, sizeof(guint));
    ring->blocks = g_ptr_array_new_with_free_func(g_free);
    ring->index = g_hash_table_new_full(id_hash, id_equal_key, g_free, NULL);
    if (take_file(ring, ret_aside, error))
        return ring;
    ring_close(ring);
    return NULL;
}

void
ring_close(Ring *ring)
{
    if (!ring)
        return;
    if (ring->file >= 0)
        close(ring->file);
    g_array_unref(ring->slots);
    g_array_unref(ring->free);
    g_ptr_array_unref(ring->blocks);
    g_hash_table_unref(ring->index);
    lock_clear(&ring->lock);
    g_free(ring->path);
    g_free(ring);
}

/* --- slots -------------------------------------------------------------------------------------------------------------------------------- */

static gboolean
write_slot(Ring *ring, guint at, GError **error)
{
    RingSlot *slot = &g_array_index(ring->slots, RingSlot, at);
    slot->sum = slot_sum(slot);
    off_t where = (off_t) (RING_PAGE + at / RING_SLOTS * ring->shape.block + at % RING_SLOTS * sizeof(RingSlot));
    return ring_write(ring, slot, sizeof(*slot), where, error);
}

/* Nothing of a new block's past is to be made. With the lock held. */
static void
add_block(Ring *ring, gint64 now)
{
    guint first = ring->slots->len;
    g_array_set_size(ring->slots, first + RING_SLOTS);
    for (guint i = 0; i < RING_SLOTS; i++) {
        guint at = first + RING_SLOTS - 1 - i;
        g_array_append_val(ring->free, at);
    }
    for (guint level = 1; level < METRIC_LEVELS; level++)
        ring_block(ring, first / RING_SLOTS)->joined[level] = now / metric_levels[level].step - 1;
}

/* The lowest free one; of a new block where there is none. With the lock held. */
static guint
take_free(Ring *ring, gint64 now)
{
    if (ring->free->len == 0)
        add_block(ring, now);
    guint at = g_array_index(ring->free, guint, ring->free->len - 1);
    g_array_set_size(ring->free, ring->free->len - 1);
    return at;
}

static gboolean
give_slot(Ring *ring, const Id *id, gint64 now, guint *ret_at, GError **error)
{
    LOCK_HOLD(&ring->lock);
    guint at = take_free(ring, now);
    RingSlot *slot = &g_array_index(ring->slots, RingSlot, at);
    guint32 generation = slot->generation + 1;
    *slot = (RingSlot) { .id = *id, .born = now, .generation = generation };
    if (!write_slot(ring, at, error)) {
        *slot = (RingSlot) { .generation = generation };
        g_array_append_val(ring->free, at);
        return FALSE;
    }
    g_hash_table_replace(ring->index, g_memdup2(id, sizeof(Id)), GUINT_TO_POINTER(at));
    *ret_at = at;
    return TRUE;
}

/* The clock went back behind its birth: what is kept from now on is its own. */
static gboolean
bear_again(Ring *ring, guint at, gint64 now, GError **error)
{
    LOCK_HOLD(&ring->lock);
    g_array_index(ring->slots, RingSlot, at).born = now;
    return write_slot(ring, at, error);
}

/* The generation outlives the object. */
static gboolean
free_slot(Ring *ring, guint at, GError **error)
{
    LOCK_HOLD(&ring->lock);
    RingSlot *slot = &g_array_index(ring->slots, RingSlot, at);
    g_hash_table_remove(ring->index, &slot->id);
    *slot = (RingSlot) { .generation = slot->generation };
    g_array_append_val(ring->free, at);
    return write_slot(ring, at, error);
}

guint
ring_sweep(Ring *ring, gboolean (*is_gone)(gpointer data, const Id *id), gpointer data, GError **error)
{
    guint gone = 0;
    for (guint at = 0; at < ring->slots->len; at++) {
        const Id id = g_array_index(ring->slots, RingSlot, at).id;
        if (id_is_null(&id) || !is_gone(data, &id))
            continue;
        gone++;
        free_slot(ring, at, error && *error ? NULL : error);
    }
    return gone;
}

/* --- a step ------------------------------------------------------------------------------------------------------------------------------- */

RingBlock *
ring_block(Ring *ring, guint number)
{
    while (ring->blocks->len <= number) {
        RingBlock *block = g_malloc0(sizeof(RingBlock) + ring->shape.row[0]);
        g_ptr_array_add(ring->blocks, block);
    }
    return ring->blocks->pdata[number];
}

void
ring_begin(Ring *ring)
{
    for (guint i = 0; i < ring->slots->len / RING_SLOTS; i++)
        memset(ring_block(ring, i)->row, 0, ring->shape.row[0]);
}

gboolean
ring_stage(Ring *ring, const Id *id, const double *values, gint64 now, GError **error)
{
    gpointer found;
    guint at;
    gboolean well = TRUE;
    if (g_hash_table_lookup_extended(ring->index, id, NULL, &found))
        at = GPOINTER_TO_UINT(found);
    else if (!give_slot(ring, id, now, &at, error))
        return FALSE;
    if (g_array_index(ring->slots, RingSlot, at).born > now)
        well = bear_again(ring, at, now, error);
    Cell *cells = (Cell *) (gpointer) (ring_block(ring, at / RING_SLOTS)->row + 1);
    for (guint i = 0; i < ring->kind->n; i++) {
        double scale = ring->kind->metrics[i].scale;
        cells[i * RING_SLOTS + at % RING_SLOTS] = cell_pack(scale > 0 ? values[i] * scale : values[i]);
    }
    return well;
}

gboolean
ring_commit(Ring *ring, gint64 now, GError **error)
{
    gint64 step = now / metric_levels[0].step;
    gboolean well = TRUE;
    for (guint i = 0; i < ring->slots->len / RING_SLOTS; i++) {
        RingRow *row = ring_block(ring, i)->row;
        row->step = (guint32) step;
        row->sum = ring_row_sum(row, ring->shape.row[0]);
        well &= ring_write(ring, row, ring->shape.row[0], ring_row_at(ring, i, 0, step), well ? error : NULL);
        well &= ring_join(ring, i, now, well ? error : NULL);
    }
    return well;
}

/* --- reading ------------------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    guint at, level, column;
    gint64 born;
    double scale;
} Wanted;

static gboolean
find_wanted(Ring *ring, const Id *id, guint metric, gboolean peak, Wanted *ret)
{
    LOCK_HOLD(&ring->lock);
    gpointer found;
    if (!g_hash_table_lookup_extended(ring->index, id, NULL, &found))
        return FALSE;
    int high = peak && ret->level > 0 ? metric_peak(ring->kind, metric) : -1;
    double scale = ring->kind->metrics[metric].scale;
    ret->at = GPOINTER_TO_UINT(found);
    ret->born = g_array_index(ring->slots, RingSlot, ret->at).born;
    ret->column = high >= 0 ? ring->kind->n + (guint) high : metric;
    ret->scale = scale > 0 ? scale : 1;
    return TRUE;
}

/* A row that is being written this moment looks torn: it is looked at once more. */
static double
value_in(const Ring *ring, const Wanted *wanted, const RingRow *row, gint64 step)
{
    gsize size = ring->shape.row[wanted->level];
    g_autofree RingRow *again = NULL;
    if ((step + 1) * (gint64) metric_levels[wanted->level].step <= wanted->born || row->step != (guint32) step)
        return NAN;
    if (!ring_row_is(ring, wanted->level, row, step)) {
        again = g_malloc(size);
        row = again;
        if (!ring_fetch(ring, again, size, ring_row_at(ring, wanted->at / RING_SLOTS, wanted->level, step)) ||
            !ring_row_is(ring, wanted->level, again, step))
            return NAN;
    }
    const Cell *cells = (const Cell *) (gconstpointer) (row + 1);
    return cell_value(cells[wanted->column * RING_SLOTS + wanted->at % RING_SLOTS]) / wanted->scale;
}

/* COUNT rows that lie one behind the other. */
static void
read_run(const Ring *ring, const Wanted *wanted, gint64 from, guint count, char *room, double *values)
{
    gsize size = ring->shape.row[wanted->level];
    if (!ring_fetch(ring, room, size * count, ring_row_at(ring, wanted->at / RING_SLOTS, wanted->level, from)))
        return;
    for (guint i = 0; i < count; i++)
        values[i] = value_in(ring, wanted, (const RingRow *) (gconstpointer) (room + i * size), from + i);
}

gboolean
ring_read(Ring *ring, const Id *id, guint level, guint metric, gboolean peak, gint64 from, guint count, double *values)
{
    Wanted wanted = { .level = level };
    guint rows = metric_levels[level].rows;
    for (guint i = 0; i < count; i++)
        values[i] = NAN;
    if (!find_wanted(ring, id, metric, peak, &wanted))
        return FALSE;
    guint most = MAX(1, (guint) (SWEEP_BYTES / ring->shape.row[level]));
    g_autofree char *room = g_malloc(most * ring->shape.row[level]);
    for (guint done = 0; done < count;) {
        guint at = (guint) ((from + done) % rows);
        guint run = MIN(MIN(most, count - done), rows - at);
        read_run(ring, &wanted, from + done, run, room, values + done);
        done += run;
    }
    return TRUE;
}
