/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The front's loop: accepts within the limits, waits in one epoll for all sockets and pairs, lets the HTTP library run after
 * bytes were moved, and looks once a second at who is too slow. What one connection's bytes go through is tls_link.c's. */
#include "api/tls_parts.h"

#include "base/log.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS 64
#define ACCEPTS 32                  /* in one turn */
#define IDLE_WAIT ((Tick) 3600 * CLOCK_SECOND)  /* even with nobody there OPS.second is called now and then */
#define PAUSE (CLOCK_SECOND / 5)    /* without descriptors accepting would spin */

enum { LISTENER = 2, WAKE = 4 };    /* beside pointers, which are multiples of eight */

/* --- who is connected -------------------------------------------------------------------------------------------------------- */

struct TlsCensus {
    Lock lock;
    GHashTable *by_address;         /* char * → count */
    guint count, most, most_of_one;
};

TlsCensus *
tls_census_new(guint most, guint most_of_one)
{
    TlsCensus *census = g_new0(TlsCensus, 1);
    lock_init(&census->lock);
    census->by_address = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    census->most = most;
    census->most_of_one = most_of_one;
    return census;
}

void
tls_census_free(TlsCensus *census)
{
    if (!census)
        return;
    g_hash_table_unref(census->by_address);
    lock_clear(&census->lock);
    g_free(census);
}

guint
tls_census_count(TlsCensus *census)
{
    LOCK_HOLD(&census->lock);
    return census->count;
}

gboolean
tls_census_enter(TlsCensus *census, const char *address)
{
    LOCK_HOLD(&census->lock);
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(census->by_address, address));
    if (census->count >= census->most || count >= census->most_of_one)
        return FALSE;
    census->count++;
    g_hash_table_insert(census->by_address, g_strdup(address), GUINT_TO_POINTER(count + 1));
    return TRUE;
}

void
tls_census_leave(TlsCensus *census, const char *address)
{
    LOCK_HOLD(&census->lock);
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(census->by_address, address));
    census->count--;
    if (count > 1)
        g_hash_table_insert(census->by_address, g_strdup(address), GUINT_TO_POINTER(count - 1));
    else
        g_hash_table_remove(census->by_address, address);
}

static gboolean
is_full(TlsCensus *census)
{
    LOCK_HOLD(&census->lock);
    return census->count >= census->most;
}

/* --- life --------------------------------------------------------------------------------------------------------------------- */

static void
watch(Tls *tls, int descriptor, guint64 what)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = what };
    if (epoll_ctl(tls->epoll, EPOLL_CTL_ADD, descriptor, &event) < 0)
        g_error("epoll: %s", g_strerror(errno));
}

Tls *
tls_new(SSL_CTX *context, TlsCensus *census, int take_listener, const TlsOps *ops, gpointer data)
{
    Tls *tls = g_new0(Tls, 1);
    SSL_CTX_up_ref(context);
    tls->context = context;
    tls->method = tls_relay_method();
    tls->census = census;
    tls->ops = *ops;
    tls->data = data;
    tls->listener = take_listener;
    tls->epoll = epoll_create1(EPOLL_CLOEXEC);
    tls->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (tls->epoll < 0 || tls->wake < 0)
        g_error("epoll or eventfd: %s", g_strerror(errno));
    g_queue_init(&tls->links);
    g_queue_init(&tls->hurried);
    g_queue_init(&tls->dead);
    tls->scratch = g_malloc(TLS_SCRATCH);
    tls->listening = TRUE;
    watch(tls, tls->wake, WAKE);
    watch(tls, tls->listener, LISTENER);
    return tls;
}

void
tls_add_listener(Tls *tls, int take_listener)
{
    g_assert(tls->n_more < TLS_MORE_LISTENERS);
    tls->more[tls->n_more++] = take_listener;
    watch(tls, take_listener, LISTENER);
}

static void
free_dead(Tls *tls)
{
    for (GList *at; (at = g_queue_pop_head_link(&tls->dead));)
        tls_link_free(at->data);
}

void
tls_free(Tls *tls)
{
    if (!tls)
        return;
    while (tls->links.head) {
        TlsLink *link = tls->links.head->data;
        link->served = FALSE;
        tls_link_kill(link);
        tls_bury(link);
    }
    free_dead(tls);
    tls_stop_listening(tls);
    close(tls->epoll);
    close(tls->wake);
    BIO_meth_free(tls->method);
    SSL_CTX_free(tls->context);
    text_clear(&tls->out);
    g_free(tls->scratch);
    g_free(tls);
}

void
tls_set_context(Tls *tls, SSL_CTX *context)
{
    SSL_CTX_up_ref(context);
    SSL_CTX_free(tls->context);
    tls->context = context;
}

void
tls_stop_listening(Tls *tls)
{
    if (tls->listener >= 0)
        close(tls->listener);
    tls->listener = -1;
    while (tls->n_more > 0)
        close(tls->more[--tls->n_more]);
}

guint
tls_count(const Tls *tls)
{
    return tls->links.length;
}

