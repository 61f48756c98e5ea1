/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The one file that knows libmicrohttpd. Its daemon runs in the thread of a TLS front, over socket pairs: it parses requests and
 * frames replies, no more. An exchange that is not over when its handler returns suspends its connection; the mailbox brings
 * it back. A stream with nothing to say is suspended likewise, until the feed moves.
 *
 * The library calls take_request several times for one request: with the headers, with each piece of the body, when the body is
 * whole, and once more after a resume. Request.http.stage says which it is. */
#include "api/server.h"

#include "api/door.h"
#include "api/fault.h"
#include "api/images.h"
#include "api/tls.h"
#include "base/log.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#define MADE_BLOCK (64u << 10)      /* of a body that is made while it is sent */
#define HOUR ((Tick) 3600 * CLOCK_SECOND)

G_STATIC_ASSERT(MADE_TO_ITS_END == MHD_SIZE_UNKNOWN);

struct Server {
    ServerParts parts;
    Thread *thread;
    Tls *tls;
    struct MHD_Daemon *daemon;
    Mailbox *mailbox;
    GQueue streams;                 /* Request * */
    TlsLink *opening;               /* whose pair is being added just now */
    GQueue requests;                /* Request *: between their first line and the end of their reply */
    gint stopping, feed_moved;      /* atomic */
    Tick next_hour;
    gint64 deadline;                /* of stopping */
    SSL_CTX *next_context;          /* under the mailbox's lock */
};

enum { FRESH, BODY, REFUSED, SUSPENDED, REPLYING };

/* --- headers and replies ---------------------------------------------------------------------------------------------------- */

static enum MHD_Result
note_header(void *data, enum MHD_ValueKind kind, const char *name, const char *value)
{
    request_note_header(data, name, value);
    return MHD_YES;
}

static const char *
media_of(const Exchange *exchange)
{
    if (exchange->media)
        return exchange->media;
    return exchange->format == FORMAT_JSON ? "application/json" : "application/xml;charset=UTF-8";
}

static void
add_headers(Request *request, struct MHD_Response *response)
{
    const Exchange *exchange = &request->exchange;
    if (request->reply.length || request->made.read || request->read)
        MHD_add_response_header(response, "Content-Type", media_of(exchange));
    MHD_add_response_header(response, "Correlation-Id", exchange->correlation);
    /* A body of a size it does not know the library ends, also where it sent none of it. */
    if (request->http.bodiless || (exchange->method == METHOD_HEAD && request->made.size == MADE_TO_ITS_END))
        MHD_add_response_header(response, "Connection", "close");
    if (exchange->local) {
        MHD_add_response_header(response, "Cache-Control", "no-store");
        MHD_add_response_header(response, "Vary", "Accept, Accept-Language, Prefer, Authorization");
    }
    for (guint i = 0; request->reply_headers && i < request->reply_headers->len; i += 2)
        MHD_add_response_header(response, request->reply_headers->pdata[i], request->reply_headers->pdata[i + 1]);
}

/* The library asks for the bytes at POSITION, which only grows. */
static ssize_t
read_made(void *data, uint64_t position, char *buffer, size_t room)
{
    const Request *request = data;
    gsize count = request->made.read(request->made.data, buffer, room);
    if (count)
        return (ssize_t) count;
    return request->made.size == MADE_TO_ITS_END ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
}

static struct MHD_Response *
respond_whole(Request *request)
{
    if (request->made.read)
        return MHD_create_response_from_callback(request->made.size, MADE_BLOCK, read_made, request, NULL);
    const char *bytes = request->reply.length ? request->reply.bytes : "";
    return MHD_create_response_from_buffer(request->reply.length, (void *) (guintptr) bytes, MHD_RESPMEM_PERSISTENT);
}

/* --- streams ------------------------------------------------------------------------------------------------------------------ */

