/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Plans, counts and checks of ledgers as tables and sentences for people, in their language. Called by licence.c. */
#pragma once

#include "licence/report.h"

void licence_print_plan(const Plan *plan, const Tables *tables, const Topology *topology, Language language);
void licence_print_ledger(const LedgerCheck *check, Language language);     /* one that is as it was written */
/* RULES: with the sentence behind each number. */
void licence_print_count(const Count *count, const Tables *tables, gboolean rules, Language language);
