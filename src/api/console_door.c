/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The handshake of RFC 6455. The ticket stands in the query or, since a browser can set no header of its own but that one, among the
 * subprotocols; it is taken before anything is asked of a host, and is written into no log. A page of another origin has no ticket: who asks is
 * not looked at. */
#include "api/console_door.h"

#include "api/api_parts.h"
#include "api/request.h"
#include "base/websocket.h"
#include "model/people.h"

#include <string.h>

#define TICKET_PREFIX "ticket."

/* --- the handshake ------------------------------------------------------------------------------------------------------------------ */

/* Is WORD among those of a comma list, in any case? */
static gboolean
names(const char *list, const char *word)
{
    gsize length = strlen(word);
    while (list && *list) {
        list += strspn(list, " \t,");
        gsize part = strcspn(list, " \t,");
        if (part == length && g_ascii_strncasecmp(list, word, length) == 0)
            return TRUE;
        list += part;
    }
    return FALSE;
}

static char *
answer_key(Exchange *exchange, GError **error)
{
    const char *version = exchange_header(exchange, "Sec-WebSocket-Version");
    char *answer = websocket_answer(exchange_header(exchange, "Sec-WebSocket-Key"));
    if (answer && names(exchange_header(exchange, "Upgrade"), "websocket") && names(exchange_header(exchange, "Connection"), "upgrade") &&
        g_strcmp0(version, "13") == 0)
        return answer;
    g_free(answer);
    exchange_reply_header(exchange, "Sec-WebSocket-Version", "13");
    fault_set(error, MSG_CONSOLE_NOT_WEBSOCKET, NULL);
    return NULL;
}

/* The ticket; yours; NULL. RET_PROTOCOL: what the client is told it may speak, for browsers give up without an answer. */
static char *
find_ticket(const Exchange *exchange, char **ret_protocol)
{
    const char *offered = exchange_header(exchange, "Sec-WebSocket-Protocol"), *parameter = exchange_parameter(exchange, "ticket");
    char *ticket = parameter ? g_strdup(parameter) : NULL;
    g_auto(GStrv) words = g_strsplit_set(offered ? offered : "", ", \t", 16);
    for (char **word = words; *word; word++) {
        gboolean is_ticket = g_str_has_prefix(*word, TICKET_PREFIX);
        if (is_ticket && !ticket)
            ticket = g_strdup(*word + strlen(TICKET_PREFIX));
        if (**word && (!*ret_protocol || g_str_equal(*word, "binary"))) {
            g_free(*ret_protocol);
            *ret_protocol = g_strdup(*word);
        }
    }
    return ticket;
}

/* --- the connection ------------------------------------------------------------------------------------------------------------------- */

static void
drop_seat(gpointer seat)
{
    console_seat_drop(seat);
}

static void
begin(gpointer seat, Request *request, int descriptor, const char *extra, gsize length)
{
    console_seat_take(seat, descriptor, extra, length, request_downgrade, request);
}

static void
opened(gpointer data, ConsoleSeat *seat, const GError *error)
{
    Exchange *exchange = data;
    if (error) {
        exchange_end_fault(exchange, error);
        return;
    }
    request_upgrade((Request *) exchange, "websocket", &(const Upgrade) { begin, drop_seat, seat });
    exchange_end(exchange);
}

static void
serve(Exchange *exchange, ConsoleKind kind)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *protocol = NULL, *answer = answer_key(exchange, &error), *ticket = find_ticket(exchange, &protocol);
    if (!error && !exchange->api->consoles)
        fault_set(&error, MSG_CONSOLE_ABSENT, NULL);
    if (!error && !ticket)
        fault_set(&error, MSG_CONSOLE_NO_TICKET, NULL);
    if (error) {
        exchange_end_fault(exchange, error);
        return;
    }
    exchange_reply_header(exchange, "Sec-WebSocket-Accept", answer);
    if (protocol)
        exchange_reply_header(exchange, "Sec-WebSocket-Protocol", protocol);
    consoles_open(exchange->api->consoles, kind, ticket, opened, exchange);
}

void
console_door_graphics(Exchange *exchange)
{
    serve(exchange, CONSOLE_GRAPHICS);
}

void
console_door_serial(Exchange *exchange)
{
    serve(exchange, CONSOLE_SERIAL);
}

/* --- what consoles ask and tell ---------------------------------------------------------------------------------------------------------- */

gboolean
console_door_may(gpointer data, const TicketHolder *holder)
{
    Api *api = data;
    g_autoptr(View) view = inventory_view(engine_inventory(api->engine));
    if (!view_find(view, &user_type, &holder->user))
        return FALSE;
    return !holder->in_session || session_lives(api->sessions, holder->session);
}

void
console_door_told(gpointer data, const Ticket *ticket, gboolean begins)
{
    Api *api = data;
    g_autoptr(View) view = inventory_view(engine_inventory(api->engine));
    const User *user = view_find(view, &user_type, &ticket->holder.user);
    Message *message = message_new(begins ? MSG_CONSOLE_BEGAN : MSG_CONSOLE_LEFT, "user", user ? user->user_name : "", "vm", ticket->name, NULL);
    engine_event(api->engine, begins ? 167 : 168, SEVERITY_NORMAL, message, &ticket->holder.user, NULL);
}
