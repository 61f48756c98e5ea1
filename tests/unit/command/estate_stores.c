/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Storage domains on the estate's host: whose a directory is, and what it says of itself, are texts by "DIR name". */
#include "estate_parts.h"

#include <string.h>

#define MARK "id"

static GHashTable *notes;

void
estate_stores_open(void)
{
    notes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

void
estate_stores_close(void)
{
    g_hash_table_unref(notes);
}

static char *
key_of(const char *path, const char *name)
{
    return g_strconcat(path, " ", name, NULL);
}

void
estate_mark_store(const char *path, const Id *id)
{
    char text[ID_TEXT_SIZE];
    g_hash_table_replace(notes, key_of(path, MARK), g_strdup(id_format(id, ID_UUID, text)));
}

void
estate_note(const char *path, const char *name, const char *text)
{
    g_hash_table_replace(notes, key_of(path, name), g_strdup(text));
}

void
estate_stores_picture(GPtrArray *lines)
{
    GHashTableIter iter;
    gpointer key, text;
    g_hash_table_iter_init(&iter, notes);
    while (g_hash_table_iter_next(&iter, &key, &text))
        g_ptr_array_add(lines, g_strdup_printf("%s: %s", (char *) key, (char *) text));
}

static Id
marked_as(const char *path)
{
    g_autofree char *key = key_of(path, MARK);
    const char *text = g_hash_table_lookup(notes, key);
    Id id = id_null;
    if (text)
        g_assert_true(id_parse(text, ID_UUID, &id));
    return id;
}

static gboolean
is_itself(const HostStore *store, GError **error)
{
    Id there = marked_as(store->path);
    return id_equal(&there, &store->storage_domain) || fault_set(error, MSG_STORE_UNMARKED, "path", store->path, "host", "n1", NULL);
}

gboolean
estate_store_ready(G_GNUC_UNUSED HostLink *link, const HostStore *store, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    return estate_answers(error) && is_itself(store, error);
}

gboolean
estate_store_leave(G_GNUC_UNUSED HostLink *link, G_GNUC_UNUSED const Id *storage, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    return estate_answers(error);
}

gboolean
estate_store_look(G_GNUC_UNUSED HostLink *link, const HostStore *store, Id *ret_id, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    *ret_id = marked_as(store->path);
    return estate_answers(error);
}

gboolean
estate_store_mark(G_GNUC_UNUSED HostLink *link, const HostStore *store, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    gboolean silent;
    Id there = marked_as(store->path);
    if (!estate_may_change(&silent, error))
        return FALSE;
    g_assert_true(id_is_null(&there) || id_equal(&there, &store->storage_domain));
    estate_mark_store(store->path, &store->storage_domain);
    return estate_end_change(silent, error);
}

gboolean
estate_store_clear(G_GNUC_UNUSED HostLink *link, const HostStore *store, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    gboolean silent;
    g_autofree char *prefix = key_of(store->path, "");
    GHashTableIter iter;
    gpointer key;
    if (!estate_may_change(&silent, error))
        return FALSE;
    Id there = marked_as(store->path);
    g_assert_true(id_is_null(&there) || id_equal(&there, &store->storage_domain));
    g_hash_table_iter_init(&iter, notes);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        if (g_str_has_prefix(key, prefix))
            g_hash_table_iter_remove(&iter);
    }
    return estate_end_change(silent, error);
}

gboolean
estate_note_read(G_GNUC_UNUSED HostLink *link, const HostStore *store, const char *name, char **ret_text, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    g_autofree char *key = key_of(store->path, name);
    if (!estate_answers(error) || !is_itself(store, error))
        return FALSE;
    *ret_text = g_strdup(g_hash_table_lookup(notes, key));
    return TRUE;
}

gboolean
estate_note_write(G_GNUC_UNUSED HostLink *link, const HostStore *store, const char *name, const char *text, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    gboolean silent;
    g_autofree char *key = key_of(store->path, name);
    if (!is_itself(store, error) || !estate_may_change(&silent, error))
        return FALSE;
    if (text)
        estate_note(store->path, name, text);
    else
        g_hash_table_remove(notes, key);
    return estate_end_change(silent, error);
}

char **
estate_note_list(G_GNUC_UNUSED HostLink *link, const HostStore *store, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    g_autofree char *prefix = key_of(store->path, "");
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer key;
    if (!estate_answers(error) || !is_itself(store, error))
        return NULL;
    g_hash_table_iter_init(&iter, notes);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        const char *name = g_str_has_prefix(key, prefix) ? (const char *) key + strlen(prefix) : MARK;
        if (!g_str_equal(name, MARK))
            g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_add(names, NULL);
    return (char **) g_ptr_array_steal(names, NULL);
}

const char *
estate_noted(const char *path, const char *name)
{
    g_autofree char *key = key_of(path, name);
    return g_hash_table_lookup(notes, key);
}
