/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Passwords of internal users: scrypt (OpenSSL), 16 MiB, as "scrypt$N$r$p$salt$hash" with base64. Slow on purpose: never in a
 * server thread. Also used by daemon for the first administrator. */
#pragma once

#include <glib.h>

char *password_hash(const char *password);                              /* yours */
char *password_hash_of_nobody(void);                                     /* no password fits it, and each is checked as long as against another; yours */
gboolean password_matches(const char *hash, const char *password);      /* in constant time */
char *password_random(void);                                            /* 20 letters and digits; yours */
