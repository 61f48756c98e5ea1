/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Attaches a disk to a VM, and to its guest if that runs: one that exists, or a new one that is made in the same job. The disk's id is the attachment's. */
#include "command/attachments.h"
#include "command/devices.h"
#include "command/guards.h"
#include "command/hotplug.h"
#include "command/new_disk.h"
#include "command/plan.h"
#include "command/refs.h"
#include "command/rows.h"
#include "command/volumes.h"

#define MADE "made"                 /* this job makes the disk */

/* --- which disk ----------------------------------------------------------------------------------------------------------- */

static Draft *
disk_draft(const Work *work)
{
    return refs_group(work->draft, "disk");
}

/* An existing one by name: the group is a whole disk, so the reader did not take it for a reference. */
static const Disk *
find_by_name(const Work *work, const Disk *sent, GError **error)
{
    const char *name = sent->alias && *sent->alias ? sent->alias : sent->name;
    const Disk *found = NULL;
    guint count = 0;
    ViewWalk walk = view_walk(work->view, &disk_type);
    for (const Disk *disk; name && *name && (disk = view_next(&walk));) {
        if (g_strcmp0(disk->alias, name) != 0)
            continue;
        found = disk;
        count++;
    }
    g_autofree char *number = g_strdup_printf("%u", count);
    if (count > 1)
        fault_set(error, MSG_NAME_OF_SEVERAL, "type", "disk", "name", name, "count", number, NULL);
    else if (!found && name && *name)
        fault_set(error, MSG_NO_SUCH_OBJECT_AT_ALL, "type", "disk", "name", name, NULL);
    else if (!found)
        fault_set(error, MSG_DISK_INCOMPLETE, NULL);
    return count == 1 ? found : NULL;
}

static gboolean
choose_existing(Work *work, const Vm *vm, const Draft *draft, GError **error)
{
    const Disk *sent = draft->record;
    const Disk *named = draft->has_id ? NULL : find_by_name(work, sent, error);
    if (!draft->has_id && !named)
        return FALSE;
    const Disk *disk = guard_disk(work, draft->has_id ? &sent->object.id : &named->object.id, FALSE, error);
    if (!disk || !attachments_may_attach(work, vm, disk, error))
        return FALSE;
    work->target = disk->object.id;
    work_set_about(work, "disk", disk->alias);
    attachments_claim(work, disk);
    return TRUE;
}

static char *
default_alias(const Vm *vm)
{
    return g_strdup_printf("%s_Disk%u", vm->name, vm->disk_attachments.count + 1);
}

static gboolean
choose_new(Work *work, const Vm *vm, const Draft *draft, GError **error)
{
    const Disk *sent = draft->record;
    if (!new_disk_check(work, draft, error))
        return FALSE;
    g_autofree char *alias = default_alias(vm);
    work->target = draft->has_id && !id_is_null(&sent->object.id) ? sent->object.id : id_random();
    work_set_mark(work, MADE, "yes");
    work_set_about(work, "disk", sent->alias && *sent->alias ? sent->alias : sent->name && *sent->name ? sent->name : alias);
    work_claim(work, &disk_type, &work->target);
    return TRUE;
}

static gboolean
choose_disk(Work *work, const Vm *vm, GError **error)
{
    const Draft *draft = disk_draft(work);
    if (!draft)
        return fault_set(error, MSG_DISK_INCOMPLETE, NULL);
    const Disk *sent = draft->record;
    gboolean exists = draft->has_id && view_find(work->view, &disk_type, &sent->object.id);
    if (exists || !draft_has(draft, "provisioned_size"))
        return choose_existing(work, vm, draft, error);
    return choose_new(work, vm, draft, error);
}

/* --- check and stage ------------------------------------------------------------------------------------------------------ */

static gboolean
check_attachment(const Work *work, const Vm *vm, GError **error)
{
    DiskAttachment *attachment = attachments_make(work->view, vm, work->draft, &work->target);
    gboolean well = attachments_check(vm, attachment, error) && attachments_check_hot(vm, attachment, error);
    object_unref(attachment);
    return well;
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = guard_vm(work, &work->parent, error);
    if (!vm)
        return FALSE;
    if (!work->draft)
        return fault_set(error, MSG_BODY_MISSING, "type", "disk_attachment", NULL);
    return hotplug_check(vm, error) && refs_resolve(work, error) && guard_home(work, vm, error) &&
           choose_disk(work, vm, error) && check_attachment(work, vm, error);
}

static gboolean
edit(Work *work, Vm *vm, GError **error)
{
    (void) error;
    DiskAttachment *attachment = attachments_make(work->view, vm, work->draft, &work->target);
    attachments_put(vm, attachment);
    object_unref(attachment);
    return TRUE;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->parent);
    work_keep_draft(work);
    if (work_mark(work, MADE)) {
        g_autofree char *alias = default_alias(vm);
        Disk *disk = changes_add(changes, new_disk_make(work, disk_draft(work), &work->target, alias));
        volumes_plan(work, disk, new_disk_storage(work));
    } else {
        volumes_lock(work, changes, &work->target);
    }
    return edit(work, vm, error);
}

/* --- steps and ends ------------------------------------------------------------------------------------------------------- */

static gboolean
prepare(Work *work, GError **error)
{
    return hotplug_prepare(work, edit, DEVICE_DISK, &work->target, error);
}

static void
finish(Work *work, Changes *changes)
{
    Disk *disk = work_mark(work, MADE) ? changes_edit(changes, &disk_type, &work->target) : NULL;
    if (disk)
        disk->status = DISK_OK;
    volumes_unlock(work, changes, &work->target);
    definition_finish(work, changes, edit);
}

static void
revert(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->parent);
    if (vm)
        list_remove(&vm->disk_attachments, &disk_attachment_type, &work->target);
    if (work_mark(work, MADE))
        changes_remove(changes, &disk_type, &work->target);
    else
        volumes_unlock(work, changes, &work->target);
}

static char *
plan(Work *work, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const StorageDomain *storage = work_mark(work, MADE) ? new_disk_storage(work) : NULL;
    if (storage)
        plan_tell(text, MSG_PLAN_MAKE_DISK, "disk", work_mark(work, "about.disk"), "storage_domain", storage->name, NULL);
    g_autofree char *edited = volumes_look(work, error) ? hotplug_plan(work, edit, DEVICE_DISK, &work->target, error) : NULL;
    if (!edited)
        return NULL;
    g_string_append(text, edited);
    return g_strdup(text->str);
}

const Command disk_attachment_add = {
    .verb = "add",
    .on = &disk_attachment_type,
    .params = &attachments_body_type,
    .permit = PERMIT_VM_STORAGE,
    .title = MSG_ATTACHING_DISK,
    .started = { 78, MSG_DISK_ATTACH_STARTED },
    .done = { 97, MSG_DISK_ATTACHED },
    .failed = { 98, MSG_DISK_ATTACH_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "look at the storage", volumes_look, NULL, NULL, FALSE },
        { "create the volume", volumes_create, volumes_created, volumes_undo, FALSE },
        { "read the configuration", prepare, NULL, NULL, FALSE },
        HOTPLUG_WRITE,
        HOTPLUG_CHANGE,
        { 0 },
    },
    .finish = finish,
    .revert = revert,
    .help = "Attaches a disk to a VM: one that exists, or a new one; a running guest gets it at once.",
};
