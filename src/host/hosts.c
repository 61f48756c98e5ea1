/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The table of links. Stopping many hosts takes as long as stopping one: each gets a thread. Does not know what a host is
 * doing, nor which implementation it has. */
#include "host/hosts.h"

#include "base/lock.h"

struct Hosts {
    Lock lock;              /* the table; never held while a link is called */
    GHashTable *links;      /* Id in HostLink → HostLink *, one reference each */
};

Hosts *
hosts_new(void)
{
    Hosts *hosts = g_new0(Hosts, 1);
    lock_init(&hosts->lock);
    hosts->links = g_hash_table_new_full(id_hash, id_equal_key, NULL, (GDestroyNotify) host_link_unref);
    return hosts;
}

static gpointer
stop_link(gpointer data)
{
    HostLink *link = data;
    link->ops->stop(link);
    return NULL;
}

static void
stop_all(GHashTable *links)
{
    g_autoptr(GPtrArray) threads = g_ptr_array_new();
    GHashTableIter iter;
    gpointer link;
    g_hash_table_iter_init(&iter, links);
    while (g_hash_table_iter_next(&iter, NULL, &link))
        g_ptr_array_add(threads, thread_new("stop host", stop_link, link));
    for (guint i = 0; i < threads->len; i++)
        thread_join(threads->pdata[i]);
}

void
hosts_free(Hosts *hosts)
{
    if (!hosts)
        return;
    stop_all(hosts->links);
    g_hash_table_unref(hosts->links);
    lock_clear(&hosts->lock);
    g_free(hosts);
}

void
hosts_add(Hosts *hosts, HostLink *take)
{
    LOCK_HOLD(&hosts->lock);
    g_assert(!g_hash_table_contains(hosts->links, &take->id));
    g_hash_table_insert(hosts->links, &take->id, take);
}

void
hosts_remove(Hosts *hosts, const Id *id)
{
    HostLink *link = hosts_peek(hosts, id);
    if (!link)
        return;
    lock_take(&hosts->lock);
    g_hash_table_remove(hosts->links, id);
    lock_drop(&hosts->lock);
    link->ops->stop(link);
    host_link_unref(link);
}

HostLink *
hosts_peek(Hosts *hosts, const Id *id)
{
    LOCK_HOLD(&hosts->lock);
    HostLink *link = g_hash_table_lookup(hosts->links, id);
    return link ? host_link_ref(link) : NULL;
}

HostLink *
hosts_find(Hosts *hosts, const Id *id, GError **error)
{
    char text[ID_TEXT_SIZE];
    g_autoptr(HostLink) link = hosts_peek(hosts, id);
    if (!link) {
        fault_set(error, MSG_HOST_UNKNOWN, "host", id_format(id, ID_UUID, text), NULL);
        return NULL;
    }
    if (g_atomic_int_get(&link->lost)) {
        fault_set(error, MSG_HOST_NOT_CONNECTED, "host", link->name, NULL);
        return NULL;
    }
    return g_steal_pointer(&link);
}
