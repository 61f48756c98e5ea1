/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Takes a disk out of a VM. Only detach_only=false, said by the client, deletes the disk too, if it is this VM's alone and its file
 * one the manager made; every other disk is only detached. That is oVirt's default, and clients that detach rely on it. */
#include "command/attachments.h"
#include "command/detach.h"
#include "command/devices.h"
#include "command/guards.h"
#include "command/rows.h"
#include "command/snapshots.h"

static gboolean
is_deleted(const Work *work, const Disk *disk)
{
    g_autoptr(GPtrArray) vms = devices_vms_of_disk(work->view, &disk->object.id);
    return vms->len == 1 && !guard_is_unmanaged(work->view, disk) && !work_flag(work, "detach_only", TRUE);
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = guard_vm(work, &work->parent, error);
    if (!vm)
        return FALSE;
    if (!list_find(&vm->disk_attachments, &work->target))
        return fault_set(error, MSG_NOT_ATTACHED, "vm", vm->name, NULL);
    const Disk *disk = guard_disk(work, &work->target, TRUE, error);
    if (!disk)
        return FALSE;
    work_set_about(work, "disk", disk->alias);
    work_set_about(work, "name", disk->alias);
    attachments_claim(work, disk);
    return snapshots_let_go(vm, disk, is_deleted(work, disk), error) && detach_check(work, vm, disk, TRUE, error) && (!is_deleted(work, disk) || detach_check_file(work, disk, error));
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    const Disk *disk = view_find(work->view, &disk_type, &work->target);
    detach_stage(work, changes, disk, is_deleted(work, disk));
    return TRUE;
}

const Command disk_attachment_remove = {
    .verb = "remove",
    .on = &disk_attachment_type,
    .flags = (const CommandFlag[]) { { "detach_only", "false deletes the disk too." }, { 0 } },
    .permit = PERMIT_VM_STORAGE,
    .title = MSG_DETACHING_DISK,
    .done = { 2018, MSG_DISK_DETACHED },
    .failed = { 2019, MSG_DISK_DETACH_FAILED },
    .check = check,
    .stage = stage,
    .plan = detach_plan,
    .steps = detach_steps,
    .finish = detach_finish,
    .revert = detach_revert,
    .help = "Takes a disk out of a VM and keeps it; detach_only=false deletes it. A running guest must let go of it.",
};
