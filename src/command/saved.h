/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Discarding what a suspended VM goes on from: what `discardstate` does, and `stop` of a suspended VM. A work that means it
 * carries a mark; one that does not never touches a saved state. */
#pragma once

#include "job/command.h"

/* The VM is suspended and its host answers: the work means its saved state from now on. */
gboolean saved_check(Work *work, GError **error);
gboolean saved_is_meant(const Work *work);
/* The step and its probe; there is no way back. */
gboolean saved_discard(Work *work, GError **error);
Probe saved_discarded(Work *work, GError **error);
void saved_finish(Work *work, Changes *changes);
