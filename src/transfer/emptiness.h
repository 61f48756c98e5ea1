/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Is there anything on a disk? Asked before the first byte of an upload, because a disk that was empty may go with an upload that
 * is cancelled, and no other ever. */
#pragma once

#include "transfer/wire.h"

/* Opens it, to read, and waits. TRUE: surely all of it reads as zeros. What cannot be opened, or not be read in time, is not empty. */
gboolean emptiness_is_sure(HostLink *link, const ImageSpec *spec, Tick deadline);
