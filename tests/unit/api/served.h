/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A whole api on a port of 127.0.0.1, over a real engine whose store takes everything, and a client that speaks TLS to it byte
 * by byte, so that a test can be as slow, as rude and as wrong as it likes. */
#pragma once

#include "api/api.h"
#include "base/text.h"
#include "model/inventory.h"

#include <openssl/ssl.h>

#define SERVED_PASSWORD "correct horse"

void served_open(guint vms, guint threads);     /* user admin@internal with SERVED_PASSWORD */
void served_close(void);
guint served_port(void);
Engine *served_engine(void);
const char *served_dir(void);                   /* the data directory */
Id served_admin(void);
/* Publishes OBJECT (taken) as the writer would: in the inventory and on the feed. */
void served_put(gpointer take);
guint served_events(int code);                  /* how many events of oVirt's number CODE there are */

typedef struct {
    int socket;
    SSL *ssl;
    guint64 chunk;              /* bytes left of the chunk that is being read */
} Caller;

Caller caller_open(const char *from);           /* FROM: its address, "127.0.0.1" */
void caller_close(Caller *caller);
void caller_say(Caller *caller, const char *bytes, gsize length);
void caller_goodbye(Caller *caller);            /* close_notify, then the half of the connection */

typedef struct {
    int status;
    char *head;                                 /* status line and headers */
    Text body;
    gboolean closed;                            /* the connection ended with it */
} Heard;
void heard_clear(Heard *heard);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Heard, heard_clear)
Heard caller_hear(Caller *caller);              /* one reply, chunked or not; status 0: the connection ended before one */
Heard caller_hear_head(Caller *caller);         /* only its headers */
char *caller_hear_line(Caller *caller, Tick limit);     /* of a chunked stream, chunk headers left out; NULL: none until LIMIT; yours */
gboolean caller_is_cut(Caller *caller, Tick limit);     /* does the connection end (however) before LIMIT? */
char *heard_header(const Heard *heard, const char *name);      /* yours; NULL */
/* One whole request on a connection of its own; HEADERS: lines ending in \r\n, or "". */
Heard caller_ask(const char *method, const char *target, const char *headers, const char *body);
/* "Authorization: Basic …\r\n" of admin@internal. */
const char *caller_basic(void);
