/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What tls.c (listening, waiting, numbers), tls_link.c (the life of one connection) and tls_relay.c (its bytes) share. Private to
 * the three. */
#pragma once

#include "api/limits.h"
#include "api/tls.h"
#include "base/lock.h"
#include "base/text.h"

#include <netinet/in.h>

#define TLS_SCRATCH (64u << 10)     /* plain bytes moved at once */
#define TLS_PUMP (16u << 10)        /* after so many bytes taken from the pair the HTTP library has room again */

struct Tls {
    SSL_CTX *context;
    BIO_METHOD *method;
    TlsCensus *census;
    TlsOps ops;
    gpointer data;
    int epoll, listener, wake;
    int more[TLS_MORE_LISTENERS];   /* listeners besides */
    guint n_more;
    gboolean listening, pump_due, woken;
    Tick listen_again;              /* 0: no pause */
    Tick next_second;
    GQueue links;                   /* TlsLink * */
    GQueue hurried;                 /* links to look at after the pump */
    GQueue dead;                    /* to be freed at the end of the turn */
    Text out;                       /* cipher bytes of the link at hand, not yet sent */
    char *scratch;
};

struct TlsLink {
    Tls *tls;
    SSL *ssl;
    int socket, pair;               /* -1: none */
    guint32 socket_events, pair_events;     /* as epoll knows them */
    gboolean pair_watched;
    TlsPhase phase;
    Tick since, progress;           /* this phase began; bytes last moved */
    guint64 moved;                  /* in this phase */
    char *unsent;                   /* cipher bytes the socket did not take */
    gsize unsent_length, unsent_done;
    char *held;                     /* plain bytes the pair did not take */
    gsize held_length, held_done;
    gsize drained;                  /* from the pair since the last pump */
    gsize owed;                     /* bytes in the pair that belong to finished replies */
    gboolean short_read;            /* the socket is empty: no second recv this turn */
    gboolean ended_in, deaf, ended_out;     /* the client said goodbye; the plain side takes no more; it has said all */
    gboolean told_end;              /* the plain side knows of the goodbye */
    gboolean replying, finished, endless, flows;    /* a reply is under way; it is wholly in the pair; it has no end; it is a disk's content */
    gboolean refused, more_in;      /* the plain side's own refusal was replaced; OpenSSL may hold whole records */
    gboolean left, buried;          /* not counted any more; in `dead` */
    gboolean served;                /* the plain side still knows this link */
    gboolean queued;                /* in `hurried` */
    GList place, hurry, grave;
    struct sockaddr_storage peer;
    socklen_t peer_length;
    char address[INET6_ADDRSTRLEN], here[INET6_ADDRSTRLEN + 10];
};

/* tls_link.c */
TlsLink *tls_link_new(Tls *tls, int take_socket, const struct sockaddr_storage *peer, socklen_t length);
void tls_link_free(TlsLink *link);
void tls_link_socket_ready(TlsLink *link, guint32 events);
void tls_link_pair_ready(TlsLink *link, guint32 events);
void tls_link_drain(TlsLink *link);         /* pair to client, as far as its turn goes */
void tls_link_again(TlsLink *link);         /* what was in a hurry, after the pump */
void tls_link_kill(TlsLink *link);          /* at once; freed when the plain side has let go */
void tls_link_leave(TlsLink *link);         /* with a goodbye */
void tls_link_check(TlsLink *link, Tick now);       /* its limits of time */
void tls_link_tell_end(TlsLink *link, Tick now);    /* of the client's goodbye, if it is the time */
void tls_link_watch(TlsLink *link);         /* for what it now waits for */
void tls_link_linger(TlsLink *link);        /* all is said and sent: only reading on */
void tls_link_note_moved(TlsLink *link, gsize count);

/* tls_relay.c */
BIO_METHOD *tls_relay_method(void);
void tls_relay_read(TlsLink *link);         /* client to pair: one scratch of bytes, or the next part of the handshake */
void tls_relay_give_held(TlsLink *link);    /* what the pair did not take before */
void tls_relay_give_spaces(TlsLink *link, gsize length);    /* in place of what the client may or may not send */
gsize tls_relay_out(TlsLink *link, gboolean *ret_dry);  /* one read of the pair to the client; its bytes, 0: nothing now. DRY: it is empty */
gboolean tls_relay_flush(TlsLink *link);    /* sends what OpenSSL has written, keeps what does not go. FALSE: dead */
gboolean tls_relay_send_kept(TlsLink *link);        /* the same for what was kept */

/* tls.c */
void tls_bury(TlsLink *link);               /* a dead link: not counted from here, freed once the plain side let go */
gboolean tls_census_enter(TlsCensus *census, const char *address);
void tls_census_leave(TlsCensus *census, const char *address);
