/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The newest numbers as Prometheus reads them (text format 0.0.4): base units, counters named _total, what was not sampled left
 * out. Names are promised: a row is never renamed. Pure. */
#pragma once

#include "base/text.h"
#include "model/inventory.h"
#include "model/statistics.h"

#define EXPOSITION_MEDIA "text/plain; version=0.0.4; charset=utf-8"

#define EXPOSITION_PIECE (32u << 10)

typedef struct Exposition Exposition;

/* Of VIEW and the newest sheets; NOW decides which of them are too old to be shown. Holds on to the sheets, not to VIEW. */
Exposition *exposition_new(const View *view, Statistics *statistics, Wall now);
/* Adds the next piece to OUT: EXPOSITION_PIECE bytes, and the rest of a line. FALSE: there was no more. */
gboolean exposition_write(Exposition *exposition, Text *out);
gsize exposition_memory(const Exposition *exposition);      /* of its own */
void exposition_free(Exposition *exposition);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Exposition, exposition_free)
