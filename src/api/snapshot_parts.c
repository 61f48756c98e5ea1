/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The active snapshot is the VM as it is. Of another a disk is the one of today with the image of then; which image that stands on the snapshots tell:
 * the one that the nearest before it holds. The files themselves are asked only by those who change them. */
#include "api/snapshot_parts.h"

#include "command/snapshots.h"

typedef struct {
    Object object;
    char *alias, *name, *description, *image_id, *status;
    int format, storage_type, content_type;
    gint64 provisioned_size, actual_size;
    gboolean sparse, shareable, active;
    List storage_domains;
    Ref disk, snapshot, parent;
} DiskSnapshot;

/* clang-format off */
static const Type storage_ref_type = { .one = "storage_domain", .many = "storage_domains", .size = sizeof(StorageDomainRef), .fields = (const Field[]) {
    REF(StorageDomainRef, storage_domain, storage_domain_type, ADD, "Where it lies."),
    { 0 } } };

const Type disk_snapshot_type = { .one = "disk_snapshot", .many = "disk_snapshots", .path = "disksnapshots", .size = sizeof(DiskSnapshot),
    .help = "What a snapshot holds of a disk.", .fields = (const Field[]) {
    TEXT(DiskSnapshot, alias,        SHOW, "The disk's name."),
    TEXT(DiskSnapshot, name,         0,    "The same."),
    TEXT(DiskSnapshot, description,  SHOW, "The snapshot's."),
    TEXT(DiskSnapshot, image_id,     0,    "Its image."),
    TEXT(DiskSnapshot, status,       SHOW, "ok or locked."),
    ENUM(DiskSnapshot, format, disk_format_names, 0, "cow or raw."),
    ENUM(DiskSnapshot, storage_type, disk_storage_type_names, 0, "image or lun."),
    ENUM(DiskSnapshot, content_type, disk_content_names, 0, "data, iso …"),
    INT (DiskSnapshot, provisioned_size, SHOW, "Bytes the guest saw."),
    INT (DiskSnapshot, actual_size,  OPT,  "Bytes it takes."),
    BOOL(DiskSnapshot, sparse,       0,    "Grows as it is written."),
    BOOL(DiskSnapshot, shareable,    0,    "May several VMs use it at once?"),
    BOOL(DiskSnapshot, active,       0,    "Is it the one that is written?"),
    LIST(DiskSnapshot, storage_domains, storage_ref_type, 0, "Where it lies."),
    REF (DiskSnapshot, disk, disk_type, 0, "Of which disk."),
    REF (DiskSnapshot, snapshot, snapshot_type, 0, "Which snapshot."),
    REF (DiskSnapshot, parent, disk_snapshot_type, 0, "What it stands on."),
    { 0 } } };
/* clang-format on */

static GPtrArray *
owned(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify) object_unref);
}

/* The VM as it is; NULL: it is another point of it. */
static const Vm *
vm_of(const Above *above)
{
    return snapshot_is(above->object, SNAPSHOT_ACTIVE) ? above->owner : NULL;
}

/* --- below a snapshot --------------------------------------------------------------------------------------------------------------- */

static Disk *
disk_then(const Disk *disk, const Snapshot *snapshot, const SnapshotDisk *held)
{
    Id image = snapshot_disk_image(held);
    Disk *then = object_dup(disk);
    then->object.version = 0;       /* nobody else has it */
    disk_set_image(then, &image);
    then->format = held->format;
    then->provisioned_size = held->size;
    then->status = g_strcmp0(snapshot->snapshot_status, SNAPSHOT_LOCKED) == 0 ? DISK_LOCKED : DISK_OK;
    return then;
}

GPtrArray *
snapshot_parts_disks(const Above *above)
{
    GPtrArray *found = owned();
    const Snapshot *snapshot = above->object;
    const Vm *vm = vm_of(above);
    for (guint i = 0; vm && i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        gconstpointer disk = view_find(above->view, &disk_type, &attachment->disk.id);
        if (disk)
            g_ptr_array_add(found, object_dup(disk));
    }
    for (guint i = 0; !vm && i < snapshot->disks.count; i++) {
        const SnapshotDisk *held = snapshot->disks.items[i];
        const Disk *disk = view_find(above->view, &disk_type, &held->disk.id);
        if (disk)
            g_ptr_array_add(found, disk_then(disk, snapshot, held));
    }
    return found;
}

