/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One TLS connection: cipher bytes on a socket, plain bytes on a pair. OpenSSL writes into memory, so it never waits: what the
 * socket does not take is kept, and no more plain bytes are read until it is gone; likewise towards the pair. Nothing here
 * loops until a peer blocks: after one scratch of bytes the next connection has its turn. */
#include "api/tls_parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* --- which events are waited for ------------------------------------------------------------------------------------------ */

static void
watch(TlsLink *link, int descriptor, guint32 events, int operation, gboolean is_pair)
{
    struct epoll_event event = { .events = events, .data.u64 = (guint64) (guintptr) link | (is_pair ? 1 : 0) };
    epoll_ctl(link->tls->epoll, operation, descriptor, &event);
}

static void
watch_socket(TlsLink *link)
{
    guint32 events = 0;
    if (link->socket < 0)
        return;
    if (link->phase == TLS_LINGER || (!link->held_length && !link->ended_in))
        events |= EPOLLIN;
    if (link->unsent_length)
        events |= EPOLLOUT;
    if (events != link->socket_events)
        watch(link, link->socket, events, EPOLL_CTL_MOD, FALSE);
    link->socket_events = events;
}

/* Watched only while it has or may soon have more than one look took: most replies are taken by that look, and each event would
 * cost as much. Not watched at all while nothing is wanted: a closed pair would report itself for ever. */
static void
watch_pair(TlsLink *link)
{
    guint32 events = 0;
    if (link->pair < 0)
        return;
    gboolean more = (link->replying && !link->finished) || link->owed;
    if (more && !link->unsent_length && !link->ended_out)
        events |= EPOLLIN;
    if (link->held_length)
        events |= EPOLLOUT;
    if (events == link->pair_events)
        return;
    if (!events)
        watch(link, link->pair, 0, EPOLL_CTL_DEL, TRUE);
    else
        watch(link, link->pair, events, link->pair_events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, TRUE);
    link->pair_events = events;
}

static void
watch_both(TlsLink *link)
{
    if (link->phase == TLS_DEAD)
        return;
    watch_socket(link);
    watch_pair(link);
}

/* --- OpenSSL's side -------------------------------------------------------------------------------------------------------- */

static int
bio_write(BIO *bio, const char *bytes, size_t length, size_t *ret_written)
{
    TlsLink *link = BIO_get_data(bio);
    text_add_bytes(&link->tls->out, bytes, length);
    *ret_written = length;
    return 1;
}

/* One recv that was not filled empties the socket: asking again would only cost a system call. */
static int
bio_read(BIO *bio, char *bytes, size_t room, size_t *ret_read)
{
    TlsLink *link = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    gssize count = -1;
    if (!link->short_read) {
        do
            count = recv(link->socket, bytes, room, MSG_DONTWAIT);
        while (count < 0 && errno == EINTR);
        if (count < 0 && errno != EAGAIN)
            return 0;
        link->short_read = count < (gssize) room && count != 0;
    }
    if (count < 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    *ret_read = (size_t) count;
    return count > 0;
}

static long
bio_control(BIO *bio, int command, long number, void *pointer)
{
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

BIO_METHOD *
tls_link_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "shikiri socket");
    BIO_meth_set_write_ex(method, bio_write);
    BIO_meth_set_read_ex(method, bio_read);
    BIO_meth_set_ctrl(method, bio_control);
    return method;
}

/* --- life ------------------------------------------------------------------------------------------------------------------ */

static void
name_addresses(TlsLink *link)
{
    struct sockaddr_storage own;
    socklen_t length = sizeof(own);
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *) &link->peer;
    const struct sockaddr_in *four = (const struct sockaddr_in *) &link->peer;
    if (link->peer.ss_family == AF_INET)
        inet_ntop(AF_INET, &four->sin_addr, link->address, sizeof(link->address));
    else if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
        inet_ntop(AF_INET, &six->sin6_addr.s6_addr[12], link->address, sizeof(link->address));
    else
        inet_ntop(AF_INET6, &six->sin6_addr, link->address, sizeof(link->address));
    char text[INET6_ADDRSTRLEN] = "";
    if (getsockname(link->socket, (struct sockaddr *) &own, &length) < 0)
        return;
    six = (const struct sockaddr_in6 *) &own;
    four = (const struct sockaddr_in *) &own;
    gboolean mapped = own.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr);
    if (own.ss_family == AF_INET || mapped)
        inet_ntop(AF_INET, mapped ? (const void *) &six->sin6_addr.s6_addr[12] : &four->sin_addr, text, sizeof(text));
    else
        inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof(text));
    guint port = g_ntohs(own.ss_family == AF_INET ? four->sin_port : six->sin6_port);
    g_snprintf(link->here, sizeof(link->here), strchr(text, ':') ? "[%s]:%u" : "%s:%u", text, port);
}

