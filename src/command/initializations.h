/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which things a guest may be told at its start: the `initialization` of a VM, as it is sent. Pure. */
#pragma once

#include "job/command.h"

/* What was sent of it in DRAFT (of a type that has that row): refused where no guest could take it, and rewritten into what is kept. The word of a
 * password ends here, but for a guest that takes nothing else (WINDOWS). VM is its name. */
gboolean initializations_check(const Draft *draft, const char *vm, gboolean windows, GError **error);
/* Is PASSWORD what crypt(3) makes of one, as cloud-init knows it? */
gboolean initializations_is_hash(const char *password);
/* May HOST be the name of a host, with dots or without? */
gboolean initializations_is_host(const char *host);
/* The words of TEXT, which blanks, commas and semicolons part; never NULL; yours. */
char **initializations_words(const char *text);