static GPtrArray *
children(const Above *above, const char *row)
{
    GPtrArray *found = owned();
    const Vm *vm = vm_of(above);
    Vm *then = vm ? NULL : snapshots_configuration(above->object);
    const Field *field = type_find(&vm_type, row);
    const List *list = vm || then ? (const List *) (gconstpointer) ((const char *) (vm ? vm : then) + field->offset) : NULL;
    for (guint i = 0; list && i < list->count; i++)
        g_ptr_array_add(found, object_dup(list->items[i]));
    object_unref(then);
    return found;
}

GPtrArray *
snapshot_parts_nics(const Above *above)
{
    return children(above, "nics");
}

GPtrArray *
snapshot_parts_cdroms(const Above *above)
{
    return children(above, "cdroms");
}

/* --- images ------------------------------------------------------------------------------------------------------------------------- */

/* What the nearest one before it holds of the disk. */
static Id
image_beneath(const Vm *vm, const Snapshot *snapshot, const Id *disk)
{
    for (guint steps = 0; steps <= vm->snapshots.count; steps++) {
        const Snapshot *parent = list_find(&vm->snapshots, &snapshot->parent.id);
        const SnapshotDisk *held = parent ? snapshot_find_disk(parent, disk) : NULL;
        if (!parent || held)
            return held ? snapshot_disk_image(held) : id_null;
        snapshot = parent;
    }
    return id_null;
}

static DiskSnapshot *
make(const Vm *vm, const Snapshot *snapshot, const SnapshotDisk *held, const Disk *disk)
{
    char text[ID_TEXT_SIZE];
    Id image = snapshot_disk_image(held);
    DiskSnapshot *made = object_new(&disk_snapshot_type);
    made->object.id = image;
    made->alias = g_strdup(disk->alias);
    made->name = g_strdup(disk->alias);
    made->description = g_strdup(snapshot->description);
    made->image_id = g_strdup(id_format(&image, ID_UUID, text));
    made->status = g_strdup(g_strcmp0(snapshot->snapshot_status, SNAPSHOT_LOCKED) == 0 ? "locked" : "ok");
    made->format = held->format;
    made->storage_type = disk->storage_type;
    made->content_type = disk->content_type;
    made->provisioned_size = held->size;
    made->sparse = disk->sparse || held->format == DISK_FORMAT_COW;
    made->disk.id = disk->object.id;
    made->snapshot.id = snapshot->object.id;
    made->parent.id = image_beneath(vm, snapshot, &disk->object.id);
    for (guint i = 0; i < disk->storage_domains.count; i++) {
        StorageDomainRef *in = g_new0(StorageDomainRef, 1);
        in->storage_domain.id = ((const StorageDomainRef *) disk->storage_domains.items[i])->storage_domain.id;
        list_add(&made->storage_domains, in);
    }
    return made;
}

static gboolean
lies_in(const Disk *disk, const Id *storage)
{
    for (guint i = 0; i < disk->storage_domains.count; i++) {
        if (id_equal(&((const StorageDomainRef *) disk->storage_domains.items[i])->storage_domain.id, storage))
            return TRUE;
    }
    return FALSE;
}

/* Of DISK or, where that is NULL, of all disks in STORAGE. */
static GPtrArray *
images(const View *view, const Id *disk, const Id *storage)
{
    GPtrArray *found = owned();
    ViewWalk walk = view_walk(view, &vm_type);
    for (const Vm *vm; (vm = view_next(&walk));) {
        for (guint i = 0; i < vm->snapshots.count; i++) {
            const Snapshot *snapshot = vm->snapshots.items[i];
            for (guint j = 0; j < snapshot->disks.count; j++) {
                const SnapshotDisk *held = snapshot->disks.items[j];
                const Disk *known = !disk || id_equal(disk, &held->disk.id) ? view_find(view, &disk_type, &held->disk.id) : NULL;
                if (known && (disk || lies_in(known, storage)))
                    g_ptr_array_add(found, make(vm, snapshot, held, known));
            }
        }
    }
    return found;
}

GPtrArray *
snapshot_parts_of_disk(const Above *above)
{
    return images(above->view, &((const Object *) above->object)->id, NULL);
}

GPtrArray *
snapshot_parts_of_storage(const Above *above)
{
    return images(above->view, NULL, &((const Object *) above->object)->id);
}
