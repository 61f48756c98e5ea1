/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One client: bytes of its guest out, in frames or through TLS; what it types in. The life of both kinds, the limits of time, and the WebSocket's
 * reading stand here; a viewer's handshake and its TLS in viewer.c. */
#include "console/consoles_parts.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

Front *
front_new(Consoles *consoles, FrontStage stage, int take_descriptor)
{
    Front *front = g_new0(Front, 1);
    front->watch = (Watch) { WATCH_FRONT, take_descriptor, 0 };
    front->consoles = consoles;
    front->stage = stage;
    front->reader.masked = TRUE;
    front->since = front->progress = front->heard = front->pinged = clock_tick();
    g_queue_push_tail(&consoles->fronts, front);
    return front;
}

/* Gone for the client; its memory goes at the end of the turn, or when the worker that opens its console comes back. */
void
front_kill(Front *front)
{
    Consoles *consoles = front->consoles;
    if (front->dead)
        return;
    front->dead = TRUE;
    front->closing = FALSE;
    far_leave(front);
    consoles_unwatch(consoles, &front->watch);
    g_queue_remove(&consoles->fronts, front);
    if (front->stage != FRONT_WEB && !front->seated)
        consoles->shaking--;
    if (front->told)
        consoles->watch.told(consoles->watch.data, &front->ticket, FALSE);
    if (front->seated)
        opening_release(consoles);
    if (front->closed)
        front->closed(front->closed_data);
    if (front->stage != FRONT_OPENING)
        g_queue_push_tail(&consoles->buried, front);
}

void
front_free(Front *front)
{
    SSL_free(front->ssl);
    text_clear(&front->out);
    text_clear(&front->in);
    OPENSSL_cleanse(&front->ticket, sizeof(front->ticket));
    g_free(front);
}

void
front_watch(Front *front)
{
    if (front->dead)
        return;
    gboolean held = front->far && front->far->writer == front && front->far->pending.length;
    guint32 in = held || front->stage == FRONT_OPENING ? 0 : EPOLLIN;
    consoles_watch(front->consoles, &front->watch, in | EPOLLRDHUP | (front_waiting(front) ? EPOLLOUT : 0));
}

/* --- out --------------------------------------------------------------------------------------------------------------------------- */

