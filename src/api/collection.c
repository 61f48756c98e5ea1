/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lists. A whole list of a type comes out of the cache; anything else (a search, a page, something to follow, another
 * language) is chosen from the view and written. What is long goes to a worker, so that a server thread never is. */
#include "api/collection.h"

#include "api/cache.h"
#include "api/links.h"
#include "api/told.h"
#include "base/workers.h"
#include "model/record.h"

#define MOST_HERE 200                   /* objects written in a server thread */
#define PAGE_ROWS 100                   /* of `page N` without max */

typedef struct {
    Exchange *exchange;
    Place place;
    Follow *follow;
    Search *search;
    SearchWorld world;
    gint64 max, from;                   /* -1: not given */
    gboolean all;                       /* all_content */
} Listing;

static void
listing_free(Listing *listing)
{
    place_clear(&listing->place);
    follow_free(listing->follow);
    search_free(listing->search);
    g_free(listing);
}

/* --- what is wanted -------------------------------------------------------------------------------------------------------- */

/* A number of the query; -1 where there is none, or nonsense, which oVirt ignores too. */
static gint64
number(const Exchange *exchange, const char *name)
{
    const char *text = exchange_parameter(exchange, name);
    char *end = NULL;
    gint64 value = text && *text ? g_ascii_strtoll(text, &end, 10) : -1;
    return end && !*end && value >= 0 ? value : -1;
}

static gboolean
read_wishes(Listing *listing, GError **error)
{
    Exchange *exchange = listing->exchange;
    const Type *type = listing->place.members.type;
    const char *query = exchange_parameter(exchange, "search");
    listing->max = number(exchange, "max");
    listing->from = type == &event_type ? number(exchange, "from") : -1;
    listing->all = exchange_flag(exchange, "all_content", FALSE);
    listing->world = view_world(listing->place.view);
    if (!type)
        return TRUE;
    if (!follow_new(type, exchange_parameter(exchange, "follow"), exchange->read.strict, &listing->follow, error))
        return FALSE;
    listing->search = search_new(type, view_search_words(type), query, exchange_flag(exchange, "case_sensitive", FALSE), error);
    return listing->search != NULL;
}

static gboolean
is_searched(const Listing *listing)
{
    return !search_is_all(listing->search) || search_sorts(listing->search) || search_page(listing->search);
}

/* Is it the list the cache keeps? */
static gboolean
is_plain(const Listing *listing)
{
    const Type *type = listing->place.members.type;
    return type && !listing->place.row && !is_searched(listing) && !listing->follow && listing->max < 0 && listing->from < 0 &&
           (listing->exchange->language == LANGUAGE_EN || !told_type(type)) && view_count(listing->place.view, type) > 0;
}

/* --- choosing ----------------------------------------------------------------------------------------------------------------- */

static gboolean
is_wanted(const Listing *listing, gconstpointer object)
{
    if (listing->from >= 0 && ((const Event *) object)->index <= listing->from)
        return FALSE;
    return search_is_all(listing->search) || search_matches(listing->search, &listing->world, object);
}

static int
compare(const Listing *listing, gconstpointer a, gconstpointer b)
{
    return search_compare(listing->search, &listing->world, a, b);
}

static int
compare_items(gconstpointer a, gconstpointer b, gpointer data)
{
    return compare(data, *(const gpointer *) a, *(const gpointer *) b);
}

/* The worst of the first COUNT items stands at the top of a heap; ITEM sinks from the top to its place. */
static void
sink(const Listing *listing, gpointer *heap, guint count, guint at)
{
    for (guint below = 2 * at + 1; below < count; below = 2 * at + 1) {
        if (below + 1 < count && compare(listing, heap[below + 1], heap[below]) > 0)
            below++;
        if (compare(listing, heap[at], heap[below]) >= 0)
            return;
        gpointer item = heap[at];
        heap[at] = heap[below];
        heap[below] = item;
        at = below;
    }
}

/* Leaves the first MOST of ITEMS by order, in no order: a page of few among many must not sort all. */
static void
keep_first(const Listing *listing, GPtrArray *items, guint most)
{
    if (items->len <= most)
        return;
    for (guint i = most / 2; most && i-- > 0;)
        sink(listing, items->pdata, most, i);
    for (guint i = most; most && i < items->len; i++) {
        if (compare(listing, items->pdata[i], items->pdata[0]) >= 0)
            continue;
        items->pdata[0] = items->pdata[i];
        sink(listing, items->pdata, most, 0);
    }
    g_ptr_array_set_size(items, (int) most);
}

