/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The last extent is held back until one that differs follows, or none. */
#include "transfer/extents.h"

static const char *
word(gboolean value)
{
    return value ? "true" : "false";
}

static void
write_pending(ExtentsText *extents, Text *out)
{
    const Extent *pending = &extents->pending;
    if (pending->length == 0)
        return;
    text_printf(out, "%s{\"start\": %" G_GINT64_FORMAT ", \"length\": %" G_GINT64_FORMAT ", \"zero\": %s, \"hole\": %s}", extents->begun ? ", " : "[",
                extents->start, pending->length, word(pending->zero), word(pending->hole));
    extents->begun = TRUE;
    extents->start += pending->length;
    extents->pending.length = 0;
}

void
extents_add(ExtentsText *extents, const Extent *extent, Text *out)
{
    Extent *pending = &extents->pending;
    if (extent->length == 0)
        return;
    if (pending->length > 0 && (pending->zero != extent->zero || pending->hole != extent->hole))
        write_pending(extents, out);
    gint64 before = pending->length;
    *pending = *extent;
    pending->length += before;
}

void
extents_end(ExtentsText *extents, Text *out)
{
    write_pending(extents, out);
    text_add(out, extents->begun ? "]" : "[]");
}
