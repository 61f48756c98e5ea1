/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Puts an ISO image into the drive of a VM, or takes it out: an empty file id ejects. With current=true the guest that runs gets it
 * at once and keeps it at its next start; without, its next start has it. */
#include "command/guards.h"
#include "command/hotplug.h"
#include "command/paths.h"
#include "command/rows.h"

static const char *
medium(const Work *work)
{
    const Cdrom *sent = work->draft->record;
    return sent->file.id && *sent->file.id ? sent->file.id : NULL;
}

static gboolean
edit(Work *work, Vm *vm, GError **error)
{
    Cdrom *cdrom = list_find(&vm->cdroms, &work->target);
    if (!cdrom)
        return fault_set(error, MSG_DEVICE_GONE_OUTSIDE, "vm", vm->name, NULL);
    text_set(&cdrom->file.id, medium(work));
    return TRUE;
}

/* The lasting id instead of what was sent. A disk with an ISO image in it is not removed meanwhile. */
static gboolean
resolve(Work *work, GError **error)
{
    Cdrom *sent = work->draft->record;
    const Disk *disk = medium(work) ? paths_iso_disk(work->view, medium(work)) : NULL;
    if (disk && !guard_disk(work, &disk->object.id, FALSE, error))
        return FALSE;
    if (disk)
        work_claim_use(work, &disk_type, &disk->object.id);
    if (!medium(work))
        return TRUE;
    char *id = paths_iso_id(work->view, sent->file.id, error);
    if (!id)
        return FALSE;
    g_free(sent->file.id);
    sent->file.id = id;
    return TRUE;
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = guard_vm(work, &work->parent, error);
    if (!vm)
        return FALSE;
    if (!list_find(&vm->cdroms, &work->target))
        return fault_set(error, MSG_NO_SUCH_CDROM, "vm", vm->name, NULL);
    if (!work->draft || !draft_has(work->draft, "file"))
        return fault_set(error, MSG_CDROM_INCOMPLETE, NULL);
    work_set_about(work, "name", "");
    work_set_mark(work, work_flag(work, "current", FALSE) ? "current" : "live", "yes");      /* the next start alone: no guest feels it */
    return hotplug_check(vm, error) && resolve(work, error) && guard_home(work, vm, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) changes;
    (void) error;
    work_keep_draft(work);
    return TRUE;
}

static gboolean
edit_drive(Work *work, GError **error)
{
    if (work_mark(work, "current"))
        return hotplug_prepare(work, edit, DEVICE_CDROM, &work->target, error);
    return definition_prepare(work, edit, error);
}

static gboolean
prepare(Work *work, GError **error)
{
    const char *file = medium(work);
    g_autofree char *path = file ? paths_iso(work->view, file, error) : NULL;
    if (file && (!path || !paths_verify(work->view, path, error)))
        return FALSE;
    return edit_drive(work, error);
}

static void
finish(Work *work, Changes *changes)
{
    Vm *vm = definition_finish(work, changes, edit);
    Cdrom *cdrom = vm && work_mark(work, "current") && vm_is_running((VmStatus) vm->status) ? list_find(&vm->cdroms, &work->target) : NULL;
    if (cdrom)
        text_set(&cdrom->current.id, cdrom->file.id);
}

static char *
plan(Work *work, GError **error)
{
    if (work_mark(work, "current"))
        return hotplug_plan(work, edit, DEVICE_CDROM, &work->target, error);
    return definition_plan(work, edit, error);
}

const Command cdrom_update = {
    .verb = "update",
    .on = &cdrom_type,
    .params = &cdrom_type,
    .flags = (const CommandFlag[]) { { "current", "The guest that runs gets it at once." }, { 0 } },
    .permit = PERMIT_CHANGE_VM_CD,
    .title = MSG_CHANGING_CD,
    .done = { 38, MSG_CD_CHANGED },
    .failed = { 102, MSG_CD_CHANGE_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "read the configuration", prepare, NULL, NULL, FALSE },
        HOTPLUG_WRITE,
        HOTPLUG_CHANGE,
        { 0 },
    },
    .finish = finish,
    .help = "Puts an ISO image into the drive of a VM; an empty id ejects. With current=true a running guest gets it at once.",
};
