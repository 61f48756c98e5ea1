/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The thread of all consoles: one epoll set, a mailbox, a look around each second; and the room's door for others. */
#include "console/consoles_parts.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define OPENERS 8

/* --- epoll --------------------------------------------------------------------------------------------------------------------------- */

void
consoles_watch(Consoles *consoles, Watch *watch, guint32 events)
{
    struct epoll_event event = { .events = events, .data.ptr = watch };
    if (watch->descriptor < 0 || watch->events == events)
        return;
    int operation = watch->events == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    if (epoll_ctl(consoles->epoll, operation, watch->descriptor, &event) < 0)
        log_error("consoles: epoll_ctl: %s", g_strerror(errno));
    watch->events = events;
}

/* Taken out by name: a browser's descriptor has a twin that stays open. */
void
consoles_unwatch(Consoles *consoles, Watch *watch)
{
    if (watch->descriptor < 0)
        return;
    consoles_watch(consoles, watch, 0);
    close(watch->descriptor);
    watch->descriptor = -1;
}

static void
wake(Consoles *consoles)
{
    guint64 one = 1;
    ssize_t written = write(consoles->wake.descriptor, &one, sizeof(one));
    (void) written;
}

/* --- the mailbox --------------------------------------------------------------------------------------------------------------------- */

static void
post_clear(Post *post)
{
    console_seat_drop(post->seat);
    if (post->descriptor >= 0)
        close(post->descriptor);
    g_clear_pointer(&post->extra, g_bytes_unref);
    message_unref(post->why);
    if (post->closed)
        post->closed(post->data);
    if (post->front && post->front->dead)
        front_free(post->front);
}

/* Where the thread has ended a browser is sent away here; a viewer's front is freed with the room. */
void
consoles_post(Consoles *consoles, const Post *post)
{
    lock_take(&consoles->lock);
    gboolean late = consoles->stopping && !post->front;
    Post *kept = g_memdup2(post, sizeof(*post));
    if (!late)
        g_queue_push_tail(&consoles->inbox, kept);
    wake(consoles);
    lock_drop(&consoles->lock);
    if (!late)
        return;
    post_clear(kept);
    g_free(kept);
}

static void
take_browser(Consoles *consoles, Post *post)
{
    gsize length = 0;
    Front *front = front_new(consoles, FRONT_WEB, post->descriptor);
    post->descriptor = -1;
    front->closed = post->closed;
    front->closed_data = post->data;
    post->closed = NULL;
    front_seat(front, g_steal_pointer(&post->seat));
    gconstpointer extra = post->extra ? g_bytes_get_data(post->extra, &length) : NULL;
    if (length)
        front_take(front, extra, length);
}

static void
take_viewer(Front *front, Post *post)
{
    if (front->dead)
        return;
    if (post->seat) {
        viewer_seated(front);
        if (!front->dead)
            front_seat(front, g_steal_pointer(&post->seat));
    } else {
        viewer_refused(front, post->why);
    }
    post->front = NULL;
}

static void
empty_inbox(Consoles *consoles, gboolean serve)
{
    for (;;) {
        lock_take(&consoles->lock);
        g_autofree Post *post = g_queue_pop_head(&consoles->inbox);
        lock_drop(&consoles->lock);
        if (!post)
            return;
        if (serve && post->front)
            take_viewer(post->front, post);
        else if (serve)
            take_browser(consoles, post);
        post_clear(post);
    }
}

/* --- turns ------------------------------------------------------------------------------------------------------------------------------ */

static void
look_around(Consoles *consoles, Tick now)
{
    for (GList *at = consoles->fronts.head, *next; at; at = next) {
        next = at->next;
        front_second(at->data, now);
    }
    viewer_forget_wrong(consoles, now);
    LOCK_HOLD(&consoles->lock);
    viewer_doors_close(consoles, now);
}

static void
bury(Consoles *consoles)
{
    for (Watch *watch; (watch = g_queue_pop_head(&consoles->buried));) {
        if (watch->kind == WATCH_FAR)
            far_free((Far *) watch);
        else
            front_free((Front *) watch);
    }
}

static void
dispatch(Consoles *consoles, Watch *watch, guint32 events)
{
    guint64 count;
    if (watch->descriptor < 0)
        return;                     /* an earlier event of this turn closed it */
    if (watch->kind == WATCH_FRONT)
        front_ready((Front *) watch, events);
    else if (watch->kind == WATCH_FAR)
        far_ready((Far *) watch, events);
    else if (watch->kind == WATCH_DOOR)
        viewer_door_ready((Door *) watch);
    else if (read(watch->descriptor, &count, sizeof(count)) > 0)
        empty_inbox(consoles, TRUE);
}

/* Is there anything to look at each second? */
static gboolean
is_busy(Consoles *consoles)
{
    LOCK_HOLD(&consoles->lock);
    return consoles->fronts.length > 0 || g_hash_table_size(consoles->doors) > 0;
}

static gboolean
is_stopping(Consoles *consoles)
{
    LOCK_HOLD(&consoles->lock);
    return consoles->stopping;
}

static void
end_all(Consoles *consoles)
{
    g_autoptr(Message) why = message_new(MSG_CONSOLE_STOPPING, NULL);
    for (Front *front; (front = g_queue_peek_head(&consoles->fronts));) {
        front->told = FALSE;        /* the writer has gone home: nobody takes down who left */
        front_goodbye(front, WEBSOCKET_GOING, why);
        front_kill(front);
    }
    lock_take(&consoles->lock);
    viewer_doors_close(consoles, 0);
    lock_drop(&consoles->lock);
    bury(consoles);
}