/* Children keep the order they have in their owner unless a search says otherwise. */
static gboolean
is_sorted_by_owner(const Listing *listing)
{
    return listing->place.row && !members_stand_alone(listing->place.members.type) && !is_searched(listing);
}

static void
cut_page(const Listing *listing, GPtrArray *items)
{
    guint page = search_page(listing->search);
    guint64 rows = listing->max >= 0 ? (guint64) listing->max : page ? PAGE_ROWS : G_MAXUINT;
    guint64 start = page ? (page - 1) * rows : 0, end = start + rows;
    if (!is_sorted_by_owner(listing)) {
        keep_first(listing, items, (guint) MIN(end, items->len));
        g_ptr_array_sort_with_data(items, compare_items, (gpointer) listing);
    }
    if (end < items->len)
        g_ptr_array_remove_range(items, (guint) end, items->len - (guint) end);
    if (start)
        g_ptr_array_remove_range(items, 0, (guint) MIN(start, items->len));
}

/* ALL may own its objects: what is chosen lives no longer. */
static GPtrArray *
choose(const Listing *listing, const GPtrArray *all)
{
    GPtrArray *chosen = g_ptr_array_sized_new(all->len);
    for (guint i = 0; i < all->len; i++) {
        if (is_wanted(listing, all->pdata[i]))
            g_ptr_array_add(chosen, all->pdata[i]);
    }
    if (listing->place.members.type)
        cut_page(listing, chosen);
    return chosen;
}

/* --- answering ------------------------------------------------------------------------------------------------------------------ */

static void
answer(Listing *listing, const GPtrArray *all)
{
    Exchange *exchange = listing->exchange;
    const Place *place = &listing->place;
    g_autoptr(GPtrArray) items = choose(listing, all);
    Links links = { .view = place->view, .numbers = place->above.numbers, .follow = listing->follow, .language = exchange->language };
    Write write = links_write(&links, exchange->reply, exchange->format, listing->all);
    gboolean children = place->row && place->row->kind == KIND_CHILDREN;
    links_write_list(&write, &place->members, children ? place->above.object : NULL, items->pdata, items->len);
    listing_free(listing);
    if (links.overflow)
        links_end_overflow(exchange);
    else
        exchange_end(exchange);
}

static void
answer_plain(Listing *listing, RopeReply *take)
{
    Exchange *exchange = listing->exchange;
    Made made = { .size = rope_reply_size(take), .memory = rope_reply_memory(take), .read = rope_reply_read, .free = rope_reply_free, .data = take };
    listing_free(listing);
    exchange_reply_made(exchange, &made);
    exchange_end(exchange);
}

static RopeReply *
plain_reply(const Listing *listing, guint most)
{
    CacheKey key = { listing->place.members.type, listing->exchange->format, listing->all };
    return cache_list(listing->exchange->cache, &key, listing->place.view, most);
}

static void
work_plain(gpointer data)
{
    Listing *listing = data;
    answer_plain(listing, plain_reply(listing, G_MAXUINT));
}

static void
work_chosen(gpointer data)
{
    Listing *listing = data;
    const Place *place = &listing->place;
    /* Of templates and the like nothing lies anywhere without being known. */
    gboolean unknown = place->row && exchange_flag(listing->exchange, "unregistered", FALSE);
    g_autoptr(GPtrArray) all = unknown ? g_ptr_array_new() : members_list(&place->members, &place->above, place->row);
    answer(listing, all);
}

static void
list_plain(Listing *listing)
{
    RopeReply *reply = plain_reply(listing, MOST_HERE);
    if (reply)
        answer_plain(listing, reply);
    else
        workers_push(listing->exchange->workers, work_plain, listing);
}

/* Looking through all of a type to find a few members takes long too, and nobody knows what following brings. */
static gboolean
takes_long(const Listing *listing)
{
    const Place *place = &listing->place;
    return listing->follow || (place->members.type && members_stand_alone(place->members.type) && view_count(place->view, place->members.type) > MOST_HERE);
}

void
collection_get(Exchange *exchange, Place *take)
{
    g_autoptr(GError) error = NULL;
    Listing *listing = g_new0(Listing, 1);
    listing->exchange = exchange;
    listing->place = *take;
    *take = (Place) { 0 };
    if (!read_wishes(listing, &error)) {
        listing_free(listing);
        exchange_end_fault(exchange, error);
    } else if (is_plain(listing)) {
        list_plain(listing);
    } else if (takes_long(listing)) {
        workers_push(exchange->workers, work_chosen, listing);
    } else {
        work_chosen(listing);
    }
}
