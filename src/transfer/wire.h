/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The content of one disk, open: a thread that speaks NBD over several connections to the process that serves it. What is asked goes
 * into a queue and comes back by a callback, in the order the disk likes. Nobody who asks ever waits. Knows no tickets and no HTTP. */
#pragma once

#include "host/hosts.h"

typedef struct Wire Wire;

/* Opens what SPEC says at LINK and waits for it until DEADLINE; both are copied or refed. NULL with the reason. */
Wire *wire_open(HostLink *link, const ImageSpec *spec, Tick deadline, GError **error);
/* Nothing new is taken from here on; what is under way has time until BY, or until the earliest that anybody said, and what was written is flushed.
 * Waits until WAIT for the end of the process; 0: as long as that takes, a few seconds past BY at most. Several may call it, and again. */
typedef enum {
    WIRE_ENDS,                          /* it goes on */
    WIRE_ENDED_WELL,                    /* what was written is in the file */
    WIRE_ENDED_BADLY,                   /* it may not be; or the process hangs in the kernel, and is waited for no more */
} WireEnd;
WireEnd wire_close(Wire *wire, Tick by, Tick wait);
extern Tick wire_patience;              /* a disk that is asked and says nothing for so long is lost */
Wire *wire_ref(Wire *wire);
void wire_unref(Wire *wire);            /* the last one of a wire that was closed, or is lost; never in its own callbacks */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Wire, wire_unref)

gint64 wire_size(const Wire *wire);
gboolean wire_is_lost(Wire *wire);      /* its process or a connection is gone, or silent: nothing more comes of it */

/* How it goes; any thread. */
typedef struct {
    gint64 moved;                       /* bytes read and written */
    gint64 end;                         /* behind the last byte that was to be written or zeroed, whatever came of it; 0: none */
    Tick touched;                       /* when something last ended */
} WireLook;
WireLook wire_look(const Wire *wire);

/* DONE is called once, in the wire's thread, with 0 or an errno; it must not block. BUFFER is the wire's until then. */
typedef void (*WireDone)(gpointer data, int why);
void wire_read(Wire *wire, void *buffer, gsize count, gint64 offset, WireDone done, gpointer data);
void wire_write(Wire *wire, const void *buffer, gsize count, gint64 offset, WireDone done, gpointer data);
void wire_zero(Wire *wire, gint64 count, gint64 offset, WireDone done, gpointer data);
void wire_flush(Wire *wire, WireDone done, gpointer data);      /* of all writes that have ended */

/* What lies from OFFSET on, as far as COUNT at most; at least the first part of it. EXTENTS is borrowed for the call. */
typedef struct { gint64 length; gboolean zero, hole; } Extent;
typedef void (*WireExtents)(gpointer data, const Extent *extents, guint count, int why);
void wire_extents(Wire *wire, gint64 count, gint64 offset, WireExtents found, gpointer data);
