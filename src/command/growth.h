/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Growing a disk: may it, and to what size. Used by disk_update and disk_attachment_update. Pure. */
#pragma once

#include "job/command.h"

/* SIZE is what was sent; 0: nothing. If the disk is to grow the marks say so (volumes_growth), and mark "host" says where. */
gboolean growth_check(Work *work, const Disk *disk, gint64 size, GError **error);
/* A sentence for ?plan=1 if it grows. */
void growth_plan(GString *text, const Work *work, const Disk *disk);
