/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What changed, for whoever follows: event streams, waiting handlers, webhooks later. The writer publishes each applied
 * change set; a follower asks for all objects changed since its cursor and gets each once, at its newest (coalesced).
 * Bounded: a follower that falls too far behind, or comes with another boot's token, is told to reset. */
#pragma once

#include "model/changes.h"

typedef struct Feed Feed;

typedef enum { FEED_ADD, FEED_UPDATE, FEED_REMOVE } FeedKind;
typedef struct {
    guint64 serial;                 /* of the view it came with */
    FeedKind kind;
    const Type *type;
    Id id;
    gconstpointer object;           /* refed for the reader; NULL for REMOVE */
} FeedItem;

typedef void (*FeedWake)(gpointer data);        /* called by the writer at each publish; must only signal */

Feed *feed_new(guint most_items);
void feed_free(Feed *feed);
const char *feed_boot(const Feed *feed);        /* this process's word in resume tokens */
void feed_publish(Feed *feed, const Changes *changes, guint64 serial);      /* writer */
guint64 feed_serial(Feed *feed);                                            /* the newest published; any thread */
/* Items with serial > SINCE, oldest first, at most MOST; *RET_RESET if SINCE is older than what is kept. Any thread. Free with g_ptr_array_unref. */
GPtrArray *feed_since(Feed *feed, guint64 since, guint most, gboolean *ret_reset);
guint feed_follow(Feed *feed, FeedWake wake, gpointer data);                /* any thread; returns a number */
void feed_unfollow(Feed *feed, guint follower);                             /* after it returns WAKE is not called any more */
