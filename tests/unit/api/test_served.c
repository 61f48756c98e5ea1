/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The api over real TLS: who is let in, what HTTP clients do well, and what they do wrong: too much, too slowly, halfway, never. */
#include "served.h"

#include "api/limits.h"
#include "api/tls.h"

#include <openssl/x509v3.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROOT "/ovirt-engine/api"
#define VMS 3000

static guint
descriptors(void)
{
    guint count = 0;
    g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
    while (g_dir_read_name(dir))
        count++;
    return count;
}

static void
say(Caller *caller, const char *text)
{
    caller_say(caller, text, strlen(text));
}

static void
assert_fault(const Heard *heard, int status, const char *code)
{
    g_autofree char *media = heard_header(heard, "Content-Type");
    g_autofree char *element = g_strdup_printf("<code>%s</code>", code);
    g_assert_cmpint(heard->status, ==, status);
    g_assert_true(g_str_has_prefix(media, "application/xml"));
    if (!strstr(heard->body.bytes, element) || !g_str_has_prefix(heard->body.bytes, "<fault>"))
        g_error("not %s: %s", code, heard->body.bytes);
}

static char *
json_text(const Heard *heard, const char *name)
{
    g_autofree char *before = g_strdup_printf("\"%s\":\"", name);
    const char *at = strstr(heard->body.bytes, before);
    return at ? g_strndup(at + strlen(before), strcspn(at + strlen(before), "\"")) : NULL;
}

static char *
bearer(const char *token)
{
    return g_strdup_printf("Authorization: Bearer %s\r\n", token);
}

#define FORM "grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=correct+horse"

static char *
log_in(void)
{
    g_auto(Heard) heard = caller_ask("POST", "/ovirt-engine/sso/oauth/token", "Content-Type: application/x-www-form-urlencoded\r\n", FORM);
    g_assert_cmpint(heard.status, ==, 200);
    return json_text(&heard, "access_token");
}

/* --- open to all ------------------------------------------------------------------------------------------------------------------ */

static void
test_open(void)
{
    static const struct { const char *target; int status; const char *media, *part; } rows[] = {
        { "/", 200, "text/html", "Shikiri" }, { "/ovirt-engine/", 200, "text/html", "Shikiri" },
        { "/ca.crt", 200, "application/x-x509-ca-cert", "BEGIN CERTIFICATE" },
        { "/ovirt-engine/services/health", 200, "text/plain", "Welcome to Health Status!" },
        { "/ovirt-engine/services/pki-resource?resource=ca-certificate&format=X509-PEM-CA", 200, "application/x-x509-ca-cert", "BEGIN CERTIFICATE" },
        { "/ovirt-engine/services/pki-resource?resource=engine-certificate&format=OPENSSH-PUBKEY", 200, "text/plain", "ecdsa-sha2-nistp256 " },
        { "/ovirt-engine/services/pki-resource?resource=other", 400, "application/xml", "api.pki_resource" },
        { "/ovirt-engine/services/pki-resource?resource=ca-certificate&format=x", 400, "application/xml", "api.pki_resource" },
        { "/nowhere", 404, "application/xml", "api.no_path" }, { "/ovirt-engine/sso/oauth/token-http-auth", 401, "application/json", "access_denied" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Heard) heard = caller_ask("GET", rows[i].target, "", NULL);
        g_autofree char *media = heard_header(&heard, "Content-Type");
        g_autofree char *correlation = heard_header(&heard, "Correlation-Id");
        g_assert_cmpint(heard.status, ==, rows[i].status);
        g_assert_true(g_str_has_prefix(media, rows[i].media));
        g_assert_nonnull(strstr(heard.body.bytes, rows[i].part));
        g_assert_nonnull(correlation);
    }
    g_auto(Heard) deleted = caller_ask("DELETE", "/ca.crt", "", NULL);
    assert_fault(&deleted, 405, "api.method");
}

static void
test_certificate(void)
{
    Caller caller = caller_open("127.0.0.1");
    X509 *certificate = SSL_get_peer_certificate(caller.ssl);
    g_assert_cmpint(SSL_get_verify_result(caller.ssl), ==, X509_V_OK);
    g_assert_cmpint(X509_check_host(certificate, "localhost", 0, 0, NULL), ==, 1);
    g_assert_cmpint(X509_check_ip_asc(certificate, "127.0.0.1", 0), ==, 1);
    X509_free(certificate);
    caller_close(&caller);
}

