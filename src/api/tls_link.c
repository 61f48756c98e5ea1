/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One TLS connection's whole life: which events it waits for, whose turn it is, in which phase it is and how long that may take,
 * how it ends. Its bytes are moved by tls_relay.c. Called by tls.c for what epoll says, by server.c for what the HTTP library does. */
#include "api/tls_parts.h"

#include <arpa/inet.h>
#include <errno.h>
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

void
tls_link_watch(TlsLink *link)
{
    if (link->phase == TLS_DEAD)
        return;
    watch_socket(link);
    watch_pair(link);
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

/* Closing alone takes it out of epoll only where nobody else has it open: a child between fork and exec does, for a moment, and
 * its events would come for a link that is freed. */
static void
close_watched(TlsLink *link, int descriptor)
{
    epoll_ctl(link->tls->epoll, EPOLL_CTL_DEL, descriptor, NULL);
    close(descriptor);
}

/* The plain side notices by the end of its pair. */
void
tls_link_kill(TlsLink *link)
{
    if (link->phase == TLS_DEAD)
        return;
    link->phase = TLS_DEAD;
    close_watched(link, link->socket);
    if (link->pair >= 0)
        close_watched(link, link->pair);
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

void
tls_link_note_moved(TlsLink *link, gsize count)
{
    link->progress = clock_tick();
    link->moved += count;
}

void
tls_link_linger(TlsLink *link)
{
    tls_link_set_phase(link, TLS_LINGER);
    shutdown(link->socket, SHUT_WR);
    if (link->pair >= 0) {
        close_watched(link, link->pair);
        link->pair = -1;
        link->pair_events = 0;
        link->tls->pump_due |= link->served;
    }
    link->held_length = 0;
    tls_link_watch(link);
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
    if (tls_relay_flush(link) && !link->unsent_length)
        tls_link_linger(link);
    else
        tls_link_watch(link);
}

/* --- turns ---------------------------------------------------------------------------------------------------------------- */

void
tls_link_drain(TlsLink *link)
{
    gboolean dry = FALSE;
    if (link->pair >= 0 && !link->unsent_length)
        tls_relay_out(link, &dry);
    if (link->phase == TLS_DEAD)
        return;
    /* A plain side that has closed is read to its end. */
    if (!link->served && link->pair >= 0 && !link->unsent_length)
        tls_link_hurry(link);
    if (link->drained >= TLS_PUMP || (link->drained && link->replying && !link->finished)) {
        link->tls->pump_due = TRUE;
        link->drained = 0;
    }
    tls_link_watch(link);
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
        tls_relay_read(link);
    if (link->pair >= 0)
        tls_link_drain(link);
    else
        tls_link_watch(link);
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
    if (events & EPOLLOUT && link->unsent_length && !tls_relay_send_kept(link))
        return;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && link->socket_events & EPOLLIN)
        tls_relay_read(link);
    else if (events & (EPOLLHUP | EPOLLERR))
        tls_link_kill(link);
    tls_link_watch(link);
}

void
tls_link_pair_ready(TlsLink *link, guint32 events)
{
    if (link->pair < 0)
        return;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR) && link->held_length) {
        tls_relay_give_held(link);
        /* OpenSSL may hold records that came whole: the socket would not tell of them. */
        if (!link->held_length && SSL_has_pending(link->ssl))
            tls_relay_read(link);
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        tls_link_drain(link);
    tls_link_watch(link);
}

/* --- what the plain side tells ------------------------------------------------------------------------------------------------ */

void
tls_link_set_phase(TlsLink *link, TlsPhase phase)
{
    if (link->phase == TLS_DEAD || (link->phase == TLS_LINGER && phase != TLS_DEAD))
        return;
    if (phase == TLS_HEAD && link->phase == TLS_HEAD)
        return;                     /* its time began with the first byte, not with the end of the request line */
    link->phase = phase;
    link->since = link->progress = clock_tick();
    link->moved = 0;
    if (phase == TLS_REPLY)
        link->replying = TRUE;
    if (phase == TLS_REPLY || phase == TLS_HEAD)
        link->finished = link->endless = FALSE;
    if (phase == TLS_HEAD)
        link->flows = FALSE;
}

/* Mostly all of it goes at once. Else what is still in the pair is counted: it is ours, what comes behind it is not. */
void
tls_link_finished(TlsLink *link)
{
    int waiting = 0;
    gboolean dry = FALSE;
    link->finished = TRUE;
    if (link->pair >= 0 && !link->unsent_length)
        tls_relay_out(link, &dry);
    link->replying = FALSE;
    if (link->phase == TLS_DEAD)
        return;
    if (!dry && link->pair >= 0 && ioctl(link->pair, FIONREAD, &waiting) == 0)
        link->owed = (gsize) MAX(waiting, 0);
    if (dry && link->queued && !link->more_in) {
        g_queue_unlink(&link->tls->hurried, &link->hurry);
        link->queued = FALSE;
    }
    tls_link_watch(link);
}

void
tls_link_stream(TlsLink *link)
{
    link->endless = TRUE;
}

void
tls_link_flow(TlsLink *link)
{
    link->flows = TRUE;
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
tls_link_end_body(TlsLink *link, gsize length)
{
    tls_relay_give_spaces(link, length);
    link->deaf = TRUE;
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

/* --- the client's goodbye --------------------------------------------------------------------------------------------------------- */

/* The plain side drops a request that it has not replied to when it hears of the end: it hears when there is none, or only a part
 * of one, to which nothing was added for a while. */
static gboolean
may_hear_the_end(const TlsLink *link, Tick now)
{
    if (link->held_length || link->phase == TLS_WORK)
        return FALSE;
    if (link->phase == TLS_HEAD || link->phase == TLS_BODY)
        return now - link->progress >= CLOCK_SECOND / 2;
    return link->phase != TLS_REPLY || link->finished;
}

void
tls_link_tell_end(TlsLink *link, Tick now)
{
    if (link->told_end || link->pair < 0 || !may_hear_the_end(link, now))
        return;
    link->told_end = TRUE;
    shutdown(link->pair, SHUT_WR);
    link->tls->pump_due = TRUE;
}

/* --- limits -------------------------------------------------------------------------------------------------------------------- */

static gboolean
too_slow(const TlsLink *link, Tick now, guint pace)
{
    if (link->flows)
        return now - link->progress > LIMIT_FLOW;
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
    if (link->ended_in)
        tls_link_tell_end(link, now);
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
