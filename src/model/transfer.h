/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Ways to storage and through it: connections, disk profiles, transfers of images. */
#pragma once

#include "model/storage.h"

typedef struct {
    Object object;
    char *name, *description, *comment;
    char *type, *address, *path, *mount_options, *nfs_version, *vfs_type, *target, *portal, *username;
    gint64 port;
    Ref host;
} StorageConnection;

typedef struct {
    Object object;
    char *name, *description, *comment;
    Ref storage_domain;
} DiskProfile;

#define TRANSFER_DIRECTION(N, E) N(E, UPLOAD, "upload") N(E, DOWNLOAD, "download")
NAMES_ENUM(TransferDirection, TRANSFER_DIRECTION, TRANSFER);
extern const Names transfer_direction_names;
typedef struct {
    Object object;
    char *name, *description, *comment;
    char *phase, *proxy_url, *transfer_url, *timeout_policy;
    int direction, format;              /* TransferDirection, DiskFormat */
    gint64 inactivity_timeout, transferred;     /* seconds; bytes */
    gboolean active, shallow;
    Ref disk, image, host;              /* image: the disk once more, as oVirt gives it */
} ImageTransfer;

extern const Type storage_connection_type, disk_profile_type, image_transfer_type;