/* --- who is it ----------------------------------------------------------------------------------------------------------------------- */

static void
test_basic(void)
{
    guint before = served_events(30);
    g_auto(Heard) nobody = caller_ask("GET", ROOT, "", NULL);
    g_autofree char *challenge = heard_header(&nobody, "WWW-Authenticate");
    assert_fault(&nobody, 401, "api.not_authenticated");
    g_assert_cmpstr(challenge, ==, "Basic realm=\"RESTAPI\"");
    for (guint i = 0; i < 5; i++) {
        g_auto(Heard) heard = caller_ask("GET", ROOT, caller_basic(), NULL);
        g_assert_cmpint(heard.status, ==, 200);
        g_assert_nonnull(strstr(heard.body.bytes, "<product_info>"));
    }
    g_assert_cmpuint(served_events(30), ==, before + 1);        /* verified once, remembered then */
    static const char *const wrong[] = { "Basic YWRtaW46d3Jvbmc=", "Basic ????", "Basic", "Basic YWRtaW4=", "Bearer x", "Digest x", "Basic bm9ib2R5OngA" };
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *line = g_strdup_printf("Authorization: %s\r\n", wrong[i]);
        g_auto(Heard) heard = caller_ask("GET", ROOT, line, NULL);
        g_assert_cmpint(heard.status, ==, 401);
    }
    g_assert_cmpuint(served_events(114), ==, 1);        /* only the first of them is a name and a password */
}

static void
test_token(void)
{
    g_autofree char *token = log_in(), *header = bearer(token);
    g_autofree char *form = g_strdup_printf("scope=ovirt-app-api&token=%s", token);
    g_auto(Heard) with = caller_ask("GET", ROOT "/vms?max=1", header, NULL);
    g_assert_cmpint(with.status, ==, 200);
    g_auto(Heard) info = caller_ask("POST", "/ovirt-engine/sso/oauth/token-info", "", form);
    g_assert_nonnull(strstr(info.body.bytes, "\"active\":true"));
    g_auto(Heard) out = caller_ask("POST", "/ovirt-engine/services/sso-logout", "", form);
    g_assert_cmpstr(out.body.bytes, ==, "{}");
    g_auto(Heard) again = caller_ask("GET", ROOT "/vms?max=1", header, NULL);
    assert_fault(&again, 401, "api.token");
    g_auto(Heard) gone = caller_ask("POST", "/ovirt-engine/sso/oauth/token-info", "", form);
    g_assert_cmpint(gone.status, ==, 400);
    g_assert_nonnull(strstr(gone.body.bytes, "invalid_grant"));
}

