/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who comes in. Below the API's root everybody must say who he is: by token, by name and password, or by the cookie of a
 * persistent session; so must who reads the numbers at /metrics. The rest is a short table of things open to all. Knows no resource. */
#include "api/door.h"

#include "api/api_parts.h"
#include "api/console_door.h"
#include "api/images.h"
#include "api/route.h"
#include "api/scrape.h"
#include "api/sso.h"
#include "api/statics.h"
#include "api/stream.h"
#include "base/fault.h"

#include <openssl/crypto.h>
#include <string.h>

#define IDLE_DEFAULT 30             /* minutes */
#define IDLE_MOST (7 * 24 * 60)

typedef enum { TAKES_GET = 1, TAKES_POST = 2, TAKES_BOTH = 3 } Takes;

/* clang-format off */
static const struct {
    const char *path;
    Takes takes;
    void (*serve)(Exchange *exchange);
} open_doors[] = {
    { "/",                                       TAKES_GET,  statics_serve_page },
    { "/ovirt-engine",                           TAKES_GET,  statics_serve_page },
    { "/ovirt-engine/",                          TAKES_GET,  statics_serve_page },
    { "/ca.crt",                                 TAKES_GET,  statics_serve_ca },
    { "/ovirt-engine/services/health",           TAKES_GET,  statics_serve_health },
    { "/ovirt-engine/services/pki-resource",     TAKES_GET,  statics_serve_pki },
    { "/ovirt-engine/sso/oauth/token",           TAKES_BOTH, sso_serve_token },
    { "/ovirt-engine/sso/oauth/token-http-auth", TAKES_BOTH, sso_serve_http_auth },
    { "/ovirt-engine/sso/oauth/revoke",          TAKES_BOTH, sso_serve_revoke },
    { "/ovirt-engine/sso/oauth/token-info",      TAKES_BOTH, sso_serve_info },
    { "/ovirt-engine/services/sso-logout",       TAKES_BOTH, sso_serve_revoke },
    { CONSOLE_GRAPHICS_PATH,                     TAKES_GET,  console_door_graphics },
    { CONSOLE_SERIAL_PATH,                       TAKES_GET,  console_door_serial },
};
/* clang-format on */

static void
refuse(Request *request, MessageCode code)
{
    g_autoptr(GError) error = NULL;
    fault_set(&error, code, NULL);
    exchange_end_fault(&request->exchange, error);
}

/* --- who is it ------------------------------------------------------------------------------------------------------------------ */

static Tick
idle_time(const Request *request)
{
    const char *given = exchange_header(&request->exchange, "Session-TTL");
    gint64 minutes = given ? g_ascii_strtoll(given, NULL, 10) : 0;
    return (minutes > 0 ? MIN(minutes, IDLE_MOST) : IDLE_DEFAULT) * 60 * CLOCK_SECOND;
}

static void
serve_user(Request *request, const Id *user)
{
    Exchange *exchange = &request->exchange;
    exchange->user = *user;
    if (!exchange->local)
        scrape_serve(exchange);
    else if (strcmp(exchange->local, "/events/stream") != 0)
        route_serve(exchange);
    else if (exchange->method == METHOD_GET)
        stream_serve(exchange);
    else
        route_refuse_method(exchange, "GET");
}

/* A user who is gone has no rights, whatever token he still holds. */
static gboolean
exists(Request *request, const Id *user)
{
    g_autoptr(View) view = inventory_view(engine_inventory(request->exchange.engine));
    return !id_is_null(user) && view_find(view, &user_type, user);
}

/* Who has just proved who he is may want a cookie for the next time. */
static void
admit(Request *request, const Id *user)
{
    if (request_prefers(request, "persistent-auth")) {
        Sessions *sessions = request->exchange.api->sessions;
        g_autofree char *secret = request->session ? session_open_below(sessions, request->session, user, idle_time(request))
                                                   : session_open(sessions, SESSION_COOKIE, user, idle_time(request));
        g_autofree char *cookie = g_strdup_printf("JSESSIONID=%s; Path=/ovirt-engine/api; Secure; HttpOnly; SameSite=Strict", secret);
        exchange_reply_header(&request->exchange, "Set-Cookie", cookie);
    }
    serve_user(request, user);
}

static void
after_login(Request *request)
{
    g_autoptr(GError) error = NULL;
    Id user = login_result(request, &error);
    if (error)
        exchange_end_fault(&request->exchange, error);
    else
        admit(request, &user);
}

/* "name:password" in base64; the password may hold colons. FALSE: it is no such thing. Both are yours. */
static gboolean
decode_basic(const char *encoded, char **ret_name, char **ret_password)
{
    gsize length = 0;
    g_autofree char *text = (char *) g_base64_decode(encoded, &length);
    char *colon = length ? memchr(text, ':', length) : NULL;
    gboolean well = colon && !memchr(text, '\0', length) && g_utf8_validate(text, (gssize) length, NULL);
    if (well) {
        *ret_name = g_strndup(text, (gsize) (colon - text));
        *ret_password = g_strndup(colon + 1, length - (gsize) (colon + 1 - text));
    }
    OPENSSL_cleanse(text, length);
    return well;
}

static void
forget(char *password)
{
    if (password)
        OPENSSL_cleanse(password, strlen(password));
    g_free(password);
}

static void
serve_basic(Request *request, const char *encoded)
{
    Login *login = request->exchange.api->login;
    g_autofree char *name = NULL;
    char *password = NULL;
    if (!decode_basic(encoded, &name, &password)) {
        refuse(request, MSG_API_NOT_AUTHENTICATED);
        return;
    }
    Id user = login_known(login, name, password);
    if (id_is_null(&user))
        login_check(login, request, name, password, after_login);
    else
        admit(request, &user);
    forget(password);
}

