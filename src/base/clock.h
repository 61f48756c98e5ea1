/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Time, in microseconds. `Wall` is since 1970 UTC and may jump; `Tick` is monotonic and only for waiting. Dates are
 * written as the oVirt API does, 2024-05-01T10:20:30.123Z. */
#pragma once

#include <glib.h>

typedef gint64 Wall;
typedef gint64 Tick;

#define CLOCK_SECOND G_USEC_PER_SEC
#define CLOCK_DATE_SIZE 32

Wall clock_wall(void);
Tick clock_tick(void);
char *clock_format(Wall wall, char ret_text[CLOCK_DATE_SIZE]);
gboolean clock_parse(const char *text, Wall *ret_wall);     /* RFC 3339; any offset; FALSE leaves RET untouched */