static void
test_grants(void)
{
    static const struct { const char *target, *form; int status; const char *part; } rows[] = {
        { "?" FORM, "", 200, "\"token_type\":\"bearer\"" },
        { "", "grant_type=password&scope=ovirt-app-api&username=nobody@internal&password=x", 400, "{\"error_code\":\"access_denied\",\"error\":\"Cannot authenticate user" },
        { "", "grant_type=password&scope=ovirt-app-admin&username=nobody2@internal&password=x", 400, "{\"error\":\"access_denied\",\"error_description\":\"Cannot authenticate" },
        { "", "grant_type=password&scope=ovirt-app-api&username=admin@other&password=correct+horse", 400, "access_denied" },
        { "", "grant_type=password&username=admin&password=correct+horse", 200, "access_token" },
        { "", "grant_type=magic&scope=x", 400, "{\"error\":\"unsupported_grant_type\"" },
        { "", "scope=ovirt-app-api", 400, "{\"error_code\":\"invalid_request\"" },
        { "", "grant_type=password&username=admin", 400, "invalid_request" },
        { "", "grant_type=password&password=x", 400, "invalid_request" },
        { "", "grant_type=%zz", 400, "invalid_request" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *target = g_strconcat("/ovirt-engine/sso/oauth/token", rows[i].target, NULL);
        g_auto(Heard) heard = caller_ask("POST", target, "", rows[i].form);
        g_autofree char *media = heard_header(&heard, "Content-Type");
        g_assert_cmpint(heard.status, ==, rows[i].status);
        g_assert_cmpstr(media, ==, "application/json");
        if (!strstr(heard.body.bytes, rows[i].part))
            g_error("row %u: %s", i, heard.body.bytes);
    }
}

static void
test_cookie(void)
{
    g_autofree char *first = g_strconcat(caller_basic(), "Prefer: persistent-auth\r\nSession-TTL: 5\r\n", NULL);
    g_auto(Heard) opened = caller_ask("GET", ROOT, first, NULL);
    g_autofree char *set = heard_header(&opened, "Set-Cookie");
    g_assert_nonnull(set);
    g_assert_nonnull(strstr(set, "Path=/ovirt-engine/api"));
    g_assert_nonnull(strstr(set, "HttpOnly"));
    set[strcspn(set, ";")] = '\0';
    g_autofree char *with = g_strdup_printf("Cookie: %s\r\nPrefer: persistent-auth\r\n", set);
    g_autofree char *anew = g_strdup_printf("Cookie: %s\r\nPrefer: persistent-auth, new-auth\r\n", set);
    g_autofree char *without = g_strdup_printf("Cookie: %s\r\n", set);
    for (guint i = 0; i < 3; i++) {
        g_auto(Heard) heard = caller_ask("GET", ROOT, with, NULL);
        g_autofree char *more = heard_header(&heard, "Set-Cookie");
        g_assert_cmpint(heard.status, ==, 200);
        g_assert_null(more);
    }
    g_auto(Heard) without_prefer = caller_ask("GET", ROOT, without, NULL);
    g_assert_cmpint(without_prefer.status, ==, 401);
    g_auto(Heard) ended = caller_ask("GET", ROOT, with, NULL);
    g_assert_cmpint(ended.status, ==, 401);
    g_auto(Heard) reopened = caller_ask("GET", ROOT, first, NULL);
    g_assert_cmpint(reopened.status, !=, 0);
    g_auto(Heard) new_auth = caller_ask("GET", ROOT, anew, NULL);
    g_assert_cmpint(new_auth.status, ==, 401);
}

/* A page of another site cannot make a browser change anything with the password it remembers. */
static void
test_from_elsewhere(void)
{
    static const char *const foreign[] = { "Origin: https://evil.example\r\n", "Origin: null\r\n", "Origin: https://x\r\nSec-Fetch-Site: cross-site\r\n" };
    for (guint i = 0; i < G_N_ELEMENTS(foreign); i++) {
        g_autofree char *headers = g_strconcat(caller_basic(), foreign[i], NULL);
        g_auto(Heard) refused = caller_ask("DELETE", ROOT "/vms/x", headers, NULL);
        assert_fault(&refused, 403, "api.from_elsewhere");
        g_auto(Heard) read = caller_ask("GET", ROOT, headers, NULL);
        g_assert_cmpint(read.status, ==, 200);
    }
    g_autofree char *own = g_strconcat(caller_basic(), "Origin: https://else\r\nSec-Fetch-Site: same-origin\r\n", NULL);
    g_auto(Heard) taken = caller_ask("DELETE", ROOT "/vms/x", own, NULL);
    g_assert_cmpint(taken.status, ==, 404);
}

/* Who guesses waits; who knows it and comes from elsewhere does not. */
static void
test_guessing(void)
{
    Tick begun = clock_tick();
    for (guint i = 0; i < 4; i++) {
        g_auto(Heard) heard = caller_ask("GET", ROOT, "Authorization: Basic Z3Vlc3NlZDp4\r\n", NULL);
        g_assert_cmpint(heard.status, ==, 401);
    }
    g_assert_cmpint(clock_tick() - begun, >, CLOCK_SECOND * 9 / 10);
    begun = clock_tick();
    g_auto(Heard) well = caller_ask("GET", ROOT, caller_basic(), NULL);
    g_assert_cmpint(well.status, ==, 200);
    g_assert_cmpint(clock_tick() - begun, <, CLOCK_SECOND);
}

/* Who tries one name after another from one address waits too, and fills neither the log nor the queue. */
static void
test_many_names(void)
{
    guint told = served_events(114);
    Caller caller = caller_open("127.0.0.3");
    Tick begun = 0;
    for (guint i = 0; i < LIMIT_FREE_OF_ADDRESS + 2; i++) {
        g_autofree char *text = g_strdup_printf("name%u:x", i);
        g_autofree char *encoded = g_base64_encode((const guchar *) text, strlen(text));
        g_autofree char *asked = g_strdup_printf("GET " ROOT " HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\n\r\n", encoded);
        if (i == LIMIT_FREE_OF_ADDRESS)
            begun = clock_tick();
        say(&caller, asked);
        g_auto(Heard) heard = caller_hear(&caller);
        assert_fault(&heard, 401, "api.login_failed");
    }
    g_assert_cmpint(clock_tick() - begun, >, CLOCK_SECOND * 3 / 2);
    g_assert_cmpuint(served_events(114) - told, <=, LIMIT_FAILURES_TOLD);
    caller_close(&caller);
}

/* --- HTTP ------------------------------------------------------------------------------------------------------------------------------ */

static void
test_keep_alive(void)
{
    Caller caller = caller_open("127.0.0.1");
    g_autofree char *one = g_strdup_printf("GET " ROOT "/vms?max=1 HTTP/1.1\r\nHost: x\r\n%s\r\n", caller_basic());
    for (guint i = 0; i < 50; i++) {
        say(&caller, one);
        g_auto(Heard) heard = caller_hear(&caller);
        g_assert_cmpint(heard.status, ==, 200);
        g_assert_false(heard.closed);
    }
    /* Three at once, one of them refused: three answers in order. */
    g_autofree char *three = g_strdup_printf("%sGET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n%s", one, one);
    say(&caller, three);
    static const int statuses[] = { 200, 404, 200 };
    for (guint i = 0; i < 3; i++) {
        g_auto(Heard) heard = caller_hear(&caller);
        g_assert_cmpint(heard.status, ==, statuses[i]);
    }
    caller_close(&caller);
}

static void
test_methods(void)
{
    g_auto(Heard) head = caller_ask("HEAD", ROOT, caller_basic(), NULL);
    g_autofree char *length = heard_header(&head, "Content-Length");
    g_assert_cmpint(head.status, ==, 200);
    g_assert_cmpuint(g_ascii_strtoull(length, NULL, 10), >, 100);
    g_auto(Heard) options = caller_ask("OPTIONS", ROOT "/vms", "Origin: https://x\r\nAccess-Control-Request-Method: GET\r\n", NULL);
    g_autofree char *allow = heard_header(&options, "Allow");
    g_assert_cmpint(options.status, ==, 200);
    g_assert_nonnull(strstr(allow, "DELETE"));
    g_auto(Heard) unknown = caller_ask("GET", ROOT, "Expect: 202-accepted\r\n", NULL);
    g_assert_cmpint(unknown.status, ==, 401);           /* not 417 */
    g_auto(Heard) brewed = caller_ask("BREW", "/ca.crt", "", NULL);
    assert_fault(&brewed, 405, "api.method");
}

/* --- not HTTP --------------------------------------------------------------------------------------------------------------------------- */

static void
test_garbage(void)
{
    g_autofree char *cookie = g_strnfill(60000, 'c');
    g_autofree char *long_header = g_strdup_printf("GET / HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n", cookie);
    g_autofree char *long_target = g_strdup_printf("GET /%s HTTP/1.1\r\nHost: x\r\n\r\n", cookie);
    g_autofree char *longer_target = g_strdup_printf("GET /%.9000s HTTP/1.1\r\nHost: x\r\n\r\n", cookie);
    const struct { const char *bytes; int status; } rows[] = {
        { "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400 },
        { long_header, 431 }, { long_target, 414 }, { longer_target, 414 },
        { "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        Caller caller = caller_open("127.0.0.1");
        say(&caller, rows[i].bytes);
        g_auto(Heard) heard = caller_hear(&caller);
        g_test_message("row %u: %d %s", i, heard.status, heard.body.bytes);
        g_assert_cmpint(heard.status, ==, rows[i].status);
        g_assert_true(g_str_has_prefix(heard.body.bytes, "<fault>"));
        caller_close(&caller);
    }
    /* Bytes that are no HTTP at all end somehow; nobody else notices. */
    for (guint i = 0; i < 20; i++) {
        char noise[300];
        Caller caller = caller_open("127.0.0.1");
        for (guint j = 0; j < sizeof(noise); j++)
            noise[j] = (char) g_test_rand_int_range(0, 256);
        caller_say(&caller, noise, sizeof(noise));
        caller_close(&caller);
    }
    g_auto(Heard) heard = caller_ask("GET", "/ca.crt", "", NULL);
    g_assert_cmpint(heard.status, ==, 200);
}

/* A refusal of the library's own behind a good reply on the same connection: both come, the first untouched. */
static void
test_refusal_behind_reply(void)
{
    for (guint i = 0; i < 2; i++) {
        Caller caller = caller_open("127.0.0.1");
        const char *good = "GET /ca.crt HTTP/1.1\r\nHost: x\r\n\r\n", *bad = "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n";
        g_autofree char *both = g_strconcat(good, bad, NULL);
        say(&caller, i == 0 ? good : both);
        g_auto(Heard) first = caller_hear(&caller);
        g_assert_cmpint(first.status, ==, 200);
        g_assert_true(g_str_has_prefix(first.body.bytes, "-----BEGIN CERTIFICATE"));
        if (i == 0)
            say(&caller, bad);
        g_auto(Heard) second = caller_hear(&caller);
        assert_fault(&second, 400, "api.not_http");
        g_assert_true(caller_is_cut(&caller, clock_tick() + 5 * CLOCK_SECOND));
        caller_close(&caller);
    }
}

/* --- slow and rude ------------------------------------------------------------------------------------------------------------------------ */

static void
test_slow(void)
{
    Tick limit = clock_tick() + 8 * CLOCK_SECOND;
    Caller idle = caller_open("127.0.0.1"), head = caller_open("127.0.0.1"), body = caller_open("127.0.0.1"), drip = caller_open("127.0.0.1");
    g_autofree char *posted = g_strdup_printf("POST " ROOT "/vms HTTP/1.1\r\nHost: x\r\n%sContent-Type: application/xml\r\nContent-Length: 100\r\n\r\n<v",
                                              caller_basic());
    say(&head, "GET / HTTP/1.1\r\nHo");
    say(&body, posted);
    say(&drip, "GET / HTTP/1.1\r\n");
    for (guint i = 0; i < 20 && clock_tick() < limit; i++) {     /* each byte comes in time, the whole never */
        say(&drip, "X: y\r\n");
        g_usleep(100000);
    }
    g_assert_true(caller_is_cut(&head, limit));
    g_assert_true(caller_is_cut(&body, limit));
    g_assert_true(caller_is_cut(&drip, limit));
    g_assert_true(caller_is_cut(&idle, limit));
    caller_close(&idle);
    caller_close(&head);
    caller_close(&body);
    caller_close(&drip);
}

/* Who does not read a large reply is cut, and holds up nobody meanwhile. */
static void
test_unread(void)
{
    Caller lazy = caller_open("127.0.0.1");
    g_autofree char *asked = g_strdup_printf("GET " ROOT "/vms HTTP/1.1\r\nHost: x\r\n%s\r\n", caller_basic());
    say(&lazy, asked);
    struct pollfd reply = { .fd = SSL_get_fd(lazy.ssl), .events = POLLIN };
    g_assert_cmpint(poll(&reply, 1, 60000), ==, 1);     /* its patience begins with the first bytes it cannot be rid of */
    Tick begun = clock_tick();
    while (clock_tick() - begun < 3 * CLOCK_SECOND) {
        Tick before = clock_tick();
        g_auto(Heard) heard = caller_ask("GET", "/ca.crt", "", NULL);
        g_assert_cmpint(heard.status, ==, 200);
        g_assert_cmpint(clock_tick() - before, <, CLOCK_SECOND);
        g_usleep(100000);
    }
    g_auto(Heard) heard = caller_hear_head(&lazy);
    g_autofree char *length = heard_header(&heard, "Content-Length");
    guint64 got = 0;
    char bytes[4096];
    size_t count;
    while (SSL_read_ex(lazy.ssl, bytes, sizeof(bytes), &count) == 1)
        got += count;
    g_assert_cmpuint(got, <, g_ascii_strtoull(length, NULL, 10));
    caller_close(&lazy);
}

static void
test_large_reply(void)
{
    g_auto(Heard) first = caller_ask("GET", ROOT "/vms", caller_basic(), NULL);
    g_auto(Heard) second = caller_ask("GET", ROOT "/vms", caller_basic(), NULL);
    g_assert_cmpint(first.status, ==, 200);
    g_assert_cmpuint(first.body.length, >, VMS * 1000);
    g_assert_cmpmem(first.body.bytes, first.body.length, second.body.bytes, second.body.length);
    g_assert_true(g_str_has_suffix(first.body.bytes, "</vms>"));
}

/* "Connection: close" and half-closed connections still get their whole reply. */
static gboolean
is_servers(int descriptor)
{
    struct sockaddr_in own = { 0 };
    socklen_t length = sizeof(own);
    return getsockname(descriptor, (struct sockaddr *) &own, &length) == 0 && own.sin_family == AF_INET && g_ntohs(own.sin_port) == served_port();
}

/* A child between fork and exec holds all descriptors open for a moment: no event of a connection that is gone may come. */
static void
test_held_elsewhere(void)
{
    GArray *held = g_array_new(FALSE, FALSE, sizeof(int));
    Caller callers[8];
    g_autofree char *one = g_strdup_printf("GET " ROOT "/vms?max=1 HTTP/1.1\r\nHost: x\r\n%s\r\n", caller_basic());
    for (guint i = 0; i < G_N_ELEMENTS(callers); i++) {
        callers[i] = caller_open("127.0.0.1");
        say(&callers[i], one);
        g_auto(Heard) heard = caller_hear(&callers[i]);
        g_assert_cmpint(heard.status, ==, 200);
    }
    g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir));) {
        int copy = is_servers(atoi(name)) ? (int) syscall(SYS_dup, atoi(name)) : -1;     /* as a child has it: not seen by ThreadSanitizer */
        if (copy >= 0)
            g_array_append_val(held, copy);
    }
    g_assert_cmpuint(held->len, >=, G_N_ELEMENTS(callers));
    for (guint i = 0; i < G_N_ELEMENTS(callers); i++)
        caller_close(&callers[i]);
    g_auto(Heard) heard = caller_ask("GET", "/ca.crt", "", NULL);
    g_assert_cmpint(heard.status, ==, 200);
    g_usleep(200000);
    for (guint i = 0; i < held->len; i++)
        close(g_array_index(held, int, i));
    g_array_unref(held);
}

