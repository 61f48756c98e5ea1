/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What requests under way hold of memory, counted over all servers of an api: bodies being collected, replies being sent. Here
 * it is decided that a body or a reply is too much (limits.h says how much). Called by server.c; knows no HTTP library. */
#pragma once

#include "api/request.h"

/* In bytes; atomic. */
typedef struct {
    gsize bodies, replies;
    gint streams;
} ServerLoad;

gboolean load_fits(const Request *request, GError **error);     /* by the length its headers announce */
/* One more piece of its body. FALSE: what came is forgotten, and the fault is the reply. */
gboolean load_take_body(ServerLoad *load, Request *request, const char *bytes, gsize count, GError **error);
gboolean load_drop_body(Request *request, gsize count);         /* a piece of a refused body; FALSE: enough, cut the connection */
/* Once the reply is written, before it is sent. Where all replies are too much already it becomes a fault. */
void load_charge_reply(ServerLoad *load, Request *request);
void load_release(ServerLoad *load, Request *request);          /* the request is over */
