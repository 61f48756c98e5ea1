/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rows of storage connections, disk profiles and transfers of images. */
#include "model/transfer.h"

#include "model/places.h"

NAMES_TABLE(transfer_direction_names, TRANSFER_DIRECTION);
NAMES_TABLE(transfer_policy_names, TRANSFER_POLICY);
NAMES_TABLE(transfer_phase_names, TRANSFER_PHASE);

/* clang-format off */
const Type storage_connection_type = { .one = "storage_connection", .many = "storage_connections", .path = "storageconnections", .size = sizeof(StorageConnection), .help = "A way to storage.", .fields = (const Field[]) {
    TEXT(StorageConnection, name,        0,                "Its name."),
    TEXT(StorageConnection, description, 0,                "For people."),
    TEXT(StorageConnection, comment,     0,                "For people."),
    TEXT(StorageConnection, type,        ADD | SHOW,       "nfs, iscsi, localfs …"),
    TEXT(StorageConnection, address,     ADD | SET | SHOW, "Of the server."),
    TEXT(StorageConnection, path,        ADD | SET | SHOW, "What the server gives, or a directory."),
    TEXT(StorageConnection, mount_options, ADD | SET,      "Options of mount."),
    TEXT(StorageConnection, nfs_version, ADD | SET,        "auto, v3, v4 …"),
    TEXT(StorageConnection, vfs_type,    ADD | SET,        "The kernel's name of the file system."),
    TEXT(StorageConnection, target,      ADD | SET,        "iSCSI's name of the target."),
    TEXT(StorageConnection, portal,      ADD | SET,        "iSCSI's portal."),
    TEXT(StorageConnection, username,    ADD | SET,        "Who logs in."),
    INT (StorageConnection, port,        ADD | SET | OPT,  "Of the server."),
    REF (StorageConnection, host, host_type, ADD | SET,    "Who tries it."),
    { 0 } } };

const Type disk_profile_type = { .one = "disk_profile", .many = "disk_profiles", .path = "diskprofiles", .size = sizeof(DiskProfile), .help = "I/O limits for disks.", .fields = (const Field[]) {
    TEXT(DiskProfile, name,        ADD | SET | FIND | SHOW | NEED, "Its name."),
    TEXT(DiskProfile, description, ADD | SET | FIND, "For people."),
    TEXT(DiskProfile, comment,     ADD | SET | FIND, "For people."),
    REF (DiskProfile, storage_domain, storage_domain_type, ADD | SHOW, "The storage domain whose disks it limits."),
    EMPTY("permissions", "permissions"),
    { 0 } } };

const Type image_transfer_type = { .one = "image_transfer", .many = "image_transfers", .path = "imagetransfers", .size = sizeof(ImageTransfer), .help = "An upload or download.", .fields = (const Field[]) {
    TEXT(ImageTransfer, name,        0,          "Its name."),
    TEXT(ImageTransfer, description, 0,          "For people."),
    TEXT(ImageTransfer, comment,     0,          "For people."),
    ENUM(ImageTransfer, phase, transfer_phase_names, SHOW, "initializing, transferring, finished_success …"),
    TEXT(ImageTransfer, proxy_url,   0,          "Where to, through the manager."),
    TEXT(ImageTransfer, transfer_url, 0,         "Where to."),
    ENUM(ImageTransfer, timeout_policy, transfer_policy_names, ADD, "legacy, pause or cancel."),
    ENUM(ImageTransfer, direction, transfer_direction_names, ADD | SHOW, "upload or download."),
    ENUM(ImageTransfer, format, disk_format_names, ADD, "Of the bytes sent: cow or raw."),
    INT (ImageTransfer, inactivity_timeout, ADD, "Seconds without a byte after which it ends."),
    INT (ImageTransfer, transferred, SHOW,       "Bytes so far."),
    BOOL(ImageTransfer, active,      0,          "Bytes are moving."),
    BOOL(ImageTransfer, shallow,     ADD,        "Of one snapshot alone."),
    REF (ImageTransfer, disk,  disk_type, ADD | SHOW, "Which disk."),
    REF (ImageTransfer, image, disk_type, ADD,   "Which disk, as oVirt says it too."),
    REF (ImageTransfer, host,  host_type, ADD,   "Who moves the bytes."),
    REF (ImageTransfer, snapshot, disk_type, ADD, "The disk of a snapshot, instead."),
    TEXT(ImageTransfer, ticket,      SECRET,     "What lets its bytes in."),
    TEXT(ImageTransfer, job,         SECRET,     "Who holds the disk for it."),
    INT (ImageTransfer, extensions,  SECRET,     "How often it was extended."),
    { 0 } } };
/* clang-format on */

/* --- which way it may go ---------------------------------------------------------------------------------------------------------- */

#define TO(phase) (1u << TRANSFER_PHASE_##phase)
#define TO_CANCELLED (TO(CANCELLED_USER) | TO(CANCELLED_SYSTEM))
#define TO_THE_END (TO(FINALIZING_FAILURE) | TO(FINISHED_FAILURE))

/* A phase that is not named goes nowhere. Every job may fail, so that each that is not over leads to a failure too. */
static const guint moves[] = {
    [TRANSFER_PHASE_INITIALIZING]       = TO(TRANSFERRING) | TO(PAUSED_SYSTEM) | TO_CANCELLED | TO_THE_END,
    [TRANSFER_PHASE_TRANSFERRING]       = TO(PAUSED_SYSTEM) | TO(PAUSED_USER) | TO_CANCELLED | TO(FINALIZING_SUCCESS) | TO_THE_END,
    [TRANSFER_PHASE_RESUMING]           = TO(TRANSFERRING) | TO(PAUSED_SYSTEM) | TO(PAUSED_USER) | TO_CANCELLED | TO_THE_END,
    [TRANSFER_PHASE_PAUSED_SYSTEM]      = TO(RESUMING) | TO_CANCELLED | TO_THE_END,
    [TRANSFER_PHASE_PAUSED_USER]        = TO(RESUMING) | TO_CANCELLED | TO_THE_END,
    [TRANSFER_PHASE_CANCELLED_SYSTEM]   = TO(FINALIZING_CLEANUP) | TO(FINISHED_CLEANUP) | TO_THE_END,
    [TRANSFER_PHASE_CANCELLED_USER]     = TO(FINALIZING_CLEANUP) | TO(FINISHED_CLEANUP) | TO_THE_END,
    [TRANSFER_PHASE_FINALIZING_SUCCESS] = TO(FINISHED_SUCCESS) | TO_THE_END,
    [TRANSFER_PHASE_FINALIZING_FAILURE] = TO(FINISHED_FAILURE),
    [TRANSFER_PHASE_FINALIZING_CLEANUP] = TO(FINISHED_CLEANUP) | TO_THE_END,
    [TRANSFER_PHASE_FINISHED_CLEANUP]   = 0,
};

gboolean
transfer_may(int from, int to)
{
    return from >= 0 && (guint) from < G_N_ELEMENTS(moves) && to > 0 && (moves[from] & (1u << to)) != 0;
}

gboolean
transfer_is_over(int phase)
{
    return phase == TRANSFER_PHASE_FINISHED_SUCCESS || phase == TRANSFER_PHASE_FINISHED_FAILURE || phase == TRANSFER_PHASE_FINISHED_CLEANUP;
}
