/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which folders of its host a VM may have: those in folders that the host's administrator named, and nothing there that leads out or is somebody's
 * disk (docs/decisions/0038). Used by the verbs of shared folders and by start. */
#pragma once

#include "job/command.h"

/* check: the VM of work->parent, which must be down, and whose definition may be edited. NULL with the reason. */
const Vm *shared_folders_check(Work *work, GError **error);
/* May VM have FOLDER? By what was said. */
gboolean shared_folders_may(const Work *work, const Vm *vm, const SharedFolder *folder, GError **error);
/* Step without effect: where it really leads. */
gboolean shared_folders_look(const Work *work, const Vm *vm, const SharedFolder *folder, GError **error);
/* start, step: the same of all that VM has in folders its host gives; what somebody put there outside the manager is libvirt's to judge. */
gboolean shared_folders_ready(const Work *work, const Vm *vm, GError **error);
