/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Devices of VMs that may run: the definition is edited, and what that means for one device of the running guest is done to it as
 * well: put in, changed, or taken out. Used by the verbs of NICs, disk attachments and CD-ROM drives. A device leaves the guest
 * before its definition forgets it, and comes into the definition before the guest gets it: whatever happens between, the next start
 * has what was there. */
#pragma once

#include "command/definition.h"
#include "host/domain_xml.h"

/* check: may devices of VM be changed in the status it is in? The guest's part is decided when the step runs, by where the VM stands then. */
gboolean hotplug_check(const Vm *vm, GError **error);
/* Sets the mark by which a device that the definition has already, or has no more, is plugged or unplugged all the same: activate, deactivate. */
void hotplug_insist(Work *work);
/* Is VM one whose guest would feel a change of its devices now? */
gboolean hotplug_is_felt(const Vm *vm);

/* Step without effect: definition_prepare(), and what the device ID needs in the running guest. */
gboolean hotplug_prepare(Work *work, DefinitionEdit edit, DeviceKind kind, const Id *id, GError **error);
/* The guest lets go of it. Undone by putting it in again. */
gboolean hotplug_leave(Work *work, GError **error);
Probe hotplug_left(Work *work, GError **error);
gboolean hotplug_return(Work *work, GError **error);
/* The guest gets it, or feels its change. */
gboolean hotplug_change(Work *work, GError **error);
Probe hotplug_changed(Work *work, GError **error);
gboolean hotplug_change_back(Work *work, GError **error);
/* Does the running guest, if there is one, do without the device ID of the prepared step? FALSE with a sentence: before its file is deleted. */
gboolean hotplug_is_out(Work *work, DeviceKind kind, const Id *id, GError **error);
/* For `plan`: definition_plan(), and what the running guest would feel. */
char *hotplug_plan(Work *work, DefinitionEdit edit, DeviceKind kind, const Id *id, GError **error);

/* clang-format off */
#define HOTPLUG_LEAVE  { "take it out of the running guest", hotplug_leave, hotplug_left, hotplug_return, FALSE }
#define HOTPLUG_WRITE  { "write the configuration", definition_write, definition_written, definition_undo, FALSE }
#define HOTPLUG_CHANGE { "change the running guest", hotplug_change, hotplug_changed, hotplug_change_back, FALSE }
/* clang-format on */