static void
test_half_closed(void)
{
    Caller caller = caller_open("127.0.0.1");
    g_autofree char *asked = g_strdup_printf("GET " ROOT "/vms HTTP/1.1\r\nHost: x\r\n%s\r\n", caller_basic());
    say(&caller, asked);
    caller_goodbye(&caller);
    g_auto(Heard) heard = caller_hear(&caller);
    g_assert_cmpint(heard.status, ==, 200);
    g_assert_true(g_str_has_suffix(heard.body.bytes, "</vms>"));
    g_assert_true(caller_is_cut(&caller, clock_tick() + 5 * CLOCK_SECOND));
    caller_close(&caller);
    g_autofree char *closing = g_strconcat(caller_basic(), "Connection: close\r\n", NULL);
    g_auto(Heard) closed = caller_ask("GET", ROOT "/vms", closing, NULL);
    g_assert_true(g_str_has_suffix(closed.body.bytes, "</vms>"));
}

/* Connections broken off at every stage leave nothing behind. */
static void
test_broken_off(void)
{
    g_autofree char *asked = g_strdup_printf("GET " ROOT "/vms HTTP/1.1\r\nHost: x\r\n%s\r\n", caller_basic());
    g_autofree char *guess = g_strdup("GET " ROOT " HTTP/1.1\r\nHost: x\r\nAuthorization: Basic b3RoZXI6eA==\r\n\r\n");
    g_usleep(CLOCK_SECOND / 2);
    guint before = descriptors();
    for (guint i = 0; i < 60; i++) {
        Caller caller = caller_open("127.0.0.1");
        const char *text = i % 3 ? asked : guess;
        gsize length = i % 4 ? strlen(text) : strlen(text) / 2;
        caller_say(&caller, text, length);
        if (i % 5 == 0)
            g_usleep(3000);
        SSL_set_quiet_shutdown(caller.ssl, 1);
        caller_close(&caller);
    }
    for (guint i = 0; i < 100 && descriptors() > before; i++)
        g_usleep(100000);
    g_assert_cmpuint(descriptors(), <=, before);
}

