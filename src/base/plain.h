/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What somebody's program printed at a terminal, as text that no terminal obeys. */
#pragma once

#include <glib.h>

/* BYTES as UTF-8: lines and tabs stay; escape sequences, control characters and what turns the direction of writing go; what is no character
 * becomes U+FFFD. BYTES may be NULL where LENGTH is 0. Yours. */
char *plain_text(const char *bytes, gsize length);
