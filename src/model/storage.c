/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rows of disks, storage domains and their files. */
#include "model/storage.h"

#include "model/people.h"
#include "model/places.h"
#include "model/smalls.h"
#include "model/transfer.h"

NAMES_TABLE(disk_status_names, DISK_STATUS);
NAMES_TABLE(disk_format_names, DISK_FORMAT);
NAMES_TABLE(disk_content_names, DISK_CONTENT);
NAMES_TABLE(disk_storage_type_names, DISK_STORAGE_TYPE);
NAMES_TABLE(storage_status_names, STORAGE_STATUS);
NAMES_TABLE(storage_use_names, STORAGE_USE);

/* clang-format off */
/* One row named as the type: the writer then writes the reference itself as the item of the list. */
const Type storage_domain_ref_type = { .one = "storage_domain", .many = "storage_domains", .size = sizeof(StorageDomainRef), .fields = (const Field[]) {
    REF(StorageDomainRef, storage_domain, storage_domain_type, ADD, "Where it lies."),
    { 0 } } };

const Type disk_type = { .one = "disk", .many = "disks", .path = "disks", .size = sizeof(Disk), .help = "A disk.", .fields = (const Field[]) {
    TEXT(Disk, alias,       ADD | SET | FIND | SHOW, "Its name."),
    TEXT(Disk, name,        ADD | SET | FIND,        "The same."),
    TEXT(Disk, description, ADD | SET | FIND,        "For people."),
    TEXT(Disk, comment,     ADD | SET,               "For people."),
    ENUM(Disk, status, disk_status_names, FIND | SHOW, "Can it be used?"),
    ENUM(Disk, format, disk_format_names, ADD | SHOW, "cow or raw."),
    ENUM(Disk, content_type, disk_content_names, ADD, "data, iso …"),
    ENUM(Disk, storage_type, disk_storage_type_names, ADD, "image or lun."),
    INT (Disk, provisioned_size, ADD | SET | FIND | SHOW, "Bytes the guest sees."),
    INT (Disk, actual_size, FIND,                    "Bytes it takes."),
    INT (Disk, total_size,  0,                       "Bytes it takes with its snapshots."),
    INT (Disk, initial_size, ADD | OPT,              "Bytes taken at the start."),
    BOOL(Disk, sparse,      ADD,                     "Grows as it is written."),
    BOOL(Disk, bootable,    ADD | OPT,               "On an attachment since 4.0."),
    BOOL(Disk, shareable,   ADD | SET | FIND,        "May several VMs use it at once?"),
    BOOL(Disk, read_only,   ADD | OPT,               "On an attachment since 4.0."),
    BOOL(Disk, wipe_after_delete, ADD | SET | FIND,  "Overwritten when it is removed."),
    BOOL(Disk, propagate_errors, ADD | SET,          "The guest sees I/O errors."),
    TEXT(Disk, backup,      ADD | SET,               "none or incremental."),
    TEXT(Disk, qcow_version, ADD | SET,              "qcow2_v3."),
    TEXT(Disk, image_id,    ADD,                     "Its active volume."),
    TEXT(Disk, logical_name, LIVE,                   "The guest's name of it."),
    LIST(Disk, storage_domains, storage_domain_ref_type, ADD, "Where it lies."),
    REF (Disk, disk_profile, disk_profile_type, ADD | SET, "Its I/O limits."),
    REF (Disk, quota, quota_type, ADD | SET,         "Whose limits it counts against."),
    NAMED("template", KIND_REF, Disk, template_, Ref, &template_type, 0, "The template it belongs to."),
    REF (Disk, storage_domain, storage_domain_type, ADD, "Where it shall lie."),
    TEXT(Disk, path,        SECRET,                  "Its file, in the unmanaged domain."),
    EMPTY("disk_snapshots", "disksnapshots"), COLLECT("permissions", permission_type, "disk"), EMPTY("series", "series"), EMPTY("statistics", "statistics"),
    { 0 } } };

static const Type host_storage_type = { .one = "storage", .many = "storages", .size = sizeof(HostStorage), .fields = (const Field[]) {
    TEXT(HostStorage, address, ADD, "Of a server."),
    TEXT(HostStorage, path,    ADD, "The directory."),
    TEXT(HostStorage, type,    ADD, "localfs, nfs …"),
    { 0 } } };

