/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The TLS front: accepts, shakes hands, and relays plain bytes between a TLS connection and a socket pair whose other end an
 * HTTP library serves in the same thread. Keeps the limits of time and number. Knows no HTTP: server.c tells it in which phase
 * a connection is. One Tls a thread; all functions but tls_wake belong to that thread. */
#pragma once

#include "base/clock.h"

#include <openssl/ssl.h>
#include <sys/socket.h>

typedef struct Tls Tls;
typedef struct TlsLink TlsLink;

typedef enum {
    TLS_HANDSHAKE,
    TLS_IDLE,               /* between requests */
    TLS_HEAD,               /* bytes of a request came, not yet all its headers */
    TLS_BODY,
    TLS_WORK,               /* the request is whole; nobody waits for the client */
    TLS_REPLY,
    TLS_LINGER,             /* all is said; reading on so that the reply is not lost */
    TLS_DEAD,
} TlsPhase;

/* How long a client may take (limits.h says what they are); tests are more impatient. Set before the first front is made. */
typedef struct { Tick handshake, idle, head, stall, grace, linger; } TlsPatience;
extern TlsPatience tls_patience;

/* What the front asks of who serves the plain side. */
typedef struct {
    void (*open)(gpointer data, TlsLink *link, int take_pair);  /* the first plain byte: serve PAIR. tls_link_closed when it is through */
    gboolean (*pump)(gpointer data);        /* bytes were moved: run. TRUE: run again at once */
    void (*gone)(gpointer data, TlsLink *link);     /* the client is; its pair is closed. The link stays until tls_link_closed */
    void (*woken)(gpointer data);           /* after tls_wake */
    void (*second)(gpointer data);          /* about once a second while there are connections, else about once an hour */
    /* The other side says something though no reply of ours is under way (the HTTP library refuses on its own): writes what to
     * say instead of HEAD, of which BYTES are there. */
    void (*refusal)(gpointer data, const char *bytes, gsize length, char *ret_text, gsize room);
} TlsOps;

/* Counts shared by all fronts of an api: who is connected from where. */
typedef struct TlsCensus TlsCensus;
TlsCensus *tls_census_new(guint most, guint most_of_one);
void tls_census_free(TlsCensus *census);
guint tls_census_count(TlsCensus *census);

/* TAKE_LISTENER is non-blocking and listens. CONTEXT is refed. */
Tls *tls_new(SSL_CTX *context, TlsCensus *census, int take_listener, const TlsOps *ops, gpointer data);
void tls_free(Tls *tls);                    /* cuts what is left */
#define TLS_MORE_LISTENERS 2
void tls_add_listener(Tls *tls, int take_listener);     /* TLS_MORE_LISTENERS of them at most; before the first turn */
void tls_set_context(Tls *tls, SSL_CTX *context);       /* for connections to come */
void tls_turn(Tls *tls, Tick most);         /* waits for something to do, for MOST (-1: as long as it takes), and does it */
void tls_pump_soon(Tls *tls);               /* in this turn or the next */
gboolean tls_is_busy(const Tls *tls);       /* are there bytes on their way to a client? */
void tls_wake(Tls *tls);                    /* any thread */
void tls_stop_listening(Tls *tls);
guint tls_count(const Tls *tls);            /* connections */

void tls_link_set_phase(TlsLink *link, TlsPhase phase);
void tls_link_finished(TlsLink *link);      /* the reply is wholly in the pair: once it is taken the connection is idle */
void tls_link_hurry(TlsLink *link);         /* something will be in the pair after the next pump: look without being told */
void tls_link_end_body(TlsLink *link, gsize length);        /* the plain side gets LENGTH spaces for a body, and nothing more of the client's */
void tls_link_closed(TlsLink *link);        /* the plain side is through with it: LINK may go */
void tls_link_stream(TlsLink *link);        /* this reply has no end: only stalls are limited, not its pace */
void tls_link_flow(TlsLink *link);          /* this body and its reply are a disk's content: only long stalls are limited */
gboolean tls_link_is_gone(const TlsLink *link);
const char *tls_link_address(const TlsLink *link);      /* "192.0.2.1" */
const char *tls_link_here(const TlsLink *link);         /* "192.0.2.9:8443", brackets around IPv6 */
const struct sockaddr *tls_link_sockaddr(const TlsLink *link, socklen_t *ret_length);

/* The context all connections start from; yours. Chain and key are refed. */
SSL_CTX *tls_context_new(X509 *certificate, EVP_PKEY *key, GError **error);
