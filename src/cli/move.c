/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Threads take pieces from a row, front to back. The caller's thread shows how far they are, flushes now and then, and is asked
 * to mend what ails the transfer when pieces fail. */
#include "cli/move.h"

#include "base/lock.h"

#define PIECE (32ll << 20)
#define ZEROS (1ll << 30)               /* in one request: where no hole can be made they are written */
#define FLUSH_EVERY (4ll << 30)         /* so much at most is sent again after a fall of the manager */
#define TRIES 30                        /* of one piece, a second apart */
#define BEAT (CLOCK_SECOND / 4)

typedef enum { PIECE_WAITS, PIECE_MOVES, PIECE_SAID, PIECE_KEPT } PieceState;
typedef struct {
    gint64 offset, count;
    gboolean zero;
    PieceState state;
    guint tries;
} Piece;

typedef struct {
    const Move *move;
    gint64 moved, of;                   /* atomic; all of data */
    Lock lock;                          /* of what follows */
    Condition changed;
    GArray *pieces;                     /* Piece */
    guint next;                         /* none before it waits */
    guint left;                         /* that are not SAID or KEPT */
    gint64 said;                        /* bytes since the last flush */
    gboolean failed;                    /* a piece has: whoever looks after it is asked */
    gboolean stop;
    GError *error;
} Row;

/* --- pieces ---------------------------------------------------------------------------------------------------------------------------- */

static void
cut(Row *row, const ImageExtent *extent)
{
    gint64 step = extent->zero ? ZEROS : PIECE;
    for (gint64 at = 0; at < extent->count; at += step) {
        Piece piece = { extent->offset + at, MIN(step, extent->count - at), extent->zero, PIECE_WAITS, 0 };
        g_array_append_val(row->pieces, piece);
        row->of += extent->zero ? 0 : piece.count;
    }
}

static Piece *
piece_at(const Row *row, guint at)
{
    return &g_array_index(row->pieces, Piece, at);
}

/* The next one that waits; waits for one while others are under way. FALSE: there is nothing more to do. */
static gboolean
take_piece(Row *row, guint *ret_at)
{
    LOCK_HOLD(&row->lock);
    for (;;) {
        while (row->next < row->pieces->len && piece_at(row, row->next)->state != PIECE_WAITS)
            row->next++;
        if (row->stop)
            return FALSE;
        if (row->next < row->pieces->len) {
            *ret_at = row->next;
            piece_at(row, row->next)->state = PIECE_MOVES;
            return TRUE;
        }
        condition_wait(&row->changed, &row->lock);
    }
}

static void
piece_said(Row *row, guint at)
{
    LOCK_HOLD(&row->lock);
    piece_at(row, at)->state = PIECE_SAID;
    row->said += piece_at(row, at)->zero ? 0 : piece_at(row, at)->count;
    row->left--;
    condition_broadcast(&row->changed);
}

/* TAKE_WHY. */
static void
piece_failed(Row *row, guint at, GError *take_why)
{
    LOCK_HOLD(&row->lock);
    Piece *piece = piece_at(row, at);
    piece->state = PIECE_WAITS;
    row->next = MIN(row->next, at);
    row->failed = TRUE;
    if (++piece->tries >= TRIES || fault_of(take_why) == FAULT_BAD_REQUEST)
        row->stop = TRUE;
    g_clear_error(&row->error);
    row->error = take_why;
    condition_broadcast(&row->changed);
}

/* --- the threads ------------------------------------------------------------------------------------------------------------------------ */

static gboolean
move_piece(Row *row, Image *image, Piece *piece, GError **error)
{
    const Move *move = row->move;
    gint64 done = 0;
    if (!move->upload) {
        gboolean well = image_get(image, move->file, piece->offset, piece->count, &row->moved, &done, error);
        if (!well) {
            piece->offset += done;      /* what came has its place already */
            piece->count -= done;
        }
        return well;
    }
    if (piece->zero)
        return image_zero(image, piece->offset, piece->count, error);
    return image_put(image, move->file, piece->offset, piece->count, &row->moved, error);
}

