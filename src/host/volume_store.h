/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The directory of a storage domain: may disks be made there and does QEMU reach them, how much room it has, which files lie in
 * it, images of ours and others. Of this machine; makes nothing. */
#pragma once

#include "host/host.h"

typedef struct {
    const char *host;           /* its name, for sentences */
    uid_t user;                 /* QEMU's; 0: root, or not known */
    gid_t group;
    int wake;                   /* readable when nobody waits any more; -1 none */
    Tick deadline;
} VolumeReach;

gboolean volume_store_check(const char *path, const VolumeReach *reach, GError **error);
/* Its space and its files. Not reachable is an answer, with why. Yours, in a report. */
StorageFacts *volume_store_read(const HostStore *store, const char *host);
StorageFacts *volume_store_lost(const HostStore *store, const char *why);
