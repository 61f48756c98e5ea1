/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Disks that come with a storage domain. Whatever the note says of one, its file is DIR/<its id> and nothing else; an image that stands upon
 * files that are no images of the storage domain is refused before QEMU could open them. */
#include "command/attachments.h"
#include "command/guards.h"
#include "command/registration.h"

#include <string.h>

#define SIZE_MOST ((gint64) 1 << 53)

static void
free_links(List *links)
{
    for (guint i = 0; i < links->count; i++)
        volume_link_free(links->items[i]);
    g_free(links->items);
}

/* On a host that cannot tell chains: an image that names nothing else. */
static gboolean
stands_alone(Work *work, HostLink *link, const HostVolume *volume, const Disk *disk, GError **error)
{
    g_autoptr(GError) why = NULL;
    ImageSpec spec = { .volume = *volume, .format = DISK_FORMAT_COW, .size = disk->provisioned_size, .own = TRUE, .sparse = TRUE };
    if (link->ops->image_settle(link, &spec, 0, work->deadline, &why))
        return TRUE;
    g_autofree char *reason = message_encode(fault_message(why));
    return fault_set(error, MSG_REGISTER_IMAGE, "disk", disk->alias, "why", reason, NULL);
}

static gboolean
stands_on_itself(Work *work, HostLink *link, const HostVolume *volume, const Disk *disk, GError **error)
{
    List links = { NULL, 0 };
    if (!link->ops->volume_chain)
        return stands_alone(work, link, volume, disk, error);
    if (!link->ops->volume_chain(link, volume, &links, work->deadline, error))
        return FALSE;
    gboolean well = TRUE;
    for (guint i = 0; i < links.count && well; i++) {
        const VolumeLink *at = links.items[i];
        gboolean foreign = id_is_null(&at->disk) || (i + 1 == links.count && at->backing);
        if (foreign)
            well = fault_set(error, MSG_REGISTER_CHAIN, "disk", disk->alias, "path", at->backing ? at->backing : at->path ? at->path : "", NULL);
    }
    free_links(&links);
    return well;
}

static gboolean
check_file(Work *work, HostLink *link, const StorageDomain *storage, Disk *disk, GError **error)
{
    VolumeFacts facts = { VOLUME_ABSENT, 0, 0, 0 };
    HostVolume volume = { { storage->object.id, storage->storage.path, FALSE }, disk->object.id, disk->object.id };
    if (disk->image_id && !id_parse(disk->image_id, ID_UUID, &volume.image))
        volume.image = disk->object.id;
    if (!link->ops->volume_read(link, &volume, &facts, work->deadline, error))
        return FALSE;
    if (facts.state != VOLUME_WHOLE)
        return fault_set(error, MSG_VOLUME_MISSING, "disk", disk->alias, "storage_domain", storage->name, NULL);
    if (facts.format && facts.format != disk->format)
        return fault_set(error, MSG_REGISTER_FORMAT, "disk", disk->alias, "format", names_get(&disk_format_names, disk->format), NULL);
    if (facts.size > 0)
        disk->provisioned_size = facts.size;
    return disk->format != DISK_FORMAT_COW || stands_on_itself(work, link, &volume, disk, error);
}

static void
drop_unknown(const View *view, const Type *type, Ref *ref)
{
    if (!view_find(view, type, &ref->id))
        ref->id = id_null;
}

static void
settle_fields(const View *view, const StorageDomain *storage, Disk *disk)
{
    Disk empty = { .status = 0 };
    const Field *row = type_find(&disk_type, "storage_domains");
    field_assign(row, disk, &empty);
    StorageDomainRef *in = g_new0(StorageDomainRef, 1);
    in->storage_domain.id = storage->object.id;
    list_add(&disk->storage_domains, in);
    disk->storage_domain.id = id_null;
    disk->status = DISK_OK;
    disk->storage_type = DISK_STORAGE_IMAGE;
    if (disk->content_type != DISK_CONTENT_ISO)
        disk->content_type = DISK_CONTENT_DATA;
    text_set(&disk->path, NULL);
    text_set(&disk->name, disk->alias);
    disk->provisioned_size = CLAMP(disk->provisioned_size, 0, SIZE_MOST);
    disk->initial_size = disk->actual_size = disk->total_size = 0;
    drop_unknown(view, inventory_type_of_name("disk_profile"), &disk->disk_profile);
    drop_unknown(view, inventory_type_of_name("quota"), &disk->quota);
}

gboolean
registration_settle_disk(Work *work, HostLink *link, const StorageDomain *storage, Disk *disk, GError **error)
{
    if (!guard_name("disk", "alias", disk->alias, error))
        return FALSE;
    if (disk->format != DISK_FORMAT_COW && disk->format != DISK_FORMAT_RAW)
        return fault_set(error, MSG_REGISTER_FORMAT, "disk", disk->alias, "format", "", NULL);
    settle_fields(work->view, storage, disk);
    return check_file(work, link, storage, disk, error);
}

Disk *
registration_find_new(const Registration *registration, const Id *id)
{
    for (guint i = 0; i < registration->disks->len; i++) {
        Disk *disk = registration->disks->pdata[i];
        if (id_equal(&disk->object.id, id))
            return disk;
    }
    return NULL;
}