/* The library asks for more of a stream. Where there is nothing the connection sleeps until wake_streams, or until its disk wakes it. */
static ssize_t
read_stream(void *data, uint64_t position, char *buffer, size_t room)
{
    Request *request = data;
    Server *server = request->http.server;
    if (g_atomic_int_get(&server->stopping) || tls_link_is_gone(request->http.link))
        return request->flows ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
    gssize count = request->read(request->read_data, buffer, room, &request->http.due);
    if (count < 0)
        return count == -2 ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
    if (count == 0 && !request->http.asleep) {
        request->http.asleep = TRUE;
        MHD_suspend_connection(request->http.connection);
    }
    return count;
}

static struct MHD_Response *
respond_as_stream(Request *request)
{
    Server *server = request->http.server;
    if (request->flows)
        return MHD_create_response_from_callback(request->flow_size == G_MAXUINT64 ? MHD_SIZE_UNKNOWN : request->flow_size, MADE_BLOCK, read_stream, request, NULL);
    request->http.place.data = request;
    g_queue_push_tail_link(&server->streams, &request->http.place);
    request->http.streaming = TRUE;
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16 << 10, read_stream, request, NULL);
}

static void
wake_stream(Request *request)
{
    if (!request->http.asleep)
        return;
    request->http.asleep = FALSE;
    if (request->http.stage == BODY)
        tls_link_set_phase(request->http.link, TLS_BODY);
    MHD_resume_connection(request->http.connection);
}

static void
wake_streams(Server *server, Tick now)
{
    for (GList *at = server->streams.head; at; at = at->next) {
        Request *request = at->data;
        if (now == 0 || (request->http.due && now >= request->http.due))
            wake_stream(request);
    }
}

void
server_wake_streams(gpointer data)
{
    Server *server = data;
    if (g_atomic_int_compare_and_exchange(&server->feed_moved, 0, 1))
        tls_wake(server->tls);
}

/* --- one request -------------------------------------------------------------------------------------------------------------- */

/* The library sees the request line: a request has begun. TARGET lives as long as the library has the request; we keep our own. */
static void *
begin_request(void *data, const char *target, struct MHD_Connection *connection)
{
    Server *server = data;
    Request *request = request_new(server->parts.api, server->mailbox);
    request_adopt(request, &server->parts.model);
    request->http.server = server;
    request->http.connection = connection;
    request->http.link = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    request->http.target = g_string_chunk_insert_len(request->memory, target, (gssize) strnlen(target, LIMIT_TARGET + 1));
    /* Copies: the request may outlive its connection. */
    request->address = g_string_chunk_insert(request->memory, tls_link_address(request->http.link));
    request->here = g_string_chunk_insert(request->memory, tls_link_here(request->http.link));
    tls_link_set_phase(request->http.link, TLS_HEAD);
    request->http.under_way.data = request;
    g_queue_push_tail_link(&server->requests, &request->http.under_way);
    return request;
}

/* The connection has let go of the request: its reply is wholly in the pair, or it never will be. */
static void
end_request(void *data, struct MHD_Connection *connection, void **request_data, enum MHD_RequestTerminationCode why)
{
    Server *server = data;
    Request *request = *request_data;
    if (!request)
        return;
    *request_data = NULL;
    g_queue_unlink(&server->requests, &request->http.under_way);
    if (request->http.streaming)
        g_queue_unlink(&server->streams, &request->http.place);
    if (request->http.stage == REPLYING)
        tls_link_finished(request->http.link);
    load_release(server->parts.load, request);
    request_abandon(request);
}

/* --- upgrades ------------------------------------------------------------------------------------------------------------------- */

/* The library is through with the connection: it is the handler's from here on. */
static void
begin_upgrade(void *data, struct MHD_Connection *connection, void *request_data, const char *extra, size_t length, MHD_socket descriptor,
              struct MHD_UpgradeResponseHandle *handle)
{
    Request *request = data;
    Upgrade upgrade = request->upgrade;
    request->upgrade.begin = NULL;
    request->http.upgraded = handle;
    upgrade.begin(upgrade.data, request, descriptor, extra, length);
}

static void
end_upgrade(Request *request)
{
    struct MHD_UpgradeResponseHandle *handle = g_steal_pointer(&request->http.upgraded);
    if (handle)
        MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
}

