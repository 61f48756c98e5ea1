/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The feed: one entry an object, in a list ordered by its last change. A change moves the entry to the end, so a follower
 * that comes late finds each object once, at its newest; the oldest entries fall off, and who stood behind them must reset. */
#include "model/feed.h"

#include "base/lock.h"

typedef struct Entry Entry;
struct Entry {
    FeedItem item;                  /* object refed */
    GList link;                     /* in `order`; data is the entry */
};

typedef struct {
    guint number;
    FeedWake wake;
    gpointer data;
} Follower;

struct Feed {
    Lock lock;                      /* of all below; WAKE is called with it held, so that unfollow is final */
    GQueue order;                   /* oldest first */
    GHashTable *by_key;             /* Entry by (type, id) */
    GArray *followers;
    guint most, next_follower;
    guint64 serial, forgotten;      /* changes up to `forgotten` may be missing */
    char boot[ID_TEXT_SIZE];
};

static guint
entry_hash(gconstpointer key)
{
    const Entry *entry = key;
    return id_hash(&entry->item.id) ^ g_direct_hash(entry->item.type);
}

static gboolean
entry_equal(gconstpointer a, gconstpointer b)
{
    const Entry *left = a, *right = b;
    return left->item.type == right->item.type && id_equal(&left->item.id, &right->item.id);
}

static void
item_free(gpointer data)
{
    FeedItem *item = data;
    object_unref(item->object);
    g_free(item);
}

Feed *
feed_new(guint most_items)
{
    Feed *feed = g_new0(Feed, 1);
    Id boot = id_random();
    lock_init(&feed->lock);
    g_queue_init(&feed->order);
    feed->by_key = g_hash_table_new(entry_hash, entry_equal);
    feed->followers = g_array_new(FALSE, FALSE, sizeof(Follower));
    feed->most = MAX(most_items, 1);
    id_format(&boot, ID_UUID, feed->boot);
    feed->boot[8] = '\0';           /* enough to tell one start from another, short in every line */
    return feed;
}

static void
forget(Feed *feed, Entry *entry)
{
    g_queue_unlink(&feed->order, &entry->link);
    g_hash_table_remove(feed->by_key, entry);
    object_unref(entry->item.object);
    g_free(entry);
}

void
feed_free(Feed *feed)
{
    if (!feed)
        return;
    while (feed->order.head)
        forget(feed, feed->order.head->data);
    g_hash_table_unref(feed->by_key);
    g_array_unref(feed->followers);
    lock_clear(&feed->lock);
    g_free(feed);
}

const char *
feed_boot(const Feed *feed)
{
    return feed->boot;
}

static void
note(Feed *feed, const Change *change, guint64 serial)
{
    const Object *object = change->after ? change->after : change->before;
    Entry key = { .item = { .type = object->type, .id = object->id } };
    Entry *entry = g_hash_table_lookup(feed->by_key, &key);
    if (entry) {
        g_queue_unlink(&feed->order, &entry->link);
        object_unref(entry->item.object);
    } else {
        entry = g_new0(Entry, 1);
        entry->item = key.item;
        entry->link.data = entry;
        g_hash_table_add(feed->by_key, entry);
    }
    entry->item.serial = serial;
    entry->item.kind = !change->after ? FEED_REMOVE : change->before ? FEED_UPDATE : FEED_ADD;
    entry->item.object = change->after ? object_ref(change->after) : NULL;
    g_queue_push_tail_link(&feed->order, &entry->link);
}

void
feed_publish(Feed *feed, const Changes *changes, guint64 serial)
{
    guint count;
    const Change *rows = changes_rows(changes, &count);
    LOCK_HOLD(&feed->lock);
    feed->serial = serial;
    for (guint i = 0; i < count; i++)
        note(feed, &rows[i], serial);
    while (feed->order.length > feed->most) {
        Entry *oldest = feed->order.head->data;
        feed->forgotten = MAX(feed->forgotten, oldest->item.serial);
        forget(feed, oldest);
    }
    for (guint i = 0; i < feed->followers->len; i++) {
        const Follower *follower = &g_array_index(feed->followers, Follower, i);
        follower->wake(follower->data);
    }
}

guint64
feed_serial(Feed *feed)
{
    LOCK_HOLD(&feed->lock);
    return feed->serial;
}

GPtrArray *
feed_since(Feed *feed, guint64 since, guint most, gboolean *ret_reset)
{
    GPtrArray *items = g_ptr_array_new_with_free_func(item_free);
    LOCK_HOLD(&feed->lock);
    *ret_reset = since < feed->forgotten || since > feed->serial;
    if (*ret_reset)
        return items;
    /* Followers are mostly near the end: look for their place from there. */
    GList *at = feed->order.tail;
    while (at && ((Entry *) at->data)->item.serial > since)
        at = at->prev;
    for (at = at ? at->next : feed->order.head; at; at = at->next) {
        const FeedItem *item = &((Entry *) at->data)->item;
        /* A change set is given whole, so that its serial can be the reader's next cursor. */
        if (items->len >= most && item->serial != ((FeedItem *) g_ptr_array_index(items, items->len - 1))->serial)
            break;
        FeedItem *copy = g_memdup2(item, sizeof(FeedItem));
        copy->object = item->object ? object_ref(item->object) : NULL;
        g_ptr_array_add(items, copy);
    }
    return items;
}

guint
feed_follow(Feed *feed, FeedWake wake, gpointer data)
{
    LOCK_HOLD(&feed->lock);
    Follower follower = { ++feed->next_follower, wake, data };
    g_array_append_val(feed->followers, follower);
    return follower.number;
}

void
feed_unfollow(Feed *feed, guint follower)
{
    LOCK_HOLD(&feed->lock);
    for (guint i = 0; i < feed->followers->len; i++) {
        if (g_array_index(feed->followers, Follower, i).number == follower) {
            g_array_remove_index(feed->followers, i);
            return;
        }
    }
}
