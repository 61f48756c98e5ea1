/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the room share. A front is one client (a browser's WebSocket, a viewer's TLS); a far side is one console of one VM, with one
 * front, or several if it is a serial line. Both belong to the thread; what the lock guards is said below. */
#pragma once

#include "base/lock.h"
#include "base/text.h"
#include "base/websocket.h"
#include "base/workers.h"
#include "console/consoles.h"
#include "console/rfb.h"

#include <arpa/inet.h>

#define CONSOLE_BLOCK (64u << 10)           /* moved at once */
#define CONSOLE_HIGH (256u << 10)           /* so much waits for a client at most before its guest is not read any more */
#define CONSOLE_BEHIND (1u << 20)           /* so far a client that only looks may fall behind those who write */
#define CONSOLE_MOST 256                    /* open and opening */
#define CONSOLE_MOST_OF_LINE 8              /* at one serial line */
#define CONSOLE_MOST_SHAKING 64             /* viewers that have not shown their ticket yet */
#define CONSOLE_MOST_SHAKING_OF_ONE 16      /* of one address */
#define CONSOLE_SHAKING (10 * CLOCK_SECOND)
#define CONSOLE_HASTE (3 * CLOCK_SECOND)    /* the same where more than half of all that may are at it */
#define CONSOLE_STALL (60 * CLOCK_SECOND)   /* a client that takes nothing */
#define CONSOLE_PING (30 * CLOCK_SECOND)
#define CONSOLE_SILENT (90 * CLOCK_SECOND)  /* a WebSocket that does not even answer */
#define CONSOLE_OPENING (15 * CLOCK_SECOND) /* a host's time to open a console */

typedef struct Front Front;
typedef struct Far Far;
typedef struct Door Door;

typedef enum { WATCH_WAKE, WATCH_DOOR, WATCH_FRONT, WATCH_FAR } WatchKind;
typedef struct {
    WatchKind kind;
    int descriptor;                 /* -1: closed */
    guint32 events;                 /* as epoll knows them; 0: not in it */
} Watch;

struct Consoles {
    Hosts *hosts;
    Inventory *inventory;
    guint first, last;
    ConsolesWatch watch;
    Workers *workers;
    Thread *thread;
    int epoll;
    Watch wake;
    /* the thread's own */
    GQueue fronts;                  /* Front * */
    GQueue buried;                  /* Front *, Far *: freed at the end of the turn */
    guint shaking;                  /* viewers without a seat */
    GHashTable *wrong;              /* address → Wrong *: who came with wrong tickets lately */
    char *scratch;                  /* a head's room, then a block */
    Lock lock;                      /* everything below */
    Condition opened;
    gboolean stopping;
    Tickets *tickets;
    SSL_CTX *context;
    GQueue inbox;                   /* Post * */
    GHashTable *doors;              /* address → Door * */
    GHashTable *lines;              /* Id of a VM → its serial line (Far *), or the table itself until somebody sits at it */
    guint seats;                    /* open and opening */
};

struct Far {
    Watch watch;                    /* first */
    Consoles *consoles;
    Id vm;
    gboolean serial;
    GQueue fronts;                  /* Front * */
    Front *writer;                  /* NULL: nobody writes */
    Text pending;                   /* what the guest did not take yet */
    gsize pending_done;
    gboolean ended;
};

typedef enum { FRONT_WEB, FRONT_GREETING, FRONT_TLS, FRONT_TICKET, FRONT_OPENING, FRONT_VIEWER } FrontStage;

struct Front {
    Watch watch;                    /* first */
    Consoles *consoles;
    FrontStage stage;
    Far *far;                       /* NULL: none yet, or none any more */
    Ticket ticket;
    gboolean seated, told, dead, closing;   /* closing: when all of OUT is said */
    Text out;                       /* wire bytes of a WebSocket, plain bytes of a viewer: not yet taken */
    WebSocketReader reader;
    SSL *ssl;
    RfbDoor door;
    Text in;                        /* of the handshake */
    Tick since, progress, heard, pinged;    /* this stage began; a byte of OUT went; a byte came */
    char address[INET6_ADDRSTRLEN];
    void (*closed)(gpointer data);
    gpointer closed_data;
};

struct ConsoleSeat {
    Consoles *consoles;
    Ticket ticket;
    Far *far;                       /* NULL: a line that is open already */
};

/* What other threads bring. */
typedef struct {
    ConsoleSeat *seat;              /* NULL: it could not be opened */
    Front *front;                   /* the viewer it is for; NULL: a browser, whose front is to be made */
    int descriptor;
    GBytes *extra;
    Message *why;
    void (*closed)(gpointer data);
    gpointer data;
} Post;

/* consoles.c */
void consoles_watch(Consoles *consoles, Watch *watch, guint32 events);
void consoles_unwatch(Consoles *consoles, Watch *watch);    /* closes */
void consoles_post(Consoles *consoles, const Post *post);

/* opening.c: on a worker */
void opening_begin(Consoles *consoles, const Ticket *ticket, gboolean greet, ConsoleOpened done, gpointer data);     /* GREET: enter QEMU for a viewer */
gboolean opening_reserve(Consoles *consoles, GError **error);       /* a seat, before a ticket is taken for it */
void opening_release(Consoles *consoles);
void opening_settle(Consoles *consoles, const Id *vm, Far *far);     /* whoever waits for the line may join it; FAR NULL: may open it */

/* far.c */
Far *far_new(Consoles *consoles, const Ticket *ticket, int take_descriptor);
void far_ready(Far *far, guint32 events);
void far_watch(Far *far);
void far_add(Far *far, Front *front);                       /* who writes is settled here */
void far_leave(Front *front);
void far_end(Far *far, MessageCode why);
void far_give(Far *far, const char *bytes, gsize length);   /* to the guest; only while nothing is pending */
gboolean far_is_gone(const Far *far);                       /* asked where it is not being read */
void far_free(Far *far);

/* front.c */
Front *front_new(Consoles *consoles, FrontStage stage, int take_descriptor);
void front_ready(Front *front, guint32 events);
void front_read(Front *front);
void front_watch(Front *front);
void front_send(Front *front, char *bytes, gsize length);   /* a block of the guest's; WEBSOCKET_HEAD bytes before BYTES may be used */
void front_take(Front *front, gconstpointer bytes, gsize length);     /* of a browser's, read by others */
void front_note(Front *front, const char *text);            /* the manager's own words: a text frame; viewers hear nothing */
void front_say(Front *front, const char *bytes, gsize length);      /* into OUT as it is */
void front_flush(Front *front);
void front_goodbye(Front *front, WebSocketWhy why, const Message *reason);     /* says it, then closes */
void front_kill(Front *front);
void front_free(Front *front);
void front_seat(Front *front, ConsoleSeat *take);           /* its console is open */
void front_second(Front *front, Tick now);
static inline gsize front_waiting(const Front *front) { return front->out.length; }

/* viewer.c */
gboolean viewer_door_open(Consoles *consoles, const char *address, guint *ret_port, GError **error);       /* lock held */
void viewer_door_ready(Door *door);
void viewer_doors_close(Consoles *consoles, Tick now);      /* those nobody is awaited at; lock held. NOW 0: all */
void viewer_read(Front *front);
gssize viewer_write(Front *front, const char *bytes, gsize length);        /* what was taken; 0: not now; -1: it is gone */
void viewer_refused(Front *front, const Message *why);      /* its console could not be opened */
void viewer_seated(Front *front);
void viewer_forget_wrong(Consoles *consoles, Tick now);
