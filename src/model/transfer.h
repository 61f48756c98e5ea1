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
#define TRANSFER_POLICY(N, E) N(E, LEGACY, "legacy") N(E, PAUSE, "pause") N(E, CANCEL, "cancel")
NAMES_ENUM(TransferPolicy, TRANSFER_POLICY, TRANSFER_POLICY);
extern const Names transfer_policy_names;
#define TRANSFER_PHASE(N, E)                                                                                                  \
    N(E, UNKNOWN, "unknown") N(E, INITIALIZING, "initializing") N(E, TRANSFERRING, "transferring") N(E, RESUMING, "resuming") \
    N(E, PAUSED_SYSTEM, "paused_system") N(E, PAUSED_USER, "paused_user") N(E, CANCELLED, "cancelled")                        \
    N(E, CANCELLED_SYSTEM, "cancelled_system") N(E, CANCELLED_USER, "cancelled_user")                                         \
    N(E, FINALIZING_SUCCESS, "finalizing_success") N(E, FINALIZING_FAILURE, "finalizing_failure")                             \
    N(E, FINALIZING_CLEANUP, "finalizing_cleanup") N(E, FINISHED_SUCCESS, "finished_success")                                 \
    N(E, FINISHED_FAILURE, "finished_failure") N(E, FINISHED_CLEANUP, "finished_cleanup")
NAMES_ENUM(TransferPhase, TRANSFER_PHASE, TRANSFER_PHASE);
extern const Names transfer_phase_names;
typedef struct {
    Object object;
    char *name, *description, *comment;
    char *proxy_url, *transfer_url;
    int phase, timeout_policy;          /* TransferPhase, TransferPolicy */
    int direction, format;              /* TransferDirection, DiskFormat */
    gint64 inactivity_timeout, transferred;     /* seconds; bytes */
    gboolean active, shallow;
    Ref disk, image, host;              /* image: the disk once more, as oVirt gives it */
    Ref snapshot;                       /* instead of them: the disk of a snapshot */
    char *ticket;                       /* SECRET: the last word of its URLs */
    char *job;                          /* SECRET: the job that holds the disk for it; when that is forgotten, so is this */
    gint64 extensions;                  /* SECRET: how often it was told that somebody is still there */
} ImageTransfer;

/* May it go on from FROM to TO? */
gboolean transfer_may(int from, int to);
gboolean transfer_is_over(int phase);   /* the disk is nobody's any more */

extern const Type storage_connection_type, disk_profile_type, image_transfer_type;
