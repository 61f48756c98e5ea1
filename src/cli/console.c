/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A ticket, a WebSocket with it, and bytes both ways with the terminal raw meanwhile. Ctrl+] leaves, and nothing else is looked at:
 * Ctrl+C is the guest's. A serial line knows no size: it is told once, as what the guest can be told by hand. */
#include "cli/console.h"

#include "base/id.h"
#include "base/websocket.h"
#include "cli/words.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define LEAVE 0x1d                  /* Ctrl+] */
#define BLOCK 16384
#define HEAD_MOST 16384

static volatile sig_atomic_t ended;

typedef struct {
    ClientWire *wire;
    WebSocketReader reader;
    Language language;
    gboolean interactive, input_over, over;
    char reason[WEBSOCKET_CONTROL + 1];
} Terminal;

/* --- what to ask for ---------------------------------------------------------------------------------------------------------------- */

char *
console_find_vm(Client *client, const char *name, GError **error)
{
    Id id;
    struct json_object *vms = NULL;
    g_auto(Text) path = TEXT_EMPTY;
    if (id_parse(name, ID_UUID, &id))
        return g_strdup(name);
    g_autofree char *search = g_strdup_printf("name=\"%s\"", name);
    text_add_literal(&path, "/vms?max=100&search=");
    text_add_url(&path, search);
    g_autofree char *asked = text_take(&path);
    struct json_object *reply = client_json(client, "GET", asked, NULL, error);
    if (!reply)
        return NULL;
    json_object_object_get_ex(reply, "vm", &vms);
    gsize count = vms ? json_object_array_length(vms) : 0;
    char *found = count == 1 ? g_strdup(words_string(json_object_array_get_idx(vms, 0), "id")) : NULL;
    json_object_put(reply);
    g_autofree char *number = g_strdup_printf("%" G_GSIZE_FORMAT, count);
    if (!found)
        fault_set(error, count ? MSG_CLI_AMBIGUOUS : MSG_CLI_NO_SUCH, "type", "vm", "many", "vms", "name", name, "count", number, NULL);
    return found;
}

static char *
get_ticket(Client *client, const char *vm, const char *how, GError **error)
{
    struct json_object *ticket = NULL;
    g_autofree char *path = g_strdup_printf("/vms/%s/ticket?console=serial%s%s", vm, how ? "&" : "", how ? how : "");
    struct json_object *reply = client_json(client, "POST", path, "{}", error);
    if (!reply)
        return NULL;
    json_object_object_get_ex(reply, "ticket", &ticket);
    char *value = g_strdup(words_string(ticket, "value"));
    json_object_put(reply);
    return value;
}

static gboolean
print_file(Client *client, const char *vm, GError **error)
{
    g_autofree char *path = g_strdup_printf("/vms/%s/graphicsconsoles/766e63/remoteviewerconnectionfile", vm);
    struct json_object *reply = client_json(client, "POST", path, "{}", error);
    if (!reply)
        return FALSE;
    fputs(words_string(reply, "remote_viewer_connection_file"), stdout);
    json_object_put(reply);
    return TRUE;
}

/* --- the WebSocket ------------------------------------------------------------------------------------------------------------------- */

static gboolean
send_frame(Terminal *terminal, WebSocketCode code, const char *bytes, gsize length, GError **error)
{
    g_autofree char *frame = g_malloc(WEBSOCKET_HEAD + length);
    guint32 random = g_random_int();
    guint8 mask[4];
    memcpy(mask, &random, sizeof(mask));
    gsize head = websocket_head(frame, code, length, mask);
    memcpy(frame + head, bytes, length);
    websocket_mask(frame + head, length, mask, 0);
    return client_wire_write(terminal->wire, frame, head + length, error);
}