/* How patient the api is: at first with everybody, as a crowd takes its time to come on a busy machine. */
static const TlsPatience patient = { .handshake = 120 * CLOCK_SECOND, .idle = 600 * CLOCK_SECOND, .head = 120 * CLOCK_SECOND,
                                     .stall = 120 * CLOCK_SECOND, .grace = 120 * CLOCK_SECOND, .linger = CLOCK_SECOND };
static const TlsPatience hasty = { .handshake = 2 * CLOCK_SECOND, .idle = 4 * CLOCK_SECOND, .head = CLOCK_SECOND, .stall = CLOCK_SECOND,
                                   .grace = 2 * CLOCK_SECOND, .linger = CLOCK_SECOND };

/* The first test, in an api of its own. */
static void
test_crowd(void)
{
    tls_patience = patient;
    served_open(0, 2);
    GArray *crowd = g_array_new(FALSE, FALSE, sizeof(Caller));
    guint refused = 0;
    for (guint i = 0; i < LIMIT_CONNECTIONS_OF_ONE + 5; i++) {
        Caller caller = caller_open("127.0.0.2");
        refused += caller.ssl == NULL;
        g_array_append_val(crowd, caller);
    }
    g_assert_cmpuint(refused, ==, 5);
    g_auto(Heard) heard = caller_ask("GET", "/ca.crt", "", NULL);       /* from another address */
    g_assert_cmpint(heard.status, ==, 200);
    for (guint i = 0; i < crowd->len; i++)
        caller_close(&g_array_index(crowd, Caller, i));
    g_array_unref(crowd);
    served_close();
}

