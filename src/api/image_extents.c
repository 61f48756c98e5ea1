/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * GET …/extents: the disk is asked about a part of it when what was learnt before has gone to the client, and no more of an answer is taken
 * than a little text, so that a list of any length takes little memory. Parts grow while there is little to tell, and shrink where there is much. */
#include "api/image_parts.h"

#include "transfer/extents.h"

#include <errno.h>
#include <string.h>

#define PART_FIRST (256ll << 20)
#define PART_LEAST (1ll << 20)
#define PART_MOST (1ll << 40)
#define LITTLE 1024                 /* extents: the next part is larger */
#define MUCH 8192                   /* extents: what is told behind them is asked for again */

typedef struct {
    Refs refs;                      /* the request's, and of a question under way */
    TransferSeat seat;
    Waker *waker;
    gsize given;                    /* of TEXT; the server's thread */
    Lock lock;                      /* of what follows */
    Text text;
    ExtentsText writer;
    gint64 at, part;
    gboolean asking, over;
    int why;
} Listing;

static void
listing_unref(gpointer data)
{
    Listing *listing = data;
    if (!refs_dec(&listing->refs))
        return;
    transfer_seat_leave(&listing->seat);
    waker_unref(listing->waker);
    text_clear(&listing->text);
    lock_clear(&listing->lock);
    g_free(listing);
}

/* Lock held. What a server tells beyond the end of the image is not there. FALSE: it told nothing. */
static gboolean
take(Listing *listing, const Extent *extents, guint count)
{
    gint64 before = listing->at;
    for (guint i = 0; i < MIN(count, MUCH); i++) {
        Extent extent = extents[i];
        extent.length = MIN(extent.length, listing->seat.size - listing->at);
        extents_add(&listing->writer, &extent, &listing->text);
        listing->at += extent.length;
    }
    if (count < LITTLE)
        listing->part = MIN(listing->part * 2, PART_MOST);
    else if (count > MUCH)
        listing->part = MAX(listing->at - before, PART_LEAST);
    listing->over = listing->at >= listing->seat.size;
    if (listing->over)
        extents_end(&listing->writer, &listing->text);
    return listing->at > before;
}

static void
found(gpointer data, const Extent *extents, guint count, int why)
{
    Listing *listing = data;
    lock_take(&listing->lock);
    listing->asking = FALSE;
    listing->why = why ? why : take(listing, extents, count) ? 0 : EPROTO;
    lock_drop(&listing->lock);
    waker_wake(listing->waker);
    listing_unref(listing);
}

/* TRUE: the disk is to be asked. Lock held by nobody. */
static gboolean
begin_asking(Listing *listing, gint64 *ret_at, gint64 *ret_count)
{
    LOCK_HOLD(&listing->lock);
    if (listing->asking || listing->over)
        return FALSE;
    listing->asking = TRUE;
    *ret_at = listing->at;
    *ret_count = MIN(listing->part, listing->seat.size - listing->at);
    return TRUE;
}

/* 0: nothing yet; -1: all was given; -2: it broke off. */
static gssize
give_text(Listing *listing, char *buffer, gsize room)
{
    LOCK_HOLD(&listing->lock);
    gsize left = listing->text.length - listing->given, count = MIN(left, room);
    if (listing->why)
        return -2;
    if (count == 0)
        return listing->over ? -1 : 0;
    memcpy(buffer, listing->text.bytes + listing->given, count);
    listing->given += count;
    if (listing->given == listing->text.length) {
        text_reset(&listing->text);
        listing->given = 0;
    }
    return (gssize) count;
}

static gssize
give(gpointer data, char *buffer, gsize room, Tick *ret_due)
{
    Listing *listing = data;
    gint64 at = 0, count = 0;
    *ret_due = 0;
    gssize given = give_text(listing, buffer, room);
    if (given != 0 || !begin_asking(listing, &at, &count))
        return given;
    refs_inc(&listing->refs);
    wire_extents(listing->seat.wire, count, at, found, listing);
    return 0;
}

void
image_extents_begin(Request *request, TransferSeat *seat)
{
    Listing *listing = g_new0(Listing, 1);
    refs_init(&listing->refs);
    lock_init(&listing->lock);
    listing->seat = *seat;
    listing->waker = request_waker(request);
    listing->part = PART_FIRST;
    listing->over = seat->size == 0;
    if (listing->over)
        extents_end(&listing->writer, &listing->text);
    request->read = give;
    request->read_data = listing;
    request->read_free = listing_unref;
    request->flows = TRUE;
    request->flow_size = G_MAXUINT64;
    request->exchange.media = "application/json";
    exchange_end(&request->exchange);
}
