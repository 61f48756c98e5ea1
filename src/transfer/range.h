/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which bytes a client means: the headers Range and Content-Range, as imageio reads them. Pure. */
#pragma once

#include <glib.h>

typedef enum { RANGE_WHOLE, RANGE_PART, RANGE_OUTSIDE, RANGE_BAD } RangeKind;

/* HEADER: "bytes=5-9", "bytes=5-"; NULL: all SIZE bytes. One that ends behind SIZE is OUTSIDE, as is one counted from the end. */
RangeKind range_read(const char *header, gint64 size, gint64 *ret_first, gint64 *ret_count);
/* HEADER: "bytes 5-9/100", with a star instead of a number where the end or the size is not said; NULL: from 0. Only where it begins counts. */
gboolean range_read_content(const char *header, gint64 *ret_first);
