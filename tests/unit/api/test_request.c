/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a client sends, read: paths, matrix and query parameters, headers, what it accepts; and the ways to send it wrong. */
#include "api/request.h"
#include "base/fault.h"

#include <string.h>

typedef struct {
    Mailbox *mailbox;
    Request *request;
    GError *error;
    guint woken;
} Asked;

static void
count_wake(gpointer data)
{
    ((Asked *) data)->woken++;
}

static void
asked_clear(Asked *asked)
{
    request_free(asked->request);
    mailbox_close(asked->mailbox);
    g_clear_error(&asked->error);
    g_free(asked);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Asked, asked_clear)

/* HEADERS: "Name: value" lines. */
static Asked *
ask(const char *target, const char *headers)
{
    Asked *asked = g_new0(Asked, 1);
    asked->mailbox = mailbox_new(count_wake, asked);
    asked->request = request_new(NULL, asked->mailbox);
    asked->request->here = "192.0.2.1:8443";
    g_auto(GStrv) lines = g_strsplit(headers, "\n", -1);
    for (char **line = lines; *line && **line; line++) {
        g_auto(GStrv) halves = g_strsplit(*line, ": ", 2);
        request_note_header(asked->request, halves[0], halves[1]);
    }
    request_open(asked->request, "GET", target, &asked->error);
    return asked;
}

static void
test_paths(void)
{
    static const struct { const char *target, *path, *local; } rows[] = {
        { "/", "/", NULL },
        { "/ca.crt?x=1", "/ca.crt", NULL },
        { "/ovirt-engine/api", "/ovirt-engine/api", "" },
        { "/ovirt-engine/api/", "/ovirt-engine/api/", "" },
        { "/ovirt-engine/api?x", "/ovirt-engine/api", "" },
        { "/ovirt-engine/api;x=1", "/ovirt-engine/api", "" },
        { "/ovirt-engine/apiary", "/ovirt-engine/apiary", NULL },
        { "/ovirt-engine/api/v4", "/ovirt-engine/api/v4", "" },
        { "/ovirt-engine/api/v4/", "/ovirt-engine/api/v4/", "" },
        { "/ovirt-engine/api/v4/vms/1", "/ovirt-engine/api/v4/vms/1", "/vms/1" },
        { "/ovirt-engine/api/vms;max=1/2;current", "/ovirt-engine/api/vms/2", "/vms/2" },
        { "/ovirt-engine/api/%76ms/%E4%BB%95", "/ovirt-engine/api/vms/仕", "/vms/仕" },
        { "/ovirt-engine/api/a+b", "/ovirt-engine/api/a+b", "/a+b" },
        { "https://manager:8443/ovirt-engine/api/vms?x", "/ovirt-engine/api/vms", "/vms" },
        { "/ovirt-engine/api/vms/", "/ovirt-engine/api/vms/", "/vms/" },
        { "/ovirt-engine/api/vmware", "/ovirt-engine/api/vmware", "/vmware" },
        { "/ovirt-engine/api/v4x/y", "/ovirt-engine/api/v4x/y", "/v4x/y" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Asked) asked = ask(rows[i].target, "");
        g_assert_no_error(asked->error);
        g_assert_cmpstr(asked->request->exchange.path, ==, rows[i].path);
        g_assert_cmpstr(asked->request->exchange.local, ==, rows[i].local);
    }
}

static void
test_parameters(void)
{
    g_autoptr(Asked) asked = ask("/ovirt-engine/api/vms;lost=1/x;current;max=7;both=matrix?search=name%3Dweb%2B+up&empty=&bare&both=query&a=1&a=2",
                                 "Filter: true\nAll-Content: false");
    const Exchange *exchange = &asked->request->exchange;
    g_assert_no_error(asked->error);
    g_assert_cmpstr(exchange_parameter(exchange, "search"), ==, "name=web+ up");
    g_assert_cmpstr(exchange_parameter(exchange, "max"), ==, "7");
    g_assert_cmpstr(exchange_parameter(exchange, "both"), ==, "query");
    g_assert_cmpstr(exchange_parameter(exchange, "empty"), ==, "");
    g_assert_cmpstr(exchange_parameter(exchange, "a"), ==, "1");
    g_assert_null(exchange_parameter(exchange, "lost"));
    g_assert_null(exchange_parameter(exchange, "Filter"));
    g_assert_true(exchange_flag(exchange, "current", FALSE));
    g_assert_true(exchange_flag(exchange, "bare", FALSE));
    g_assert_true(exchange_flag(exchange, "filter", FALSE));
    g_assert_false(exchange_flag(exchange, "all_content", TRUE));
    g_assert_true(exchange_flag(exchange, "absent", TRUE));
    g_assert_true(exchange_flag(exchange, "max", TRUE));        /* neither yes nor no: ignored */
    g_assert_false(exchange_flag(exchange, "max", FALSE));
    g_autoptr(GHashTable) all = exchange_parameters(exchange);
    g_assert_cmpuint(g_hash_table_size(all), ==, 9);
    g_assert_cmpstr(g_hash_table_lookup(all, "both"), ==, "query");
    g_assert_cmpstr(g_hash_table_lookup(all, "filter"), ==, "true");
}

