/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A disk leaves a VM, and perhaps the world: what disk_remove and disk_attachment_remove share. The disk is the mark "disk", the VM,
 * if there is one, the mark "vm". */
#pragma once

#include "job/command.h"

/* check: the VM must be down, or HOT its guest let go of the disk, and its host there. Sets the marks "vm", "host", "disk". */
gboolean detach_check(Work *work, const Vm *vm, const Disk *disk, gboolean hot, GError **error);
/* check: may its file be deleted? Also says where. Not for disks of the unmanaged domain. */
gboolean detach_check_file(Work *work, const Disk *disk, GError **error);
/* stage: it is shown as locked; with DELETE its file goes. */
void detach_stage(Work *work, Changes *changes, const Disk *disk, gboolean delete);
/* Steps, in this order. */
extern const Step detach_steps[];
/* finish and revert. */
void detach_finish(Work *work, Changes *changes);
void detach_revert(Work *work, Changes *changes);
char *detach_plan(Work *work, GError **error);
