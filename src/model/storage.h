/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Disks and the storage domains they lie in. A disk's object is the manager's; what its file really is, is true on the
 * storage. Disks of adopted VMs lie in the one unmanaged domain and are only ever detached. */
#pragma once

#include "schema/type.h"

#define DISK_STATUS(N, E) N(E, OK, "ok") N(E, LOCKED, "locked") N(E, ILLEGAL, "illegal")
NAMES_ENUM(DiskStatus, DISK_STATUS, DISK);
extern const Names disk_status_names;
#define DISK_FORMAT(N, E) N(E, COW, "cow") N(E, RAW, "raw")
NAMES_ENUM(DiskFormat, DISK_FORMAT, DISK_FORMAT);
extern const Names disk_format_names;
#define DISK_CONTENT(N, E) N(E, DATA, "data") N(E, ISO, "iso") N(E, OVF_STORE, "ovf_store")
NAMES_ENUM(DiskContent, DISK_CONTENT, DISK_CONTENT);
extern const Names disk_content_names;
#define DISK_STORAGE_TYPE(N, E) N(E, IMAGE, "image") N(E, LUN, "lun")
NAMES_ENUM(DiskStorageType, DISK_STORAGE_TYPE, DISK_STORAGE);
extern const Names disk_storage_type_names;

typedef struct {
    Object object;
    char *alias, *name, *description, *comment; /* name repeats alias, as oVirt does */
    int status, format, content_type, storage_type;
    gint64 provisioned_size, actual_size, total_size, initial_size;     /* bytes */
    gboolean sparse, bootable, shareable, read_only, wipe_after_delete, propagate_errors;
    char *backup, *qcow_version, *image_id, *logical_name;
    List storage_domains;               /* of StorageDomainRef: where it lies (one, today) */
    Ref disk_profile, quota;
    Ref template_;                      /* whose it is alone: no VM writes it, thin ones stand on it; null: none's */
    Ref storage_domain;                 /* draft convenience: <storage_domain> inside <disk> */
    char *path;                         /* SECRET: the file, for the unmanaged domain only; ours are found by domain + id */
} Disk;
Id disk_image(const Disk *disk);        /* the image its VM writes; the disk's own id: its first */
void disk_set_image(Disk *disk, const Id *image);
typedef struct { Ref storage_domain; } StorageDomainRef;        /* written <storage_domain href id/> inside <storage_domains> */

#define STORAGE_STATUS(N, E) N(E, ACTIVE, "active") N(E, MAINTENANCE, "maintenance") N(E, UNATTACHED, "unattached") N(E, UNKNOWN, "unknown") N(E, INACTIVE, "inactive") N(E, LOCKED, "locked")
NAMES_ENUM(StorageStatus, STORAGE_STATUS, STORAGE);
extern const Names storage_status_names;
#define STORAGE_USE(N, E) N(E, DATA, "data") N(E, ISO, "iso") N(E, EXPORT, "export") N(E, IMAGE, "image") N(E, UNMANAGED, "unmanaged")
NAMES_ENUM(StorageUse, STORAGE_USE, STORAGE_USE);
extern const Names storage_use_names;

typedef struct { char *type, *path, *address; } HostStorage;    /* type "localfs" */
typedef struct {
    Object object;
    char *name, *description, *comment;
    int status, type;                   /* StorageStatus (LIVE), StorageUse */
    HostStorage storage;
    gboolean master, backup, wipe_after_delete, discard_after_delete, supports_discard, supports_discard_zeroes_data, import;
    gint64 available, used, committed, block_size;      /* bytes; LIVE */
    gint64 warning_low_space_indicator, critical_space_action_blocker;
    char *storage_format, *external_status;
    Ref data_center;                    /* ours attach to one */
    Ref host;                           /* SECRET: local ones lie on this host */
    List files;                         /* LIVE: File children (ISO images seen) */
    gboolean maintenance;               /* SECRET: people said that nothing shall use it */
    gboolean marked;                    /* SECRET: its directory carries its id */
} StorageDomain;
/* UNATTACHED or MAINTENANCE where people said that nothing uses it; NONE_: it is in use, and its host says how it is. */
StorageStatus storage_domain_rests(const StorageDomain *domain);

typedef struct { Object object; char *name, *type, *content; } File;    /* id: UUIDv5 of the domain and the name */

extern const Type disk_type, storage_domain_type, file_type, storage_domain_ref_type;