TlsLink *
tls_link_new(Tls *tls, int take_socket, const struct sockaddr_storage *peer, socklen_t length)
{
    TlsLink *link = g_new0(TlsLink, 1);
    link->tls = tls;
    link->socket = take_socket;
    link->pair = -1;
    link->peer = *peer;
    link->peer_length = length;
    link->place.data = link->hurry.data = link->grave.data = link;
    link->since = link->progress = clock_tick();
    name_addresses(link);
    link->ssl = SSL_new(tls->context);
    BIO *bio = BIO_new(tls->method);
    BIO_set_data(bio, link);
    BIO_set_init(bio, 1);
    SSL_set_bio(link->ssl, bio, bio);
    SSL_set_accept_state(link->ssl);
    link->socket_events = EPOLLIN;
    watch(link, link->socket, EPOLLIN, EPOLL_CTL_ADD, FALSE);
    return link;
}

void
tls_link_free(TlsLink *link)
{
    SSL_free(link->ssl);
    g_free(link->unsent);
    g_free(link->held);
    g_free(link);
}

/* Closing a descriptor takes it out of epoll. The plain side notices by the end of its pair. */
void
tls_link_kill(TlsLink *link)
{
    if (link->phase == TLS_DEAD)
        return;
    link->phase = TLS_DEAD;
    close(link->socket);
    if (link->pair >= 0)
        close(link->pair);
    link->socket = link->pair = -1;
    link->tls->pump_due |= link->served;
    SSL_set_quiet_shutdown(link->ssl, 1);
    g_clear_pointer(&link->unsent, g_free);
    g_clear_pointer(&link->held, g_free);
    if (link->queued)
        g_queue_unlink(&link->tls->hurried, &link->hurry);
    link->queued = FALSE;
    if (link->served)
        link->tls->ops.gone(link->tls->data, link);
    tls_bury(link);
}

/* --- to the client ----------------------------------------------------------------------------------------------------------- */

static void
note_moved(TlsLink *link, gsize count)
{
    link->progress = clock_tick();
    link->moved += count;
}

/* FALSE: the connection is dead. */
static gboolean
send_bytes(TlsLink *link, const char *bytes, gsize length, gsize *ret_sent)
{
    *ret_sent = 0;
    while (*ret_sent < length) {
        gssize count = send(link->socket, bytes + *ret_sent, length - *ret_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno == EAGAIN)
            break;
        if (count < 0) {
            tls_link_kill(link);
            return FALSE;
        }
        *ret_sent += (gsize) count;
        if (*ret_sent < length)
            break;
    }
    if (*ret_sent && link->phase != TLS_BODY)
        note_moved(link, *ret_sent);
    return TRUE;
}

/* Sends what OpenSSL has written; what does not go is kept. */
static gboolean
flush(TlsLink *link)
{
    Text *out = &link->tls->out;
    gsize sent = 0, length = out->length;
    if (!length)
        return TRUE;
    out->length = 0;
    if (!link->unsent_length && !send_bytes(link, out->bytes, length, &sent))
        return FALSE;
    if (sent == length)
        return TRUE;
    gsize left = link->unsent_length - link->unsent_done;
    char *kept = g_malloc(left + length - sent);
    if (left)
        memcpy(kept, link->unsent + link->unsent_done, left);
    memcpy(kept + left, out->bytes + sent, length - sent);
    g_free(link->unsent);
    link->unsent = kept;
    link->unsent_length = left + length - sent;
    link->unsent_done = 0;
    return TRUE;
}

static void
linger(TlsLink *link)
{
    tls_link_set_phase(link, TLS_LINGER);
    shutdown(link->socket, SHUT_WR);
    if (link->pair >= 0) {
        close(link->pair);
        link->pair = -1;
        link->pair_events = 0;
        link->tls->pump_due |= link->served;
    }
    link->held_length = 0;
    watch_both(link);
}