/* --- those of a VM -------------------------------------------------------------------------------------------------------------------------- */

static const Disk *
told_of(const Registration *registration, const Id *id)
{
    for (guint i = 0; i < registration->note.disks->len; i++) {
        const Disk *disk = registration->note.disks->pdata[i];
        if (id_equal(&disk->object.id, id))
            return disk;
    }
    return NULL;
}

/* Another storage domain of this manager that can be used on the same host; NULL: it is elsewhere. */
static const StorageDomain *
where_lies(const Registration *registration, const Disk *disk)
{
    Id host;
    const StorageDomainRef *in = disk->storage_domains.count > 0 ? disk->storage_domains.items[0] : NULL;
    const StorageDomain *storage = in ? guard_storage(registration->work, &in->storage_domain.id, &host, NULL) : NULL;
    return storage && id_equal(&host, &registration->host->object.id) ? storage : NULL;
}

typedef enum { DISK_COMES, DISK_MISSING, DISK_REFUSED } Coming;

/* One that is here already is so with another VM, which shares it. */
static gboolean
may_share(const Registration *registration, const Disk *known, GError **error)
{
    char text[ID_TEXT_SIZE];
    const Id *id = &known->object.id;
    if (!guard_disk(registration->work, id, FALSE, error) || !attachments_may_attach(registration->work, registration->vm, known, error))
        return FALSE;
    return known->shareable || fault_set(error, MSG_REGISTER_DISK_THERE, "disk", known->alias, "id", id_format(id, ID_UUID, text), NULL);
}

static Coming
take_disk(Registration *registration, const Id *id, GError **error)
{
    Work *work = registration->work;
    const Disk *known = view_find(work->view, &disk_type, id), *told = told_of(registration, id);
    if (known)
        return may_share(registration, known, error) ? DISK_COMES : DISK_REFUSED;
    const StorageDomain *storage = told ? where_lies(registration, told) : NULL;
    if (!storage)
        return DISK_MISSING;
    g_autoptr(GError) why = NULL;
    Disk *disk = object_dup(told);
    if (registration_settle_disk(work, registration->link, storage, disk, &why)) {
        g_ptr_array_add(registration->disks, disk);
        return DISK_COMES;
    }
    object_unref(disk);
    if (message_code(fault_message(why)) == MSG_VOLUME_MISSING)
        return DISK_MISSING;
    g_propagate_error(error, g_steal_pointer(&why));
    return DISK_REFUSED;
}

static gboolean
is_target(const DiskAttachment *attachment)
{
    const char *target = attachment->target;
    gsize length = target ? strlen(target) : 0;
    return (length == 3 || length == 4) && strchr("hsv", target[0]) && target[1] == 'd' && strspn(target + 2, "abcdefghijklmnopqrstuvwxyz") == length - 2;
}

/* Under the name its guest knows, where that is one. */
static void
put_attachment(Vm *vm, DiskAttachment *attachment)
{
    g_autofree char *target = is_target(attachment) ? g_strdup(attachment->target) : NULL;
    attachment->disk.id = attachment->object.id;
    attachments_put(vm, attachment);
    DiskAttachment *put = list_find(&vm->disk_attachments, &attachment->object.id);
    for (guint i = 0; target && i < vm->disk_attachments.count; i++) {
        const DiskAttachment *other = vm->disk_attachments.items[i];
        if (other != put && g_strcmp0(other->target, target) == 0)
            return;
    }
    if (target && put->target && target[0] == put->target[0])
        text_set(&put->target, target);
}

static const char *
alias_of(const Registration *registration, const Id *id)
{
    const Disk *disk = told_of(registration, id);
    return disk && disk->alias ? disk->alias : "";
}

static gboolean
check_missing(Registration *registration, const GString *missing, GError **error)
{
    if (!missing->len)
        return TRUE;
    if (!registration->sent->allow_partial_import)
        return fault_set(error, MSG_REGISTER_DISKS_MISSING, "vm", registration->vm->name, "storage_domain", registration->storage->name, "disks", missing->str, NULL);
    registration_leave_out(registration, "disks", missing->str);
    return TRUE;
}

gboolean
registration_disks(Registration *registration, GError **error)
{
    const Vm *told = registration->note.vm;
    g_autoptr(GString) missing = g_string_new(NULL);
    for (guint i = 0; i < told->disk_attachments.count; i++) {
        const DiskAttachment *sent = told->disk_attachments.items[i];
        switch (take_disk(registration, &sent->object.id, error)) {
        case DISK_REFUSED:
            return FALSE;
        case DISK_MISSING:
            g_string_append_printf(missing, "%s%s", missing->len ? ", " : "", alias_of(registration, &sent->object.id));
            continue;
        case DISK_COMES:
            break;
        }
        DiskAttachment *attachment = object_dup(sent);
        gboolean well = attachments_check(registration->vm, attachment, error);
        if (well)
            put_attachment(registration->vm, attachment);
        object_unref(attachment);
        if (!well)
            return FALSE;
    }
    return check_missing(registration, missing, error);
}
