/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * An exchange as handlers see it, and its end: which thread may touch it when. A handler ends it in the server's thread before
 * it returns, or later from any thread; then it is queued in the mailbox of its server, which resumes the connection. When the
 * connection went first the exchange is an orphan and its end only frees it. */
#include "api/fault.h"
#include "api/request.h"

#include <string.h>

/* --- asking ------------------------------------------------------------------------------------------------------------------ */

static const Request *
request_of(const Exchange *exchange)
{
    return (const Request *) (gconstpointer) exchange;
}

const char *
exchange_header(const Exchange *exchange, const char *name)
{
    const Request *request = request_of(exchange);
    for (guint i = 0; i < request->n_headers; i++) {
        if (g_ascii_strcasecmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    }
    return NULL;
}

static const char *
find_pair(const Header *pairs, guint count, const char *name)
{
    for (guint i = 0; i < count; i++) {
        if (strcmp(pairs[i].name, name) == 0)
            return pairs[i].value;
    }
    return NULL;
}

/* The parameters that may come as headers. */
static const char *const header_parameters[][2] = { { "filter", "Filter" }, { "all_content", "All-Content" } };

const char *
exchange_parameter(const Exchange *exchange, const char *name)
{
    const Request *request = request_of(exchange);
    const char *value = find_pair(request->query, request->n_query, name);
    if (!value)
        value = find_pair(request->matrix, request->n_matrix, name);
    for (guint i = 0; i < G_N_ELEMENTS(header_parameters) && !value; i++) {
        if (strcmp(header_parameters[i][0], name) == 0)
            value = exchange_header(exchange, header_parameters[i][1]);
    }
    return value;
}

gboolean
exchange_flag(const Exchange *exchange, const char *name, gboolean otherwise)
{
    static const char *const yes[] = { "", "t", "true", "y", "yes", "1" }, *const no[] = { "f", "false", "n", "no", "0" };
    const char *value = exchange_parameter(exchange, name);
    for (guint i = 0; value && i < G_N_ELEMENTS(yes); i++) {
        if (g_ascii_strcasecmp(value, yes[i]) == 0)
            return TRUE;
    }
    for (guint i = 0; value && i < G_N_ELEMENTS(no); i++) {
        if (g_ascii_strcasecmp(value, no[i]) == 0)
            return FALSE;
    }
    return otherwise;
}

static void
put_pairs(GHashTable *all, const Header *pairs, guint count)
{
    for (guint i = 0; i < count; i++) {
        if (!g_hash_table_contains(all, pairs[i].name))
            g_hash_table_insert(all, g_strdup(pairs[i].name), g_strdup(pairs[i].value));
    }
}

GHashTable *
exchange_parameters(const Exchange *exchange)
{
    const Request *request = request_of(exchange);
    GHashTable *all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    put_pairs(all, request->query, request->n_query);
    put_pairs(all, request->matrix, request->n_matrix);
    for (guint i = 0; i < G_N_ELEMENTS(header_parameters); i++) {
        Header pair = { header_parameters[i][0], exchange_header(exchange, header_parameters[i][1]) };
        put_pairs(all, &pair, pair.value ? 1 : 0);
    }
    return all;
}

/* --- answering ------------------------------------------------------------------------------------------------------------- */

/* A value with a line break would be a header of somebody else's making. */
void
exchange_reply_header(Exchange *exchange, const char *name, const char *value)
{
    Request *request = (Request *) exchange;
    if (!request->reply_headers)
        request->reply_headers = g_ptr_array_new_with_free_func(g_free);
    char *clean = g_strdup(value);
    for (char *at = clean; *at; at++) {
        if ((guchar) *at < ' ' || (guchar) *at >= 0x7f)
            *at = '?';
    }
    g_ptr_array_add(request->reply_headers, g_strdup(name));
    g_ptr_array_add(request->reply_headers, clean);
}

void
exchange_reply_made(Exchange *exchange, const Made *take)
{
    Request *request = (Request *) exchange;
    request_drop_made(request);
    request->made = *take;
}

void
request_drop_made(Request *request)
{
    if (request->made.free)
        request->made.free(request->made.data);
    request->made = (Made) { 0 };
}

static void
drop_reply(Request *request)
{
    text_reset(&request->reply);
    request_drop_made(request);
}

static void
write_plain(Exchange *exchange, const GError *error)
{
    g_autofree char *text = message_text(fault_message(error), exchange->language);
    exchange->media = "text/plain;charset=UTF-8";
    text_printf(exchange->reply, "%s\n", text);
}

static void
end_with_fault(Exchange *exchange, const GError *error, gboolean in_action)
{
    int status = fault_http(fault_of(error));
    drop_reply((Request *) exchange);
    /* 414 and 431 say more than the fault's own status; whoever knows better has set it. */
    if (exchange->status < 400)
        exchange->status = status;
    exchange->media = NULL;
    if (exchange->status == 401)
        exchange_reply_header(exchange, "WWW-Authenticate", "Basic realm=\"RESTAPI\"");
    if (exchange->plain)
        write_plain(exchange, error);
    else
        fault_write(exchange->reply, exchange->format, exchange->language, error, in_action);
    exchange_end(exchange);
}

void
exchange_end_fault(Exchange *exchange, const GError *error)
{
    end_with_fault(exchange, error, FALSE);
}

void
exchange_end_action_fault(Exchange *exchange, const GError *error)
{
    end_with_fault(exchange, error, TRUE);
}

/* TRUE: nobody waits for it any more. */
static gboolean
end_it(Request *request)
{
    Mailbox *mailbox = request->mailbox;
    LOCK_HOLD(&mailbox->lock);
    g_assert(!request->ended);
    if (request->orphan)
        return TRUE;
    request->ended = TRUE;
    if (request->suspended) {
        g_queue_push_tail(&mailbox->queue, request);
        if (mailbox->wake)
            mailbox->wake(mailbox->data);
    }
    return FALSE;
}

void
exchange_end(Exchange *exchange)
{
    Request *request = (Request *) exchange;
    if (end_it(request))
        request_free(request);
}

/* --- requests and mailboxes ------------------------------------------------------------------------------------------------- */

Mailbox *
mailbox_new(void (*wake)(gpointer data), gpointer data)
{
    Mailbox *mailbox = g_new0(Mailbox, 1);
    refs_init(&mailbox->refs);
    lock_init(&mailbox->lock);
    g_queue_init(&mailbox->queue);
    g_queue_init(&mailbox->calls);
    g_queue_init(&mailbox->wakers);
    mailbox->wake = wake;
    mailbox->data = data;
    return mailbox;
}

static void
mailbox_unref(Mailbox *mailbox)
{
    if (!refs_dec(&mailbox->refs))
        return;
    lock_clear(&mailbox->lock);
    g_queue_clear(&mailbox->queue);
    g_queue_clear_full(&mailbox->calls, g_free);
    g_queue_clear(&mailbox->wakers);
    g_free(mailbox);
}

void
mailbox_close(Mailbox *mailbox)
{
    lock_take(&mailbox->lock);
    mailbox->wake = NULL;
    lock_drop(&mailbox->lock);
    mailbox_unref(mailbox);
}

Request *
mailbox_next_ended(Mailbox *mailbox)
{
    LOCK_HOLD(&mailbox->lock);
    return g_queue_pop_head(&mailbox->queue);
}

Request *
mailbox_next_woken(Mailbox *mailbox)
{
    LOCK_HOLD(&mailbox->lock);
    Waker *waker = g_queue_pop_head(&mailbox->wakers);
    if (!waker)
        return NULL;
    waker->queued = FALSE;
    return waker->request;          /* only the server's thread ends it while it sleeps */
}

gboolean
mailbox_next_call(Mailbox *mailbox, Call *ret_call)
{
    Tick now = clock_tick();
    LOCK_HOLD(&mailbox->lock);
    for (GList *at = mailbox->calls.head; at; at = at->next) {
        g_autofree Call *call = at->data;
        if (call->at <= now) {
            *ret_call = *call;
            g_queue_delete_link(&mailbox->calls, at);
            return TRUE;
        }
        g_steal_pointer(&call);
    }
    return FALSE;
}

/* --- wakers --------------------------------------------------------------------------------------------------------------------- */

Waker *
request_waker(Request *request)
{
    if (!request->waker) {
        request->waker = g_new0(Waker, 1);
        refs_init(&request->waker->refs);
        request->waker->mailbox = request->mailbox;
        request->waker->request = request;
        refs_inc(&request->mailbox->refs);
    }
    refs_inc(&request->waker->refs);
    return request->waker;
}

void
waker_unref(Waker *waker)
{
    if (!waker || !refs_dec(&waker->refs))
        return;
    mailbox_unref(waker->mailbox);
    g_free(waker);
}

void
waker_wake(Waker *waker)
{
    Mailbox *mailbox = waker->mailbox;
    LOCK_HOLD(&mailbox->lock);
    if (waker->queued || !waker->request)
        return;
    waker->queued = TRUE;
    g_queue_push_tail(&mailbox->wakers, waker);
    if (mailbox->wake)
        mailbox->wake(mailbox->data);
}

/* It wakes nobody any more. */
static void
still(Request *request)
{
    Waker *waker = g_steal_pointer(&request->waker);
    if (!waker)
        return;
    lock_take(&request->mailbox->lock);
    waker->request = NULL;
    if (waker->queued)
        g_queue_remove(&request->mailbox->wakers, waker);
    waker->queued = FALSE;
    lock_drop(&request->mailbox->lock);
    waker_unref(waker);
}

Request *
request_new(Api *api, Mailbox *mailbox)
{
    Request *request = g_malloc(sizeof(Request));
    memset(request, 0, G_STRUCT_OFFSET(Request, headers));
    request->exchange.api = api;
    request->exchange.status = 200;
    request->exchange.reply = &request->reply;
    request->memory = g_string_chunk_new(1024);
    request->mailbox = mailbox;
    refs_inc(&mailbox->refs);
    return request;
}

void
request_adopt(Request *request, const Exchange *model)
{
    request->exchange.engine = model->engine;
    request->exchange.workers = model->workers;
    request->exchange.cache = model->cache;
    request->exchange.metrics = model->metrics;
    request->exchange.transfers = model->transfers;
}

void
request_free(Request *request)
{
    if (!request)
        return;
    still(request);
    if (request->read_free)
        request->read_free(request->read_data);
    if (request->kept_free)
        request->kept_free(request->kept);
    if (request->upgrade.begin)
        request->upgrade.drop(request->upgrade.data);
    drop_reply(request);
    text_clear(&request->reply);
    text_clear(&request->body);
    g_clear_pointer(&request->reply_headers, g_ptr_array_unref);
    g_string_chunk_free(request->memory);
    mailbox_unref(request->mailbox);
    g_free(request);
}

/* A call that waits is the only one that would go on with it. */
static gboolean
take_back_call(Request *request)
{
    GQueue *calls = &request->mailbox->calls;
    for (GList *at = calls->head; at; at = at->next) {
        Call *call = at->data;
        if (call->request == request) {
            g_queue_delete_link(calls, at);
            g_free(call);
            return TRUE;
        }
    }
    return FALSE;
}

void
request_abandon(Request *request)
{
    still(request);
    lock_take(&request->mailbox->lock);
    gboolean over = request->ended || !request->suspended || take_back_call(request);
    g_queue_remove(&request->mailbox->queue, request);
    request->orphan = !over;
    lock_drop(&request->mailbox->lock);
    if (over)
        request_free(request);
}

gboolean
request_has_ended(Request *request)
{
    LOCK_HOLD(&request->mailbox->lock);
    return request->ended;
}

gboolean
request_settle(Request *request)
{
    LOCK_HOLD(&request->mailbox->lock);
    request->suspended = !request->ended;
    return request->ended;
}

static gboolean
push_call(Request *request, Tick at, RequestCall function)
{
    Mailbox *mailbox = request->mailbox;
    LOCK_HOLD(&mailbox->lock);
    if (request->orphan)
        return FALSE;
    Call *call = g_new(Call, 1);
    *call = (Call) { request, at, function };
    g_queue_push_tail(&mailbox->calls, call);
    if (mailbox->wake)
        mailbox->wake(mailbox->data);
    return TRUE;
}

void
request_call(Request *request, Tick at, RequestCall function)
{
    if (!push_call(request, at, function))
        request_free(request);
}

void
request_upgrade(Request *request, const char *protocol, const Upgrade *take)
{
    request->exchange.status = 101;
    request->upgrade = *take;
    exchange_reply_header(&request->exchange, "Upgrade", protocol);
}
