/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The body of a PUT, collected in aligned blocks, of which two are there: while the disk has one the other is filled. Where both are the
 * disk's the connection sleeps. What the disk refuses is told when the body has ended: clients listen only then. */
#include "api/image_parts.h"

#include <stdlib.h>
#include <string.h>

#define BLOCKS 2
#define ALIGNED 4096

typedef struct Upload Upload;
typedef struct {
    Upload *upload;
    char *bytes;                    /* NULL: not needed yet */
    gboolean away;                  /* the disk has it */
} Block;

struct Upload {
    Refs refs;                      /* the request's, and of each block that is away */
    TransferSeat seat;
    Waker *waker;
    /* the server's thread */
    Block *filling;                 /* NULL: none yet */
    gsize filled;
    gint64 next;                    /* where FILLING goes */
    gboolean flush;
    Lock lock;                      /* of what follows, and of AWAY */
    Block blocks[BLOCKS];
    guint n_away;
    gboolean short_of;              /* the connection sleeps for a block */
    int why;                        /* the first errno; 0 */
    Exchange *ending;               /* the body is whole */
};

static void
upload_unref(gpointer data)
{
    Upload *upload = data;
    if (!refs_dec(&upload->refs))
        return;
    transfer_seat_leave(&upload->seat);
    waker_unref(upload->waker);
    for (guint i = 0; i < BLOCKS; i++)
        free(upload->blocks[i].bytes);
    lock_clear(&upload->lock);
    g_free(upload);
}

/* --- the end --------------------------------------------------------------------------------------------------------------------- */

/* The exchange goes, and what it held of the upload. */
static void
answer(Exchange *exchange, int why)
{
    g_autoptr(GError) error = NULL;
    if (why == 0) {
        exchange_end(exchange);
        return;
    }
    image_fail(why, &error);
    exchange_end_fault(exchange, error);
}

static void
flushed(gpointer data, int why)
{
    Upload *upload = data;
    Exchange *exchange = g_steal_pointer(&upload->ending);
    answer(exchange, why);
    upload_unref(upload);
}

/* Nothing of it is away any more, and nothing comes. */
static void
complete(Upload *upload)
{
    if (upload->why || !upload->flush) {
        Exchange *exchange = g_steal_pointer(&upload->ending);
        answer(exchange, upload->why);
        return;
    }
    refs_inc(&upload->refs);
    wire_flush(upload->seat.wire, flushed, upload);
}

/* --- blocks ------------------------------------------------------------------------------------------------------------------------ */

static void
written(gpointer data, int why)
{
    Block *block = data;
    Upload *upload = block->upload;
    lock_take(&upload->lock);
    block->away = FALSE;
    upload->n_away--;
    if (why && !upload->why)
        upload->why = why;
    gboolean over = upload->ending && upload->n_away == 0, wake = upload->short_of;
    upload->short_of = FALSE;
    lock_drop(&upload->lock);
    if (over)
        complete(upload);
    else if (wake)
        waker_wake(upload->waker);
    upload_unref(upload);
}

static void
send(Upload *upload)
{
    Block *block = g_steal_pointer(&upload->filling);
    gsize count = upload->filled;
    gint64 offset = upload->next;
    upload->next += (gint64) count;
    upload->filled = 0;
    refs_inc(&upload->refs);
    wire_write(upload->seat.wire, block->bytes, count, offset, written, block);
}

/* It is counted as away from here on, so that the end waits for it. NULL: the disk has all; who asked is woken. */
static Block *
find_block(Upload *upload)
{
    LOCK_HOLD(&upload->lock);
    for (guint i = 0; i < BLOCKS; i++) {
        Block *block = &upload->blocks[i];
        if (block->away)
            continue;
        if (!block->bytes && posix_memalign((void **) &block->bytes, ALIGNED, LIMIT_UPLOAD_BLOCK) != 0)
            g_error("no memory for a block");
        block->away = TRUE;
        upload->n_away++;
        return block;
    }
    upload->short_of = TRUE;
    return NULL;
}

/* A first block that begins in the middle is shorter, so that those behind it begin where blocks do. */
static gsize
room_of(const Upload *upload)
{
    gint64 until = LIMIT_UPLOAD_BLOCK - upload->next % LIMIT_UPLOAD_BLOCK;
    return (gsize) until - upload->filled;
}

static gboolean
has_failed(Upload *upload)
{
    LOCK_HOLD(&upload->lock);
    return upload->why != 0;
}

static gsize
take(gpointer data, const char *bytes, gsize count)
{
    Upload *upload = data;
    gsize done = 0;
    if (has_failed(upload))
        return count;               /* read to its end, for the answer's sake */
    while (done < count) {
        if (!upload->filling && !(upload->filling = find_block(upload)))
            break;
        gsize part = MIN(count - done, room_of(upload));
        memcpy(upload->filling->bytes + upload->filled, bytes + done, part);
        upload->filled += part;
        done += part;
        if (room_of(upload) == 0)
            send(upload);
    }
    return done;
}

/* --- life ----------------------------------------------------------------------------------------------------------------------------- */

void
image_upload_begin(Request *request, TransferSeat *seat, gint64 offset)
{
    Upload *upload = g_new0(Upload, 1);
    refs_init(&upload->refs);
    lock_init(&upload->lock);
    upload->seat = *seat;
    upload->waker = request_waker(request);
    upload->next = offset;
    for (guint i = 0; i < BLOCKS; i++)
        upload->blocks[i].upload = upload;
    request->kept = upload;
    request->kept_free = upload_unref;
    request->take = take;
}

void
image_upload_end(Request *request, gboolean flush)
{
    Upload *upload = request->kept;
    upload->flush = flush;
    if (upload->filling)
        send(upload);
    lock_take(&upload->lock);
    upload->ending = &request->exchange;
    gboolean over = upload->n_away == 0;
    lock_drop(&upload->lock);
    if (over)
        complete(upload);
}
