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

/* The list as of VIEW or newer: GBytes, yours with the array. NULL if more than MOST objects would have to be written, or somebody is
 * writing it just now and MOST is not G_MAXUINT: call again from a worker. VIEW has objects of the type. */
GPtrArray *cache_list(Cache *cache, const CacheKey *key, View *view, guint most);
gsize cache_bytes(Cache *cache);        /* kept now */
