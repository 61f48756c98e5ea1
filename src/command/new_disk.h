/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A disk to be made, from what was sent of it. Used by disk_add and disk_attachment_add. Pure. */
#pragma once

#include "job/command.h"

/* Is it a disk that can be made? Chooses its storage domain (mark "storage") and, if mark "host" is not set yet, the host that makes
 * the file; a VM's host that is set must reach it. DRAFT is of disk_type. */
gboolean new_disk_check(Work *work, const Draft *draft, GError **error);
/* The object, locked, named ALIAS if no alias was sent. Yours. Then volumes_plan() must be told. */
Disk *new_disk_make(const Work *work, const Draft *draft, const Id *id, const char *alias);
/* The chosen storage domain. */
const StorageDomain *new_disk_storage(const Work *work);
/* Bounds of a size, rounded up to whole sectors; FALSE with a sentence. Also for growing. */
gboolean new_disk_size(const char *disk, gint64 sent, gint64 *ret_size, GError **error);
/* Has the storage domain room for BYTES more? */
gboolean new_disk_fits(const StorageDomain *storage, const char *disk, gint64 bytes, GError **error);
