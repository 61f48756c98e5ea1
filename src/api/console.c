/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A ticket is made for whoever asks for it, of one VM that runs; what is done with it is the business of src/console. */
#include "api/console.h"

#include "api/api_parts.h"
#include "api/request.h"
#include "api/route.h"
#include "api/submit.h"
#include "model/people.h"
#include "model/vm.h"

#include <openssl/crypto.h>
#include <string.h>

#define VIEWER_MEDIA "application/x-virt-viewer"

/* --- bodies ------------------------------------------------------------------------------------------------------------------------------ */

typedef struct { gint64 expiry; char *value; } TicketParams;
static const Type ticket_params_type = { .one = "ticket", .many = "tickets", .size = sizeof(TicketParams), .fields = (const Field[]) {
    INT (TicketParams, expiry, ADD, "Seconds it can be used."),
    TEXT(TicketParams, value, ADD, "Made by the manager."),
    { 0 } } };
typedef struct { gboolean async, force; TicketParams ticket; } ConsoleParams;
static const Type console_params_type = { .one = "action", .many = "actions", .size = sizeof(ConsoleParams), .fields = (const Field[]) {
    BOOL (ConsoleParams, async, ADD, "Answer before it is done."),
    BOOL (ConsoleParams, force, ADD, "Take the serial console from whoever has it."),
    GROUP(ConsoleParams, ticket, ticket_params_type, ADD, "The ticket wanted."),
    { 0 } } };

static gboolean
read_wish(const Exchange *exchange, Ticket *wish, gint64 *ret_seconds, GError **error)
{
    g_autoptr(GError) wrong = NULL;
    Draft *draft = submit_read(exchange, &console_params_type, &wrong);
    const ConsoleParams *params = draft ? draft->record : NULL;
    gint64 seconds = params && draft_has(draft, "ticket.expiry") ? params->ticket.expiry : TICKET_SECONDS;
    gboolean chosen = params && params->ticket.value && *params->ticket.value;
    wish->force = (params && params->force) || exchange_flag(exchange, "force", FALSE);
    wish->only_look = exchange_flag(exchange, "look", FALSE);
    draft_free(draft);
    if (wrong) {
        g_propagate_error(error, g_steal_pointer(&wrong));
        return FALSE;
    }
    if (chosen)
        return fault_set(error, MSG_CONSOLE_TICKET_VALUE, NULL);
    if (seconds < 1) {
        g_autofree char *given = g_strdup_printf("%" G_GINT64_FORMAT, seconds);
        return fault_set(error, MSG_CONSOLE_TICKET_EXPIRY, "given", given, NULL);
    }
    *ret_seconds = MIN(seconds, TICKET_SECONDS_MOST);
    return TRUE;
}

/* --- tickets ------------------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    Ticket ticket;
    gint64 seconds;
    guint port;
} Granted;

/* "192.0.2.9:8443" → "192.0.2.9", "[::1]:8443" → "::1" */
static void
take_address(const char *here, char *address, gsize room)
{
    gsize length = 0;
    const char *colon = here ? strrchr(here, ':') : NULL;
    if (colon)
        length = (gsize) (colon - here);
    if (length > 1 && here[0] == '[' && here[length - 1] == ']') {
        here++;
        length -= 2;
    }
    g_strlcpy(address, colon ? here : "", MIN(room, length + 1));
}

static gboolean
choose_kind(const Exchange *exchange, Ticket *wish, GError **error)
{
    const char *kind = exchange_parameter(exchange, "console");
    if (kind && g_str_equal(kind, "serial"))
        wish->kind = CONSOLE_SERIAL;
    else if (!kind || g_str_equal(kind, "graphics"))
        take_address(((const Request *) (gconstpointer) exchange)->here, wish->door, sizeof(wish->door));
    else if (!g_str_equal(kind, "browser"))
        return fault_set(error, MSG_CONSOLE_KIND, "given", kind, NULL);
    return TRUE;
}

/* The console a viewer would be shown. What the host runs may differ from what is defined: it has the last word when the console is opened. */
static gboolean
has_vnc(const Vm *vm, GError **error)
{
    const GraphicsConsole *other = NULL;
    for (guint i = 0; i < vm->graphics_consoles.count; i++) {
        const GraphicsConsole *console = vm->graphics_consoles.items[i];
        if (g_strcmp0(console->protocol, "vnc") == 0)
            return TRUE;
        other = console;
    }
    return fault_set(error, MSG_CONSOLE_NO_VNC, "vm", vm->name, "graphics", other ? other->protocol : "none", NULL);
}

