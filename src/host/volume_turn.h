/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One at a time: who works on a file in this process. A caller may have given up on work that still hangs in the kernel; what
 * comes after it waits here, so that a late end of the old never meets the new. Knows files by their paths alone. */
#pragma once

#include "base/clock.h"

/* FALSE: somebody else works on it and did not end until DEADLINE. */
gboolean volume_turn_take(const char *path, Tick deadline);
void volume_turn_drop(const char *path);