static gpointer
run_mover(gpointer data)
{
    Row *row = data;
    g_autoptr(Image) image = image_open(row->move->url, row->move->ca);
    for (guint at; take_piece(row, &at);) {
        GError *why = NULL;
        if (move_piece(row, image, piece_at(row, at), &why)) {
            piece_said(row, at);
            continue;
        }
        piece_failed(row, at, why);
        g_usleep(CLOCK_SECOND);
    }
    return NULL;
}

/* --- the caller's ------------------------------------------------------------------------------------------------------------------------- */

/* What was said before it is kept after it. */
static gboolean
flush(Row *row, Image *image, GError **error)
{
    g_autoptr(GArray) said = g_array_new(FALSE, FALSE, sizeof(guint));
    lock_take(&row->lock);
    for (guint i = 0; i < row->pieces->len; i++) {
        if (piece_at(row, i)->state == PIECE_SAID)
            g_array_append_val(said, i);
    }
    row->said = 0;
    lock_drop(&row->lock);
    if (!image_flush(image, error))
        return FALSE;
    LOCK_HOLD(&row->lock);
    for (guint i = 0; i < said->len; i++) {
        Piece *piece = piece_at(row, g_array_index(said, guint, i));
        piece->state = piece->state == PIECE_SAID ? PIECE_KEPT : piece->state;
    }
    return TRUE;
}

/* Nobody knows what of it reached the disk. */
static void
send_again(Row *row)
{
    LOCK_HOLD(&row->lock);
    for (guint i = 0; i < row->pieces->len; i++) {
        Piece *piece = piece_at(row, i);
        if (piece->state != PIECE_SAID)
            continue;
        piece->state = PIECE_WAITS;
        row->left++;
        row->next = MIN(row->next, i);
        if (!piece->zero)
            __atomic_fetch_sub(&row->moved, piece->count, __ATOMIC_RELAXED);
    }
    condition_broadcast(&row->changed);
}

static gboolean
mend(Row *row, GError **error)
{
    const Move *move = row->move;
    gboolean well = move->mend(move->data, error);
    if (well && move->upload)
        send_again(row);
    return well;
}

/* Until all is said. FALSE: it is given up. */
static gboolean
look_after(Row *row, Image *image, GError **error)
{
    for (;;) {
        lock_take(&row->lock);
        if (row->left > 0 && !row->stop && !row->failed)
            condition_wait_until(&row->changed, &row->lock, clock_tick() + BEAT);
        gboolean over = row->left == 0, failed = row->failed, stop = row->stop, much = row->said >= FLUSH_EVERY;
        row->failed = FALSE;
        lock_drop(&row->lock);
        row->move->progress(row->move->data, __atomic_load_n(&row->moved, __ATOMIC_RELAXED), row->of);
        if (stop || (failed && !mend(row, error)))
            return FALSE;
        if (row->move->upload && (over || much) && !flush(row, image, over ? error : NULL) && over)
            return FALSE;
        lock_take(&row->lock);
        over = row->left == 0;
        lock_drop(&row->lock);
        if (over)
            return TRUE;
    }
}

gboolean
move_run(const Move *move, GError **error)
{
    Thread *threads[MOVE_CONNECTIONS];
    Row row = { .move = move, .pieces = g_array_new(FALSE, FALSE, sizeof(Piece)) };
    lock_init(&row.lock);
    condition_init(&row.changed);
    for (guint i = 0; i < move->extents->len; i++) {
        const ImageExtent *extent = &g_array_index(move->extents, ImageExtent, i);
        if (move->upload || !extent->zero)
            cut(&row, extent);
    }
    row.left = row.pieces->len;
    g_autoptr(Image) image = image_open(move->url, move->ca);
    for (guint i = 0; i < MOVE_CONNECTIONS; i++)
        threads[i] = thread_new("mover", run_mover, &row);
    gboolean well = look_after(&row, image, error);
    lock_take(&row.lock);
    row.stop = TRUE;
    condition_broadcast(&row.changed);
    lock_drop(&row.lock);
    for (guint i = 0; i < MOVE_CONNECTIONS; i++)
        thread_join(threads[i]);
    if (!well && error && !*error && row.error)
        *error = g_steal_pointer(&row.error);
    g_clear_error(&row.error);
    g_array_unref(row.pieces);
    condition_clear(&row.changed);
    lock_clear(&row.lock);
    return well;
}
