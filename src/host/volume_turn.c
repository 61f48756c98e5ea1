/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A set of paths behind a lock. There is one for the process: two hosts of one machine may share a storage. */
#include "host/volume_turn.h"

#include "base/lock.h"

static struct {
    Lock lock;
    gboolean begun;
    Condition left;
    GHashTable *taken;          /* char * → itself; NULL while nobody works */
} turns = { .lock = { PTHREAD_MUTEX_INITIALIZER } };

gboolean
volume_turn_take(const char *path, Tick deadline)
{
    gboolean more_time = TRUE;
    LOCK_HOLD(&turns.lock);
    if (!turns.begun)
        condition_init(&turns.left);
    turns.begun = TRUE;
    while (turns.taken && g_hash_table_contains(turns.taken, path) && more_time)
        more_time = condition_wait_until(&turns.left, &turns.lock, deadline);
    if (!turns.taken)
        turns.taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return g_hash_table_add(turns.taken, g_strdup(path));
}

void
volume_turn_drop(const char *path)
{
    LOCK_HOLD(&turns.lock);
    g_hash_table_remove(turns.taken, path);
    if (g_hash_table_size(turns.taken) == 0)
        g_clear_pointer(&turns.taken, g_hash_table_unref);
    condition_broadcast(&turns.left);
}