static char *
repeat(const char *part, guint count, const char *before)
{
    GString *text = g_string_new(before);
    for (guint i = 0; i < count; i++)
        g_string_append(text, part);
    return g_string_free(text, FALSE);
}

static void
test_refusals(void)
{
    g_autofree char *long_path = repeat("/a", 1100, "/ovirt-engine/api");
    g_autofree char *long_target = repeat("a", LIMIT_TARGET, "/ovirt-engine/api?q=");
    g_autofree char *many = repeat("&x=1", LIMIT_PARAMETERS, "/ovirt-engine/api?y=1");
    g_autofree char *many_headers = repeat("X: y\n", LIMIT_HEADERS + 1, "");
    const struct { const char *target, *headers; MessageCode code; int status; } rows[] = {
        { "/ovirt-engine/api/%", "", MSG_API_BAD_PERCENT, 400 },
        { "/ovirt-engine/api/%4", "", MSG_API_BAD_PERCENT, 400 },
        { "/ovirt-engine/api/%zz", "", MSG_API_BAD_PERCENT, 400 },
        { "/ovirt-engine/api/vms?a=%4", "", MSG_API_BAD_PERCENT, 400 },
        { "/ovirt-engine/api/vms;a=%4", "", MSG_API_BAD_PERCENT, 400 },
        { "/ovirt-engine/api/x%00y", "", MSG_API_ZERO_BYTE, 400 },
        { "/ovirt-engine/api?a=%00", "", MSG_API_ZERO_BYTE, 400 },
        { "/ovirt-engine/api/%ff", "", MSG_API_NOT_UTF8, 400 },
        { "/ovirt-engine/api/%c0%af", "", MSG_API_NOT_UTF8, 400 },
        { "/ovirt-engine/api?%ff=1", "", MSG_API_NOT_UTF8, 400 },
        { "/ovirt-engine/api/a%2Fb", "", MSG_API_SLASH_IN_PATH, 400 },
        { "nonsense", "", MSG_API_NO_SUCH_TARGET, 400 },
        { long_path, "", MSG_API_PATH_TOO_LONG, 400 },
        { long_target, "", MSG_API_PATH_TOO_LONG, 414 },
        { many, "", MSG_API_TOO_MANY_PARAMETERS, 400 },
        { "/ovirt-engine/api", many_headers, MSG_API_TOO_MANY_HEADERS, 431 },
        { "/ovirt-engine/api/v3/vms", "", MSG_API_VERSION, 400 },
        { "/ovirt-engine/api/v44/vms", "", MSG_API_VERSION, 400 },
        { "/ovirt-engine/api/vms", "Version: 3", MSG_API_VERSION, 400 },
        { "/ovirt-engine/api/vms", "Accept: text/plain", MSG_API_ACCEPT, 406 },
        { "/ovirt-engine/api/vms", "Accept: application/json;q=0", MSG_API_ACCEPT, 406 },
        { "/ovirt-engine/api/vms?accept=image/png", "", MSG_API_ACCEPT, 406 },
        { "/ovirt-engine/api/vms", "Host: a b", MSG_API_HOST, 400 },
        { "/ovirt-engine/api/vms", "Host: a/b", MSG_API_HOST, 400 },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Asked) asked = ask(rows[i].target, rows[i].headers);
        g_assert_nonnull(asked->error);
        g_assert_cmpint(message_code(fault_message(asked->error)), ==, rows[i].code);
        int own = asked->request->exchange.status;
        g_assert_cmpint(own >= 400 ? own : fault_http(fault_of(asked->error)), ==, rows[i].status);
        g_assert_cmpuint(strlen(asked->request->exchange.correlation), >, 0);   /* the refusal carries one too */
    }
}

