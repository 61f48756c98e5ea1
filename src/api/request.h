/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The inside of an exchange: what the server fills and handlers do not see, and the reading of what a client sent (target,
 * headers, what it accepts) into the fields of exchange.h. Private to the front half of the API: server.c, request.c,
 * exchange.c, door.c and those behind it. Knows no HTTP library, so that all of it is tested without one. */
#pragma once

#include "api/exchange.h"
#include "api/limits.h"
#include "api/session.h"
#include "base/lock.h"
#include "base/refs.h"

typedef struct Request Request;

/* Where a server thread gets what other threads have ended. Outlives the server while any exchange is under way. */
typedef struct {
    Refs refs;
    Lock lock;                      /* of the queue and of ENDED, SUSPENDED and ORPHAN of its requests */
    GQueue queue;                   /* Request *: ended, to be resumed */
    GQueue calls;                   /* Call *: to be run in the server's thread */
    GQueue wakers;                  /* Waker *: whose request sleeps, and need not any more */
    void (*wake)(gpointer data);    /* NULL once the server has gone */
    gpointer data;
} Mailbox;

typedef void (*RequestCall)(Request *request);
typedef struct {
    Request *request;
    Tick at;
    RequestCall function;
} Call;

typedef struct { const char *name, *value; } Header;        /* both in the request's own memory */

/* Instead of a reply the connection becomes the handler's: BEGIN gets the plain side (a socket that stays the server's) and what was read of
 * it already, in the server's thread; then request_downgrade ends it. DROP: where it never came to that. */
typedef struct {
    void (*begin)(gpointer data, Request *request, int descriptor, const char *extra, gsize length);
    GDestroyNotify drop;
    gpointer data;
} Upgrade;

/* Who brings a sleeping request's connection back, in the middle of its body or of its reply. May outlive the request. */
typedef struct {
    Refs refs;
    Mailbox *mailbox;               /* refed */
    Request *request;               /* under the mailbox's lock, as is the next; NULL: it is over */
    gboolean queued;
} Waker;

/* A body that is taken as it comes and not collected: returns what was taken; where that is not all the connection sleeps until it is woken. */
typedef gsize (*RequestTake)(gpointer kept, const char *bytes, gsize count);

/* A reply that goes on: fills BUFFER and returns how much; 0: nothing now, ask again when woken or at *RET_DUE; -1: the end. */
typedef gssize (*RequestRead)(gpointer data, char *buffer, gsize room, Tick *ret_due);

struct Request {
    Exchange exchange;              /* first */
    /* what came */
    GStringChunk *memory;           /* of headers, path and parameters */
    guint n_headers, n_query, n_matrix;
    const char *address;            /* the client's, without its port; set before request_open, as is the next */
    const char *here;               /* "ADDR:PORT" where the client came in, for those who send no Host */
    Text body, reply;
    gboolean known;                 /* before its body: who it is from is known already */
    const char *session;            /* the token or cookie he came in by; NULL: by name and password */
    SessionKind session_kind;
    /* what goes */
    GPtrArray *reply_headers;       /* name, value, name, value; NULL: none */
    Made made;                      /* instead of REPLY; READ NULL: none */
    RequestRead read;               /* instead of a body that is whole */
    gpointer read_data;
    GDestroyNotify read_free;
    gboolean flows;                 /* READ waits for a disk: it wakes the request itself, and -2 says that it broke off */
    guint64 flow_size;              /* of all READ gives; G_MAXUINT64 not known */
    Upgrade upgrade;                /* BEGIN NULL: none */
    /* what a handler of the front half keeps between its turns */
    gpointer kept;
    GDestroyNotify kept_free;
    RequestTake take;               /* with KEPT; NULL: the body is collected */
    Waker *waker;                   /* NULL: nobody asked for one */
    /* whose turn it is (under the mailbox's lock) */
    Mailbox *mailbox;               /* refed */
    gboolean ended, suspended, orphan;
    /* server.c's own */
    struct {
        gpointer server, connection, link, upgraded;
        const char *target;                 /* as sent, LIMIT_TARGET + 1 bytes of it at most */
        guint stage;
        gsize body_charge, reply_charge;    /* of LIMIT_BODIES and LIMIT_REPLIES */
        gsize dropped;                      /* of a body after its refusal */
        gboolean bodiless;                  /* its body was not waited for: the connection ends with it */
        gboolean streaming, asleep;         /* a stream; with nothing to say */
        Tick due;                           /* when it wants to be asked all the same */
        GList place, under_way;             /* among the server's streams, its requests */
    } http;
    /* last, for only what is counted is ever written or read */
    Header headers[LIMIT_HEADERS];
    Header query[LIMIT_PARAMETERS], matrix[LIMIT_PARAMETERS];   /* decoded; value "" where there was none */
};

Mailbox *mailbox_new(void (*wake)(gpointer data), gpointer data);
void mailbox_close(Mailbox *mailbox);               /* WAKE is not called any more; drops the reference */
/* For the server's thread: what there is to do. NULL and FALSE: nothing more. */
Request *mailbox_next_ended(Mailbox *mailbox);
Request *mailbox_next_woken(Mailbox *mailbox);
gboolean mailbox_next_call(Mailbox *mailbox, Call *ret_call);      /* the first one whose time has come */

Request *request_new(Api *api, Mailbox *mailbox);
void request_adopt(Request *request, const Exchange *model);       /* what every exchange of an api has alike */
void request_drop_made(Request *request);
void request_free(Request *request);                /* the exchange is over, or never began */
/* The connection is gone. Frees the request if it has ended or was never given to a handler; else its exchange_end will. */
void request_abandon(Request *request);
gboolean request_has_ended(Request *request);
/* After the handler returned: TRUE if the exchange has ended meanwhile, FALSE and suspended if it will later. */
gboolean request_settle(Request *request);

Waker *request_waker(Request *request);             /* in its server's thread; yours */
void waker_wake(Waker *waker);                      /* any thread; of a request that is over: nothing */
void waker_unref(Waker *waker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Waker, waker_unref)

void request_upgrade(Request *request, const char *protocol, const Upgrade *take);  /* the reply of an exchange with status 101 */
void request_downgrade(gpointer request);           /* any thread; the last thing done with it */

guint64 request_announced(const Request *request);      /* bytes its Content-Length says; 0 if it says none */
void request_note_header(Request *request, const char *name, const char *value);
/* Reads target and headers (noted before) into the exchange. FALSE with a fault that is the reply; what the reply depends on
 * (format, language, correlation) is set as far as possible even then. */
gboolean request_open(Request *request, const char *method, const char *target, GError **error);
/* Once the body is there: what kind it is. */
gboolean request_take_body(Request *request, GError **error);

/* "a=b&c=d", + for a space, %XX; into a table of owned strings, the first of a name wins. NULL and a fault if it cannot be read. */
GHashTable *request_form(const char *text, gsize length, GError **error);
/* Value NAME=… of the Cookie headers; yours; NULL. */
char *request_cookie(const Request *request, const char *name);
/* Does the comma list of header NAME hold WORD, in any case? */
gboolean request_prefers(const Request *request, const char *word);

/* A request that is suspended is taken up again: FUNCTION is called in its server's thread, at AT (a Tick; 0: at once). Any thread; the
 * last thing a caller does with it. */
void request_call(Request *request, Tick at, RequestCall function);