static gssize
write_some(Front *front, const char *bytes, gsize length)
{
    if (front->ssl)
        return viewer_write(front, bytes, length);
    gssize count = send(front->watch.descriptor, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    return count < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : count;
}

void
front_say(Front *front, const char *bytes, gsize length)
{
    gssize count = 0;
    if (front->dead || front->closing)
        return;
    if (!front_waiting(front))
        count = write_some(front, bytes, length);
    if (count < 0) {
        front_kill(front);
        return;
    }
    if (count > 0)
        front->progress = clock_tick();
    if ((gsize) count == length)
        return;
    if (!front_waiting(front))
        front->progress = clock_tick();     /* its time to take this begins now */
    text_add_bytes(&front->out, bytes + count, length - (gsize) count);
    front_watch(front);
}

/* What is gone leaves the memory at once: a client that is a little slower than its guest never has all of it. */
static void
forget_said(Front *front, gsize done)
{
    front->out.length -= done;
    if (front->out.length)
        memmove(front->out.bytes, front->out.bytes + done, front->out.length);
    else
        text_clear(&front->out);
}

void
front_flush(Front *front)
{
    gsize done = 0;
    while (!front->dead && done < front_waiting(front)) {
        gssize count = write_some(front, front->out.bytes + done, front_waiting(front) - done);
        if (count < 0)
            front_kill(front);
        if (count <= 0)
            break;
        front->progress = clock_tick();
        done += (gsize) count;
    }
    if (front->dead)
        return;
    if (done)
        forget_said(front, done);
    if (!front_waiting(front)) {
        if (front->closing && front->ssl)
            SSL_shutdown(front->ssl);
        if (front->closing)
            front_kill(front);
    }
    if (!front->dead)
        front_watch(front);
}

static void
say_frame(Front *front, WebSocketCode code, const char *bytes, gsize length)
{
    char frame[WEBSOCKET_HEAD + WEBSOCKET_CONTROL];
    gsize head = websocket_head(frame, code, length, NULL);
    memcpy(frame + head, bytes, length);
    front_say(front, frame, head + length);
}

void
front_send(Front *front, char *bytes, gsize length)
{
    char head[WEBSOCKET_HEAD];
    if (front->stage != FRONT_WEB) {
        front_say(front, bytes, length);
        return;
    }
    gsize size = websocket_head(head, WEBSOCKET_BINARY, length, NULL);
    memcpy(bytes - size, head, size);
    front_say(front, bytes - size, size + length);
}

void
front_note(Front *front, const char *text)
{
    if (front->stage == FRONT_WEB)
        say_frame(front, WEBSOCKET_TEXT, text, strlen(text));
}

/* Nothing of the guest comes behind it. A viewer has no words for it once it is in. */
void
front_goodbye(Front *front, WebSocketWhy why, const Message *reason)
{
    char payload[WEBSOCKET_CONTROL];
    if (front->dead || front->closing)
        return;
    far_leave(front);
    if (front->stage == FRONT_WEB) {
        g_autofree char *text = reason ? message_text(reason, front->ticket.language) : g_strdup("");
        say_frame(front, WEBSOCKET_CLOSE, payload, websocket_close(payload, why, text));
    }
    if (front->dead)
        return;
    front->closing = TRUE;
    front->since = clock_tick();
    front_flush(front);
}

/* --- in: WebSockets ------------------------------------------------------------------------------------------------------------------ */

/* Binary is a guest's; text is what a terminal may send for keys, and no RFB. */
static void
take_data(Front *front, const char *bytes, gsize length)
{
    Far *far = front->far;
    if (front->reader.message == WEBSOCKET_TEXT && far && !far->serial) {
        g_autoptr(Message) why = message_new(MSG_CONSOLE_TEXT, NULL);
        front_goodbye(front, WEBSOCKET_KIND, why);
    } else if (far && far->writer == front && length) {
        if (far->pending.length)
            text_add_bytes(&far->pending, bytes, length);       /* of the same block */
        else
            far_give(far, bytes, length);
    }
}

static void
take_control(Front *front)
{
    const WebSocketReader *reader = &front->reader;
    if (reader->code == WEBSOCKET_PING && front_waiting(front) < CONSOLE_HIGH)
        say_frame(front, WEBSOCKET_PONG, reader->control, reader->control_length);
    else if (reader->code == WEBSOCKET_CLOSE)
        front_goodbye(front, WEBSOCKET_BYE, NULL);
}

static void
take_bytes(Front *front, char *bytes, gsize length)
{
    while (length && !front->dead && !front->closing) {
        gsize taken = 0, size = 0;
        char *data = NULL;
        WebSocketEvent event = websocket_read(&front->reader, bytes, length, &taken, &data, &size);
        if (event == WEBSOCKET_DATA)
            take_data(front, data, size);
        else if (event == WEBSOCKET_CALL)
            take_control(front);
        else if (event == WEBSOCKET_BROKEN)
            front_goodbye(front, WEBSOCKET_PROTOCOL, NULL);
        bytes += taken;
        length -= taken;
    }
}

void
front_take(Front *front, gconstpointer bytes, gsize length)
{
    g_autofree char *copy = g_memdup2(bytes, length);
    take_bytes(front, copy, length);
}

static void
read_web(Front *front)
{
    char *bytes = front->consoles->scratch + WEBSOCKET_HEAD;
    gssize count = recv(front->watch.descriptor, bytes, CONSOLE_BLOCK, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    front->heard = clock_tick();
    if (count <= 0)
        front_kill(front);
    else
        take_bytes(front, bytes, (gsize) count);
}

void
front_read(Front *front)
{
    if (!front->dead && !front->closing && front->stage == FRONT_WEB)
        read_web(front);
    else if (!front->dead && !front->closing)
        viewer_read(front);
    front_watch(front);
}

/* A client that says goodbye to the connection with bytes on the way is read to the end, unless it is not being read at all. */
void
front_ready(Front *front, guint32 events)
{
    guint32 watched = front->watch.events;
    Far *far = front->far;
    if (front->dead)
        return;
    if (events & EPOLLOUT)
        front_flush(front);
    if (front->dead)
        return;
    if (events & EPOLLIN && front->closing)
        front_kill(front);              /* the answer to our goodbye, or its end: either way all is said */
    else if (events & EPOLLIN)
        front_read(front);
    else if (events & (EPOLLHUP | EPOLLERR) || (events & EPOLLRDHUP && !(watched & EPOLLIN)))
        front_kill(front);
    if (far && !far->ended && front->far == far)
        far_watch(far);
    front_watch(front);
}

/* --- life ---------------------------------------------------------------------------------------------------------------------------- */

/* The line of a seat that joins one: it may have ended since. */
static Far *
find_line(Front *front)
{
    Consoles *consoles = front->consoles;
    LOCK_HOLD(&consoles->lock);
    Far *far = g_hash_table_lookup(consoles->lines, &front->ticket.vm);
    return far && (gpointer) far != consoles->lines && far->fronts.length < CONSOLE_MOST_OF_LINE ? far : NULL;
}

void
front_seat(Front *front, ConsoleSeat *take)
{
    g_autofree ConsoleSeat *seat = take;
    Consoles *consoles = front->consoles;
    front->ticket = seat->ticket;
    consoles->shaking -= front->stage != FRONT_WEB;
    front->seated = front->told = TRUE;
    if (seat->far && seat->far->serial)
        opening_settle(consoles, &front->ticket.vm, seat->far);
    Far *far = seat->far ? seat->far : find_line(front);
    consoles->watch.told(consoles->watch.data, &front->ticket, TRUE);
    if (far) {
        far_add(far, front);
    } else {
        g_autoptr(Message) why = message_new(MSG_CONSOLE_LINE_FULL, "vm", front->ticket.name, NULL);
        front_goodbye(front, WEBSOCKET_POLICY, why);
    }
    OPENSSL_cleanse(front->ticket.value, sizeof(front->ticket.value));
    front_watch(front);
}

/* For a handshake, and for a goodbye. Where many viewers are at the door each has less, so that there is room for the next. */
static Tick
patience_with(const Front *front)
{
    gboolean at_door = front->stage != FRONT_WEB && !front->seated;
    return at_door && front->consoles->shaking > CONSOLE_MOST_SHAKING / 2 ? CONSOLE_HASTE : CONSOLE_SHAKING;
}

static gboolean
is_overdue(const Front *front, Tick now)
{
    if (front->closing)
        return now - front->since > patience_with(front);
    if (front_waiting(front) && now - front->progress > CONSOLE_STALL)
        return TRUE;
    if (front->stage == FRONT_WEB)
        return now - front->heard > CONSOLE_SILENT;
    return front->stage != FRONT_VIEWER && front->stage != FRONT_OPENING && now - front->since > patience_with(front);
}

void
front_second(Front *front, Tick now)
{
    Consoles *consoles = front->consoles;
    Far *far = front->far;
    if (is_overdue(front, now)) {
        front_kill(front);
    } else if (far && far_is_gone(far)) {
        far_end(far, MSG_CONSOLE_ENDED);
    } else if (front->seated && !front->closing && !consoles->watch.may(consoles->watch.data, &front->ticket.holder)) {
        g_autoptr(Message) why = message_new(MSG_CONSOLE_SESSION_ENDED, NULL);
        front_goodbye(front, WEBSOCKET_POLICY, why);
        if (!front->dead && front->stage != FRONT_WEB)
            front_kill(front);
    } else if (front->stage == FRONT_WEB && !front->closing && now - front->pinged > CONSOLE_PING && front_waiting(front) < CONSOLE_HIGH) {
        front->pinged = now;
        say_frame(front, WEBSOCKET_PING, "", 0);
    }
}
