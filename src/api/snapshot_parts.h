/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a snapshot holds, as collections below it: disks as they were, cards and drives from the configuration that was kept; and the images that
 * snapshots hold of a disk or in a storage domain. Made when they are asked for. Called by members.c. */
#pragma once

#include "api/members.h"

extern const Type disk_snapshot_type;       /* "disk_snapshot"; its id is the image's */

/* Owned objects. */
GPtrArray *snapshot_parts_disks(const Above *above);
GPtrArray *snapshot_parts_nics(const Above *above);
GPtrArray *snapshot_parts_cdroms(const Above *above);
GPtrArray *snapshot_parts_of_disk(const Above *above);
GPtrArray *snapshot_parts_of_storage(const Above *above);