/* Cookies, and passwords a browser remembers, are sent along with what any page asks for. No page can send a token. */
static gboolean
is_from_elsewhere(const Exchange *exchange)
{
    const char *site = exchange_header(exchange, "Sec-Fetch-Site"), *origin = exchange_header(exchange, "Origin");
    if (exchange->method == METHOD_GET || exchange->method == METHOD_HEAD)
        return FALSE;
    if (site)
        return strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
    return origin && (!g_str_has_prefix(origin, "https://") || g_ascii_strcasecmp(origin + strlen("https://"), exchange->host) != 0);
}

static void
note_session(Request *request, SessionKind kind, const char *secret)
{
    request->session = g_string_chunk_insert(request->memory, secret);
    request->session_kind = kind;
}

/* The user of a persistent session. A request that does not want one ends it. */
static Id
user_of_cookie(Request *request)
{
    Sessions *sessions = request->exchange.api->sessions;
    g_autofree char *secret = request_cookie(request, "JSESSIONID");
    Id user = id_null;
    if (!secret)
        return id_null;
    if (request_prefers(request, "persistent-auth") && !request_prefers(request, "new-auth")) {
        note_session(request, SESSION_COOKIE, secret);
        return session_user(sessions, SESSION_COOKIE, secret);
    }
    session_close(sessions, SESSION_COOKIE, secret, &user);
    return id_null;
}

static const char *
after_scheme(const char *authorization, const char *scheme)
{
    gsize length = strlen(scheme);
    if (!authorization || g_ascii_strncasecmp(authorization, scheme, length) != 0 || authorization[length] != ' ')
        return NULL;
    return authorization + length + strspn(authorization + length, " ");
}

static void
serve_known(Request *request)
{
    const char *authorization = exchange_header(&request->exchange, "Authorization");
    const char *token = after_scheme(authorization, "Bearer"), *basic = after_scheme(authorization, "Basic");
    if (!token && is_from_elsewhere(&request->exchange)) {
        refuse(request, MSG_API_FROM_ELSEWHERE);
        return;
    }
    Id user = user_of_cookie(request);
    if (exists(request, &user)) {
        serve_user(request, &user);
        return;
    }
    request->session = NULL;
    if (token) {
        note_session(request, SESSION_TOKEN, token);
        user = session_user(request->exchange.api->sessions, SESSION_TOKEN, token);
        if (exists(request, &user))
            admit(request, &user);
        else
            refuse(request, MSG_API_TOKEN);
    } else if (basic) {
        serve_basic(request, basic);
    } else {
        refuse(request, MSG_API_NOT_AUTHENTICATED);
    }
}

/* --- what is open to all ----------------------------------------------------------------------------------------------------------- */

static void
serve_options(Request *request)
{
    exchange_reply_header(&request->exchange, "Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS");
    exchange_end(&request->exchange);
}

static gboolean
takes(Takes what, Method method)
{
    gboolean get = method == METHOD_GET || method == METHOD_HEAD;
    return (what & TAKES_GET && get) || (what & TAKES_POST && method == METHOD_POST);
}

static void
serve_open(Request *request)
{
    Exchange *exchange = &request->exchange;
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(open_doors); i++) {
        if (strcmp(open_doors[i].path, exchange->path) != 0)
            continue;
        if (takes(open_doors[i].takes, exchange->method)) {
            open_doors[i].serve(exchange);
            return;
        }
        route_refuse_method(exchange, open_doors[i].takes == TAKES_GET ? "GET" : "GET, POST");
        return;
    }
    fault_set(&error, MSG_API_NO_PATH, "path", exchange->path, NULL);
    exchange_end_fault(exchange, error);
}

/* Is it from somebody whose token or password has been verified? Asked before a body is taken, of which strangers get less. */
static gboolean
is_known(const Request *request)
{
    const char *authorization = exchange_header(&request->exchange, "Authorization");
    const char *token = after_scheme(authorization, "Bearer"), *basic = after_scheme(authorization, "Basic");
    const Api *api = request->exchange.api;
    g_autofree char *name = NULL, *cookie = request_cookie(request, "JSESSIONID");
    char *password = NULL;
    Id user = id_null;
    if (cookie)
        user = session_user(api->sessions, SESSION_COOKIE, cookie);
    else if (token)
        user = session_user(api->sessions, SESSION_TOKEN, token);
    else if (basic && decode_basic(basic, &name, &password))
        user = login_known(api->login, name, password);
    forget(password);
    return !id_is_null(&user);
}

static gboolean
has_body(const Exchange *exchange)
{
    return exchange_header(exchange, "Content-Length") || exchange_header(exchange, "Transfer-Encoding");
}

/* All below the API's root, and one path beside it. */
static gboolean
is_guarded(const Exchange *exchange)
{
    return exchange->local || strcmp(exchange->path, SCRAPE_PATH) == 0;
}

gboolean
door_admits(Request *request, GError **error)
{
    const Exchange *exchange = &request->exchange;
    if (!is_guarded(exchange) || exchange->method == METHOD_OPTIONS)
        return TRUE;
    if (!exchange_header(exchange, "Authorization") && !exchange_header(exchange, "Cookie"))
        return fault_set(error, MSG_API_NOT_AUTHENTICATED, NULL);
    request->known = has_body(exchange) && is_known(request);
    return TRUE;
}

void
door_serve(Request *request)
{
    if (images_has(&request->exchange))
        images_serve(request);
    else if (request->exchange.method == METHOD_OPTIONS)
        serve_options(request);
    else if (is_guarded(&request->exchange))
        serve_known(request);
    else
        serve_open(request);
}
