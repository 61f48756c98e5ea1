/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whole lists remembered as bytes, in pieces that replies share: an unchanged list costs no writing, a changed one the writing
 * of what changed. Bounded; the list asked for least lately goes first. Any thread. Called by collection.c. */
#pragma once

#include "model/inventory.h"
#include "schema/write.h"

typedef struct Cache Cache;

/* A list of all objects of a type in their own order, in English, nothing followed. */
typedef struct {
    const Type *type;
    Format format;
    gboolean all;                       /* all_content */
} CacheKey;

Cache *cache_new(gsize most);           /* bytes */
void cache_free(Cache *cache);

/* A list on its way out; it stays what it was when it was handed out. One thread at a time. */
typedef struct RopeReply RopeReply;
guint64 rope_reply_size(const RopeReply *reply);                /* bytes, from the first on */
gsize rope_reply_read(gpointer reply, char *buffer, gsize room);    /* the next bytes, mostly fewer than ROOM; 0: there are no more */
gsize rope_reply_memory(const RopeReply *reply);                /* its part of what it holds on to, for that is mostly shared */
guint rope_reply_shares(const RopeReply *a, const RopeReply *b);    /* how many of A's pieces are B's too */
void rope_reply_free(gpointer reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RopeReply, rope_reply_free)

/* The list as of VIEW or newer, yours. NULL if more than MOST objects would have to be written, or somebody is
 * writing it just now and MOST is not G_MAXUINT: call again from a worker. VIEW has objects of the type. */
RopeReply *cache_list(Cache *cache, const CacheKey *key, View *view, guint most);
gsize cache_bytes(Cache *cache);        /* kept now */
