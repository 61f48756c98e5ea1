/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The house of house.h. The store's symbols are defined here, so the real one is not linked. */
#include "house.h"

#include "api/cache.h"
#include "api/route.h"
#include "base/clock.h"
#include "model/smalls.h"

#include <string.h>

#define ROOT "/ovirt-engine/api"

static struct {
    Loop *loop;
    Feed *feed;
    Statistics *statistics;
    Engine *engine;
    Workers *workers;
    Cache *cache;
    Mailbox *mailbox;
    gint woken;
} house;

/* --- the store: takes everything --------------------------------------------------------------------------------------------- */

void
store_write(G_GNUC_UNUSED Store *store, G_GNUC_UNUSED const Changes *changes, StoreDone done, gpointer data)
{
    done(data, NULL);
}

void
store_resume(G_GNUC_UNUSED Store *store)
{
}

Message *
store_trouble(G_GNUC_UNUSED Store *store)
{
    return NULL;
}

char *
store_kept(G_GNUC_UNUSED Store *store, G_GNUC_UNUSED const char *space, G_GNUC_UNUSED const Id *id, G_GNUC_UNUSED GError **error)
{
    return NULL;
}

guint64
store_next_event(G_GNUC_UNUSED Store *store)
{
    return estate.events + 1;
}

gboolean
store_load(G_GNUC_UNUSED Store *store, G_GNUC_UNUSED Changes *changes, G_GNUC_UNUSED GError **error)
{
    return TRUE;
}

/* --- life ------------------------------------------------------------------------------------------------------------------------ */

static void
wake(G_GNUC_UNUSED gpointer data)
{
    g_atomic_int_inc(&house.woken);
}

void
house_open(void)
{
    GError *error = NULL;
    estate_open();
    inventory_publish(estate.inventory, estate.view);
    house.loop = loop_new();
    house.feed = feed_new(1000);
    house.statistics = statistics_new();
    EngineParts parts = { .loop = house.loop, .inventory = estate.inventory, .feed = house.feed, .hosts = estate.hosts,
                          .statistics = house.statistics, .workers = 2 };
    house.engine = engine_new(&parts);
    g_assert_true(engine_start(house.engine, &error));
    g_assert_no_error(error);
    house.workers = workers_new("answer", 2);
    house.cache = cache_new(64 << 20);
    house.mailbox = mailbox_new(wake, NULL);
}

void
house_close(void)
{
    g_assert_true(workers_stop(house.workers, clock_tick() + 5 * CLOCK_SECOND));
    engine_stop(house.engine);
    engine_free(house.engine);
    cache_free(house.cache);
    mailbox_close(house.mailbox);
    statistics_free(house.statistics);
    feed_free(house.feed);
    loop_free(house.loop);
    estate_close();
    memset(&house, 0, sizeof(house));
}

Inventory *
house_inventory(void)
{
    return estate.inventory;
}

static gboolean
is_busy(void)
{
    g_autoptr(View) view = inventory_view(estate.inventory);
    ViewWalk walk = view_walk(view, &job_type);
    for (const Job *job; (job = view_next(&walk));) {
        if (job->command && job->status == JOB_STARTED)
            return TRUE;
    }
    return FALSE;
}

void
house_settle(void)
{
    Tick limit = clock_tick() + 5 * CLOCK_SECOND;
    while (loop_iterate(house.loop, FALSE) || is_busy()) {
        g_assert_cmpint(clock_tick(), <, limit);
        g_usleep(200);
    }
}

/* --- requests ------------------------------------------------------------------------------------------------------------------- */

void
reply_clear(Reply *reply)
{
    g_clear_pointer(&reply->headers, g_free);
    g_clear_pointer(&reply->text, g_free);
}

static void
note_headers(Request *request, const char *headers)
{
    g_auto(GStrv) lines = g_strsplit(headers ? headers : "", "\n", -1);
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) halves = g_strsplit(*line, ": ", 2);
        if (halves[0] && halves[1])
            request_note_header(request, halves[0], halves[1]);
    }
    if (!headers || !strstr(headers, "Host: "))
        request_note_header(request, "Host", "manager.example");
}

static Reply
take_reply(Request *request)
{
    Exchange *exchange = &request->exchange;
    GString *headers = g_string_new(NULL);
    Text text = TEXT_EMPTY;
    text_add_bytes(&text, exchange->reply->bytes ? exchange->reply->bytes : "", exchange->reply->length);
    guint pieces = request->made.read != NULL;
    char buffer[1000];
    for (gsize count; pieces && (count = request->made.read(request->made.data, buffer, sizeof(buffer)));)
        text_add_bytes(&text, buffer, count);
    g_assert_cmpuint(text.length, ==, pieces ? request->made.size : text.length);
    for (guint i = 0; request->reply_headers && i < request->reply_headers->len; i += 2)
        g_string_append_printf(headers, "%s: %s\n", (char *) request->reply_headers->pdata[i], (char *) request->reply_headers->pdata[i + 1]);
    gsize length = text.length;
    const char *media = exchange->media ? exchange->media : exchange->format == FORMAT_JSON ? "application/json" : "application/xml";
    Reply reply = { exchange->status, g_string_free(headers, FALSE), text_take(&text), length, media, pieces };
    return reply;
}