void
tls_wake(Tls *tls)
{
    guint64 one = 1;
    while (write(tls->wake, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

void
tls_bury(TlsLink *link)
{
    Tls *tls = link->tls;
    if (!link->left)
        tls_census_leave(tls->census, link->address);
    link->left = TRUE;
    if (link->served || link->buried)
        return;
    link->buried = TRUE;
    g_queue_unlink(&tls->links, &link->place);
    g_queue_push_tail_link(&tls->dead, &link->grave);
}

/* --- accepting ---------------------------------------------------------------------------------------------------------------- */

/* The connection that has been idle for longest makes room. */
static gboolean
let_one_go(Tls *tls)
{
    TlsLink *oldest = NULL;
    for (GList *at = tls->links.head; at; at = at->next) {
        TlsLink *link = at->data;
        if (link->phase == TLS_IDLE && (!oldest || link->since < oldest->since))
            oldest = link;
    }
    if (!oldest || clock_tick() - oldest->since < CLOCK_SECOND)
        return FALSE;
    tls_link_kill(oldest);
    return TRUE;
}

static void
set_up(int socket)
{
    int yes = 1, idle = 60, probes = 4, every = 15, silence = 60 * 1000;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof(every));
    setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence, sizeof(silence));
}

static void
take_client(Tls *tls, int socket, const struct sockaddr_storage *peer, socklen_t length)
{
    set_up(socket);
    TlsLink *link = tls_link_new(tls, socket, peer, length);
    g_queue_push_tail_link(&tls->links, &link->place);
    gboolean room = !is_full(tls->census) || let_one_go(tls);
    if (!room || !tls_census_enter(tls->census, link->address)) {
        link->left = TRUE;          /* it was never counted */
        tls_link_kill(link);
    }
}

/* No listener is asked for a while. */
static void
pause_listening(Tls *tls)
{
    epoll_ctl(tls->epoll, EPOLL_CTL_DEL, tls->listener, NULL);
    for (guint i = 0; i < tls->n_more; i++)
        epoll_ctl(tls->epoll, EPOLL_CTL_DEL, tls->more[i], NULL);
    tls->listen_again = clock_tick() + PAUSE;
}

static void
listen_again(Tls *tls)
{
    tls->listen_again = 0;
    watch(tls, tls->listener, LISTENER);
    for (guint i = 0; i < tls->n_more; i++)
        watch(tls, tls->more[i], LISTENER);
}

static void
accept_some(Tls *tls, int listener)
{
    for (guint i = 0; i < ACCEPTS && !tls->listen_again; i++) {
        struct sockaddr_storage peer;
        socklen_t length = sizeof(peer);
        int socket = accept4(listener, (struct sockaddr *) &peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket >= 0) {
            take_client(tls, socket, &peer, length);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            pause_listening(tls);
            return;
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

/* Which of them is ready is not told apart: asking one in vain costs a system call. */
static void
accept_all(Tls *tls)
{
    if (tls->listener < 0)
        return;
    accept_some(tls, tls->listener);
    for (guint i = 0; i < tls->n_more; i++)
        accept_some(tls, tls->more[i]);
}

/* --- the loop ------------------------------------------------------------------------------------------------------------------- */

static void
be_quiet(Tls *tls)
{
    guint64 count;
    while (read(tls->wake, &count, sizeof(count)) < 0 && errno == EINTR)
        continue;
    tls->woken = TRUE;
}

static void
handle(Tls *tls, const struct epoll_event *event)
{
    if (event->data.u64 == LISTENER) {
        accept_all(tls);
        return;
    }
    if (event->data.u64 == WAKE) {
        be_quiet(tls);
        return;
    }
    TlsLink *link = (TlsLink *) (guintptr) (event->data.u64 & ~(guint64) 1);
    if (event->data.u64 & 1)
        tls_link_pair_ready(link, event->events);
    else
        tls_link_socket_ready(link, event->events);
}

static void
look_again(Tls *tls)
{
    for (guint left = tls->hurried.length; left > 0; left--) {
        GList *at = g_queue_pop_head_link(&tls->hurried);
        if (!at)
            return;
        TlsLink *link = at->data;
        link->queued = FALSE;
        tls_link_again(link);
    }
}

static void
check_limits(Tls *tls, Tick now)
{
    for (GList *at = tls->links.head, *next; at; at = next) {
        next = at->next;
        tls_link_check(at->data, now);
    }
}

static void
keep_time(Tls *tls)
{
    Tick now = clock_tick();
    if (tls->listen_again && now >= tls->listen_again && tls->listener >= 0) {
        listen_again(tls);
    }
    if (now < tls->next_second)
        return;
    tls->next_second = now + CLOCK_SECOND;
    check_limits(tls, now);
    tls->ops.second(tls->data);
}

void
tls_pump_soon(Tls *tls)
{
    tls->pump_due = TRUE;
}

gboolean
tls_is_busy(const Tls *tls)
{
    for (GList *at = tls->links.head; at; at = at->next) {
        const TlsLink *link = at->data;
        if (link->phase != TLS_DEAD && (link->unsent_length || link->owed || link->replying))
            return TRUE;
    }
    return FALSE;
}

static int
wait_time(Tls *tls, Tick most)
{
    if (tls->pump_due || tls->hurried.length)
        return 0;
    if (tls->listen_again)
        return (int) (PAUSE / 1000);
    if (!tls->links.length)
        return (int) ((most < 0 ? IDLE_WAIT : most) / 1000);
    Tick left = CLAMP(tls->next_second - clock_tick(), 0, CLOCK_SECOND);
    return (int) ((most < 0 ? left : MIN(left, most)) / 1000) + 1;
}

void
tls_turn(Tls *tls, Tick most)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(tls->epoll, events, EVENTS, wait_time(tls, most));
    for (int i = 0; i < count; i++)
        handle(tls, &events[i]);
    if (tls->woken) {
        tls->woken = FALSE;
        tls->ops.woken(tls->data);
    }
    if (tls->pump_due) {
        tls->pump_due = FALSE;
        tls->pump_due = tls->ops.pump(tls->data) || tls->pump_due;
    }
    look_again(tls);
    keep_time(tls);
    free_dead(tls);
}
