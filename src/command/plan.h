/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * How ?plan=1 tells of hosts and XML. Pure text. */
#pragma once

#include "job/command.h"
#include "placement/placement.h"

/* The host that would be chosen, and why the others would not. */
void plan_tell_choice(GString *text, const View *view, const Vm *vm, PlacementPurpose purpose);
/* The difference as a unified diff; a NULL BEFORE is nothing, so that all of AFTER is new. */
void plan_tell_xml(GString *text, const char *before, const char *after);