/* All was said: a goodbye, then no more writing. */
void
tls_link_leave(TlsLink *link)
{
    if (link->phase == TLS_DEAD || link->phase == TLS_LINGER || link->ended_out)
        return;
    link->ended_out = TRUE;
    if (SSL_is_init_finished(link->ssl))
        SSL_shutdown(link->ssl);
    if (flush(link) && !link->unsent_length)
        linger(link);
    else
        watch_both(link);
}

static gboolean
send_unsent(TlsLink *link)
{
    gsize sent = 0;
    if (!send_bytes(link, link->unsent + link->unsent_done, link->unsent_length - link->unsent_done, &sent))
        return FALSE;
    link->unsent_done += sent;
    if (link->unsent_done < link->unsent_length)
        return TRUE;
    g_clear_pointer(&link->unsent, g_free);
    link->unsent_length = link->unsent_done = 0;
    if (link->ended_out)
        linger(link);
    else if (!link->served)
        tls_link_hurry(link);
    return TRUE;
}

/* A reply that nobody of ours gave: the HTTP library refuses a request it cannot read, and closes. Said in our words; what it
 * says behind that is dropped. Its "100 Continue" is not a refusal. Returns what is to be sent. */
static gsize
replace_refusal(TlsLink *link, char *bytes, gsize length)
{
    Tls *tls = link->tls;
    char text[1024] = "";
    if (g_str_has_prefix(bytes, "HTTP/1.1 100"))
        return length;
    if (!link->refused)
        tls->ops.refusal(tls->data, bytes, length, text, sizeof(text));
    link->refused = link->deaf = TRUE;
    gsize said = strlen(text);
    memcpy(bytes, text, said);
    return said;
}

/* One read of the pair, encrypted and sent. Returns what was read; 0: nothing more now. DRY: the pair is empty. */
static gsize
relay_out(TlsLink *link, gboolean *ret_dry)
{
    Tls *tls = link->tls;
    gssize count = recv(link->pair, tls->scratch, TLS_SCRATCH - 1, MSG_DONTWAIT);
    *ret_dry = count < (gssize) TLS_SCRATCH - 1;
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (count <= 0) {
        tls_link_leave(link);
        return 0;
    }
    gsize taken = (gsize) count, told = taken;
    tls->scratch[taken] = '\0';
    if (!link->replying && !link->owed)
        told = replace_refusal(link, tls->scratch, taken);
    link->owed -= MIN(link->owed, taken);
    link->drained += taken;
    ERR_clear_error();
    if (told && SSL_write(link->ssl, tls->scratch, (int) told) <= 0) {
        tls_link_kill(link);
        return 0;
    }
    return flush(link) ? taken : 0;
}

void
tls_link_drain(TlsLink *link)
{
    gboolean dry = FALSE;
    if (link->pair >= 0 && !link->unsent_length)
        relay_out(link, &dry);
    if (link->phase == TLS_DEAD)
        return;
    /* A plain side that has closed is read to its end. */
    if (!link->served && link->pair >= 0 && !link->unsent_length)
        tls_link_hurry(link);
    if (link->drained >= TLS_PUMP || (link->drained && link->replying && !link->finished)) {
        link->tls->pump_due = TRUE;
        link->drained = 0;
    }
    watch_both(link);
}

/* --- from the client --------------------------------------------------------------------------------------------------------- */

static void
hold(TlsLink *link, const char *bytes, gsize length)
{
    link->held = g_memdup2(bytes, length);
    link->held_length = length;
    link->held_done = 0;
}

/* A plain side that closed takes no more, but its last reply may still be in the pair: that is no end of the connection. */
static void
give(TlsLink *link, const char *bytes, gsize length)
{
    gsize done = 0;
    if (link->deaf)
        return;
    while (done < length) {
        gssize count = send(link->pair, bytes + done, length - done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno == EAGAIN)
            break;
        if (count < 0) {
            link->deaf = TRUE;
            return;
        }
        done += (gsize) count;
    }
    link->tls->pump_due = TRUE;
    if (done < length)
        hold(link, bytes + done, length - done);
}

static void
give_held(TlsLink *link)
{
    g_autofree char *bytes = g_steal_pointer(&link->held);
    gsize done = link->held_done, length = link->held_length;
    link->held_length = link->held_done = 0;
    give(link, bytes + done, length - done);
}

/* The plain side is opened at the first plain byte, so that connections that never ask cost it nothing. */
static gboolean
open_pair(TlsLink *link)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0) {
        tls_link_kill(link);
        return FALSE;
    }
    link->pair = ends[0];
    link->served = TRUE;
    link->tls->ops.open(link->tls->data, link, ends[1]);
    return link->phase != TLS_DEAD;
}

