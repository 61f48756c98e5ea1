/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Fields from one record to another by the type's table: what a host reported into what the manager knows, and an edit out of what was edited
 * since. Pure. */
#pragma once

#include "base/text.h"
#include "schema/type.h"

/* Copies the rows of TYPE that carry every flag of WANTED from FROM where they differ, but for those named in EXCEPT (ends in NULL). */
gboolean merge_rows(const Type *type, guint wanted, const char *const *except, gpointer to, gconstpointer from);

/* What became different from BEFORE to AFTER is made so in TARGET; what did not is left as TARGET has it, for the manager knows more
 * than a domain's XML. Rows that are LIVE are left alone. Without BEFORE: what AFTER has and TARGET has not alike. Names of rows that were
 * changed go to WHAT, comma-separated. FALSE: TARGET is as it was. */
gboolean merge_changes(const Type *type, gpointer target, gconstpointer before, gconstpointer after, Text *what);
