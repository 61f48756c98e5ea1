/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of one TLS connection: cipher bytes on a socket, plain bytes on a pair. OpenSSL writes into memory, so it never
 * waits: what the socket does not take is kept, and no more plain bytes are read until it is gone; likewise towards the pair.
 * Nothing here loops until a peer blocks: after one scratch of bytes the next connection has its turn. When that is, and when a
 * connection ends, is decided by tls_link.c, its only caller. */
#include "api/tls_parts.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#define OUT_MOST (2 * TLS_SCRATCH)  /* cipher bytes of one connection that wait: more than a turn's plain bytes come to */

/* --- OpenSSL's side -------------------------------------------------------------------------------------------------------- */

/* A client may have OpenSSL answer again and again (with new keys, say) and take none of the answers: it is cut. */
static int
bio_write(BIO *bio, const char *bytes, size_t length, size_t *ret_written)
{
    TlsLink *link = BIO_get_data(bio);
    if (link->tls->out.length + link->unsent_length - link->unsent_done + length > OUT_MOST) {
        BIO_clear_retry_flags(bio);
        return 0;
    }
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
tls_relay_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "shikiri socket");
    BIO_meth_set_write_ex(method, bio_write);
    BIO_meth_set_read_ex(method, bio_read);
    BIO_meth_set_ctrl(method, bio_control);
    return method;
}

/* --- to the client ----------------------------------------------------------------------------------------------------------- */

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
        tls_link_note_moved(link, *ret_sent);
    return TRUE;
}

/* Sends what OpenSSL has written; what does not go is kept. */
gboolean
tls_relay_flush(TlsLink *link)
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

gboolean
tls_relay_send_kept(TlsLink *link)
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
        tls_link_linger(link);
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
gsize
tls_relay_out(TlsLink *link, gboolean *ret_dry)
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
    return tls_relay_flush(link) ? taken : 0;
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

void
tls_relay_give_held(TlsLink *link)
{
    g_autofree char *bytes = g_steal_pointer(&link->held);
    gsize done = link->held_done, length = link->held_length;
    link->held_length = link->held_done = 0;
    give(link, bytes + done, length - done);
}

void
tls_relay_give_spaces(TlsLink *link, gsize length)
{
    g_autofree char *spaces = g_strnfill(length, ' ');
    if (!link->held_length)         /* else the body is on its way already */
        give(link, spaces, length);
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
    tls_link_note_moved(link, length);
    if (link->pair < 0 && !link->deaf && !open_pair(link))
        return;
    give(link, bytes, length);
}

/* The client will say no more. Its last request still gets its reply. */
static void
end_in(TlsLink *link)
{
    link->ended_in = TRUE;
    link->tls->pump_due = TRUE;
    if (link->pair < 0)
        tls_link_leave(link);
    else
        tls_link_tell_end(link, clock_tick());
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
    if (link->phase == TLS_DEAD || !tls_relay_flush(link))
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
    if (!tls_relay_flush(link))
        return;
    if (why != SSL_ERROR_NONE && why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
        tls_link_kill(link);
    else if (why == SSL_ERROR_NONE)
        tls_link_set_phase(link, TLS_IDLE);
}

void
tls_relay_read(TlsLink *link)
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