static void
take_plain(TlsLink *link, const char *bytes, gsize length)
{
    if (link->phase == TLS_IDLE || (link->phase == TLS_REPLY && link->finished && !link->unsent_length))
        tls_link_set_phase(link, TLS_HEAD);
    note_moved(link, length);
    if (link->pair < 0 && !link->deaf && !open_pair(link))
        return;
    give(link, bytes, length);
}

/* The client will say no more. Its last request still gets its reply. */
static void
end_in(TlsLink *link)
{
    link->ended_in = TRUE;
    if (link->pair < 0) {
        tls_link_leave(link);
        return;
    }
    shutdown(link->pair, SHUT_WR);
    link->tls->pump_due = TRUE;
}

/* Reads as much as one scratch holds. FALSE: nothing more this turn. */
static gboolean
relay_in(TlsLink *link)
{
    gsize length = 0, count = 0;
    char *scratch = link->tls->scratch;
    int result = 1;
    ERR_clear_error();
    while (length + SSL3_RT_MAX_PLAIN_LENGTH <= TLS_SCRATCH) {
        result = SSL_read_ex(link->ssl, scratch + length, TLS_SCRATCH - length, &count);
        if (result <= 0)
            break;
        length += count;
    }
    int why = result > 0 ? SSL_ERROR_NONE : SSL_get_error(link->ssl, result);
    if (length)
        take_plain(link, scratch, length);
    if (link->phase == TLS_DEAD || !flush(link))
        return FALSE;
    if (why == SSL_ERROR_ZERO_RETURN)
        end_in(link);
    else if (why != SSL_ERROR_NONE && why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
        tls_link_kill(link);
    return why == SSL_ERROR_NONE;
}

static void
shake_hands(TlsLink *link)
{
    ERR_clear_error();
    int result = SSL_accept(link->ssl);
    int why = result > 0 ? SSL_ERROR_NONE : SSL_get_error(link->ssl, result);
    if (!flush(link))
        return;
    if (why != SSL_ERROR_NONE && why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
        tls_link_kill(link);
    else if (why == SSL_ERROR_NONE)
        tls_link_set_phase(link, TLS_IDLE);
}

static void
read_client(TlsLink *link)
{
    link->short_read = FALSE;
    if (link->phase == TLS_HANDSHAKE)
        shake_hands(link);
    if (link->phase == TLS_HANDSHAKE || link->phase == TLS_DEAD)
        return;
    link->more_in = FALSE;
    if (link->held_length || link->ended_in || link->phase == TLS_LINGER || !relay_in(link))
        return;
    /* The scratch is full, and OpenSSL may hold records the socket would not tell of: its turn comes again. */
    link->more_in = TRUE;
    tls_link_hurry(link);
    link->tls->pump_due = TRUE;
}

/* What comes after the last word is dropped: a client that still uploads would else be answered with a reset. */
static void
read_on(TlsLink *link)
{
    gssize count = recv(link->socket, link->tls->scratch, TLS_SCRATCH, MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
        tls_link_kill(link);
}

void
tls_link_again(TlsLink *link)
{
    if (link->more_in && link->phase != TLS_DEAD)
        read_client(link);
    if (link->pair >= 0)
        tls_link_drain(link);
    else
        watch_both(link);
}

void
tls_link_socket_ready(TlsLink *link, guint32 events)
{
    if (link->phase == TLS_DEAD)
        return;
    if (link->phase == TLS_LINGER) {
        read_on(link);
        return;
    }
    if (events & EPOLLOUT && link->unsent_length && !send_unsent(link))
        return;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && link->socket_events & EPOLLIN)
        read_client(link);
    else if (events & (EPOLLHUP | EPOLLERR))
        tls_link_kill(link);
    watch_both(link);
}

void
tls_link_pair_ready(TlsLink *link, guint32 events)
{
    if (link->pair < 0)
        return;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR) && link->held_length) {
        give_held(link);
        /* OpenSSL may hold records that came whole: the socket would not tell of them. */
        if (!link->held_length && SSL_has_pending(link->ssl))
            read_client(link);
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        tls_link_drain(link);
    watch_both(link);
}

/* --- what the plain side tells ------------------------------------------------------------------------------------------------ */

void
tls_link_set_phase(TlsLink *link, TlsPhase phase)
{
    if (link->phase == TLS_DEAD || (link->phase == TLS_LINGER && phase != TLS_DEAD))
        return;
    link->phase = phase;
    link->since = link->progress = clock_tick();
    link->moved = 0;
    if (phase == TLS_REPLY)
        link->replying = TRUE;
    if (phase == TLS_REPLY || phase == TLS_HEAD)
        link->finished = link->endless = FALSE;
}

/* Mostly all of it goes at once. Else what is still in the pair is counted: it is ours, what comes behind it is not. */
void
tls_link_finished(TlsLink *link)
{
    int waiting = 0;
    gboolean dry = FALSE;
    link->finished = TRUE;
    if (link->pair >= 0 && !link->unsent_length)
        relay_out(link, &dry);
    link->replying = FALSE;
    if (link->phase == TLS_DEAD)
        return;
    if (!dry && link->pair >= 0 && ioctl(link->pair, FIONREAD, &waiting) == 0)
        link->owed = (gsize) MAX(waiting, 0);
    if (dry && link->queued && !link->more_in) {
        g_queue_unlink(&link->tls->hurried, &link->hurry);
        link->queued = FALSE;
    }
    watch_both(link);
}

void
tls_link_stream(TlsLink *link)
{
    link->endless = TRUE;
}

void
tls_link_hurry(TlsLink *link)
{
    if (link->queued || link->phase == TLS_DEAD)
        return;
    link->queued = TRUE;
    g_queue_push_tail_link(&link->tls->hurried, &link->hurry);
}

void
tls_link_closed(TlsLink *link)
{
    link->served = FALSE;
    if (link->phase == TLS_DEAD)
        tls_bury(link);
    else if (link->pair >= 0)
        tls_link_hurry(link);
}

gboolean
tls_link_is_gone(const TlsLink *link)
{
    return link->phase == TLS_DEAD;
}

const char *
tls_link_address(const TlsLink *link)
{
    return link->address;
}

const char *
tls_link_here(const TlsLink *link)
{
    return link->here;
}

const struct sockaddr *
tls_link_sockaddr(const TlsLink *link, socklen_t *ret_length)
{
    *ret_length = link->peer_length;
    return (const struct sockaddr *) &link->peer;
}

TlsPatience tls_patience = { LIMIT_HANDSHAKE, LIMIT_IDLE, LIMIT_HEAD, LIMIT_STALL, LIMIT_GRACE, LIMIT_LINGER };

/* --- limits -------------------------------------------------------------------------------------------------------------------- */

static gboolean
too_slow(const TlsLink *link, Tick now, guint pace)
{
    Tick allowed = tls_patience.grace + (Tick) (link->moved / pace) * CLOCK_SECOND;
    return now - link->progress > tls_patience.stall || now - link->since > allowed;
}

void
tls_link_check(TlsLink *link, Tick now)
{
    Tick spent = now - link->since;
    /* Should the plain side ever have said something unasked, it is found here. */
    if (link->served && link->pair >= 0 && (link->phase == TLS_HEAD || link->phase == TLS_BODY))
        tls_link_hurry(link);
    if (link->phase == TLS_REPLY && link->finished && !link->unsent_length && !link->owed)
        tls_link_set_phase(link, TLS_IDLE);
    if (link->ended_out && link->phase != TLS_LINGER && link->phase != TLS_DEAD && now - link->progress > tls_patience.stall) {
        tls_link_kill(link);
        return;
    }
    switch (link->phase) {
    case TLS_HANDSHAKE:
        if (spent > tls_patience.handshake)
            tls_link_kill(link);
        break;
    case TLS_IDLE:
        if (spent > tls_patience.idle)
            tls_link_leave(link);
        break;
    case TLS_HEAD:
        if (spent > tls_patience.head)
            tls_link_kill(link);
        break;
    case TLS_BODY:
        if (too_slow(link, now, LIMIT_PACE_BODY))
            tls_link_kill(link);
        break;
    case TLS_REPLY:
        if (link->unsent_length && (link->endless ? now - link->progress > tls_patience.stall : too_slow(link, now, LIMIT_PACE_REPLY)))
            tls_link_kill(link);
        break;
    case TLS_LINGER:
        if (spent > tls_patience.linger)
            tls_link_kill(link);
        break;
    case TLS_WORK:
    case TLS_DEAD:
    default:
        break;
    }
}
