/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Storage domains of fake hosts: every directory is there and can be used, all hosts see the same, and which storage domain it is and what it says
 * of itself is remembered as volumes are. */
#include "host/fake_parts.h"

#define MARK "id"

/* "DIR name". */
static char *
key_of(const char *path, const char *name)
{
    return g_strconcat(path, " ", name, NULL);
}

static Id
marked_as(const Fake *fake, const char *path)
{
    g_autofree char *key = key_of(path, MARK);
    const char *text = g_hash_table_lookup(fake->notes, key);
    Id id = id_null;
    if (text && !id_parse(text, ID_UUID, &id))
        id = id_null;
    return id;
}

static gboolean
mark(FakeHost *host, const FakeOrder *order, GError **error)
{
    char text[ID_TEXT_SIZE];
    Id there = marked_as(host->fake, order->text);
    g_autofree char *key = key_of(order->text, MARK);
    if (!id_is_null(&there) && !id_equal(&there, &order->id))
        return fault_set(error, MSG_STORE_MARKED, "path", order->text, "host", host->name, "id", id_format(&there, ID_UUID, text), NULL);
    if (id_is_null(&there))
        fake_set_note(host->fake, key, id_format(&order->id, ID_UUID, text));
    return TRUE;
}

static gboolean
verify(const FakeHost *host, const char *path, const Id *id, GError **error)
{
    char text[ID_TEXT_SIZE];
    Id there = marked_as(host->fake, path);
    if (id_equal(&there, id))
        return TRUE;
    if (id_is_null(&there))
        return fault_set(error, MSG_STORE_UNMARKED, "path", path, "host", host->name, NULL);
    return fault_set(error, MSG_STORE_OF_OTHER, "path", path, "host", host->name, "id", id_format(&there, ID_UUID, text), NULL);
}

/* --- ready ------------------------------------------------------------------------------------------------------------------------------- */

static gboolean
work_ready(FakeHost *host, const FakeOrder *order, GError **error)
{
    if ((order->flag && !mark(host, order, error)) || !verify(host, order->text, &order->id, error))
        return FALSE;
    for (guint i = 0; i < host->stores->len; i++)
        if (id_equal(&((HostStore *) host->stores->pdata[i])->storage_domain, &order->id))
            return TRUE;
    HostStore *kept = g_new(HostStore, 1);
    *kept = (HostStore) { order->id, g_strdup(order->text), FALSE };
    g_ptr_array_add(host->stores, kept);
    fake_report_storage(host, kept);
    return TRUE;
}

gboolean
fake_store_ready(HostLink *link, const HostStore *store, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "store_ready", .work = work_ready, .id = store->storage_domain, .text = store->path, .flag = store->fresh };
    return fake_obey(link, &order, deadline, error);
}

static gboolean
work_leave(FakeHost *host, const FakeOrder *order, GError **error)
{
    (void) error;
    for (guint i = host->stores->len; i-- > 0;) {
        if (id_equal(&((HostStore *) host->stores->pdata[i])->storage_domain, &order->id))
            g_ptr_array_remove_index(host->stores, i);
    }
    return TRUE;
}

gboolean
fake_store_leave(HostLink *link, const Id *storage, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "store_leave", .work = work_leave, .id = *storage };
    return fake_obey(link, &order, deadline, error);
}

/* --- the mark ------------------------------------------------------------------------------------------------------------------------------ */

gboolean
fake_store_look(HostLink *link, const HostStore *store, Id *ret_id, Tick deadline, GError **error)
{
    FakeHost *host = FAKE_HOST(link);
    LOCK_HOLD(&host->fake->lock);
    FakeCall call = { .host = host, .operation = "store_look", .id = &store->storage_domain, .question = TRUE };
    if (!fake_begin(&call, deadline, error))
        return FALSE;
    *ret_id = marked_as(host->fake, store->path);
    return !call.silent || fake_unknown(&call, error);
}