void
request_downgrade(gpointer request)
{
    request_call(request, 0, end_upgrade);
}

static struct MHD_Response *
respond(Request *request)
{
    if (request->upgrade.begin)
        return MHD_create_response_for_upgrade(begin_upgrade, request);
    return request->read ? respond_as_stream(request) : respond_whole(request);
}

static enum MHD_Result
reply(Request *request)
{
    Server *server = request->http.server;
    if (!request->read)
        load_charge_reply(server->parts.load, request);
    struct MHD_Response *response = respond(request);
    if (!response)
        return MHD_NO;
    add_headers(request, response);
    request->http.stage = REPLYING;
    tls_link_set_phase(request->http.link, TLS_REPLY);
    if (request->flows)
        tls_link_flow(request->http.link);
    else if (request->read || request->upgrade.begin)
        tls_link_stream(request->http.link);
    enum MHD_Result result = MHD_queue_response(request->http.connection, (unsigned int) request->exchange.status, response);
    MHD_destroy_response(response);
    tls_link_hurry(request->http.link);
    return result;
}

/* A refusal before the body came. What is short is read to its end, so that the connection can be kept; what is long, or waits for
 * our "100 Continue", is answered at once, and the connection closed. */
static enum MHD_Result
refuse(Request *request, const GError *error)
{
    const char *expect = exchange_header(&request->exchange, "Expect");
    guint64 size = request_announced(request);
    gboolean chunked = exchange_header(&request->exchange, "Transfer-Encoding") != NULL;
    gboolean waits = expect && g_ascii_strncasecmp(expect, "100-", 4) == 0;
    request->http.stage = REFUSED;
    exchange_end_fault(&request->exchange, error);
    return chunked || waits || size > LIMIT_DRAIN ? reply(request) : MHD_YES;
}

/* The body of a GET means nothing, and libgovirt announces one that it then does not send when it comes again with a password.
 * So none is waited for; what may still come of it cannot be told from a next request, so there is none. */
static void
leave_body(Request *request, const char *method)
{
    guint64 size = request_announced(request);
    request->http.bodiless = size > 0 && size <= LIMIT_DRAIN && (g_str_equal(method, "GET") || g_str_equal(method, "HEAD"));
    if (request->http.bodiless)
        tls_link_end_body(request->http.link, size);
}

static enum MHD_Result
open_request(Request *request, const char *method)
{
    g_autoptr(GError) error = NULL;
    MHD_get_connection_values(request->http.connection, MHD_HEADER_KIND, note_header, request);
    tls_link_set_phase(request->http.link, TLS_BODY);
    leave_body(request, method);
    if (!request_open(request, method, request->http.target, &error) || !images_admit(request, &error) || !load_fits(request, &error) || !door_admits(request, &error))
        return refuse(request, error);
    request->http.stage = BODY;
    if (request->take)
        tls_link_flow(request->http.link);
    if (exchange_header(&request->exchange, "Expect"))
        tls_link_hurry(request->http.link);     /* the library will say "100 Continue" */
    return MHD_YES;
}

/* What is not taken now comes again when the connection is woken; until then nobody waits for the client. */
static enum MHD_Result
take_flow(Request *request, const char *bytes, size_t *length)
{
    *length -= request->take(request->kept, bytes, *length);
    if (*length == 0)
        return MHD_YES;
    request->http.asleep = TRUE;
    tls_link_set_phase(request->http.link, TLS_WORK);
    MHD_suspend_connection(request->http.connection);
    return MHD_YES;
}

static enum MHD_Result
take_body(Request *request, const char *bytes, size_t *length)
{
    if (request->take && request->http.stage == BODY)
        return take_flow(request, bytes, length);
    Server *server = request->http.server;
    g_autoptr(GError) error = NULL;
    gsize count = *length;
    *length = 0;
    if (request->http.stage == REFUSED || request->http.bodiless)
        return load_drop_body(request, count) ? MHD_YES : MHD_NO;
    if (load_take_body(server->parts.load, request, bytes, count, &error))
        return MHD_YES;
    /* The library takes a reply only when the body has ended: the rest is read and dropped, and the limits of time hold. */
    request->http.stage = REFUSED;
    exchange_end_fault(&request->exchange, error);
    return MHD_YES;
}

