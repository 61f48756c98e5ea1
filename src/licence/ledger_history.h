/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A ledger as a history, so that it can be counted: what the recorder wrote of hosts and VMs, and which VM has which product, which somebody must say.
 * Proves nothing: ledger_check() does. Called by the CLI. */
#pragma once

#include "base/text.h"

typedef struct {
    const char *vm;                 /* its id, or the name it had last */
    const char *product;
} LedgerTag;

/* PATHS as for ledger_check(). Appends the history to OUT as JSON; VMs are called "NAME [begin of the id]". FALSE with ERROR: a file cannot be read, a VM
 * of TAGS is not there, or a name is that of several. */
gboolean ledger_history(char *const *paths, const LedgerTag *tags, guint count, Text *out, GError **error);