static gpointer
run_consoles(gpointer data)
{
    Consoles *consoles = data;
    struct epoll_event events[64];
    Tick looked = clock_tick();
    while (!is_stopping(consoles)) {
        Tick now = clock_tick();
        int wait = is_busy(consoles) ? (int) (MAX(looked + CLOCK_SECOND - now, 0) / 1000) : -1;
        int count = epoll_wait(consoles->epoll, events, G_N_ELEMENTS(events), wait);
        for (int i = 0; i < count; i++)
            dispatch(consoles, events[i].data.ptr, events[i].events);
        now = clock_tick();
        if (now - looked >= CLOCK_SECOND) {
            looked = now;
            look_around(consoles, now);
        }
        bury(consoles);
    }
    end_all(consoles);
    return NULL;
}

/* --- life --------------------------------------------------------------------------------------------------------------------------------- */

Consoles *
consoles_new(Hosts *hosts, Inventory *inventory, guint first, guint last)
{
    Consoles *consoles = g_new0(Consoles, 1);
    consoles->hosts = hosts;
    consoles->inventory = inventory;
    consoles->first = first;
    consoles->last = MAX(first, last);
    lock_init(&consoles->lock);
    condition_init(&consoles->opened);
    g_queue_init(&consoles->fronts);
    g_queue_init(&consoles->buried);
    g_queue_init(&consoles->inbox);
    consoles->tickets = tickets_new();
    consoles->wrong = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    consoles->doors = g_hash_table_new(g_str_hash, g_str_equal);
    consoles->lines = g_hash_table_new_full(id_hash, id_equal_key, g_free, NULL);
    consoles->scratch = g_malloc(WEBSOCKET_HEAD + CONSOLE_BLOCK);
    consoles->workers = workers_new("console opener", OPENERS);
    consoles->epoll = epoll_create1(EPOLL_CLOEXEC);
    consoles->wake = (Watch) { WATCH_WAKE, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), 0 };
    if (consoles->epoll < 0 || consoles->wake.descriptor < 0)
        g_error("consoles: no descriptors left: %s", g_strerror(errno));
    consoles_watch(consoles, &consoles->wake, EPOLLIN);
    return consoles;
}

void
consoles_start(Consoles *consoles, const ConsolesWatch *watch)
{
    consoles->watch = *watch;
    consoles->thread = thread_new("consoles", run_consoles, consoles);
}

void
consoles_stop(Consoles *consoles)
{
    if (!consoles || !consoles->thread)
        return;
    lock_take(&consoles->lock);
    consoles->stopping = TRUE;
    wake(consoles);
    lock_drop(&consoles->lock);
    thread_join(g_steal_pointer(&consoles->thread));
    empty_inbox(consoles, FALSE);
}

/* A worker that hangs at a host keeps the room in memory. */
void
consoles_free(Consoles *consoles)
{
    if (!consoles)
        return;
    consoles_stop(consoles);
    if (!workers_stop(consoles->workers, clock_tick() + CLOCK_SECOND))
        return;
    empty_inbox(consoles, FALSE);
    tickets_free(consoles->tickets);
    consoles_unwatch(consoles, &consoles->wake);
    close(consoles->epoll);
    SSL_CTX_free(consoles->context);
    g_hash_table_unref(consoles->wrong);
    g_hash_table_unref(consoles->doors);
    g_hash_table_unref(consoles->lines);
    condition_clear(&consoles->opened);
    lock_clear(&consoles->lock);
    g_free(consoles->scratch);
    g_free(consoles);
}

/* --- the door of the room ------------------------------------------------------------------------------------------------------------------- */

gboolean
consoles_certify(Consoles *consoles, X509 *certificate, EVP_PKEY *key, GError **error)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 || SSL_CTX_use_certificate(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey(context, key) != 1) {
        SSL_CTX_free(context);
        return fault_set(error, MSG_INTERNAL, "text", "TLS for viewers cannot be set up", NULL);
    }
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    lock_take(&consoles->lock);
    SSL_CTX *before = consoles->context;
    consoles->context = context;
    lock_drop(&consoles->lock);
    SSL_CTX_free(before);
    return TRUE;
}

gboolean
consoles_ticket(Consoles *consoles, const Ticket *wish, gint64 seconds, Ticket *ret_ticket, guint *ret_port, GError **error)
{
    LOCK_HOLD(&consoles->lock);
    *ret_port = 0;
    if (consoles->stopping)
        return fault_set(error, MSG_CONSOLE_STOPPING, NULL);
    if (*wish->door && !viewer_door_open(consoles, wish->door, ret_port, error))
        return FALSE;
    const Ticket *ticket = tickets_add(consoles->tickets, wish, seconds, clock_tick(), error);
    if (ticket)
        *ret_ticket = *ticket;
    wake(consoles);                 /* from now on there is something to look at each second */
    return ticket != NULL;
}

guint
consoles_port(const Consoles *consoles)
{
    return consoles->first;
}

guint
consoles_count(Consoles *consoles)
{
    LOCK_HOLD(&consoles->lock);
    return consoles->seats;
}

void
console_seat_take(ConsoleSeat *take, int descriptor, const char *extra, gsize length, void (*closed)(gpointer data), gpointer data)
{
    Consoles *consoles = take->consoles;
    Post post = { .seat = take, .descriptor = fcntl(descriptor, F_DUPFD_CLOEXEC, 3), .extra = length ? g_bytes_new(extra, length) : NULL,
                  .closed = closed, .data = data };
    if (post.descriptor >= 0)
        consoles_post(consoles, &post);
    else
        post_clear(&post);
}
