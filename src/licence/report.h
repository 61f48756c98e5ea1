/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Plans and counts as JSON, with what each number rests on: one spelling for the command line, the API and what is exported. Sentences in it are
 * English, so that the same input gives the same bytes for everybody. */
#pragma once

#include "licence/count.h"
#include "licence/ledger_check.h"
#include "licence/plan.h"

/* The factor of a machine of which only the topology is known, and how many processor licences CORES of it need. */
typedef struct {
    gint64 factor;
    FactorBasis basis;
    guint64 licences;
} ReportFactor;
ReportFactor report_factor(const Tables *tables, const Topology *topology, guint cores);
const char *report_basis(FactorBasis basis);                /* "given", …: a word of the table */

void report_plan(Text *out, const Plan *plan, const Tables *tables, const Topology *topology);
/* RULES: with the sentence behind each number, and the timeline where it was counted. */
void report_count(Text *out, const Count *count, const Tables *tables, gboolean rules);

void report_ledger(Text *out, const LedgerCheck *check);

/* The rules by the name of the number: words of the table, up to a row without name. */
typedef struct { const char *name, *rule; } ReportRule;
extern const ReportRule report_rules[];
