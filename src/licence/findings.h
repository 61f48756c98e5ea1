/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What an auditor would stop at: HP-01 to HP-18, each with its severity and what it rests on. A finding is told once for each object it is
 * about, with the time it was first so and how often; "unknown" is never shown as good. */
#pragma once

#include "base/clock.h"
#include "base/message.h"

typedef enum { FINDING_FAIL, FINDING_UNKNOWN, FINDING_WARN, FINDING_INFO } FindingSeverity;      /* from the worst */

typedef struct {
    guint number;                   /* 1: HP-01 */
    FindingSeverity severity;
    const char *vm, *host, *cluster, *product;      /* borrowed from the history; NULL: it is not about one */
    Wall t;                         /* the first time */
    guint times;
    Message *message;
} Finding;

typedef struct {
    GPtrArray *rows;                /* Finding */
    GHashTable *known;
} Findings;

Findings *findings_new(void);
void findings_free(Findings *findings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Findings, findings_free)

/* One more of number WHAT.NUMBER about the objects named in WHAT, whose message is made only for the first; the pairs of CODE follow, up to a NULL. */
void findings_add(Findings *findings, const Finding *what, MessageCode code, ...) G_GNUC_NULL_TERMINATED;
void findings_sort(Findings *findings);             /* by number, then VM, host, cluster, product */

FindingSeverity finding_severity(guint number);     /* as the number usually has */
const char *finding_severity_word(FindingSeverity severity);
const char *finding_basis(guint number);            /* what it rests on: a word of the table */
