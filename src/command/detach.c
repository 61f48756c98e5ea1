/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * First a guest that runs lets go of the disk and the VM's definition forgets it (this can be undone), then the file is deleted (this cannot). A disk that stays
 * is free afterwards. Whether the file goes, the verb has decided in `stage`. */
#include "command/detach.h"

#include "command/attachments.h"
#include "command/guards.h"
#include "command/hotplug.h"
#include "command/plan.h"
#include "command/volumes.h"

gboolean
detach_check(Work *work, const Vm *vm, const Disk *disk, gboolean hot, GError **error)
{
    const DiskAttachment *attachment = list_find(&vm->disk_attachments, &disk->object.id);
    work_set_mark_id(work, "disk", &disk->object.id);
    if (!hot || !attachment)
        return guard_down(vm, MSG_DETACH_NEEDS_DOWN, error) && guard_home(work, vm, error);
    hotplug_insist(work);
    return hotplug_check(vm, error) && attachments_check_hot(vm, attachment, error) && guard_home(work, vm, error);
}

gboolean
detach_check_file(Work *work, const Disk *disk, GError **error)
{
    Id host;
    const StorageDomain *storage = guard_disk_storage(work->view, disk);
    work_set_mark_id(work, "disk", &disk->object.id);
    if (!storage)
        return fault_set(error, MSG_DISK_NOWHERE, "disk", disk->alias, NULL);
    if (!guard_storage(work, &storage->object.id, &host, error) || !guard_file_is_alone(work->view, disk, error))
        return FALSE;
    if (!work_mark(work, "host"))
        work_set_mark_id(work, "host", &host);
    return TRUE;
}

void
detach_stage(Work *work, Changes *changes, const Disk *disk, gboolean delete)
{
    volumes_lock(work, changes, &disk->object.id);
    if (delete)
        volumes_doom(work, disk, guard_disk_storage(work->view, disk));
}

static gboolean
edit(Work *work, Vm *vm, GError **error)
{
    Id disk;
    (void) error;
    if (work_mark_id(work, "disk", &disk))
        list_remove(&vm->disk_attachments, &disk_attachment_type, &disk);
    return TRUE;
}

static gboolean
prepare(Work *work, GError **error)
{
    Id disk;
    if (work_mark(work, "vm") && work_mark_id(work, "disk", &disk))
        return hotplug_prepare(work, edit, DEVICE_DISK, &disk, error);
    definition_skip(work);
    return TRUE;
}

/* Files go only when no process can have them open. */
static gboolean
delete_file(Work *work, GError **error)
{
    Id disk;
    if (work_mark(work, "vm") && work_mark_id(work, "disk", &disk) && !hotplug_is_out(work, DEVICE_DISK, &disk, error))
        return FALSE;
    return volumes_delete_first(work, error);
}

const Step detach_steps[] = {
    { "look at its images", volumes_gather, NULL, NULL, FALSE },
    { "read the configuration", prepare, NULL, NULL, FALSE },
    HOTPLUG_LEAVE,
    HOTPLUG_WRITE,
    { "delete the volume", delete_file, volumes_first_deleted, NULL, TRUE },
    { "delete its other images", volumes_delete, volumes_deleted, NULL, TRUE },
    { 0 },
};

/* Snapshots hold nothing more of it. */
static void
let_go(const Work *work, Changes *changes, const Id *disk)
{
    Id id;
    Vm *vm = work_mark_id(work, "vm", &id) ? changes_edit(changes, &vm_type, &id) : NULL;
    for (guint i = 0; vm && i < vm->snapshots.count; i++)
        snapshot_let_go(vm->snapshots.items[i], disk);
}

void
detach_finish(Work *work, Changes *changes)
{
    Id disk;
    if (work_mark(work, "vm"))
        definition_finish(work, changes, edit);
    if (!work_mark_id(work, "disk", &disk))
        return;
    if (volumes_is_doomed(work, &disk)) {
        let_go(work, changes, &disk);
        changes_remove(changes, &disk_type, &disk);
    } else {
        volumes_unlock(work, changes, &disk);
    }
}

void
detach_revert(Work *work, Changes *changes)
{
    Id disk;
    if (work_mark_id(work, "disk", &disk))
        volumes_unlock(work, changes, &disk);
}

char *
detach_plan(Work *work, GError **error)
{
    Id id;
    g_autoptr(GString) text = g_string_new(NULL);
    const Disk *disk = work_mark_id(work, "disk", &id) ? view_find(work->view, &disk_type, &id) : NULL;
    if (work_mark(work, "vm")) {
        g_autofree char *edited = hotplug_plan(work, edit, DEVICE_DISK, &id, error);
        if (!edited)
            return NULL;
        g_string_append(text, edited);
    }
    if (disk)
        plan_tell(text, volumes_is_doomed(work, &id) ? MSG_PLAN_DELETE_DISK : MSG_PLAN_KEEP_DISK, "disk", disk->alias, NULL);
    return g_strdup(text->str);
}
