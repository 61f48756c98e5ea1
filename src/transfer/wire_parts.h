/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What wire.c (the thread, the queue, who waits) and wire_lanes.c (the connections, by libnbd) share. Private to the two. */
#pragma once

#include "base/lock.h"
#include "host/image.h"
#include "transfer/wire.h"

#include <libnbd.h>

typedef enum { WIRE_READ, WIRE_WRITE, WIRE_ZERO, WIRE_FLUSH, WIRE_EXTENTS } WireKind;

typedef struct {
    Wire *wire;
    WireKind kind;
    char *buffer;
    gint64 offset, count;               /* what is left to do */
    gint64 sent;                        /* of that, under way */
    GArray *extents;                    /* Extent */
    WireDone done;
    WireExtents found;
    gpointer data;
    int why;
    GList place;                        /* in `flying` */
} WireOp;

typedef enum { WIRE_OPENING, WIRE_OPEN, WIRE_CLOSED } WireStage;

struct Wire {
    Refs refs;
    HostLink *link;
    ImageSpec spec;
    char *path;                         /* of SPEC's storage */
    Tick open_by;
    Thread *thread;
    int wake;                           /* eventfd */
    Lock lock;                          /* of the next five */
    Condition changed;
    WireStage stage;
    gboolean closing;
    GQueue queue;                       /* WireOp *: not looked at yet */
    Tick close_by;                      /* while CLOSING */
    GError *error;                      /* why it could not be opened */
    gboolean in_order;                  /* it ended well; once it is CLOSED */
    gint64 size;                        /* once it is OPEN */
    gint lost;                          /* atomic */
    gint64 moved, end;                  /* atomic */
    Tick touched;                       /* atomic */
    /* the thread's own */
    Tick heard;                         /* when something last ended, or was sent with nothing else under way */
    gboolean flushing, flushed;         /* the last flush was sent; it ended well */
    HostImage *image;
    struct nbd_handle *lanes[IMAGE_CONNECTIONS];
    guint n_lanes;
    gboolean tells_extents;
    GQueue waiting, flying, ended;      /* WireOp *: no lane is free yet; sent; to be told */
};

/* wire_lanes.c; the wire's thread */
gboolean lanes_open(Wire *wire, GError **error);    /* over the image's sockets, until open_by */
void lanes_close(Wire *wire);           /* what is under way ends with an error */
void lanes_fill(Wire *wire);            /* as many of those waiting as go */
gboolean lanes_turn(Wire *wire, int most);      /* waits, MOST milliseconds (-1: for ever), and moves bytes. FALSE: one is gone */
guint lanes_busy(const Wire *wire);