static gboolean
shake_hands(Client *client, ClientWire *wire, const char *ticket, Text *head, GError **error)
{
    guint32 random[4] = { g_random_int(), g_random_int(), g_random_int(), g_random_int() };
    g_autofree char *key = g_base64_encode((const guchar *) random, sizeof(random)), *answer = websocket_answer(key);
    g_autofree char *asked = g_strdup_printf("GET /console/serial HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                             "Accept: application/json\r\nAccept-Language: %s\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: binary, ticket.%s\r\n\r\n",
                                             client_host(client), language_tag(client_language(client)), key, ticket);
    if (!client_wire_write(wire, asked, strlen(asked), error))
        return FALSE;
    while (head->length < HEAD_MOST && !(head->length && strstr(head->bytes, "\r\n\r\n"))) {
        char bytes[1024];
        gssize count = client_wire_read(wire, bytes, sizeof(bytes), TRUE);
        if (count <= 0)
            return fault_set(error, MSG_CLI_CONSOLE_ENDED, "reason", "the manager closed the connection", NULL);
        text_add_bytes(head, bytes, (gsize) count);
        head->bytes[head->length] = '\0';
    }
    if (g_str_has_prefix(head->bytes, "HTTP/1.1 101") && strstr(head->bytes, answer))
        return TRUE;
    return client_say_refusal(client, head, error);
}

/* --- the terminal --------------------------------------------------------------------------------------------------------------------- */

static void
show(const char *bytes, gsize length)
{
    for (gssize count; length > 0; bytes += count, length -= (gsize) count) {
        count = write(STDOUT_FILENO, bytes, length);
        if (count < 0 && errno == EINTR)
            count = 0;
        else if (count < 0)
            return;
    }
}

static gboolean
take_control(Terminal *terminal, GError **error)
{
    const WebSocketReader *reader = &terminal->reader;
    if (reader->code == WEBSOCKET_PING)
        return send_frame(terminal, WEBSOCKET_PONG, reader->control, reader->control_length, error);
    if (reader->code == WEBSOCKET_CLOSE) {
        terminal->over = TRUE;
        if (reader->control_length > 2)
            g_snprintf(terminal->reason, sizeof(terminal->reason), "%.*s", (int) reader->control_length - 2, reader->control + 2);
    }
    return TRUE;
}

/* Text is the manager's: who writes. */
static void
take_note(const Terminal *terminal, const char *bytes, gsize length)
{
    if (!terminal->interactive || !g_strstr_len(bytes, (gssize) length, "reader"))
        return;
    g_autoptr(Message) message = message_new(MSG_CLI_CONSOLE_READER, NULL);
    g_autofree char *text = message_text(message, terminal->language);
    fprintf(stderr, "\r\n[%s]\r\n", text);
}

static gboolean
take_bytes(Terminal *terminal, char *bytes, gsize length, GError **error)
{
    while (length > 0 && !terminal->over) {
        gsize taken = 0, size = 0;
        char *data = NULL;
        WebSocketEvent event = websocket_read(&terminal->reader, bytes, length, &taken, &data, &size);
        if (event == WEBSOCKET_BROKEN)
            return fault_set(error, MSG_CLI_CONSOLE_ENDED, "reason", "what the manager sent is not understood", NULL);
        if (event == WEBSOCKET_DATA && terminal->reader.message == WEBSOCKET_TEXT)
            take_note(terminal, data, size);
        else if (event == WEBSOCKET_DATA)
            show(data, size);
        else if (event == WEBSOCKET_CALL && !take_control(terminal, error))
            return FALSE;
        bytes += taken;
        length -= taken;
    }
    return TRUE;
}

static gboolean
take_keys(Terminal *terminal, GError **error)
{
    char keys[BLOCK];
    gssize count = read(STDIN_FILENO, keys, sizeof(keys));
    if (count < 0 && errno == EINTR)
        return TRUE;
    if (count <= 0) {
        terminal->input_over = TRUE;
        return TRUE;
    }
    const char *leave = terminal->interactive ? memchr(keys, LEAVE, (gsize) count) : NULL;
    gsize length = leave ? (gsize) (leave - keys) : (gsize) count;
    terminal->over = leave != NULL;
    return length == 0 || send_frame(terminal, WEBSOCKET_BINARY, keys, length, error);
}

