/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What clients may cost: those that are slower than their guest, those that take a line over from each other while its guest takes nothing,
 * those that come to the viewers' port and say nothing. The room's thread does not run: the test looks at what each side waits for. */
#include "console/consoles_parts.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MEBIBYTE (1u << 20)
#define FIRST_PORT 21500
#define LAST_PORT 21599

static gboolean
may(gpointer data, const TicketHolder *holder)
{
    (void) data;
    (void) holder;
    return TRUE;
}

static Consoles *
open_room(void)
{
    Consoles *consoles = consoles_new(NULL, NULL, FIRST_PORT, LAST_PORT);
    consoles->watch.may = may;
    consoles->context = SSL_CTX_new(TLS_server_method());
    return consoles;
}

static void
close_room(Consoles *consoles)
{
    for (Front *front; (front = g_queue_peek_head(&consoles->fronts));)
        front_kill(front);
    for (Watch *watch; (watch = g_queue_pop_head(&consoles->buried));) {
        if (watch->kind == WATCH_FAR)
            far_free((Far *) watch);
        else
            front_free((Front *) watch);
    }
    lock_take(&consoles->lock);
    viewer_doors_close(consoles, 0);
    lock_drop(&consoles->lock);
    consoles_free(consoles);
}

/* One end is the room's, the other the test's. */
static int
open_pair(int *ret_far_end)
{
    int ends[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), ==, 0);
    *ret_far_end = ends[1];
    return ends[0];
}

static Front *
open_front(Far *far, gboolean force, int *ret_client)
{
    Front *front = front_new(far->consoles, FRONT_WEB, open_pair(ret_client));
    front->ticket.kind = CONSOLE_SERIAL;
    front->ticket.force = force;
    far_add(far, front);
    return front;
}

static Far *
open_line(Consoles *consoles, int *ret_guest)
{
    Ticket ticket = { .kind = CONSOLE_SERIAL };
    return far_new(consoles, &ticket, open_pair(ret_guest));
}

/* --- a slow client ------------------------------------------------------------------------------------------------------------------------ */

/* The guest always has something to say, and the client takes it a little slower than it comes: it is never through. */
static void
test_slow(void)
{
    Consoles *consoles = open_room();
    g_autofree char *bytes = g_malloc0(MEBIBYTE);
    int guest, client;
    gsize total = 0, most = 0, waiting = 0;
    Far *far = open_line(consoles, &guest);
    Front *front = open_front(far, FALSE, &client);
    while (total < 64 * MEBIBYTE) {
        while (send(guest, bytes, 64 << 10, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
            ;
        if (far->watch.events & EPOLLIN)
            far_ready(far, EPOLLIN);
        gssize count = recv(client, bytes, 48 << 10, MSG_DONTWAIT);
        total += (gsize) MAX(count, 0);
        if (front->watch.events & EPOLLOUT)
            front_ready(front, EPOLLOUT);
        most = MAX(most, front->out.room);
        waiting = MAX(waiting, front_waiting(front));
    }
    g_assert_cmpuint(waiting, >, CONSOLE_HIGH / 2);
    g_assert_cmpuint(most, <, MEBIBYTE);
    close_room(consoles);
    close(guest);
    close(client);
}

/* --- a guest that takes nothing -------------------------------------------------------------------------------------------------------------- */

static void
type_block(Front *front)
{
    static const guint8 mask[4] = { 1, 2, 3, 4 };
    g_autofree char *frame = g_malloc0(WEBSOCKET_HEAD + CONSOLE_BLOCK);
    gsize head = websocket_head(frame, WEBSOCKET_BINARY, CONSOLE_BLOCK, mask);
    front_take(front, frame, head + CONSOLE_BLOCK);
}

/* Each who takes the line over brings a block with the opening of its WebSocket. The one before goes on as a reader, and is read. */
static void
test_taken_over(void)
{
    Consoles *consoles = open_room();
    int guest, client, next[32];
    Far *far = open_line(consoles, &guest);
    Front *first = open_front(far, FALSE, &client);
    while (far->pending.length == 0)
        type_block(first);
    front_watch(first);
    g_assert_cmpuint(first->watch.events & EPOLLIN, ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(next); i++) {
        Front *front = open_front(far, TRUE, &next[i]);
        g_assert_true(far->writer == front);
        type_block(front);
        g_assert_cmpuint(far->pending.length, <=, CONSOLE_BLOCK);
    }
    g_assert_cmpuint(first->watch.events & EPOLLIN, !=, 0);
    close_room(consoles);
    close(guest);
    close(client);
    for (guint i = 0; i < G_N_ELEMENTS(next); i++)
        close(next[i]);
}

/* --- viewers that say nothing ------------------------------------------------------------------------------------------------------------------ */

static int
come(Door *door, guint port, const char *from)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = g_htons((guint16) port) }, own = { .sin_family = AF_INET };
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    inet_pton(AF_INET, from, &own.sin_addr);
    g_assert_cmpint(bind(client, (struct sockaddr *) &own, sizeof(own)), ==, 0);
    g_assert_cmpint(connect(client, (struct sockaddr *) &to, sizeof(to)), ==, 0);
    viewer_door_ready(door);
    return client;
}

static void
look_at_all(Consoles *consoles, Tick later)
{
    Tick now = clock_tick() + later;
    for (GList *at = consoles->fronts.head, *next; at; at = next) {
        next = at->next;
        front_second(at->data, now);
    }
}

/* One address holds a quarter of what there is; many addresses hold all of it for a short time only. */
static void
test_crowd(void)
{
    static const char *const addresses[] = { "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5" };
    Consoles *consoles = open_room();
    g_autoptr(GArray) clients = g_array_new(FALSE, FALSE, sizeof(int));
    guint port = 0;
    lock_take(&consoles->lock);
    g_assert_true(viewer_door_open(consoles, "127.0.0.1", &port, NULL));
    lock_drop(&consoles->lock);
    Door *door = g_hash_table_lookup(consoles->doors, "127.0.0.1");
    for (guint i = 0; i < G_N_ELEMENTS(addresses); i++) {
        for (guint k = 0; k < CONSOLE_MOST_SHAKING; k++) {
            int client = come(door, port, addresses[i]);
            g_array_append_val(clients, client);
        }
        g_assert_cmpuint(consoles->shaking, ==, MIN((i + 1) * CONSOLE_MOST_SHAKING_OF_ONE, CONSOLE_MOST_SHAKING));
    }
    look_at_all(consoles, CONSOLE_HASTE + CLOCK_SECOND);
    g_assert_cmpuint(consoles->shaking, ==, CONSOLE_MOST_SHAKING / 2);      /* the rest may take its time */
    look_at_all(consoles, CONSOLE_SHAKING + CLOCK_SECOND);
    g_assert_cmpuint(consoles->shaking, ==, 0);
    close_room(consoles);
    for (guint i = 0; i < clients->len; i++)
        close(g_array_index(clients, int, i));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/console/front/slow", test_slow);
    g_test_add_func("/console/front/taken over", test_taken_over);
    g_test_add_func("/console/front/crowd", test_crowd);
    return g_test_run();
}