static void
fill_exchange(Exchange *exchange)
{
    exchange->engine = house.engine;
    exchange->workers = house.workers;
    exchange->cache = house.cache;
    exchange->user = estate.user;
}

Reply
house_ask(const char *method, const char *target, const char *headers, const char *body)
{
    g_autofree char *whole = g_str_has_prefix(target, "/ovirt-engine") ? g_strdup(target) : g_strconcat(ROOT, target, NULL);
    Request *request = request_new(NULL, house.mailbox);
    GError *error = NULL;
    note_headers(request, headers);
    if (body && (!headers || !strstr(headers, "Content-Type")))
        request_note_header(request, "Content-Type", *body == '{' ? "application/json" : "application/xml");
    if (body)
        text_add(&request->body, body);
    gboolean well = request_open(request, method, whole, &error) && request_take_body(request, &error);
    fill_exchange(&request->exchange);
    if (well)
        route_serve(&request->exchange);
    else
        exchange_end_fault(&request->exchange, error);
    g_clear_error(&error);
    Tick limit = clock_tick() + 10 * CLOCK_SECOND;
    while (!request_has_ended(request)) {
        if (clock_tick() > limit)
            g_error("%s %s is not answered", method, target);
        loop_iterate(house.loop, FALSE);
        g_usleep(50);
    }
    Reply reply = take_reply(request);
    request_free(request);
    return reply;
}

Reply
house_get(const char *target)
{
    return house_ask("GET", target, "Accept: application/xml", NULL);
}

Reply
house_get_json(const char *target)
{
    return house_ask("GET", target, "Accept: application/json", NULL);
}

/* --- a full inventory ------------------------------------------------------------------------------------------------------------ */

static void
publish(gpointer object, gboolean remove)
{
    g_autoptr(View) view = inventory_view(estate.inventory);
    g_autoptr(View) next = view_with(view, &object, &remove, 1);
    inventory_publish(estate.inventory, next);
}

void
house_put(gpointer take)
{
    Object *object = take;
    object->version = inventory_next_version(estate.inventory);
    publish(take, FALSE);
    object_unref(take);
}

void
house_remove(const Type *type, const Id *id)
{
    g_autoptr(View) view = inventory_view(estate.inventory);
    gconstpointer object = view_find(view, type, id);
    g_assert_nonnull(object);
    publish((gpointer) object, TRUE);
}

Id
house_id_of(const Type *type)
{
    g_autofree char *name = g_strconcat("full ", type->one, NULL);
    switch (type->ids) {
    case ID_NUMBER:
        return id_number(77000001);
    case ID_WORD:
    case ID_HEX:
        return id_word("full");
    case ID_UUID:
    default:
        return id_named(&id_null, name);
    }
}

static gpointer fill_new(const Type *type);

static void
fill_record(const Type *type, gpointer record)
{
    for (const Field *row = type->fields; row->name; row++) {
        gpointer member = (char *) record + row->offset;
        if (row->kind == KIND_TEXT)
            text_set(member, "x<&>\"'\xe4\xbb\x95");
        else if (row->kind == KIND_BOOL)
            *(gboolean *) member = TRUE;
        else if (row->kind == KIND_INT)
            *(gint64 *) member = 42;
        else if (row->kind == KIND_REAL)
            *(double *) member = 1.5;
        else if (row->kind == KIND_TIME)
            *(gint64 *) member = 1700000000000000;
        else if (row->kind == KIND_ENUM)
            *(int *) member = 1;
        else if (row->kind == KIND_REF)
            ((Ref *) member)->id = house_id_of(row->of);
        else if (row->kind == KIND_GROUP)
            fill_record(row->of, member);
        else if (row->kind == KIND_LIST || row->kind == KIND_CHILDREN)
            list_add(member, fill_new(row->of));
        else if (row->kind == KIND_WORDS)
            words_add(member, "word");
    }
}

static gpointer
fill_new(const Type *type)
{
    gpointer record = type->path ? object_new(type) : g_malloc0(type->size);
    fill_record(type, record);
    if (type->path)
        ((Object *) record)->id = house_id_of(type);
    return record;
}

/* The members that make something work must hold what does. */
static void
correct(gpointer object)
{
    const Type *type = ((const Object *) object)->type;
    if (type == &vm_type) {
        Snapshot *snapshot = ((Vm *) object)->snapshots.items[0];
        text_set(&snapshot->snapshot_type, "active");
    } else if (type == &job_type) {
        Job *job = object;
        job->status = JOB_FINISHED;
        text_set(&job->command, NULL);
    }
}

void
house_populate(void)
{
    for (const Type *const *type = inventory_types; *type; type++) {
        gpointer object = fill_new(*type);
        correct(object);
        house_put(object);
    }
}
