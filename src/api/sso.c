/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The four SSO endpoints. Parameters come as a form or in the query. A refusal is 400 with a code clients match; its shape
 * depends on the scope: {"error_code","error"} for ovirt-app-api alone, OAuth's {"error","error_description"} else. */
#include "api/sso.h"

#include "api/api_parts.h"
#include "base/fault.h"

#include <string.h>

#define TOKEN_IDLE ((Tick) 30 * 60 * CLOCK_SECOND)
#define EVENT_LOGOUT 31

/* Value of NAME in the form or else the query; NULL if it is in neither. Yours. */
static char *
parameter(Exchange *exchange, const char *name)
{
    g_autoptr(GHashTable) form = exchange->body ? request_form(exchange->body, exchange->body_length, NULL) : NULL;
    const char *value = form ? g_hash_table_lookup(form, name) : NULL;
    return g_strdup(value ? value : exchange_parameter(exchange, name));
}

static void
begin_json(Exchange *exchange)
{
    exchange->format = FORMAT_JSON;
    exchange->media = "application/json";
    exchange_reply_header(exchange, "Cache-Control", "no-store");
}

static void
refuse(Exchange *exchange, const char *code, const GError *error)
{
    g_autofree char *scope = parameter(exchange, "scope");
    g_autofree char *sentence = message_text(fault_message(error), exchange->language);
    gboolean app = scope && strcmp(scope, "ovirt-app-api") == 0;
    begin_json(exchange);
    text_reset(exchange->reply);
    text_add(exchange->reply, app ? "{\"error_code\":" : "{\"error\":");
    text_add_json(exchange->reply, code);
    text_add(exchange->reply, app ? ",\"error\":" : ",\"error_description\":");
    text_add_json(exchange->reply, sentence);
    text_add(exchange->reply, "}");
    exchange->status = fault_of(error) == FAULT_UNAVAILABLE ? 503 : 400;
    exchange_end(exchange);
}

/* As clients read it: milliseconds since 1970, as text. */
static void
add_expiry(Exchange *exchange)
{
    text_add(exchange->reply, "\"exp\":\"");
    text_add_int(exchange->reply, (clock_wall() + TOKEN_IDLE) / 1000);
    text_add(exchange->reply, "\"");
}

static void
give_token(Request *request)
{
    Exchange *exchange = &request->exchange;
    g_autoptr(GError) error = NULL;
    Id user = login_result(request, &error);
    if (error) {
        refuse(exchange, fault_of(error) == FAULT_UNAVAILABLE ? "server_error" : "access_denied", error);
        return;
    }
    g_autofree char *token = session_open(exchange->api->sessions, SESSION_TOKEN, &user, TOKEN_IDLE);
    g_autofree char *scope = parameter(exchange, "scope");
    begin_json(exchange);
    text_add(exchange->reply, "{\"access_token\":");
    text_add_json(exchange->reply, token);
    text_add(exchange->reply, ",\"scope\":");
    text_add_json(exchange->reply, scope ? scope : "ovirt-app-api");
    text_add(exchange->reply, ",");
    add_expiry(exchange);
    text_add(exchange->reply, ",\"token_type\":\"bearer\"}");
    exchange_end(exchange);
}

static gboolean
check_grant(Exchange *exchange, const char *grant, const char **ret_code, GError **error)
{
    *ret_code = "invalid_request";
    if (!grant || !*grant)
        return fault_set(error, MSG_API_GRANT_INCOMPLETE, "what", "grant_type", NULL);
    *ret_code = "unsupported_grant_type";
    if (strcmp(grant, "password") != 0)
        return fault_set(error, MSG_API_GRANT, "grant", grant, NULL);
    return TRUE;
}

void
sso_serve_token(Exchange *exchange)
{
    g_autoptr(GError) error = NULL;
    const char *code = NULL;
    g_autofree char *grant = parameter(exchange, "grant_type");
    g_autofree char *name = parameter(exchange, "username");
    g_autofree char *password = parameter(exchange, "password");
    if (!check_grant(exchange, grant, &code, &error)) {
        refuse(exchange, code, error);
    } else if (!name || !*name || !password) {
        fault_set(&error, MSG_API_GRANT_INCOMPLETE, "what", name && *name ? "password" : "username", NULL);
        refuse(exchange, "invalid_request", error);
    } else {
        login_check(exchange->api->login, (Request *) exchange, name, password, give_token);
    }
}

void
sso_serve_http_auth(Exchange *exchange)
{
    g_autoptr(GError) error = NULL;
    fault_set(&error, MSG_API_NO_KERBEROS, NULL);
    g_autofree char *sentence = message_text(fault_message(error), exchange->language);
    begin_json(exchange);
    exchange->status = 401;
    exchange_reply_header(exchange, "WWW-Authenticate", "Negotiate");
    text_add(exchange->reply, "{\"error_code\":\"access_denied\",\"error\":");
    text_add_json(exchange->reply, sentence);
    text_add(exchange->reply, "}");
    exchange_end(exchange);
}

static char *
name_of(Exchange *exchange, const Id *id)
{
    g_autoptr(View) view = inventory_view(engine_inventory(exchange->engine));
    const User *user = view_find(view, &user_type, id);
    return g_strdup(user ? user->user_name : NULL);
}

/* Giving back what is no token any more is well, too. */
void
sso_serve_revoke(Exchange *exchange)
{
    g_autofree char *token = parameter(exchange, "token");
    Id user = id_null;
    begin_json(exchange);
    text_add(exchange->reply, "{}");
    if (token && session_close(exchange->api->sessions, SESSION_TOKEN, token, &user)) {
        g_autofree char *name = name_of(exchange, &user);
        Message *message = message_new(MSG_API_LOGGED_OUT, "user", name, NULL);
        engine_event(exchange->engine, EVENT_LOGOUT, SEVERITY_NORMAL, message, &user, exchange->correlation);
    }
    exchange_end(exchange);
}

void
sso_serve_info(Exchange *exchange)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *token = parameter(exchange, "token");
    Id user = token ? session_user(exchange->api->sessions, SESSION_TOKEN, token) : id_null;
    g_autofree char *name = name_of(exchange, &user);
    if (!name) {
        fault_set(&error, MSG_API_TOKEN, NULL);
        refuse(exchange, "invalid_grant", error);
        return;
    }
    begin_json(exchange);
    text_add(exchange->reply, "{\"active\":true,\"token_type\":\"bearer\",\"client_id\":\"ovirt-engine-core\",\"scope\":\"ovirt-app-api\",\"user_id\":");
    text_add_json(exchange->reply, name);
    text_add(exchange->reply, ",");
    add_expiry(exchange);
    text_add(exchange->reply, "}");
    exchange_end(exchange);
}