static gboolean
make_ticket(Exchange *exchange, const Vm *vm, Granted *made, GError **error)
{
    Consoles *consoles = exchange->api ? exchange->api->consoles : NULL;
    const Request *request = (const Request *) (gconstpointer) exchange;
    Ticket wish = { .kind = CONSOLE_GRAPHICS, .vm = vm->object.id, .language = exchange->language,
                    .holder = { .user = exchange->user, .in_session = request->session != NULL } };
    if (request->session)
        session_digest(request->session_kind, request->session, wish.holder.session);
    g_strlcpy(wish.name, vm->name ? vm->name : "", sizeof(wish.name));
    if (!consoles)
        return fault_set(error, MSG_CONSOLE_ABSENT, NULL);
    if (!read_wish(exchange, &wish, &made->seconds, error) || !choose_kind(exchange, &wish, error))
        return FALSE;
    if (!vm_is_running((VmStatus) vm->status))
        return fault_set(error, MSG_CONSOLE_NOT_RUNNING, "vm", wish.name, NULL);
    if (wish.kind == CONSOLE_GRAPHICS && !has_vnc(vm, error))
        return FALSE;
    return consoles_ticket(consoles, &wish, made->seconds, &made->ticket, &made->port, error);
}

static void
tell_ticket(Exchange *exchange, const View *view, const Vm *vm)
{
    const User *user = view_find(view, &user_type, &exchange->user);
    Message *message = message_new(MSG_CONSOLE_TICKET_MADE, "user", user ? user->user_name : "", "vm", vm->name, NULL);
    engine_event(exchange->engine, 164, SEVERITY_NORMAL, message, &exchange->user, exchange->correlation);
}

static void
write_ticket(Exchange *exchange, const Granted *made)
{
    Text *out = exchange->reply;
    if (exchange->format == FORMAT_JSON)
        text_printf(out, "{\"status\":\"complete\",\"ticket\":{\"expiry\":\"%" G_GINT64_FORMAT "\",\"value\":\"%s\"}}", made->seconds, made->ticket.value);
    else
        text_printf(out, "<action><status>complete</status><ticket><expiry>%" G_GINT64_FORMAT "</expiry><value>%s</value></ticket></action>",
                    made->seconds, made->ticket.value);
}

/* --- connection files ----------------------------------------------------------------------------------------------------------------------- */

/* One line of the file: nothing a name could end it with. */
static void
add_line(Text *out, const char *key, const char *value)
{
    text_printf(out, "%s=", key);
    for (const char *at = value; *at; at++) {
        if (*at == '\n')
            text_add_literal(out, "\\n");
        else if ((guchar) *at >= ' ' && *at != '\\')
            text_add_bytes(out, at, 1);
    }
    text_add_literal(out, "\n");
}

/* Where the client says we are: that it can reach, and the certificate names. */
static char *
host_named(const Exchange *exchange)
{
    const char *host = exchange->host;
    gsize length = *host == '[' ? strcspn(host, "]") : strcspn(host, ":");
    return *host == '[' ? g_strndup(host + 1, length - 1) : g_strndup(host, length);
}

static void
write_file(const Exchange *exchange, const Vm *vm, const Granted *made, Text *out)
{
    g_autofree char *host = host_named(exchange), *port = g_strdup_printf("%u", made->port), *ca = pki_pem(exchange->api->pki, PKI_CA);
    g_autofree char *title = g_strconcat(vm->name ? vm->name : "", ":%d", NULL), *subject = g_strconcat("CN=", host, NULL);
    text_add_literal(out, "[virt-viewer]\ntype=vnc\n");
    add_line(out, "host", host);
    add_line(out, "port", port);
    add_line(out, "password", made->ticket.value);
    text_printf(out, "# Password is valid for %" G_GINT64_FORMAT " seconds.\n", made->seconds);
    text_add_literal(out, "delete-this-file=1\nfullscreen=0\n");
    add_line(out, "title", title);
    text_add_literal(out, "toggle-fullscreen=shift+f11\nrelease-cursor=shift+f12\nsecure-attention=ctrl+alt+end\n");
    add_line(out, "tls-port", port);
    add_line(out, "host-subject", subject);
    add_line(out, "ca", ca);
}

/* --- verbs ------------------------------------------------------------------------------------------------------------------------------------- */

/* Clients follow the links of actions (libgovirt does): what is no command must be among them, too. */
static const char *const *
with_ticket(const char *const *verbs)
{
    guint count = verbs ? g_strv_length((char **) verbs) : 0;
    const char **more = g_new0(const char *, count + 2);
    for (guint i = 0; i < count; i++)
        more[i] = verbs[i];
    more[count] = "ticket";
    return more;
}

const char *const *
console_verbs(const Type *type)
{
    static const char *const of_console[] = { "remoteviewerconnectionfile", "ticket", NULL };
    static const char *const *of_vm;
    if (type == &graphics_console_type)
        return of_console;
    if (type != &vm_type)
        return command_verbs(type);
    if (g_once_init_enter(&of_vm)) {
        const char *const *made = with_ticket(command_verbs(type));
        g_once_init_leave(&of_vm, made);
    }
    return of_vm;
}

