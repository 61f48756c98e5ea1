/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Edits how a VM has a disk: in or out, bootable, interface, read-only; and grows the disk if the body says so. A guest that runs
 * gets the disk or lets go of it; how it sees a disk it has cannot change. */
#include "command/attachments.h"
#include "command/devices.h"
#include "command/growth.h"
#include "command/guards.h"
#include "command/hotplug.h"
#include "command/refs.h"
#include "command/rows.h"
#include "command/volumes.h"

static gboolean
edit(Work *work, Vm *vm, GError **error)
{
    const Vm *model = view_find(work->view, &vm_type, &work->parent);
    DiskAttachment *attachment = devices_find_attachment(vm, model, &work->target);
    if (!attachment)
        return fault_set(error, MSG_DEVICE_GONE_OUTSIDE, "vm", model ? model->name : "", NULL);
    int interface = attachment->interface;
    attachments_apply(work->draft, attachment);
    attachments_note_bus(vm, attachment);
    if (interface == attachment->interface)
        return TRUE;
    g_clear_pointer(&attachment->target, g_free);
    attachment->target = devices_free_target(vm, attachment->interface);
    return TRUE;
}

/* What a guest that runs would have to feel. */
static gboolean
check_felt(const Vm *vm, const DiskAttachment *now, const DiskAttachment *edited, GError **error)
{
    gboolean other = now->interface != edited->interface || !now->read_only != !edited->read_only;
    if (!now->active == !edited->active)
        return !other || !now->active || !hotplug_is_felt(vm) || fault_set(error, MSG_DISK_IN_USE, "vm", vm->name, NULL);
    return attachments_check_hot(vm, edited->active ? edited : now, error);
}

static gboolean
check_edited(Work *work, const Vm *vm, const DiskAttachment *attachment, GError **error)
{
    DiskAttachment *edited = object_dup(attachment);
    attachments_apply(work->draft, edited);
    gboolean well = attachments_check(vm, edited, error) && check_felt(vm, attachment, edited, error);
    object_unref(edited);
    return well;
}

/* Out for a while means that its definition is written anew when it comes back; of a network disk only its maker could. */
static gboolean
check_can_return(const Work *work, const Disk *disk, const DiskAttachment *attachment, GError **error)
{
    const AttachmentBody *sent = work->draft->record;
    gboolean leaves = attachment->active && draft_has(work->draft, "active") && !sent->active;
    gboolean returns = !guard_is_unmanaged(work->view, disk) || (disk->path && *disk->path == '/');
    return !leaves || returns || fault_set(error, MSG_DISK_NO_FILE, "disk", disk->alias, "path", disk->path ? disk->path : "", NULL);
}

static gint64
sent_size(const Work *work)
{
    const Draft *draft = refs_group(work->draft, "disk");
    const Disk *sent = draft ? draft->record : NULL;
    return draft && draft_has(draft, "provisioned_size") ? sent->provisioned_size : 0;
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = guard_vm(work, &work->parent, error);
    if (!vm)
        return FALSE;
    const DiskAttachment *attachment = list_find(&vm->disk_attachments, &work->target);
    if (!attachment)
        return fault_set(error, MSG_NOT_ATTACHED, "vm", vm->name, NULL);
    if (!work->draft)
        return fault_set(error, MSG_BODY_MISSING, "type", "disk_attachment", NULL);
    const Disk *disk = guard_disk(work, &work->target, FALSE, error);
    if (!disk)
        return FALSE;
    work_set_about(work, "disk", disk->alias);
    work_set_about(work, "name", disk->alias);
    attachments_claim(work, disk);
    if (draft_has(work->draft, "active"))
        hotplug_insist(work);
    return hotplug_check(vm, error) && refs_resolve(work, error) && guard_home(work, vm, error) && check_edited(work, vm, attachment, error) &&
           check_can_return(work, disk, attachment, error) && growth_check(work, disk, sent_size(work), error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    work_keep_draft(work);
    volumes_lock(work, changes, &work->target);
    return TRUE;
}

static gboolean
prepare(Work *work, GError **error)
{
    return hotplug_prepare(work, edit, DEVICE_DISK, &work->target, error);
}

/* A file that a process has open is not grown under it. */
static gboolean
grow(Work *work, GError **error)
{
    return (volumes_growth(work) == 0 || definition_is_quiet(work, error)) && volumes_grow(work, error);
}

static void
finish(Work *work, Changes *changes)
{
    Disk *disk = changes_edit(changes, &disk_type, &work->target);
    volumes_unlock(work, changes, &work->target);
    if (disk)
        disk->provisioned_size = MAX(disk->provisioned_size, volumes_growth(work));
    definition_finish(work, changes, edit);
}

static void
revert(Work *work, Changes *changes)
{
    volumes_unlock(work, changes, &work->target);
}

static char *
plan(Work *work, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    growth_plan(text, work, view_find(work->view, &disk_type, &work->target));
    g_autofree char *edited = hotplug_plan(work, edit, DEVICE_DISK, &work->target, error);
    if (!edited)
        return NULL;
    g_string_append(text, edited);
    return g_strdup(text->str);
}

const Command disk_attachment_update = {
    .verb = "update",
    .on = &disk_attachment_type,
    .params = &attachments_body_type,
    .permit = PERMIT_VM_STORAGE,
    .title = MSG_EDITING_ATTACHMENT,
    .done = { 88, MSG_ATTACHMENT_EDITED },
    .failed = { 89, MSG_ATTACHMENT_EDIT_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "read the configuration", prepare, NULL, NULL, FALSE },
        HOTPLUG_LEAVE,
        HOTPLUG_WRITE,
        HOTPLUG_CHANGE,
        { "grow the volume", grow, volumes_grown, NULL, TRUE },
        { 0 },
    },
    .finish = finish,
    .revert = revert,
    .help = "Edits how a VM has a disk, and may grow the disk; a running guest gets it or lets go of it.",
};
