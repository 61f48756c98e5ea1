/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A thin disk lies where its template's does, and holds what was written since. */
#include "command/templates.h"

#include "command/attachments.h"
#include "command/devices.h"
#include "command/guards.h"
#include "command/new_disk.h"
#include "command/refs.h"
#include "command/volumes.h"

#define SALT "template.salt"

const Template *
templates_find(const Work *work, const Id *id, GError **error)
{
    const Template *template = view_find(work->view, &template_type, id);
    if (template && template->status == TEMPLATE_OK)
        return template;
    fault_set(error, template ? MSG_TEMPLATE_LOCKED : MSG_TEMPLATE_GONE, "template", template ? template->name : "", NULL);
    return NULL;
}

const Id *
templates_base(const Template *template)
{
    return id_is_null(&template->version.base_template.id) ? &template->object.id : &template->version.base_template.id;
}

const Vm *
templates_user(const View *view, const Id *template)
{
    ViewWalk walk = view_walk(view, &vm_type);
    for (const Vm *vm; (vm = view_next(&walk));) {
        if (id_equal(&vm->template_.id, template))
            return vm;
    }
    return NULL;
}

/* --- ids ------------------------------------------------------------------------------------------------------------------ */

void
templates_choose(Work *work)
{
    Id salt = id_random();
    if (!work_mark(work, SALT))
        work_set_mark_id(work, SALT, &salt);
}

Id
templates_disk_id(const Work *work, const Id *original)
{
    char text[ID_TEXT_SIZE];
    Id salt = id_null;
    work_mark_id(work, SALT, &salt);
    return id_named(&salt, id_format(original, ID_UUID, text));
}

/* --- what a VM gets --------------------------------------------------------------------------------------------------------- */

static void
give_cards(const Work *work, const Template *template, Vm *vm)
{
    for (guint i = 0; i < template->nics.count; i++) {
        Nic *nic = object_dup(template->nics.items[i]);
        nic->object.type = &nic_type;
        nic->object.id = id_random();
        g_free(nic->mac.address);
        nic->mac.address = devices_new_mac(work->view, &nic->object.id);
        list_add(&vm->nics, nic);
    }
}

void
templates_give(const Work *work, const Template *template, gboolean cards, Vm *vm)
{
    if (cards)
        give_cards(work, template, vm);
    for (guint i = 0; i < template->disk_attachments.count; i++) {
        DiskAttachment *attachment = object_dup(template->disk_attachments.items[i]);
        attachment->object.type = &disk_attachment_type;
        attachment->object.id = attachment->disk.id = templates_disk_id(work, &attachment->object.id);
        attachments_note_bus(vm, attachment);
        attachments_put(vm, attachment);
        object_unref(attachment);
    }
}

/* --- where it goes ---------------------------------------------------------------------------------------------------------- */

static const Disk *
disk_at(const View *view, const List *attachments, guint at)
{
    return view_find(view, &disk_type, &((const Object *) attachments->items[at])->id);
}

gint64
templates_room(const View *view, const List *attachments, const StorageDomain *storage)
{
    gint64 bytes = 0;
    for (guint i = 0; i < attachments->count; i++) {
        const Disk *disk = disk_at(view, attachments, i);
        if (disk && guard_disk_storage(view, disk) == storage)
            bytes += disk->sparse ? disk->actual_size : disk->provisioned_size;
    }
    return bytes;
}

/* What was sent of the copy of that disk; NULL: nothing. */
static const DiskWish *
wish_of(const Work *work, const Id *original)
{
    const GPtrArray *sent = refs_items(work->draft, "disk_attachments");
    for (guint i = 0; sent && i < sent->len; i++) {
        const DiskAttachment *attachment = ((const Draft *) sent->pdata[i])->record;
        if (id_equal(&attachment->disk.id, original))
            return &attachment->wish;
    }
    return NULL;
}

/* Where it was sent to; else where its original lies. NULL: nowhere that is known. */
static const StorageDomain *
target_of(const Work *work, const Disk *original)
{
    const DiskWish *wish = wish_of(work, &original->object.id);
    const StorageDomainRef *first = wish && wish->storage_domains.count > 0 ? wish->storage_domains.items[0] : NULL;
    const Id *sent = first ? &first->storage_domain.id : wish && !id_is_null(&wish->storage_domain.id) ? &wish->storage_domain.id : NULL;
    return sent ? view_find(work->view, &storage_domain_type, sent) : guard_disk_storage(work->view, original);
}

/* What all copies that go there may need. */
static gint64
room_in(const Work *work, const Template *template, const StorageDomain *storage)
{
    gint64 bytes = 0;
    for (guint i = 0; i < template->disk_attachments.count; i++) {
        const Disk *disk = disk_at(work->view, &template->disk_attachments, i);
        if (disk && target_of(work, disk) == storage)
            bytes += disk->sparse ? disk->actual_size : disk->provisioned_size;
    }
    return bytes;
}

