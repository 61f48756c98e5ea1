/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What must hold of any body that was read, whichever dialect it came in. */
#pragma once

#include "fuzz.h"

#include "schema/draft.h"

/* Stored and read back it is the same; what it makes of an object can be written in both dialects, read again, and then is the same. */
void body_checks(Draft *draft);
