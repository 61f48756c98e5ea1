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

/* NOW decides which sheets are too old to be shown. */
void exposition_write(Text *out, const View *view, Statistics *statistics, Wall now);
