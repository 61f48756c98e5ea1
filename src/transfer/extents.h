/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Extents as imageio's clients read them: a JSON list that covers the whole image in order, written while it is learnt. What lies
 * side by side and is alike becomes one. Pure. */
#pragma once

#include "base/text.h"
#include "transfer/wire.h"

typedef struct {
    gint64 start;                   /* of PENDING; behind it the next one goes on */
    Extent pending;                 /* length 0: none */
    gboolean begun;
} ExtentsText;

void extents_add(ExtentsText *extents, const Extent *extent, Text *out);
void extents_end(ExtentsText *extents, Text *out);      /* also of none at all */
