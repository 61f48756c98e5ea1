/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Removes a disk and its file, out of the one VM that has it if that is down. A disk of the unmanaged domain is only
 * forgotten: the manager did not make its file. */
#include "command/attachments.h"
#include "command/detach.h"
#include "command/devices.h"
#include "command/guards.h"
#include "command/rows.h"
#include "command/snapshots.h"
#include "command/volumes.h"

static gboolean
check_vm(Work *work, const Disk *disk, GError **error)
{
    g_autoptr(GPtrArray) vms = devices_vms_of_disk(work->view, &disk->object.id);
    if (vms->len == 0)
        return TRUE;
    const Vm *first = vms->pdata[0];
    if (vms->len > 1)
        return fault_set(error, MSG_DISK_OF_SEVERAL, "disk", disk->alias, "vm", first->name, NULL);
    const Vm *vm = guard_vm(work, &first->object.id, error);
    return vm && snapshots_let_go(vm, disk, TRUE, error) && detach_check(work, vm, disk, FALSE, error);
}

/* An ISO image that lies in a drive, now or at the next start. */
static gboolean
check_drives(const Work *work, const Disk *disk, GError **error)
{
    char text[ID_TEXT_SIZE];
    id_format(&disk->object.id, ID_UUID, text);
    ViewWalk walk = view_walk(work->view, &vm_type);
    for (const Vm *vm; (vm = view_next(&walk));) {
        for (guint i = 0; i < vm->cdroms.count; i++) {
            const Cdrom *cdrom = vm->cdroms.items[i];
            if (g_strcmp0(cdrom->file.id, text) == 0 || g_strcmp0(cdrom->current.id, text) == 0)
                return fault_set(error, MSG_DISK_IN_DRIVE, "disk", disk->alias, "vm", vm->name, NULL);
        }
    }
    return TRUE;
}

static gboolean
check(Work *work, GError **error)
{
    const Disk *disk = guard_disk(work, &work->target, TRUE, error);
    if (!disk || !check_drives(work, disk, error))
        return FALSE;
    work_set_about(work, "name", disk->alias);
    work_set_mark_id(work, "disk", &disk->object.id);
    attachments_claim(work, disk);
    if (!check_vm(work, disk, error))
        return FALSE;
    return guard_is_unmanaged(work->view, disk) || detach_check_file(work, disk, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    const Disk *disk = view_find(work->view, &disk_type, &work->target);
    detach_stage(work, changes, disk, !guard_is_unmanaged(work->view, disk));
    return TRUE;
}

static void
tell_forgotten(const Work *work, Changes *changes)
{
    const Disk *disk = view_find(work->view, &disk_type, &work->target);
    if (!disk || volumes_is_doomed(work, &work->target))
        return;
    EventAbout about = { .user = id_is_null(&work->user) ? NULL : &work->user, .correlation = work->correlation };
    changes_event(changes, 0, SEVERITY_WARNING, message_new(MSG_DISK_FORGOTTEN, "disk", disk->alias, "path", disk->path, NULL), &about);
}

static void
finish(Work *work, Changes *changes)
{
    tell_forgotten(work, changes);
    detach_finish(work, changes);
    changes_remove(changes, &disk_type, &work->target);
}

const Command disk_remove = {
    .verb = "remove",
    .on = &disk_type,
    .permit = PERMIT_DELETE_DISK,
    .title = MSG_REMOVING_DISK,
    .done = { 2014, MSG_DISK_REMOVED },
    .failed = { 2015, MSG_DISK_REMOVE_FAILED },
    .check = check,
    .stage = stage,
    .plan = detach_plan,
    .steps = detach_steps,
    .finish = finish,
    .revert = detach_revert,
    .help = "Removes a disk and deletes its file; one the manager did not make is only forgotten.",
};
