/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One server thread: a TLS front and the HTTP library behind it. Makes a Request of what comes, gives it to door_serve once its
 * body is whole, sends what the exchange ends with. An api has several, on the same port. */
#pragma once

#include "api/load.h"

#include <openssl/ssl.h>

typedef struct Server Server;
typedef struct TlsCensus TlsCensus;

typedef struct {
    Api *api;
    SSL_CTX *context;
    TlsCensus *census;
    ServerLoad *load;
    void (*hourly)(Api *api);   /* called about once an hour, in a server thread; NULL for all but one */
    Exchange model;             /* what every exchange of the api has alike: engine, workers, cache, metrics */
} ServerParts;

/* TAKE_LISTENER: bound, listening, non-blocking. */
Server *server_new(const ServerParts *parts, int take_listener, GError **error);
void server_add_listener(Server *server, int take_listener);    /* before server_start */
void server_start(Server *server);
void server_renew(Server *server, SSL_CTX *context);    /* connections to come use it; any thread */
void server_tell_stop(Server *server, Tick deadline);   /* no new connections; ends at DEADLINE or when nothing is under way */
void server_join(Server *server);                       /* after server_tell_stop */
void server_free(Server *server);
/* Every stream of this server is asked again. Any thread; what a feed's wake calls. */
void server_wake_streams(gpointer server);
