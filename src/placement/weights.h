/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which of the hosts that can is the best: a table of wishes with their weight. Used by placement.c. */
#pragma once

#include "placement/filters.h"

gint64 weights_sum(const Ask *ask, const Host *host);       /* the higher the better */