static gboolean
take_wire(Terminal *terminal, GError **error)
{
    char bytes[BLOCK];
    gssize count;
    while (!terminal->over && (count = client_wire_read(terminal->wire, bytes, sizeof(bytes), FALSE)) != 0) {
        if (count < 0)
            return fault_set(error, MSG_CLI_CONSOLE_ENDED, "reason", "the manager closed the connection", NULL);
        if (!take_bytes(terminal, bytes, (gsize) count, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
relay(Terminal *terminal, GError **error)
{
    gboolean well = take_wire(terminal, error);
    while (well && !terminal->over && !ended) {
        struct pollfd pollers[2] = { { client_wire_descriptor(terminal->wire), POLLIN, 0 }, { terminal->input_over ? -1 : STDIN_FILENO, POLLIN, 0 } };
        if (poll(pollers, 2, -1) < 0 && errno != EINTR)
            break;
        if (!ended && pollers[1].revents)
            well = take_keys(terminal, error);
        if (well && !ended && pollers[0].revents)
            well = take_wire(terminal, error);
    }
    if (well && !terminal->reason[0])
        send_frame(terminal, WEBSOCKET_CLOSE, "\x03\xe8", 2, NULL);
    return well && terminal->reason[0] ? fault_set(error, MSG_CLI_CONSOLE_ENDED, "reason", terminal->reason, NULL) : well;
}

static void
note_signal(G_GNUC_UNUSED int number)
{
    ended = 1;
}

/* How to leave; where the window's size is known, how the guest may learn it. */
static void
greet(const Terminal *terminal, const char *name)
{
    struct winsize size = { 0 };
    gboolean known = ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row;
    g_autofree char *rows = g_strdup_printf("%u", size.ws_row), *columns = g_strdup_printf("%u", size.ws_col);
    g_autoptr(Message) message = message_new(MSG_CLI_CONSOLE_OPEN, "name", name, "rows", rows, "columns", columns, NULL);
    g_autofree char *text = message_text(message, terminal->language), *hint = message_hint(message, terminal->language);
    fprintf(stderr, "%s%s%s\n", text, known ? " " : "", known ? hint : "");
}

static gboolean
relay_raw(Terminal *terminal, const char *name, GError **error)
{
    struct termios before, raw;
    struct sigaction act = { .sa_handler = note_signal };
    terminal->interactive = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGHUP, &act, NULL);
    if (!terminal->interactive)
        return relay(terminal, error);
    greet(terminal, name);
    raw = before;
    cfmakeraw(&raw);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    gboolean well = relay(terminal, error);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    fputs("\n", stderr);
    return well;
}

/* --- the whole ------------------------------------------------------------------------------------------------------------------------- */

gboolean
console_run(Client *client, const Request *request, GError **error)
{
    const char *how = request->name;
    g_auto(Text) head = TEXT_EMPTY;
    if (!request->type || *request->pairs || (how && !g_str_equal(how, "force") && !g_str_equal(how, "look") && !g_str_equal(how, "file")))
        return fault_set(error, MSG_CLI_USAGE, "text", "It is: shikiri console NAME [force|look|file].", NULL);
    g_autofree char *vm = console_find_vm(client, request->type, error);
    if (!vm)
        return FALSE;
    if (how && g_str_equal(how, "file"))
        return print_file(client, vm, error);
    g_autofree char *ticket = get_ticket(client, vm, how, error);
    g_autoptr(ClientWire) wire = ticket ? client_dial(client, error) : NULL;
    if (!wire || !shake_hands(client, wire, ticket, &head, error))
        return FALSE;
    Terminal terminal = { .wire = wire, .language = client_language(client), .interactive = isatty(STDIN_FILENO) };
    char *rest = strstr(head.bytes, "\r\n\r\n") + 4;
    if (!take_bytes(&terminal, rest, head.length - (gsize) (rest - head.bytes), error))
        return FALSE;
    return relay_raw(&terminal, request->type, error);
}