gboolean
fake_store_mark(HostLink *link, const HostStore *store, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "store_mark", .work = mark, .id = store->storage_domain, .text = store->path };
    return fake_obey(link, &order, deadline, error);
}

static gboolean
work_clear(FakeHost *host, const FakeOrder *order, GError **error)
{
    char text[ID_TEXT_SIZE];
    Id there = marked_as(host->fake, order->text);
    g_autofree char *prefix = key_of(order->text, "");
    if (!id_is_null(&there) && !id_equal(&there, &order->id))
        return fault_set(error, MSG_STORE_MARKED, "path", order->text, "host", host->name, "id", id_format(&there, ID_UUID, text), NULL);
    g_autoptr(GList) keys = g_hash_table_get_keys(host->fake->notes);
    for (GList *key = keys; key; key = key->next) {
        g_autofree char *copy = g_str_has_prefix(key->data, prefix) ? g_strdup(key->data) : NULL;
        if (copy)
            fake_set_note(host->fake, copy, NULL);
    }
    return TRUE;
}

gboolean
fake_store_clear(HostLink *link, const HostStore *store, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "store_clear", .work = work_clear, .id = store->storage_domain, .text = store->path };
    return fake_obey(link, &order, deadline, error);
}

/* --- notes ---------------------------------------------------------------------------------------------------------------------------------- */

gboolean
fake_note_read(HostLink *link, const HostStore *store, const char *name, char **ret_text, Tick deadline, GError **error)
{
    FakeHost *host = FAKE_HOST(link);
    g_autofree char *key = key_of(store->path, name);
    LOCK_HOLD(&host->fake->lock);
    FakeCall call = { .host = host, .operation = "note_read", .id = &store->storage_domain, .question = TRUE };
    if (!fake_begin(&call, deadline, error) || !verify(host, store->path, &store->storage_domain, error))
        return FALSE;
    if (call.silent)
        return fake_unknown(&call, error);
    *ret_text = g_strdup(g_hash_table_lookup(host->fake->notes, key));
    return TRUE;
}

/* The order's text is "DIR name" and, behind a line's end, what the note says; without one it goes. */
static gboolean
work_note_write(FakeHost *host, const FakeOrder *order, GError **error)
{
    const char *end = strchr(order->text, '\n');
    g_autofree char *key = end ? g_strndup(order->text, (gsize) (end - order->text)) : g_strdup(order->text);
    g_autofree char *path = g_strndup(key, (gsize) (strrchr(key, ' ') - key));
    if (!verify(host, path, &order->id, error))
        return FALSE;
    fake_set_note(host->fake, key, end ? end + 1 : NULL);
    return TRUE;
}

gboolean
fake_note_write(HostLink *link, const HostStore *store, const char *name, const char *text, Tick deadline, GError **error)
{
    g_autofree char *both = g_strconcat(store->path, " ", name, text ? "\n" : NULL, text, NULL);
    FakeOrder order = { .operation = "note_write", .work = work_note_write, .id = store->storage_domain, .text = both };
    return fake_obey(link, &order, deadline, error);
}

char **
fake_note_list(HostLink *link, const HostStore *store, Tick deadline, GError **error)
{
    FakeHost *host = FAKE_HOST(link);
    g_autofree char *prefix = key_of(store->path, "");
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer key;
    LOCK_HOLD(&host->fake->lock);
    FakeCall call = { .host = host, .operation = "note_list", .id = &store->storage_domain, .question = TRUE };
    if (!fake_begin(&call, deadline, error) || !verify(host, store->path, &store->storage_domain, error))
        return NULL;
    if (call.silent) {
        fake_unknown(&call, error);
        return NULL;
    }
    g_hash_table_iter_init(&iter, host->fake->notes);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        const char *name = g_str_has_prefix(key, prefix) ? (const char *) key + strlen(prefix) : MARK;
        if (!g_str_equal(name, MARK))
            g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_add(names, NULL);
    return (char **) g_ptr_array_steal(names, NULL);
}