static void
test_headers(void)
{
    g_autoptr(Asked) asked = ask("/ovirt-engine/api/v4/vms",
                                 "Version: 3\nHost: manager:8443\nExpect: 201-Created\nCorrelation-Id: Abc_1-2;<x>\nPrefer: Persistent-Auth, handling=strict\n"
                                 "accept-language: ja\nCookie: a=b; JSESSIONID=se-cret ; c=d");
    const Exchange *exchange = &asked->request->exchange;
    g_assert_no_error(asked->error);            /* a version in the path wins */
    g_assert_cmpstr(exchange->host, ==, "manager:8443");
    g_assert_true(exchange->expects_end);
    g_assert_true(exchange->read.strict);
    g_assert_cmpstr(exchange->correlation, ==, "Abc_1-2x");
    g_assert_cmpint(exchange->language, ==, LANGUAGE_JA);
    g_assert_cmpstr(exchange_header(exchange, "EXPECT"), ==, "201-Created");
    g_assert_true(request_prefers(asked->request, "persistent-auth"));
    g_assert_false(request_prefers(asked->request, "persistent"));
    g_autofree char *cookie = request_cookie(asked->request, "JSESSIONID");
    g_autofree char *none = request_cookie(asked->request, "SESSIONID");
    g_assert_cmpstr(cookie, ==, "se-cret");
    g_assert_null(none);
    g_autoptr(Asked) bare = ask("/ovirt-engine/api", "");
    g_assert_cmpstr(bare->request->exchange.host, ==, "192.0.2.1:8443");
    g_autoptr(Asked) other = ask("/ovirt-engine/api", "");
    g_assert_cmpstr(bare->request->exchange.correlation, !=, other->request->exchange.correlation);
    g_assert_cmpuint(strlen(bare->request->exchange.correlation), ==, 36);
    g_autoptr(Asked) longer = ask("/ovirt-engine/api?correlation_id=0123456789012345678901234567890123456789", "");
    g_assert_cmpuint(strlen(longer->request->exchange.correlation), ==, 36);
}

static void
test_accept(void)
{
    static const struct { const char *accept; Format format; } rows[] = {
        { "", FORMAT_XML }, { "*/*", FORMAT_XML }, { "application/xml", FORMAT_XML }, { "application/json", FORMAT_JSON },
        { "application/json, application/xml", FORMAT_JSON }, { "application/json;q=0.5, application/xml", FORMAT_XML },
        { "text/html, application/json", FORMAT_JSON }, { "*/*, application/json", FORMAT_JSON }, { "APPLICATION/JSON;charset=utf-8", FORMAT_JSON },
        { "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", FORMAT_XML },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *header = *rows[i].accept ? g_strconcat("Accept: ", rows[i].accept, NULL) : g_strdup("");
        g_autoptr(Asked) asked = ask("/ovirt-engine/api", header);
        g_assert_no_error(asked->error);
        g_assert_cmpint(asked->request->exchange.format, ==, rows[i].format);
    }
    g_autoptr(Asked) query = ask("/ovirt-engine/api?accept=application/json", "Accept: application/xml");
    g_assert_cmpint(query->request->exchange.format, ==, FORMAT_JSON);
}

static void
test_bodies(void)
{
    static const struct { const char *type; gboolean well, json; } rows[] = {
        { "Content-Type: application/xml", TRUE, FALSE }, { "Content-Type: application/json; charset=UTF-8", TRUE, TRUE },
        { "Content-Type: text/xml", TRUE, FALSE }, { "Content-Type: application/x-www-form-urlencoded", FALSE, FALSE }, { "", FALSE, FALSE },
        { "Content-Type: */*", FALSE, FALSE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Asked) asked = ask("/ovirt-engine/api/vms", rows[i].type);
        text_add(&asked->request->body, "<vm/>");
        g_assert_true(request_take_body(asked->request, &asked->error) == rows[i].well);
        g_assert_true(asked->request->exchange.body_is_json == rows[i].json);
        if (!rows[i].well)
            g_assert_cmpint(fault_http(fault_of(asked->error)), ==, 415);
        else
            g_assert_cmpstr(asked->request->exchange.body, ==, "<vm/>");
    }
}

