/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One follower: a cursor into the feed, and the text written for it that has not gone yet (one batch at most). Nothing is kept
 * for a slow follower: its cursor stays behind, the feed coalesces, and if it falls off the end it is told to reset. A client
 * that does not read at all is cut by the front. */
#include "api/stream.h"

#include "api/api_parts.h"
#include "api/links.h"
#include "base/fault.h"

#include <string.h>

typedef struct {
    Api *api;
    Feed *feed;
    guint64 cursor;
    const char *reset;              /* why; to be told first; NULL: nothing to tell */
    GHashTable *types;              /* const Type *; NULL: all */
    gboolean all;                   /* all_content */
    Language language;
    Text text;
    gsize sent;                     /* of text */
    Tick last;                      /* something was written */
    Id user;
    const char *session;            /* what he came in by; NULL: by name and password */
    SessionKind session_kind;
} Follower;

static void
follower_free(gpointer data)
{
    Follower *follower = data;
    g_atomic_int_add(&follower->api->load.streams, -1);
    if (follower->types)
        g_hash_table_unref(follower->types);
    text_clear(&follower->text);
    g_free(follower);
}

/* --- writing ------------------------------------------------------------------------------------------------------------------ */

static void
add_id(Follower *follower)
{
    text_printf(&follower->text, "id: %s-%" G_GUINT64_FORMAT "\n", feed_boot(follower->feed), follower->cursor);
}

static void
add_object(Follower *follower, const FeedItem *item, const View *view)
{
    char id[ID_TEXT_SIZE];
    g_autofree char *path = g_strdup_printf("/%s/%s", item->type->path, id_format(&item->id, item->type->ids, id));
    Links links = { .view = view, .language = follower->language };
    Write write = links_write(&links, &follower->text, FORMAT_JSON, follower->all);
    text_add_literal(&follower->text, ",\"object\":");
    links_write_object(&write, item->type->one, item->object, path);
}

static void
add_item(Follower *follower, const FeedItem *item, const View *view)
{
    static const char *const ops[] = { [FEED_ADD] = "add", [FEED_UPDATE] = "update", [FEED_REMOVE] = "remove" };
    char id[ID_TEXT_SIZE];
    if (follower->types && !g_hash_table_contains(follower->types, item->type))
        return;
    text_printf(&follower->text, "data: {\"op\":\"%s\",\"type\":\"%s\",\"id\":\"%s\"", ops[item->kind], item->type->one,
                id_format(&item->id, item->type->ids, id));
    if (item->object)
        add_object(follower, item, view);
    text_add_literal(&follower->text, "}\n\n");
}

/* The id of an event is that of the change set before it, except for the last: who resumes in the middle gets the set again. */
static void
add_items(Follower *follower, const GPtrArray *items)
{
    g_autoptr(View) view = inventory_view(engine_inventory(follower->api->engine));
    for (guint i = 0; i < items->len; i++) {
        const FeedItem *item = items->pdata[i];
        const FeedItem *next = i + 1 < items->len ? items->pdata[i + 1] : NULL;
        if (!next || next->serial != item->serial)
            follower->cursor = item->serial;
        gsize before = follower->text.length;
        add_id(follower);
        gsize with_id = follower->text.length;
        add_item(follower, item, view);
        if (follower->text.length == with_id)
            follower->text.length = before;     /* of a type that is not followed */
    }
}

static void
add_reset(Follower *follower)
{
    follower->cursor = feed_serial(follower->feed);
    add_id(follower);
    text_printf(&follower->text, "event: reset\ndata: {\"op\":\"reset\",\"reason\":\"%s\"}\n\n", follower->reset);
    follower->reset = NULL;
}

static void
add_heartbeat(Follower *follower)
{
    /* With an id: a follower of few types would else resume far back. */
    add_id(follower);
    text_add_literal(&follower->text, ": still here\n\n");
}

static void
write_more(Follower *follower)
{
    gboolean reset = FALSE;
    text_reset(&follower->text);
    follower->sent = 0;
    if (follower->reset)
        add_reset(follower);
    g_autoptr(GPtrArray) items = feed_since(follower->feed, follower->cursor, LIMIT_STREAM_BATCH, &reset);
    if (reset) {
        follower->reset = "too old";
        add_reset(follower);
    }
    add_items(follower, items);
}

