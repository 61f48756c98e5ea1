/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The door for viewers: a port of the manager that listens while a ticket for it lives, RFB's security spoken by the manager with its own
 * certificate, and the ticket as VNC password. Whose console it is follows from the ticket that answers the challenge; QEMU's own
 * password is not used and not known. Whoever comes with wrong tickets too often waits a minute. */
#include "console/consoles_parts.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 16
#define WRONG_MOST 10
#define WRONG_ADDRESSES 1024
#define WRONG_TIME (60 * CLOCK_SECOND)

struct Door {
    Watch watch;                    /* first */
    Consoles *consoles;
    char *address;
    guint port;
};

typedef struct { guint count; Tick since; } Wrong;

/* --- the port: lock held ------------------------------------------------------------------------------------------------------------ */

static int
bind_at(const char *address, guint port)
{
    g_autofree char *service = g_strdup_printf("%u", port);
    struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM }, *found = NULL;
    int yes = 1, descriptor = -1;
    if (getaddrinfo(address, service, &hints, &found) != 0)
        return -1;
    descriptor = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor >= 0) {
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
        if (bind(descriptor, found->ai_addr, found->ai_addrlen) < 0 || listen(descriptor, BACKLOG) < 0) {
            close(descriptor);
            descriptor = -1;
        }
    }
    freeaddrinfo(found);
    return descriptor;
}

gboolean
viewer_door_open(Consoles *consoles, const char *address, guint *ret_port, GError **error)
{
    Door *door = g_hash_table_lookup(consoles->doors, address);
    int descriptor = -1;
    guint port = consoles->first;
    if (door) {
        *ret_port = door->port;
        return TRUE;
    }
    for (; port && port <= consoles->last && descriptor < 0; port++)
        descriptor = bind_at(address, port);
    if (descriptor < 0 || !consoles->context) {
        g_autofree char *range = g_strdup_printf("%u-%u", consoles->first, consoles->last);
        if (descriptor >= 0)
            close(descriptor);
        return fault_set(error, consoles->first ? MSG_CONSOLE_NO_PORT : MSG_CONSOLE_NO_VIEWERS, "address", address, "ports", range, NULL);
    }
    door = g_new0(Door, 1);
    door->watch = (Watch) { WATCH_DOOR, descriptor, 0 };
    door->consoles = consoles;
    door->address = g_strdup(address);
    door->port = port - 1;
    g_hash_table_insert(consoles->doors, door->address, door);
    consoles_watch(consoles, &door->watch, EPOLLIN);
    *ret_port = door->port;
    return TRUE;
}

void
viewer_doors_close(Consoles *consoles, Tick now)
{
    GHashTableIter iter;
    Door *door;
    g_hash_table_iter_init(&iter, consoles->doors);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &door)) {
        if (now && tickets_awaited(consoles->tickets, door->address, now))
            continue;
        g_hash_table_iter_remove(&iter);
        consoles_unwatch(consoles, &door->watch);
        g_free(door->address);
        g_free(door);
    }
}

/* --- who comes ----------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_patient_with(Consoles *consoles, const char *address, Tick now)
{
    const Wrong *wrong = g_hash_table_lookup(consoles->wrong, address);
    return !wrong || wrong->count < WRONG_MOST || now - wrong->since > WRONG_TIME;
}

/* One address must not keep all others out. */
static gboolean
has_room_for(const Consoles *consoles, const char *address)
{
    guint of_one = 0;
    for (const GList *at = consoles->fronts.head; at; at = at->next) {
        const Front *front = at->data;
        of_one += front->stage != FRONT_WEB && !front->seated && strcmp(front->address, address) == 0;
    }
    return consoles->shaking < CONSOLE_MOST_SHAKING && of_one < CONSOLE_MOST_SHAKING_OF_ONE;
}

static void
note_wrong(Consoles *consoles, const char *address, Tick now)
{
    Wrong *wrong = g_hash_table_lookup(consoles->wrong, address);
    if (!wrong && g_hash_table_size(consoles->wrong) >= WRONG_ADDRESSES)
        g_hash_table_remove_all(consoles->wrong);
    if (!wrong) {
        wrong = g_new0(Wrong, 1);
        g_hash_table_insert(consoles->wrong, g_strdup(address), wrong);
    }
    if (now - wrong->since > WRONG_TIME)
        wrong->count = 0;
    wrong->since = now;
    wrong->count++;
}