static enum MHD_Result
dispatch(Request *request)
{
    g_autoptr(GError) error = NULL;
    tls_link_set_phase(request->http.link, TLS_WORK);
    if (request_take_body(request, &error))
        door_serve(request);
    else
        exchange_end_fault(&request->exchange, error);
    if (request_settle(request))
        return reply(request);
    request->http.stage = SUSPENDED;
    MHD_suspend_connection(request->http.connection);
    return MHD_YES;
}

static enum MHD_Result
take_request(void *data, struct MHD_Connection *connection, const char *url, const char *method, const char *version, const char *upload,
             size_t *upload_length, void **request_data)
{
    Request *request = *request_data;
    switch (request->http.stage) {
    case FRESH:
        return open_request(request, method);
    case BODY:
        return *upload_length ? take_body(request, upload, upload_length) : dispatch(request);
    case REFUSED:
        return *upload_length ? take_body(request, upload, upload_length) : reply(request);
    case SUSPENDED:
        return request_has_ended(request) ? reply(request) : MHD_NO;    /* only a stopping server resumes what has not ended */
    default:
        return MHD_NO;
    }
}

/* --- between the front and the library ----------------------------------------------------------------------------------------- */

static void
note_connection(void *data, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode what)
{
    Server *server = data;
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        *context = server->opening;
    else if (*context)
        tls_link_closed(*context);
}

static void
open_link(gpointer data, TlsLink *link, int take_pair)
{
    Server *server = data;
    socklen_t length;
    const struct sockaddr *peer = tls_link_sockaddr(link, &length);
    server->opening = link;
    if (MHD_add_connection(server->daemon, take_pair, peer, length) != MHD_YES)
        tls_link_closed(link);      /* the library closed the pair: the front will see its end */
    server->opening = NULL;
}

/* The client of a request went. A stream would sleep on until its next heartbeat, a suspended request keep its connection until it
 * is answered: the one ends, the other becomes an orphan. */
static void
note_gone(gpointer data, TlsLink *link)
{
    Server *server = data;
    for (GList *at = server->requests.head; at; at = at->next) {
        Request *request = at->data;
        if (request->http.link != link)
            continue;
        if (request->http.stage == SUSPENDED)
            MHD_resume_connection(request->http.connection);
        wake_stream(request);
    }
}

static gboolean
pump(gpointer data)
{
    Server *server = data;
    MHD_UNSIGNED_LONG_LONG left = 1;
    MHD_run(server->daemon);
    return MHD_get_timeout(server->daemon, &left) == MHD_YES && left == 0;
}

static void
take_new_context(Server *server)
{
    lock_take(&server->mailbox->lock);
    SSL_CTX *context = g_steal_pointer(&server->next_context);
    lock_drop(&server->mailbox->lock);
    if (!context)
        return;
    tls_set_context(server->tls, context);
    SSL_CTX_free(context);
}

static void
empty_mailbox(Server *server)
{
    Call call;
    for (Request *request; (request = mailbox_next_woken(server->mailbox));)
        wake_stream(request);
    while (mailbox_next_call(server->mailbox, &call))
        call.function(call.request);
    for (Request *request; (request = mailbox_next_ended(server->mailbox));)
        MHD_resume_connection(request->http.connection);
}

static void
woken(gpointer data)
{
    Server *server = data;
    take_new_context(server);
    empty_mailbox(server);
    if (g_atomic_int_compare_and_exchange(&server->feed_moved, 1, 0))
        wake_streams(server, 0);
    tls_pump_soon(server->tls);
}

static void
second(gpointer data)
{
    Server *server = data;
    Tick now = clock_tick();
    empty_mailbox(server);
    wake_streams(server, now);
    tls_pump_soon(server->tls);
    if (server->parts.hourly && now >= server->next_hour) {
        server->next_hour = now + HOUR;
        server->parts.hourly(server->parts.api);
    }
}