/* Following counts as use of a token; who has logged out, or is gone, follows no more. */
static gboolean
may_follow(const Follower *follower)
{
    if (follower->session) {
        Id user = session_user(follower->api->sessions, follower->session_kind, follower->session);
        if (id_is_null(&user))
            return FALSE;
    }
    g_autoptr(View) view = inventory_view(engine_inventory(follower->api->engine));
    return id_is_null(&follower->user) || view_find(view, &user_type, &follower->user);
}

/* The server asks when there is room towards the client and something may have happened. */
static gssize
read_follower(gpointer data, char *buffer, gsize room, Tick *ret_due)
{
    Follower *follower = data;
    Tick now = clock_tick();
    if (follower->sent == follower->text.length) {
        if (!may_follow(follower))
            return -1;
        write_more(follower);
    }
    if (follower->text.length == 0 && now - follower->last >= LIMIT_HEARTBEAT)
        add_heartbeat(follower);
    gsize count = MIN(room, follower->text.length - follower->sent);
    memcpy(buffer, follower->text.bytes + follower->sent, count);
    follower->sent += count;
    if (count)
        follower->last = now;
    *ret_due = follower->last + LIMIT_HEARTBEAT;
    return (gssize) count;
}

/* --- beginning ------------------------------------------------------------------------------------------------------------------ */

/* "BOOT-SERIAL", from Last-Event-ID or ?from=. */
static void
find_place(Follower *follower, const Exchange *exchange)
{
    const char *token = exchange_header(exchange, "Last-Event-ID");
    const char *boot = feed_boot(follower->feed);
    gsize length = strlen(boot);
    char *end = NULL;
    if (!token || !*token)
        token = exchange_parameter(exchange, "from");
    follower->cursor = feed_serial(follower->feed);
    if (!token || !*token)
        return;
    if (strncmp(token, boot, length) != 0 || token[length] != '-') {
        follower->reset = "another start";
        return;
    }
    guint64 serial = g_ascii_strtoull(token + length + 1, &end, 10);
    if (*end || end == token + length + 1)
        follower->reset = "not a token";
    else
        follower->cursor = serial;
}

static gboolean
find_types(Follower *follower, const Exchange *exchange, GError **error)
{
    const char *given = exchange_parameter(exchange, "types");
    if (!given || !*given)
        return TRUE;
    g_auto(GStrv) words = g_strsplit(given, ",", 64);
    follower->types = g_hash_table_new(NULL, NULL);
    for (char **word = words; *word; word++) {
        const Type *type = inventory_type_of_name(g_strstrip(*word));
        if (!type)
            return fault_set(error, MSG_API_STREAM_TYPE, "type", *word, NULL);
        g_hash_table_add(follower->types, (gpointer) type);
    }
    return TRUE;
}

static gboolean
begin(Follower *follower, Exchange *exchange, GError **error)
{
    if (g_atomic_int_get(&follower->api->load.streams) > LIMIT_STREAMS)
        return fault_set(error, MSG_API_STREAM_TOO_MANY, NULL);
    find_place(follower, exchange);
    return find_types(follower, exchange, error);
}

void
stream_serve(Exchange *exchange)
{
    Request *request = (Request *) exchange;
    Follower *follower = g_new0(Follower, 1);
    g_autoptr(GError) error = NULL;
    follower->api = exchange->api;
    follower->feed = engine_feed(exchange->engine);
    follower->all = exchange_flag(exchange, "all_content", FALSE);
    follower->language = exchange->language;
    follower->last = clock_tick();
    follower->user = exchange->user;
    follower->session = request->session;
    follower->session_kind = request->session_kind;
    g_atomic_int_inc(&follower->api->load.streams);
    if (!begin(follower, exchange, &error)) {
        follower_free(follower);
        exchange_end_fault(exchange, error);
        return;
    }
    /* Something to read at once, so that a client knows it is heard, and where it stands. */
    if (follower->reset)
        add_reset(follower);
    else
        add_heartbeat(follower);
    request->read = read_follower;
    request->read_data = follower;
    request->read_free = follower_free;
    exchange->media = "text/event-stream";
    exchange_reply_header(exchange, "X-Accel-Buffering", "no");
    exchange_end(exchange);
}
