/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What one product needed over a time, counted from a ledger that is as it was written. For who has objects of other kinds called as history calls its own. */
#pragma once

#include "base/clock.h"
#include "base/text.h"

typedef struct { char *id, *vm, *host, *text; const char *severity; } LedgerFinding;

typedef struct {
    Wall from, to;
    guint64 at_once, of_hosts, ever;        /* cores, or sockets of a product that is counted by them */
    guint64 licences, licences_at_once;
    gboolean proven;
    char *head;                             /* of the ledger: "number:hash" */
    GPtrArray *findings;                    /* LedgerFinding */
} LedgerFigures;

/* From FROM (0: the first event) to TO; FALSE with ERROR, also where the ledger was altered. PATHS and KEY_FILE as for ledger_check(). */
gboolean ledger_figures_count(char *const *paths, const char *key_file, const char *product, Wall from, Wall to, LedgerFigures *ret, GError **error);
void ledger_figures_clear(LedgerFigures *figures);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LedgerFigures, ledger_figures_clear)
