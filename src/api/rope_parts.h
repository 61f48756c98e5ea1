/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What rope.c and rope_reply.c share: runs, the bytes of some objects one behind the other, and the frame that stands around
 * the bytes of each. Both never change once made, and any thread may hold them. */
#pragma once

#include "api/rope.h"
#include "base/refs.h"

/* Where objects are remembered by their fields alone, what stands before and behind them (links, actions) differs only in the id:
 * a text with holes for its 36 characters. Else empty: the bytes of an object are all of it. */
typedef struct {
    char *text;
    gsize length;
    guint *holes, n_holes;
} Stencil;

typedef struct {
    Refs refs;
    gboolean json, holds_fields;
    IdStyle ids;
    char *head, *tail;                  /* of the list */
    Stencil before, behind;             /* of each object; in JSON each is led by a comma, the first must not be */
} Frame;

Frame *rope_frame_new(const CacheKey *key);
Frame *rope_frame_ref(Frame *frame);
void rope_frame_unref(Frame *frame);

typedef struct {
    Id id;
    guint end;                          /* of its bytes in the run */
} Mark;

typedef struct {
    Refs refs;
    guint count;
    gsize length;
    Mark marks[];                       /* COUNT, then the text */
} Run;

Run *rope_run_new(guint count, const Text *text);
Run *rope_run_ref(Run *run);
void rope_run_unref(Run *run);               /* NULL is fine */
void rope_run_mark(Run *run, guint index, const Id *id, guint end);  /* each once, before anybody else has it */
const char *rope_run_text(const Run *run);
gsize rope_run_bytes(const Run *run);        /* of memory; 0 of NULL */

RopeReply *rope_reply_new(Frame *frame, guint runs);
void rope_reply_add(RopeReply *reply, Run *run);
