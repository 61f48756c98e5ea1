/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The lines of ?plan=1: sentences of the catalogue, hosts, differences of XML. Pure text; called by the `plan` of verbs. */
#pragma once

#include "job/command.h"
#include "placement/placement.h"

/* One sentence, encoded, and a line end. Pairs as for message_new. */
void plan_tell(GString *text, MessageCode code, ...) G_GNUC_NULL_TERMINATED;
/* The host that would be chosen, and why the others would not. */
void plan_tell_choice(GString *text, const View *view, const Vm *vm, PlacementPurpose purpose);
/* All of XML as people see it: without its secrets. */
void plan_tell_whole_xml(GString *text, const char *xml);
/* The difference as a unified diff; a NULL BEFORE is nothing, so that all of AFTER is new. */
void plan_tell_xml(GString *text, const char *before, const char *after);
