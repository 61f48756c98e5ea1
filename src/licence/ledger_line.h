/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One line of a ledger, taken apart: {"n":7,"t":"…","type":"pin",…,"sig":"…"}. Read by place, for the bytes are canonical. Used by ledger.c and
 * ledger_check.c alone. */
#pragma once

#include "base/clock.h"
#include "licence/seal.h"

typedef struct {
    const char *bytes;              /* without its line end */
    gsize length, signed_length;    /* the whole; what the signature is over */
    guint64 n;
    Wall t;
    char type[32];
    char signature[SEAL_SIGNATURE + 1];
} LedgerLine;

/* What stands at the head of a segment. */
typedef struct {
    Hash chain;                     /* of all segments before it */
    char key[SEAL_KEY + 1];
    guint64 segment;
} LedgerOpening;

gboolean ledger_line_parse(const char *bytes, gsize length, LedgerLine *ret_line);
gboolean ledger_line_opening(const LedgerLine *line, LedgerOpening *ret_opening);   /* of a line of type "open" */

/* A file of lines, compressed or not, whole in memory. */
typedef struct {
    char *bytes;                    /* owned */
    gsize length;
    gboolean torn;                  /* what is compressed ends too early */
} LedgerFile;

gboolean ledger_file_read(const char *path, LedgerFile *ret_file, GError **error);
/* The line at AT, which moves behind it; FALSE at the end. RET_WHOLE: it has its line end. */
gboolean ledger_file_next(const LedgerFile *file, gsize *at, const char **ret_line, gsize *ret_length, gboolean *ret_whole);

/* HEAD: how far a ledger has come. */
typedef struct {
    guint64 n;
    Hash chain;
    char signature[SEAL_SIGNATURE + 1];
    char *body;                     /* what is signed; owned */
} LedgerHead;

gboolean ledger_head_read(const char *folder, LedgerHead *ret_head);      /* FALSE: there is none that can be read */
char *ledger_head_body(guint64 n, const Hash *chain);
void ledger_head_clear(LedgerHead *head);
Hash ledger_head_hash(const char *body);                                   /* what is signed of it */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LedgerHead, ledger_head_clear)