void
viewer_forget_wrong(Consoles *consoles, Tick now)
{
    GHashTableIter iter;
    const Wrong *wrong;
    g_hash_table_iter_init(&iter, consoles->wrong);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &wrong)) {
        if (now - wrong->since > WRONG_TIME)
            g_hash_table_iter_remove(&iter);
    }
}

/* A viewer whose machine went says nothing any more: TCP finds out. */
static void
set_options(int descriptor)
{
    const struct { int level, name, value; } options[] = {
        { IPPROTO_TCP, TCP_NODELAY, 1 }, { SOL_SOCKET, SO_KEEPALIVE, 1 }, { IPPROTO_TCP, TCP_KEEPIDLE, 30 }, { IPPROTO_TCP, TCP_KEEPINTVL, 10 },
        { IPPROTO_TCP, TCP_KEEPCNT, 6 },
    };
    for (guint i = 0; i < G_N_ELEMENTS(options); i++)
        setsockopt(descriptor, options[i].level, options[i].name, &options[i].value, sizeof(int));
}

static void
greet(Door *door, int take_descriptor, const char *address)
{
    Consoles *consoles = door->consoles;
    g_auto(Text) out = TEXT_EMPTY;
    set_options(take_descriptor);
    Front *front = front_new(consoles, FRONT_GREETING, take_descriptor);
    consoles->shaking++;
    g_strlcpy(front->address, address, sizeof(front->address));
    rfb_door_greet(&front->door, &out);
    front_say(front, out.bytes, out.length);
    front_watch(front);
}

void
viewer_door_ready(Door *door)
{
    Consoles *consoles = door->consoles;
    struct sockaddr_storage peer = { 0 };
    socklen_t length = sizeof(peer);
    char address[INET6_ADDRSTRLEN] = "";
    int descriptor = accept4(door->watch.descriptor, (struct sockaddr *) &peer, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor < 0)
        return;
    getnameinfo((struct sockaddr *) &peer, length, address, sizeof(address), NULL, 0, NI_NUMERICHOST);
    if (has_room_for(consoles, address) && is_patient_with(consoles, address, clock_tick()))
        greet(door, descriptor, address);
    else
        close(descriptor);
}

/* --- TLS --------------------------------------------------------------------------------------------------------------------------------- */