static void
test_forms(void)
{
    static const char text[] = "grant_type=password&username=a%40b&password=x+y%2B&empty=&bare&&a=1&a=2";
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) form = request_form(text, strlen(text), &error);
    g_assert_no_error(error);
    g_assert_cmpstr(g_hash_table_lookup(form, "username"), ==, "a@b");
    g_assert_cmpstr(g_hash_table_lookup(form, "password"), ==, "x y+");
    g_assert_cmpstr(g_hash_table_lookup(form, "empty"), ==, "");
    g_assert_cmpstr(g_hash_table_lookup(form, "bare"), ==, "");
    g_assert_cmpstr(g_hash_table_lookup(form, "a"), ==, "1");
    g_assert_null(request_form("a=%zz", 5, &error));
    g_clear_error(&error);
    g_assert_null(request_form("a=\xff", 3, &error));
}

/* --- the end of an exchange ------------------------------------------------------------------------------------------------------ */

static guint calls;

static void
count_call(G_GNUC_UNUSED Request *request)
{
    calls++;
}

static void
test_end_now(void)
{
    g_autoptr(Asked) asked = ask("/", "");
    exchange_end(&asked->request->exchange);
    g_assert_true(request_settle(asked->request));
    g_assert_cmpuint(asked->woken, ==, 0);
    g_assert_cmpuint(asked->mailbox->queue.length, ==, 0);
}

static void
test_end_later(void)
{
    g_autoptr(Asked) asked = ask("/", "");
    g_assert_false(request_settle(asked->request));
    exchange_end(&asked->request->exchange);
    g_assert_cmpuint(asked->woken, ==, 1);
    g_assert_true(g_queue_pop_head(&asked->mailbox->queue) == asked->request);
}

/* The connection goes before the exchange ends: the end frees it; nothing is queued. */
static void
test_orphan(void)
{
    Asked *asked = ask("/", "");
    g_assert_false(request_settle(asked->request));
    request_abandon(asked->request);
    exchange_end(&asked->request->exchange);
    g_assert_cmpuint(asked->woken, ==, 0);
    g_assert_cmpuint(asked->mailbox->queue.length, ==, 0);
    asked->request = NULL;
    g_assert_cmpint(asked->mailbox->refs.count, ==, 1);
    asked_clear(asked);
}

/* It was just being called back when the connection went: the call is taken back, and nobody is left to end it. */
static void
test_orphan_of_call(void)
{
    Asked *asked = ask("/", "");
    g_assert_false(request_settle(asked->request));
    request_call(asked->request, 0, count_call);
    g_assert_cmpuint(asked->mailbox->calls.length, ==, 1);
    request_abandon(asked->request);
    asked->request = NULL;
    g_assert_cmpuint(asked->mailbox->calls.length, ==, 0);
    g_assert_cmpint(asked->mailbox->refs.count, ==, 1);
    asked_clear(asked);
    asked = ask("/", "");
    g_assert_false(request_settle(asked->request));
    request_abandon(asked->request);
    request_call(asked->request, 0, count_call);        /* too late: it is freed */
    asked->request = NULL;
    g_assert_cmpuint(calls, ==, 0);
    g_assert_cmpint(asked->mailbox->refs.count, ==, 1);
    asked_clear(asked);
}

static void
test_reply_headers(void)
{
    g_autoptr(Asked) asked = ask("/", "");
    exchange_reply_header(&asked->request->exchange, "Location", "/x\r\nSet-Cookie: forged");
    g_assert_cmpstr(asked->request->reply_headers->pdata[1], ==, "/x??Set-Cookie: forged");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/request/paths", test_paths);
    g_test_add_func("/request/parameters", test_parameters);
    g_test_add_func("/request/refusals", test_refusals);
    g_test_add_func("/request/headers", test_headers);
    g_test_add_func("/request/accept", test_accept);
    g_test_add_func("/request/bodies", test_bodies);
    g_test_add_func("/request/forms", test_forms);
    g_test_add_func("/exchange/ends now", test_end_now);
    g_test_add_func("/exchange/ends later", test_end_later);
    g_test_add_func("/exchange/orphan", test_orphan);
    g_test_add_func("/exchange/orphan of a call", test_orphan_of_call);
    g_test_add_func("/exchange/reply headers", test_reply_headers);
    return g_test_run();
}
