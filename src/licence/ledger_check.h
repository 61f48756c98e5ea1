/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Is a ledger as it was written? Offline, by nothing but its files and, better, the public key that is known from elsewhere. Names the first record that is
 * not. Called by the CLI. */
#pragma once

#include "base/clock.h"
#include "base/message.h"

typedef struct {
    guint64 records, segments, gaps;    /* GAPS: times in which nobody looked, which prove nothing */
    guint64 first, last;                /* numbers */
    Wall from, to;
    char *key;                          /* that signed, in base64: the last one where there are several */
    char *head;                         /* "number:hash" of the last record */
    gboolean known_key;                 /* it is the one that was asked for */
    gboolean ends;                      /* its end is proven: HEAD says it, or the last segment was closed */
    /* where it is not as it was written */
    Message *why;                       /* NULL: everything is */
    guint64 bad, line;                  /* the number the record has or should have; the line in FILE */
    char *file;
} LedgerCheck;

/* PATHS: segments, files of several, or folders of them, in order; NULL-terminated. KEY_FILE may be NULL. FALSE with ERROR: it could not be checked. */
gboolean ledger_check(char *const *paths, const char *key_file, LedgerCheck *ret_check, GError **error);
GPtrArray *ledger_check_files(char *const *paths);       /* the segments they stand for, in order; owned paths */
void ledger_check_clear(LedgerCheck *check);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LedgerCheck, ledger_check_clear)