/* A thin one lies where what it stands on does, and holds only what differs. */
static gboolean
check_thin(const Work *work, const Template *template, const Disk *disk, GError **error)
{
    const DiskWish *wish = wish_of(work, &disk->object.id);
    const StorageDomain *there = guard_disk_storage(work->view, disk);
    if (target_of(work, disk) != there)
        return fault_set(error, MSG_TEMPLATE_THIN_ELSEWHERE, "template", template->name, "disk", disk->alias, "storage_domain", there ? there->name : "", NULL);
    return !wish || wish->format != DISK_FORMAT_RAW || fault_set(error, MSG_TEMPLATE_THIN_RAW, "template", template->name, "disk", disk->alias, NULL);
}

static gboolean
reaches(const Work *work, const StorageDomain *storage, const Disk *disk, GError **error)
{
    Id id;
    const Host *here = work_mark_id(work, "host", &id) ? view_find(work->view, &host_type, &id) : NULL;
    const Host *there = id_is_null(&storage->host.id) ? here : view_find(work->view, &host_type, &storage->host.id);
    return here == there || fault_set(error, MSG_DISK_ELSEWHERE, "disk", disk->alias, "storage_domain", storage->name, "there", there ? there->name : "", "host", here ? here->name : "", NULL);
}

gboolean
templates_check_disks(Work *work, const Template *template, gboolean whole, GError **error)
{
    for (guint i = 0; i < template->disk_attachments.count; i++) {
        const Disk *disk = disk_at(work->view, &template->disk_attachments, i);
        const StorageDomain *storage = disk ? target_of(work, disk) : NULL;
        if (!storage)
            return fault_set(error, MSG_DISK_NOWHERE, "disk", disk ? disk->alias : "", NULL);
        if (!guard_storage(work, &storage->object.id, NULL, error) || !reaches(work, storage, disk, error) || (!whole && !check_thin(work, template, disk, error)) ||
            !new_disk_fits(storage, disk->alias, whole ? room_in(work, template, storage) : 0, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
templates_takes(const Work *work, const Template *template, const Draft *draft, Vm *vm)
{
    const DiskAttachment *sent = draft->record;
    Id id = templates_disk_id(work, &sent->disk.id);
    DiskAttachment *attachment = template && list_find(&template->disk_attachments, &sent->disk.id) ? list_find(&vm->disk_attachments, &id) : NULL;
    if (attachment)
        attachments_apply(draft, attachment);
    return attachment != NULL;
}

static void
place(const Work *work, const Disk *original, Disk *disk)
{
    const DiskWish *wish = wish_of(work, &original->object.id);
    const Disk none = { .storage_domains = { NULL, 0 } };
    field_assign(type_find(&disk_type, "storage_domains"), disk, &none);
    StorageDomainRef *in = g_new0(StorageDomainRef, 1);
    in->storage_domain.id = target_of(work, original)->object.id;
    list_add(&disk->storage_domains, in);
    if (wish && wish->format)
        disk->format = wish->format;
    disk->sparse |= disk->format == DISK_FORMAT_COW;
}

static Disk *
make_disk(const Work *work, const Disk *original, const Vm *vm, guint number, gboolean whole)
{
    Disk *disk = object_dup(original);
    g_autofree char *name = g_strdup_printf("%s_Disk%u", vm->name, number);
    disk->object.id = templates_disk_id(work, &original->object.id);
    disk->status = DISK_LOCKED;
    disk->template_.id = id_null;
    disk->actual_size = disk->total_size = 0;
    text_set(&disk->alias, name);
    text_set(&disk->name, name);
    text_set(&disk->image_id, NULL);
    if (!whole)
        disk->format = DISK_FORMAT_COW;
    place(work, original, disk);
    return disk;
}

void
templates_stage(Work *work, Changes *changes, const Template *template, const Vm *vm, gboolean whole)
{
    for (guint i = 0; i < template->disk_attachments.count; i++) {
        const Disk *original = disk_at(work->view, &template->disk_attachments, i);
        const StorageDomain *storage = target_of(work, original);
        Disk *disk = changes_add(changes, make_disk(work, original, vm, i + 1, whole));
        if (whole)
            volumes_plan_copy(work, disk, storage, original);
        else
            volumes_plan_thin(work, disk, storage, original);
    }
}

/* --- ends ------------------------------------------------------------------------------------------------------------------- */

void
templates_free_disks(const Work *work, Changes *changes, const List *attachments)
{
    Volume volume;
    for (guint i = 0; i < attachments->count; i++) {
        const Id *id = &((const Object *) attachments->items[i])->id;
        Disk *disk = volumes_find(work, id, &volume) ? changes_edit(changes, &disk_type, id) : NULL;
        if (disk)
            disk->status = DISK_OK;
    }
}

void
templates_drop_disks(const Work *work, Changes *changes, const List *attachments)
{
    Volume volume;
    for (guint i = 0; i < attachments->count; i++) {
        const Id *id = &((const Object *) attachments->items[i])->id;
        if (volumes_find(work, id, &volume))
            changes_remove(changes, &disk_type, id);
    }
}
