/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Numbers of at most 18 digits, so that no sum of two runs over. */
#include "transfer/range.h"

#include <string.h>

#define MOST_DIGITS 18

/* Digits at *AT, which moves behind them. FALSE: there are none, or too many. */
static gboolean
take_number(const char **at, gint64 *ret)
{
    gsize digits = strspn(*at, "0123456789");
    if (digits == 0 || digits > MOST_DIGITS)
        return FALSE;
    *ret = g_ascii_strtoll(*at, NULL, 10);
    *at += digits;
    return TRUE;
}

static gboolean
take_unit(const char **at, char separator)
{
    *at += strspn(*at, " \t");
    if (g_ascii_strncasecmp(*at, "bytes", 5) != 0)
        return FALSE;
    *at += 5;
    if (separator == ' ')
        return **at == ' ' && (*at += strspn(*at, " "), TRUE);
    *at += strspn(*at, " ");
    return **at == separator && (*at += 1, *at += strspn(*at, " "), TRUE);
}

static gboolean
is_end(const char *at)
{
    return at[strspn(at, " \t")] == '\0';
}

RangeKind
range_read(const char *header, gint64 size, gint64 *ret_first, gint64 *ret_count)
{
    gint64 first = 0, last = size - 1;
    const char *at = header;
    *ret_first = 0;
    *ret_count = size;
    if (!header)
        return RANGE_WHOLE;
    if (!take_unit(&at, '='))
        return RANGE_BAD;
    if (*at == '-')
        return RANGE_OUTSIDE;           /* the last so many: nobody asks for it */
    if (!take_number(&at, &first) || *at++ != '-')
        return RANGE_BAD;
    if (!is_end(at) && (!take_number(&at, &last) || !is_end(at) || last < first))
        return RANGE_BAD;
    if (first >= size || last >= size)
        return RANGE_OUTSIDE;
    *ret_first = first;
    *ret_count = last - first + 1;
    return RANGE_PART;
}

/* A number or a star. */
static gboolean
take_rest(const char **at)
{
    gint64 ignored;
    return **at == '*' ? (*at += 1, TRUE) : take_number(at, &ignored);
}

gboolean
range_read_content(const char *header, gint64 *ret_first)
{
    const char *at = header;
    gint64 first = 0;
    *ret_first = 0;
    if (!header)
        return TRUE;
    if (!take_unit(&at, ' ') || !take_number(&at, &first) || *at++ != '-' || !take_rest(&at) || *at++ != '/' || !take_rest(&at) || !is_end(at))
        return FALSE;
    *ret_first = first;
    return TRUE;
}