/* What was read; 0: nothing now; -1: the end. */
static gssize
tls_result(Front *front, int result, size_t count)
{
    if (result > 0)
        return (gssize) count;
    int why = SSL_get_error(front->ssl, result);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

gssize
viewer_write(Front *front, const char *bytes, gsize length)
{
    size_t count = 0;
    ERR_clear_error();
    int result = SSL_write_ex(front->ssl, bytes, length, &count);
    return tls_result(front, result, count);
}

static gssize
read_some(Front *front, char *bytes, gsize room)
{
    size_t count = 0;
    if (front->ssl) {
        ERR_clear_error();
        int result = SSL_read_ex(front->ssl, bytes, room, &count);
        return tls_result(front, result, count);
    }
    gssize got = recv(front->watch.descriptor, bytes, room, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    return got > 0 ? got : -1;
}

static void
begin_tls(Front *front)
{
    Consoles *consoles = front->consoles;
    lock_take(&consoles->lock);
    front->ssl = SSL_new(consoles->context);
    lock_drop(&consoles->lock);
    SSL_set_fd(front->ssl, front->watch.descriptor);
    SSL_set_accept_state(front->ssl);
    SSL_set_mode(front->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    front->stage = FRONT_TLS;
}

static void
shake_hands(Front *front)
{
    g_auto(Text) out = TEXT_EMPTY;
    ERR_clear_error();
    int result = SSL_accept(front->ssl);
    if (tls_result(front, result, 1) < 0) {
        SSL_set_quiet_shutdown(front->ssl, 1);
        front_kill(front);
    }
    if (result <= 0)
        return;
    front->stage = FRONT_TICKET;
    rfb_door_challenge(&front->door, &out);
    front_say(front, out.bytes, out.length);
}

/* --- tickets ------------------------------------------------------------------------------------------------------------------------------ */

static gboolean
answers(const Ticket *ticket, gconstpointer proof)
{
    const RfbDoor *door = proof;
    guint8 expected[RFB_CHALLENGE];
    rfb_response(ticket->value, door->challenge, expected);
    return CRYPTO_memcmp(expected, door->response, RFB_CHALLENGE) == 0;
}

void
viewer_refused(Front *front, const Message *why)
{
    g_auto(Text) out = TEXT_EMPTY;
    g_autofree char *text = message_text(why, front->ticket.language);
    front->stage = FRONT_TICKET;
    rfb_door_refuse(&front->door, text, &out);
    front_say(front, out.bytes, out.length);
    front_goodbye(front, WEBSOCKET_POLICY, why);
}

static void
viewer_opened(gpointer data, ConsoleSeat *seat, const GError *error)
{
    Front *front = data;
    Post post = { .seat = seat, .front = front, .descriptor = -1, .why = error ? message_ref(fault_message(error)) : NULL };
    consoles_post(front->consoles, &post);
}

static void
judge(Front *front)
{
    Consoles *consoles = front->consoles;
    g_autoptr(GError) error = NULL;
    Tick now = clock_tick();
    if (!opening_reserve(consoles, &error)) {
        viewer_refused(front, fault_message(error));
        return;
    }
    lock_take(&consoles->lock);
    TicketVerdict verdict = tickets_take(consoles->tickets, CONSOLE_GRAPHICS, TRUE, answers, &front->door, now, &front->ticket);
    lock_drop(&consoles->lock);
    if (verdict == TICKET_GOOD) {
        front->stage = FRONT_OPENING;
        opening_begin(consoles, &front->ticket, TRUE, viewer_opened, front);
        return;
    }
    opening_release(consoles);
    note_wrong(consoles, front->address, now);
    g_autoptr(Message) why = message_new(ticket_refusal(verdict), NULL);
    viewer_refused(front, why);
}

void
viewer_seated(Front *front)
{
    g_auto(Text) out = TEXT_EMPTY;
    front->stage = FRONT_VIEWER;
    rfb_door_admit(&front->door, &out);
    front_say(front, out.bytes, out.length);
}

/* --- reading -------------------------------------------------------------------------------------------------------------------------------- */

/* The next step of the handshake, with no byte more than it needs. FALSE: nothing more now. */
static gboolean
take_step(Front *front)
{
    char bytes[16];
    gsize taken = 0;
    g_auto(Text) out = TEXT_EMPTY;
    gsize needs = rfb_door_needs(&front->door);
    gssize count = needs > front->in.length ? read_some(front, bytes, MIN(sizeof(bytes), needs - front->in.length)) : -1;
    if (count <= 0) {
        if (count < 0)
            front_kill(front);
        return FALSE;
    }
    text_add_bytes(&front->in, bytes, (gsize) count);
    RfbWant want = rfb_door_take(&front->door, front->in.bytes, front->in.length, &taken, &out);
    if (taken)
        text_reset(&front->in);
    front_say(front, out.bytes ? out.bytes : "", out.length);
    if (front->dead)
        return FALSE;
    if (want == RFB_START_TLS)
        begin_tls(front);
    else if (want == RFB_JUDGE)
        judge(front);
    else if (want == RFB_REFUSED)
        front_goodbye(front, WEBSOCKET_PROTOCOL, NULL);
    return want == RFB_MORE;
}

static void
relay(Front *front)
{
    char *bytes = front->consoles->scratch;
    for (gsize total = 0; total < CONSOLE_BLOCK && !front->dead && front->far && !front->far->pending.length;) {
        gssize count = read_some(front, bytes, CONSOLE_BLOCK);
        if (count < 0)
            front_kill(front);
        if (count <= 0)
            return;
        total += (gsize) count;
        far_give(front->far, bytes, (gsize) count);
    }
}

void
viewer_read(Front *front)
{
    if (front->stage == FRONT_TLS)
        shake_hands(front);
    else if (front->stage == FRONT_VIEWER)
        relay(front);
    else if (front->stage == FRONT_GREETING || front->stage == FRONT_TICKET)
        while (!front->dead && !front->closing && (front->stage == FRONT_GREETING || front->stage == FRONT_TICKET) && take_step(front))
            ;
}
