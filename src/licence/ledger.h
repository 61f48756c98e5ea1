/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The evidence: a folder of segments, lines of JSON that are only ever appended, each chained to all before it and signed. A record is an event as
 * history reads it, or one that only people read (a refusal, an override); its bytes are canonical: number, time, type, facts by name,
 * signature. A full segment is closed and compressed. HEAD says how far the ledger has come, so that a tail that is cut off is
 * missed. One writer; the caller brings time and threads. decisions/0040 has the format. */
#pragma once

#include "base/clock.h"

#define LEDGER_SEGMENT_BYTES (8u << 20)     /* where a segment is closed */
#define LEDGER_MOST_LINE (64u << 10)        /* of one record */
#define LEDGER_STEP_BACK (2 * CLOCK_SECOND) /* a clock set back by no more is held still; by more it is recorded as it is, and found */

typedef enum { LEDGER_TEXT, LEDGER_NUMBER, LEDGER_FLAG, LEDGER_TEXTS } LedgerFactKind;

typedef struct {
    const char *name;               /* lower-case letters and underscores; not n, t, type, sig */
    LedgerFactKind kind;
    const char *text;               /* NULL: null */
    gint64 number;                  /* also a flag's */
    const char *const *texts;       /* COUNT of them, NULL: null */
    guint count;
} LedgerFact;

typedef struct Ledger Ledger;

/* Goes on in FOLDER, which must be there, or begins; KEY_FILE is made where it is not there. Half a line at the end, of a write that nobody was told
 * had succeeded, is taken away. A ledger that has lost its tail, or was signed by another key, is refused and left as it is. */
Ledger *ledger_open(const char *folder, const char *key_file, Wall now, GError **error);
/* Appends one record. Written to the system when it returns, on the disk after ledger_sync. FACTS end with a row without name, and may stand in any order. */
gboolean ledger_append(Ledger *ledger, Wall now, const char *type, const LedgerFact *facts, GError **error);
gboolean ledger_sync(Ledger *ledger, GError **error);
/* Closes the segment, compresses it, begins the next; ledger_append does it where one is full. */
gboolean ledger_rotate(Ledger *ledger, Wall now, GError **error);
void ledger_close(Ledger *ledger);          /* syncs what can be; NULL is fine */

guint64 ledger_count(const Ledger *ledger);         /* the number of the last record */
Wall ledger_last(const Ledger *ledger);             /* its time: from then on, until it was opened, nothing was recorded */
char *ledger_head(const Ledger *ledger);            /* "number:hash", to be printed on paper; yours */
