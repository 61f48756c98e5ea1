/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One kind's past in one file of blocks. A block holds RING_SLOTS objects: a table of who they are, then a ring of rows a level.
 * A row is one step of all of them, metric by metric, so that a step writes one run a block and a year of one object is read in
 * one sweep. Written and read with pwrite and pread, never mapped: a full disk is an error then and not a signal.
 *
 * Each row carries which step it is of and a sum: what was torn by a crash, or is still of the last time round, is a gap and
 * nothing need be cleared. Each slot says since when it is its object's: rows from before are another's, and gaps. Steps of a
 * longer level are computed from the rows of the level before, on disk: nothing is lost with the process but the step under way.
 *
 * One thread stages and commits; any thread reads. */
#pragma once

#include "base/fault.h"
#include "base/id.h"
#include "metrics/metric.h"

#define RING_SLOTS 64               /* objects a block */

typedef struct Ring Ring;

/* A file of another format or shape is put aside as PATH.old and a new one begun; *RET_ASIDE says so. */
Ring *ring_open(const char *path, const MetricKind *kind, gboolean *ret_aside, GError **error);
void ring_close(Ring *ring);

/* Writer. NOW: seconds since 1970. */
void ring_begin(Ring *ring);                                                    /* a step: all gaps */
gboolean ring_stage(Ring *ring, const Id *id, const double *values, gint64 now, GError **error);   /* as many as the kind has; an unknown object gets a slot */
gboolean ring_commit(Ring *ring, gint64 now, GError **error);                   /* goes on after what fails; the first is told */
/* Frees the slots of those IS_GONE says are gone; called without the ring's lock. */
guint ring_sweep(Ring *ring, gboolean (*is_gone)(gpointer data, const Id *id), gpointer data, GError **error);

/* Any thread. Steps FROM … FROM + COUNT - 1 of a level (seconds since 1970 by its step) into VALUES; NaN where there is nothing. PEAK: the
 * highest instead of the average, where it is kept. FALSE: nothing was ever kept of ID. */
gboolean ring_read(Ring *ring, const Id *id, guint level, guint metric, gboolean peak, gint64 from, guint count, double *values);

gsize ring_block_bytes(const MetricKind *kind);     /* on disk, once full: of RING_SLOTS objects */
