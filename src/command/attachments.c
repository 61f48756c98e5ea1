/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rules of attaching, and the values of an attachment from either of the two bodies it comes in. Files of disks are
 * volumes.c's, XML is domain_xml's. */
#include "command/attachments.h"

#include "command/devices.h"
#include "command/guards.h"
#include "command/guest_defaults.h"
#include "command/hotplug.h"

#include <string.h>

/* clang-format off */
const Type attachments_body_type = { .one = "disk_attachment", .many = "disk_attachments", .size = sizeof(AttachmentBody),
    .help = "A disk in a VM.", .fields = (const Field[]) {
    ENUM (AttachmentBody, interface, disk_interface_names, ADD | SET, "How the guest sees it: virtio, virtio_scsi, sata, ide."),
    BOOL (AttachmentBody, active,    ADD | SET,     "Is it in?"),
    BOOL (AttachmentBody, bootable,  ADD | SET,     "May the VM start from it?"),
    BOOL (AttachmentBody, read_only, ADD | SET,     "The guest may not write."),
    BOOL (AttachmentBody, pass_discard, ADD | SET,  "What the guest discards is freed."),
    BOOL (AttachmentBody, uses_scsi_reservation, ADD | SET, "The guest may reserve it."),
    GROUP(AttachmentBody, disk, disk_type, ADD | SET, "The disk by id or name; or, with provisioned_size, a new one."),
    { 0 } } };
/* clang-format on */

static const char *const values[] = { "interface", "active", "bootable", "read_only", "pass_discard", "uses_scsi_reservation" };

void
attachments_apply(const Draft *draft, DiskAttachment *attachment)
{
    for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
        const Field *from = type_find(draft->type, values[i]), *to = type_find(&disk_attachment_type, values[i]);
        if (from && to && draft_has_row(draft, from))   /* enums and booleans: both an int */
            *(int *) (gpointer) ((char *) attachment + to->offset) = *(const int *) (gconstpointer) ((const char *) draft->record + from->offset);
    }
}

DiskAttachment *
attachments_make(const View *view, const Vm *vm, const Draft *draft, const Id *disk)
{
    DiskAttachment *attachment = object_new(&disk_attachment_type);
    attachment->object.id = *disk;
    attachment->disk.id = *disk;
    attachment->interface = guest_defaults_disk(view, vm);
    attachment->active = TRUE;
    attachments_apply(draft, attachment);
    return attachment;
}

void
attachments_note_bus(Vm *vm, const DiskAttachment *attachment)
{
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *other = vm->disk_attachments.items[i];
        if (!id_equal(&other->object.id, &attachment->object.id) && other->active && other->interface == DISK_INTERFACE_VIRTIO_SCSI)
            return;                     /* whatever controller that has, it serves this one too */
    }
    vm->virtio_scsi.enabled |= attachment->active && attachment->interface == DISK_INTERFACE_VIRTIO_SCSI;
}

void
attachments_put(Vm *vm, const DiskAttachment *attachment)
{
    if (list_find(&vm->disk_attachments, &attachment->object.id))
        return;
    DiskAttachment *copy = object_dup(attachment);
    attachments_note_bus(vm, copy);
    g_free(copy->target);
    copy->target = devices_free_target(vm, copy->interface);
    list_add(&vm->disk_attachments, copy);
}

gboolean
attachments_may_attach(const Work *work, const Vm *vm, const Disk *disk, GError **error)
{
    if (disk->content_type == DISK_CONTENT_ISO || disk->content_type == DISK_CONTENT_OVF_STORE)
        return fault_set(error, MSG_DISK_IS_NO_DATA, "disk", disk->alias, NULL);
    if (list_find(&vm->disk_attachments, &disk->object.id))
        return fault_set(error, MSG_DISK_THERE_ALREADY, "disk", disk->alias, "vm", vm->name, NULL);
    g_autoptr(GPtrArray) others = devices_vms_of_disk(work->view, &disk->object.id);
    if (disk->shareable)
        return TRUE;
    if (others->len == 0)
        return guard_file_is_alone(work->view, disk, error);
    const Vm *other = others->pdata[0];
    return fault_set(error, MSG_DISK_ATTACHED_ELSEWHERE, "disk", disk->alias, "vm", vm->name, "other", other->name, NULL);
}

gboolean
attachments_check(const Vm *vm, const DiskAttachment *attachment, GError **error)
{
    const DiskAttachment *other = attachment->bootable ? devices_boot_disk(vm, &attachment->object.id) : NULL;
    if (other)
        return fault_set(error, MSG_BOOT_DISK_THERE, "vm", vm->name, NULL);
    if (attachment->interface == DISK_INTERFACE_NONE_)
        return fault_set(error, MSG_BAD_DISK_INTERFACE, "vm", vm->name, NULL);
    if (attachment->read_only && (attachment->interface == DISK_INTERFACE_IDE || attachment->interface == DISK_INTERFACE_SATA))
        return fault_set(error, MSG_READ_ONLY_INTERFACE, "vm", vm->name, "interface", names_get(&disk_interface_names, attachment->interface), NULL);
    return TRUE;
}

gboolean
attachments_check_hot(const Vm *vm, const DiskAttachment *attachment, GError **error)
{
    gboolean fixed = attachment->interface == DISK_INTERFACE_IDE || attachment->interface == DISK_INTERFACE_SATA;
    if (!fixed || !attachment->active || !hotplug_is_felt(vm))
        return TRUE;
    return fault_set(error, MSG_HOTPLUG_INTERFACE, "vm", vm->name, "interface", names_get(&disk_interface_names, attachment->interface), NULL);
}

void
attachments_claim(Work *work, const Disk *disk)
{
    g_autoptr(GPtrArray) vms = devices_vms_of_disk(work->view, &disk->object.id);
    work_claim(work, &disk_type, &disk->object.id);
    for (guint i = 0; i < vms->len; i++) {
        const Vm *vm = vms->pdata[i];
        work_claim(work, &vm_type, &vm->object.id);
    }
}