const Type file_type = { .one = "file", .many = "files", .path = "files", .size = sizeof(File), .parent = &storage_domain_type, .help = "A file of a storage domain.", .fields = (const Field[]) {
    TEXT(File, name,    LIVE | SHOW, "Its name."),
    TEXT(File, type,    LIVE | SHOW, "iso."),
    TEXT(File, content, LIVE,        "What is in it."),
    { 0 } } };

const Type storage_domain_type = { .one = "storage_domain", .many = "storage_domains", .path = "storagedomains", .size = sizeof(StorageDomain), .help = "A place for disks.", .fields = (const Field[]) {
    TEXT (StorageDomain, name,        ADD | SET | FIND | SHOW, "Its name."),
    TEXT (StorageDomain, description, ADD | SET | FIND,        "For people."),
    TEXT (StorageDomain, comment,     ADD | SET | FIND,        "For people."),
    ENUM (StorageDomain, status, storage_status_names, LIVE | FIND | SHOW, "Can it be used?"),
    ENUM (StorageDomain, type, storage_use_names, ADD | FIND | SHOW, "What it is for."),
    GROUP(StorageDomain, storage, host_storage_type, ADD,      "Where it is."),
    BOOL (StorageDomain, master, 0,                            "The first of its data center."),
    BOOL (StorageDomain, backup, ADD | SET,                    "Kept for backups."),
    BOOL (StorageDomain, wipe_after_delete, ADD | SET,         "Disks are overwritten when removed."),
    BOOL (StorageDomain, discard_after_delete, ADD | SET,      "Space is given back when disks are removed."),
    BOOL (StorageDomain, supports_discard, 0,                  "It takes discards."),
    BOOL (StorageDomain, supports_discard_zeroes_data, 0,      "What is discarded reads as zero."),
    BOOL (StorageDomain, import, ADD | OPT,                    "It exists already."),
    INT  (StorageDomain, available, LIVE | SHOW,               "Bytes free."),
    INT  (StorageDomain, used, LIVE | SHOW,                    "Bytes taken."),
    INT  (StorageDomain, committed, LIVE,                      "Bytes promised to disks."),
    INT  (StorageDomain, block_size, OPT,                      "Bytes of a block."),
    INT  (StorageDomain, warning_low_space_indicator, ADD | SET, "Percent free at which it warns."),
    SIZE (StorageDomain, critical_space_action_blocker, "GiB", ADD | SET, "GiB free below which nothing new is made."),
    TEXT (StorageDomain, storage_format, ADD,                  "v5."),
    TEXT (StorageDomain, external_status, 0,                   "ok."),
    REF  (StorageDomain, data_center, data_center_type, ADD,   "What it is attached to."),
    REF  (StorageDomain, host, host_type, ADD,                 "Whose directory it is; of a local one."),
    BOOL (StorageDomain, maintenance, SECRET,                  "Nothing shall use it."),
    BOOL (StorageDomain, marked, SECRET,                       "Its directory carries its id."),
    CHILDREN(StorageDomain, files, file_type, LIVE,            "Images seen in it."),
    COLLECT("disk_profiles", disk_profile_type, "storage_domain"), EMPTY("disk_snapshots", "disksnapshots"), EMPTY("disks", "disks"), EMPTY("images", "images"),
    COLLECT("permissions", permission_type, "storage_domain"), EMPTY("storage_connections", "storageconnections"), EMPTY("templates", "templates"), EMPTY("vms", "vms"),
    { 0 } } };
/* clang-format on */

Id
disk_image(const Disk *disk)
{
    Id image;
    return disk->image_id && id_parse(disk->image_id, ID_UUID, &image) ? image : disk->object.id;
}

void
disk_set_image(Disk *disk, const Id *image)
{
    char text[ID_TEXT_SIZE];
    text_set(&disk->image_id, id_format(image, ID_UUID, text));
}

StorageStatus
storage_domain_rests(const StorageDomain *domain)
{
    if (domain->type == STORAGE_USE_UNMANAGED)
        return STORAGE_NONE_;
    return id_is_null(&domain->data_center.id) ? STORAGE_UNATTACHED : domain->maintenance ? STORAGE_MAINTENANCE : STORAGE_NONE_;
}
