/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The guest's side of a console. A guest is read only as fast as its writer's client takes it, so that nothing piles up here; what a guest does
 * not take is kept, at most one block, and its writer's client is not read meanwhile. */
#include "console/consoles_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

Far *
far_new(Consoles *consoles, const Ticket *ticket, int take_descriptor)
{
    Far *far = g_new0(Far, 1);
    far->watch = (Watch) { WATCH_FAR, take_descriptor, 0 };
    far->consoles = consoles;
    far->vm = ticket->vm;
    far->serial = ticket->kind == CONSOLE_SERIAL;
    g_queue_init(&far->fronts);
    fcntl(take_descriptor, F_SETFL, fcntl(take_descriptor, F_GETFL) | O_NONBLOCK);
    return far;
}

void
far_free(Far *far)
{
    consoles_unwatch(far->consoles, &far->watch);
    text_clear(&far->pending);
    g_queue_clear(&far->fronts);
    g_free(far);
}

/* --- from the guest --------------------------------------------------------------------------------------------------------------- */

static gboolean
has_room(const Far *far)
{
    return !far->writer || front_waiting(far->writer) < CONSOLE_HIGH;
}

void
far_watch(Far *far)
{
    if (far->ended)
        return;
    guint32 events = (has_room(far) ? EPOLLIN : 0) | (far->pending.length ? EPOLLOUT : 0);
    consoles_watch(far->consoles, &far->watch, events);
}

gboolean
far_is_gone(const Far *far)
{
    struct pollfd poller = { far->watch.descriptor, 0, 0 };
    return far->watch.events == 0 && poll(&poller, 1, 0) > 0 && poller.revents & (POLLHUP | POLLERR);
}

/* Whoever only looks must keep up with those who write: nobody waits for him. */
static void
spread(Far *far, char *bytes, gsize length)
{
    for (GList *at = far->fronts.head, *next; at; at = next) {
        Front *front = at->data;
        next = at->next;
        if (front != far->writer && front_waiting(front) > CONSOLE_BEHIND) {
            g_autoptr(Message) why = message_new(MSG_CONSOLE_BEHIND, NULL);
            front_goodbye(front, WEBSOCKET_POLICY, why);
        } else {
            front_send(front, bytes, length);
        }
    }
}

static void
read_guest(Far *far)
{
    char *bytes = far->consoles->scratch + WEBSOCKET_HEAD;
    gssize count = recv(far->watch.descriptor, bytes, CONSOLE_BLOCK, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count > 0)
        spread(far, bytes, (gsize) count);
    else
        far_end(far, MSG_CONSOLE_ENDED);
}

/* --- to the guest ------------------------------------------------------------------------------------------------------------------ */

/* What it took; -1: it is gone. */
static gssize
give_some(Far *far, const char *bytes, gsize length)
{
    gssize count = send(far->watch.descriptor, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    return count;
}

void
far_give(Far *far, const char *bytes, gsize length)
{
    gssize count = far->ended ? -1 : give_some(far, bytes, length);
    if (count < 0) {
        far_end(far, MSG_CONSOLE_ENDED);
        return;
    }
    if ((gsize) count < length) {
        text_add_bytes(&far->pending, bytes + count, length - (gsize) count);
        far_watch(far);
    }
}

static void
give_pending(Far *far)
{
    gssize count = give_some(far, far->pending.bytes + far->pending_done, far->pending.length - far->pending_done);
    if (count < 0) {
        far_end(far, MSG_CONSOLE_ENDED);
        return;
    }
    far->pending_done += (gsize) count;
    if (far->pending_done < far->pending.length)
        return;
    text_reset(&far->pending);
    far->pending_done = 0;
    if (far->writer)
        front_read(far->writer);            /* what TLS holds already, the descriptor would not tell of */
}

void
far_ready(Far *far, guint32 events)
{
    if (!far->ended && events & EPOLLOUT && far->pending.length)
        give_pending(far);
    if (!far->ended && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        read_guest(far);
    far_watch(far);
}

/* --- who is at it -------------------------------------------------------------------------------------------------------------------- */

/* What the one before said and the guest did not take is not said in the new one's name, nor does it pile up with what others leave. */
static void
set_writer(Far *far, Front *front)
{
    Front *before = far->writer;
    far->writer = front;
    text_clear(&far->pending);
    far->pending_done = 0;
    if (!far->serial)
        return;
    if (before) {
        front_note(before, "{\"role\":\"reader\"}");
        front_watch(before);            /* it may not have been read */
    }
    front_note(front, "{\"role\":\"writer\"}");
}

void
far_add(Far *far, Front *front)
{
    front->far = far;
    g_queue_push_tail(&far->fronts, front);
    if (!front->ticket.only_look && (!far->writer || front->ticket.force))
        set_writer(far, front);
    else if (far->serial)
        front_note(front, "{\"role\":\"reader\"}");
    far_watch(far);
}

/* The last one closes it. A reader does not become a writer by itself: it might type into somebody else's work. */
void
far_leave(Front *front)
{
    Far *far = front->far;
    front->far = NULL;
    if (!far)
        return;
    g_queue_remove(&far->fronts, front);
    if (far->writer == front)
        far->writer = NULL;
    if (far->ended)
        return;
    if (far->fronts.head)
        far_watch(far);
    else
        far_end(far, MSG_CONSOLE_ENDED);
}

void
far_end(Far *far, MessageCode code)
{
    if (far->ended)
        return;
    far->ended = TRUE;
    if (far->serial)
        opening_settle(far->consoles, &far->vm, NULL);
    consoles_unwatch(far->consoles, &far->watch);
    g_autoptr(Message) why = message_new(code, NULL);
    for (Front *front; (front = g_queue_pop_head(&far->fronts));) {
        front->far = NULL;
        front_goodbye(front, WEBSOCKET_BYE, why);
    }
    far->writer = NULL;
    g_queue_push_tail(&far->consoles->buried, far);
}