/* --- serving ----------------------------------------------------------------------------------------------------------------------------------- */

static const Vm *
vm_of(const Place *place)
{
    const Object *object = place->object;
    return object->type == &vm_type ? place->object : place->above.object;
}

/* TRUE: a ticket stands in MADE. */
static gboolean
prepare(Exchange *exchange, const Place *place, gboolean file, Granted *made, GError **error)
{
    const Vm *vm = vm_of(place);
    const GraphicsConsole *console = place->object;
    if (console->object.type == &graphics_console_type && g_strcmp0(console->protocol, "vnc") != 0)
        return fault_set(error, MSG_CONSOLE_NO_VNC, "vm", vm->name, "graphics", console->protocol, NULL);
    if (!make_ticket(exchange, vm, made, error))
        return FALSE;
    if (file && !made->port)
        return fault_set(error, MSG_CONSOLE_NO_VIEWERS, NULL);
    tell_ticket(exchange, place->view, vm);
    return TRUE;
}

gboolean
console_serves_file(const Exchange *exchange, const Place *place)
{
    const char *accept = exchange_header(exchange, "Accept");
    return exchange->method == METHOD_GET && ((const Object *) place->object)->type == &graphics_console_type && accept && strstr(accept, VIEWER_MEDIA) &&
           ((const Object *) place->above.object)->type == &vm_type;
}

void
console_serve_file(Exchange *exchange, const Place *place)
{
    g_autoptr(GError) error = NULL;
    Granted made = { 0 };
    if (!prepare(exchange, place, TRUE, &made, &error)) {
        exchange_end_fault(exchange, error);
        return;
    }
    exchange->media = VIEWER_MEDIA;
    exchange_reply_header(exchange, "Content-Disposition", "attachment; filename=\"console.vv\"");
    write_file(exchange, vm_of(place), &made, exchange->reply);
    OPENSSL_cleanse(&made, sizeof(made));
    exchange_end(exchange);
}

static void
serve_ticket(Exchange *exchange, const Place *place, gboolean file)
{
    g_autoptr(GError) error = NULL;
    g_auto(Text) text = TEXT_EMPTY;
    Granted made = { 0 };
    if (!prepare(exchange, place, file, &made, &error)) {
        exchange_end_action_fault(exchange, error);
        return;
    }
    if (!file) {
        write_ticket(exchange, &made);
    } else {
        write_file(exchange, vm_of(place), &made, &text);
        text_add_bytes(&text, "", 1);
        text_add(exchange->reply, exchange->format == FORMAT_JSON ? "{\"remote_viewer_connection_file\":" : "<action><remote_viewer_connection_file>");
        if (exchange->format == FORMAT_JSON)
            text_add_json(exchange->reply, text.bytes);
        else
            text_add_xml(exchange->reply, text.bytes);
        text_add(exchange->reply, exchange->format == FORMAT_JSON ? ",\"status\":\"complete\"}"
                                                                  : "</remote_viewer_connection_file><status>complete</status></action>");
    }
    OPENSSL_cleanse(&made, sizeof(made));
    exchange_end(exchange);
}

static void
pictured(gpointer data, GBytes *picture, const GError *error)
{
    Exchange *exchange = data;
    gsize length = 0;
    if (error) {
        exchange_end_fault(exchange, error);
        return;
    }
    const char *bytes = g_bytes_get_data(picture, &length);
    exchange->media = "image/png";
    text_add_bytes(exchange->reply, bytes, length);
    exchange_end(exchange);
}

static void
serve_picture(Exchange *exchange, const Vm *vm)
{
    g_autoptr(GError) error = NULL;
    if (exchange->api && exchange->api->consoles) {
        consoles_picture(exchange->api->consoles, &vm->object.id, pictured, exchange);
        return;
    }
    fault_set(&error, MSG_CONSOLE_ABSENT, NULL);
    exchange_end_fault(exchange, error);
}

gboolean
console_serve_action(Exchange *exchange, const Place *place)
{
    const Object *object = place->object;
    gboolean vm = object->type == &vm_type, graphics = object->type == &graphics_console_type && ((const Object *) place->above.object)->type == &vm_type;
    gboolean picture = vm && g_str_equal(place->word, "screenshot");
    gboolean ticket = (vm || graphics) && g_str_equal(place->word, "ticket"), file = graphics && g_str_equal(place->word, "remoteviewerconnectionfile");
    if (!ticket && !file && !picture)
        return FALSE;
    if (picture ? exchange->method != METHOD_GET && exchange->method != METHOD_HEAD : exchange->method != METHOD_POST)
        route_refuse_method(exchange, picture ? "GET" : "POST");
    else if (picture)
        serve_picture(exchange, place->object);
    else
        serve_ticket(exchange, place, file);
    return TRUE;
}
