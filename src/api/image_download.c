/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The reply to a GET: three blocks are read ahead of a client, and no more however slow he is. */
#include "api/image_parts.h"

#include <stdlib.h>
#include <string.h>

#define BLOCKS 3
#define ALIGNED 4096

typedef struct Download Download;
typedef struct {
    Download *download;
    char *bytes;
    gsize count, given;
    gboolean away, full;            /* the disk has it; it is read, and not given yet */
} Block;

struct Download {
    Refs refs;                      /* the request's, and of each block that is away */
    TransferSeat seat;
    Waker *waker;
    gint64 next, left;              /* to be asked for; the server's thread */
    guint at;                       /* the block whose bytes come next */
    Lock lock;                      /* of AWAY, FULL and what follows */
    Block blocks[BLOCKS];
    int why;
};

static void
download_unref(gpointer data)
{
    Download *download = data;
    if (!refs_dec(&download->refs))
        return;
    transfer_seat_leave(&download->seat);
    waker_unref(download->waker);
    for (guint i = 0; i < BLOCKS; i++)
        free(download->blocks[i].bytes);
    lock_clear(&download->lock);
    g_free(download);
}

static void
was_read(gpointer data, int why)
{
    Block *block = data;
    Download *download = block->download;
    lock_take(&download->lock);
    block->away = FALSE;
    block->full = TRUE;
    if (why && !download->why)
        download->why = why;
    lock_drop(&download->lock);
    waker_wake(download->waker);
    download_unref(download);
}

/* Blocks end where blocks of the disk do, whatever the client began with. */
static void
ask(Download *download, Block *block)
{
    gint64 until = LIMIT_DOWNLOAD_BLOCK - download->next % LIMIT_DOWNLOAD_BLOCK, offset = download->next;
    if (download->left == 0)
        return;
    if (!block->bytes && posix_memalign((void **) &block->bytes, ALIGNED, LIMIT_DOWNLOAD_BLOCK) != 0)
        g_error("no memory for a block");
    block->count = (gsize) MIN(until, download->left);
    block->given = 0;
    download->next += (gint64) block->count;
    download->left -= (gint64) block->count;
    lock_take(&download->lock);
    block->away = TRUE;
    lock_drop(&download->lock);
    refs_inc(&download->refs);
    wire_read(download->seat.wire, block->bytes, block->count, offset, was_read, block);
}

/* What of the block at hand can be given. -2: it could not be read. */
static gssize
ready(Download *download, const Block *block)
{
    LOCK_HOLD(&download->lock);
    if (download->why)
        return -2;
    return block->full ? (gssize) (block->count - block->given) : 0;
}

static void
ask_first(Download *download)
{
    for (guint i = 0; i < BLOCKS; i++)
        ask(download, &download->blocks[i]);
}

static gssize
give(gpointer data, char *buffer, gsize room, Tick *ret_due)
{
    Download *download = data;
    Block *block = &download->blocks[download->at];
    *ret_due = 0;
    if (!download->blocks[0].bytes)
        ask_first(download);        /* not before: a HEAD asks for none */
    gssize count = ready(download, block);
    if (count <= 0)
        return count;
    count = MIN(count, (gssize) room);
    memcpy(buffer, block->bytes + block->given, (gsize) count);
    block->given += (gsize) count;
    if (block->given < block->count)
        return count;
    lock_take(&download->lock);
    block->full = FALSE;
    lock_drop(&download->lock);
    ask(download, block);
    download->at = (download->at + 1) % BLOCKS;
    return count;
}

void
image_download_begin(Request *request, TransferSeat *take, gint64 offset, gint64 count)
{
    Download *download = g_new0(Download, 1);
    refs_init(&download->refs);
    lock_init(&download->lock);
    download->seat = *take;
    download->waker = request_waker(request);
    download->next = offset;
    download->left = count;
    for (guint i = 0; i < BLOCKS; i++)
        download->blocks[i].download = download;
    request->read = give;
    request->read_data = download;
    request->read_free = download_unref;
    request->flows = TRUE;
    request->flow_size = (guint64) count;
    exchange_end(&request->exchange);
}
