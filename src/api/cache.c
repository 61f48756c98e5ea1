/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The table of remembered lists: who may touch one, and which go when there are too many bytes. The one lock is held for
 * looking and for handing out references; a list is written outside it, by the one thread that marked it busy. */
#include "api/rope.h"

#include "base/lock.h"

typedef struct {
    CacheKey key;
    Rope *rope;
    gboolean busy;                      /* somebody writes ROPE: it is theirs */
    gsize bytes;                        /* of ROPE, while nobody did */
    guint64 used;
} Kept;

struct Cache {
    Lock lock;                          /* of all below */
    Condition freed;                    /* some list is not busy any more */
    GPtrArray *kept;                    /* Kept *, owned */
    gsize most;
    guint64 clock;
};

static void
kept_free(gpointer data)
{
    Kept *kept = data;
    rope_free(kept->rope);
    g_free(kept);
}

Cache *
cache_new(gsize most)
{
    Cache *cache = g_new0(Cache, 1);
    lock_init(&cache->lock);
    condition_init(&cache->freed);
    cache->kept = g_ptr_array_new_with_free_func(kept_free);
    cache->most = most;
    return cache;
}

void
cache_free(Cache *cache)
{
    if (!cache)
        return;
    g_ptr_array_unref(cache->kept);
    condition_clear(&cache->freed);
    lock_clear(&cache->lock);
    g_free(cache);
}

static Kept *
find(Cache *cache, const CacheKey *key)
{
    for (guint i = 0; i < cache->kept->len; i++) {
        Kept *kept = cache->kept->pdata[i];
        if (kept->key.type == key->type && kept->key.format == key->format && kept->key.all == key->all)
            return kept;
    }
    Kept *kept = g_new0(Kept, 1);
    kept->key = *key;
    kept->rope = rope_new(key);
    g_ptr_array_add(cache->kept, kept);
    return kept;
}

static gsize
total(const Cache *cache)
{
    gsize bytes = 0;
    for (guint i = 0; i < cache->kept->len; i++)
        bytes += ((const Kept *) cache->kept->pdata[i])->bytes;
    return bytes;
}

static Kept *
oldest(const Cache *cache)
{
    Kept *found = NULL;
    for (guint i = 0; i < cache->kept->len; i++) {
        Kept *kept = cache->kept->pdata[i];
        if (!kept->busy && kept->bytes && (!found || kept->used < found->used))
            found = kept;
    }
    return found;
}

/* The one just used goes last, and then only in part. */
static void
make_room(Cache *cache)
{
    gsize bytes = total(cache);
    while (bytes > cache->most) {
        Kept *kept = oldest(cache);
        if (!kept)
            return;
        gsize mine = kept->bytes, over = bytes - cache->most;
        rope_trim(kept->rope, kept->used == cache->clock && mine > over ? mine - over : 0);
        kept->bytes = rope_bytes(kept->rope);
        bytes = bytes - mine + kept->bytes;
    }
}

/* Nobody has KEPT busy, or NULL: it is, and the caller will not wait. */
static Kept *
take(Cache *cache, const CacheKey *key, gboolean wait)
{
    Kept *kept = find(cache, key);
    while (kept->busy && wait)
        condition_wait(&cache->freed, &cache->lock);
    return kept->busy ? NULL : kept;
}

static RopeReply *
hand_out(Cache *cache, Kept *kept)
{
    kept->used = ++cache->clock;
    return rope_reply(kept->rope);
}

RopeReply *
cache_list(Cache *cache, const CacheKey *key, View *view, guint most)
{
    RopeReply *reply = NULL;
    LOCK_HOLD(&cache->lock);
    Kept *kept = take(cache, key, most == G_MAXUINT);
    if (!kept)
        return NULL;
    if (rope_is_current(kept->rope, view))
        return hand_out(cache, kept);
    kept->busy = TRUE;
    lock_drop(&cache->lock);
    gboolean well = rope_update(kept->rope, view, most);
    lock_take(&cache->lock);
    kept->busy = FALSE;
    kept->bytes = rope_bytes(kept->rope);
    condition_broadcast(&cache->freed);
    if (well) {
        reply = hand_out(cache, kept);
        make_room(cache);
    }
    return reply;
}

gsize
cache_bytes(Cache *cache)
{
    LOCK_HOLD(&cache->lock);
    return total(cache);
}