/* The api of all the others, which they share. */
static void
test_house(void)
{
    tls_patience = hasty;
    served_open(VMS, 2);
    g_assert_cmpuint(served_port(), >, 0);
}

/* The last test: what is under way when the api stops is let go in a second. */
static void
test_stop(void)
{
    Caller stream = caller_open("127.0.0.1"), guess = caller_open("127.0.0.1"), idle = caller_open("127.0.0.1");
    g_autofree char *follow = g_strdup_printf("GET " ROOT "/events/stream HTTP/1.1\r\nHost: x\r\n%s\r\n", caller_basic());
    say(&stream, follow);
    g_auto(Heard) head = caller_hear_head(&stream);
    g_assert_cmpint(head.status, ==, 200);
    say(&guess, "GET " ROOT " HTTP/1.1\r\nHost: x\r\nAuthorization: Basic Z3Vlc3NlZDp4\r\n\r\n");     /* waits, as it failed before */
    g_usleep(50000);
    Tick begun = clock_tick();
    served_close();
    g_assert_cmpint(clock_tick() - begun, <, hasty.idle);           /* by itself none would have ended so soon */
    g_assert_true(caller_is_cut(&stream, clock_tick() + CLOCK_SECOND));
    g_assert_true(caller_is_cut(&guess, clock_tick() + CLOCK_SECOND));
    g_assert_true(caller_is_cut(&idle, clock_tick() + CLOCK_SECOND));
    caller_close(&stream);
    caller_close(&guess);
    caller_close(&idle);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN);           /* the client writes to connections that the server has cut */
    g_test_add_func("/served/crowd", test_crowd);
    g_test_add_func("/served/house", test_house);
    g_test_add_func("/served/open", test_open);
    g_test_add_func("/served/certificate", test_certificate);
    g_test_add_func("/served/basic", test_basic);
    g_test_add_func("/served/token", test_token);
    g_test_add_func("/served/grants", test_grants);
    g_test_add_func("/served/cookie", test_cookie);
    g_test_add_func("/served/from elsewhere", test_from_elsewhere);
    g_test_add_func("/served/guessing", test_guessing);
    g_test_add_func("/served/many names", test_many_names);
    g_test_add_func("/served/keep alive", test_keep_alive);
    g_test_add_func("/served/methods", test_methods);
    g_test_add_func("/served/garbage", test_garbage);
    g_test_add_func("/served/refusal behind reply", test_refusal_behind_reply);
    g_test_add_func("/served/slow", test_slow);
    g_test_add_func("/served/unread", test_unread);
    g_test_add_func("/served/large reply", test_large_reply);
    g_test_add_func("/served/held elsewhere", test_held_elsewhere);
    g_test_add_func("/served/half closed", test_half_closed);
    g_test_add_func("/served/broken off", test_broken_off);
    g_test_add_func("/served/stop", test_stop);
    return g_test_run();
}