static void
write_refusal(gpointer data, const char *bytes, gsize length, char *ret_text, gsize room)
{
    fault_write_refusal(length > 12 ? atoi(bytes + 9) : 400, ret_text, room);
}

/* --- life ------------------------------------------------------------------------------------------------------------------------ */

/* The library would unescape paths before we could see what was wrong with them. */
static size_t
leave_escaped(void *data, struct MHD_Connection *connection, char *text)
{
    return strlen(text);
}

static void
wake_server(gpointer data)
{
    Server *server = data;
    tls_wake(server->tls);
}

Server *
server_new(const ServerParts *parts, int take_listener, GError **error)
{
    static const TlsOps ops = { open_link, pump, note_gone, woken, second, write_refusal };
    Server *server = g_new0(Server, 1);
    server->parts = *parts;
    g_queue_init(&server->streams);
    g_queue_init(&server->requests);
    server->mailbox = mailbox_new(wake_server, server);
    server->tls = tls_new(parts->context, parts->census, take_listener, &ops, server);
    server->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE, 0, NULL, NULL, take_request, server,
                                      MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) LIMIT_POOL,
                                      MHD_OPTION_CONNECTION_LIMIT, (unsigned int) LIMIT_CONNECTIONS + 100,
                                      MHD_OPTION_CONNECTION_TIMEOUT, 0u,
                                      MHD_OPTION_NOTIFY_COMPLETED, end_request, server,
                                      MHD_OPTION_NOTIFY_CONNECTION, note_connection, server,
                                      MHD_OPTION_URI_LOG_CALLBACK, begin_request, server,
                                      MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
                                      MHD_OPTION_END);
    if (server->daemon)
        return server;
    server_free(server);
    fault_set(error, MSG_INTERNAL, "text", "the HTTP library does not start", NULL);
    return NULL;
}

static gboolean
has_time_left(Server *server)
{
    return clock_tick() < __atomic_load_n(&server->deadline, __ATOMIC_ACQUIRE);
}

/* Whoever still waits is let go: its connection is closed, its exchange becomes an orphan. */
static void
let_go(Server *server)
{
    for (GList *at = server->requests.head; at; at = at->next) {
        Request *request = at->data;
        if (request->http.stage == SUSPENDED)
            MHD_resume_connection(request->http.connection);
        end_upgrade(request);
        wake_stream(request);
    }
    MHD_stop_daemon(server->daemon);
    server->daemon = NULL;
}

static gpointer
run_server(gpointer data)
{
    Server *server = data;
    while (!g_atomic_int_get(&server->stopping))
        tls_turn(server->tls, -1);
    tls_stop_listening(server->tls);
    wake_streams(server, 0);
    tls_pump_soon(server->tls);
    while (has_time_left(server) && (server->requests.length > 0 || tls_is_busy(server->tls)))
        tls_turn(server->tls, CLOCK_SECOND / 50);
    let_go(server);
    return NULL;
}

void
server_add_listener(Server *server, int take_listener)
{
    tls_add_listener(server->tls, take_listener);
}

void
server_start(Server *server)
{
    server->thread = thread_new("api", run_server, server);
}

void
server_renew(Server *server, SSL_CTX *context)
{
    SSL_CTX_up_ref(context);
    lock_take(&server->mailbox->lock);
    SSL_CTX *before = server->next_context;
    server->next_context = context;
    lock_drop(&server->mailbox->lock);
    SSL_CTX_free(before);
    tls_wake(server->tls);
}

void
server_tell_stop(Server *server, Tick deadline)
{
    __atomic_store_n(&server->deadline, deadline, __ATOMIC_RELEASE);
    g_atomic_int_set(&server->stopping, 1);
    tls_wake(server->tls);
}

void
server_join(Server *server)
{
    if (server->thread)
        thread_join(server->thread);
    server->thread = NULL;
}

void
server_free(Server *server)
{
    if (!server)
        return;
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    mailbox_close(server->mailbox);
    tls_free(server->tls);
    SSL_CTX_free(server->next_context);
    g_free(server);
}
