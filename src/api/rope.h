/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One list as bytes: objects in display order, the bytes of their fields in pieces of some 16 KiB. Brought up to a view by writing
 * only what changed; pieces in which nothing changed stay the same bytes. One thread at a time: cache.c sees to that. */
#pragma once

#include "api/cache.h"

typedef struct Rope Rope;

Rope *rope_new(const CacheKey *key);
void rope_free(Rope *rope);
gboolean rope_is_current(const Rope *rope, const View *view);   /* holds VIEW's list, or a newer one */
/* Brings it up to VIEW. FALSE, and nothing done, if that takes writing more than MOST objects. */
gboolean rope_update(Rope *rope, View *view, guint most);
RopeReply *rope_reply(const Rope *rope);        /* the whole list as it is now; yours */
gsize rope_bytes(const Rope *rope);
void rope_trim(Rope *rope, gsize most);         /* lets bytes go until no more than MOST are kept */
