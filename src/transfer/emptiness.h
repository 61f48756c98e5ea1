/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Is there anything on a disk? Asked before the first byte of an upload, because a disk that was empty may go with an upload that
 * is cancelled, and no other ever. */
#pragma once

#include "transfer/wire.h"

/* Of one that is open; waits. TRUE: surely all of it reads as zeros. What cannot be read in time is not empty, and a disk that is asked and says nothing
 * until DEADLINE is closed, and lost. */
gboolean emptiness_is_sure(Wire *wire, Tick deadline);
/* Opens it, to read, looks and closes it. What cannot be opened is not empty. */
gboolean emptiness_look(HostLink *link, const ImageSpec *spec, Tick deadline);
