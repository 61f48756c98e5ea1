/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Keeps the sum of what all requests hold below what the process may take. A single request is never refused for the sum alone: what
 * is large and alone goes through. Counts only; the bytes are the request's. Called by server.c in its threads. */
#include "api/load.h"

#include "api/fault.h"

#define MOST_DROPPED (64u << 20)    /* of a refused body, before the connection is cut */

/* --- bodies --------------------------------------------------------------------------------------------------------------- */

static gboolean
say_large(const Request *request, GError **error)
{
    return fault_set(error, MSG_API_BODY_TOO_LARGE, "most", request->exchange.local ? "4 MiB" : "64 KiB", NULL);
}

static gsize
most_of_body(const Request *request)
{
    return request->exchange.local ? LIMIT_BODY : LIMIT_FORM;
}

gboolean
load_fits(const Request *request, GError **error)
{
    const char *length = exchange_header(&request->exchange, "Content-Length");
    return request->take || !length || g_ascii_strtoull(length, NULL, 10) <= most_of_body(request) || say_large(request, error);
}

gboolean
load_take_body(ServerLoad *load, Request *request, const char *bytes, gsize count, GError **error)
{
    gsize all = __atomic_add_fetch(&load->bodies, count, __ATOMIC_RELAXED);
    gboolean taken = TRUE;
    request->http.body_charge += count;
    if (request->body.length + count > most_of_body(request))
        taken = say_large(request, error);
    else if (all > (request->known ? LIMIT_BODIES : LIMIT_BODIES / 2))
        taken = fault_set(error, MSG_API_TOO_BUSY, NULL);
    if (taken)
        text_add_bytes(&request->body, bytes, count);
    else
        text_clear(&request->body);
    return taken;
}

gboolean
load_drop_body(Request *request, gsize count)
{
    request->http.dropped += count;
    return request->http.dropped < MOST_DROPPED;
}

/* --- replies -------------------------------------------------------------------------------------------------------------- */

static gsize
reply_size(const Request *request)
{
    return request->reply.room + request->made.memory;
}

/* Many slow readers of large replies must not hold all memory: what does not fit is refused before it is sent. */
void
load_charge_reply(ServerLoad *load, Request *request)
{
    gsize size = reply_size(request);
    if (size < LIMIT_DRAIN)
        return;
    gsize all = __atomic_add_fetch(&load->replies, size, __ATOMIC_RELAXED);
    request->http.reply_charge = size;
    if (all <= LIMIT_REPLIES || all == size)
        return;
    g_autoptr(GError) error = NULL;
    fault_set(&error, MSG_API_TOO_BUSY, NULL);
    request_drop_made(request);
    text_clear(&request->reply);
    request->exchange.status = 503;
    request->exchange.media = NULL;
    fault_write(&request->reply, request->exchange.format, request->exchange.language, error, FALSE);
}

void
load_release(ServerLoad *load, Request *request)
{
    __atomic_fetch_sub(&load->bodies, request->http.body_charge, __ATOMIC_RELAXED);
    __atomic_fetch_sub(&load->replies, request->http.reply_charge, __ATOMIC_RELAXED);
    request->http.body_charge = request->http.reply_charge = 0;
}
