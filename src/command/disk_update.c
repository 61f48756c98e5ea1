/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Edits a disk: its names at any time, its size (only upwards) while no VM that has it runs. Growing is forward: a file that
 * may have grown is not cut again. */
#include "command/attachments.h"
#include "command/devices.h"
#include "command/guards.h"
#include "command/growth.h"
#include "command/plan.h"
#include "command/refs.h"
#include "command/rows.h"
#include "command/volumes.h"

static void
edit(const Work *work, Disk *disk)
{
    gint64 size = disk->provisioned_size;
    draft_apply(work->draft, disk, SET);
    disk->provisioned_size = MAX(size, volumes_growth(work));
    if (draft_has(work->draft, "alias") || draft_has(work->draft, "name")) {
        const Disk *sent = work->draft->record;
        text_set(&disk->alias, draft_has(work->draft, "alias") ? sent->alias : sent->name);
        text_set(&disk->name, disk->alias);
    }
}

static gboolean
check_names(const Work *work, GError **error)
{
    const Disk *sent = work->draft->record;
    if (draft_has(work->draft, "alias") && !guard_name("disk", "alias", sent->alias, error))
        return FALSE;
    if (draft_has(work->draft, "name") && !guard_name("disk", "name", sent->name, error))
        return FALSE;
    return guard_texts(work->draft, error);
}

/* It stands in the XML of the VMs that have it. */
static gboolean
check_shareable(const Work *work, const Disk *disk, GError **error)
{
    const Disk *sent = work->draft->record;
    if (!draft_has(work->draft, "shareable") || sent->shareable == disk->shareable)
        return TRUE;
    if (sent->shareable && disk->format == DISK_FORMAT_COW)
        return fault_set(error, MSG_SHAREABLE_COW, NULL);
    g_autoptr(GPtrArray) vms = devices_vms_of_disk(work->view, &disk->object.id);
    if (vms->len == 0)
        return TRUE;
    const Vm *vm = vms->pdata[0];
    return fault_set(error, MSG_SHAREABLE_WHILE_ATTACHED, "disk", disk->alias, "vm", vm->name, NULL);
}

static gboolean
check(Work *work, GError **error)
{
    const Disk *disk = guard_disk(work, &work->target, FALSE, error);
    if (!disk)
        return FALSE;
    if (!work->draft)
        return fault_set(error, MSG_BODY_MISSING, "type", "disk", NULL);
    work_set_about(work, "name", disk->alias);
    const Disk *sent = work->draft->record;
    gint64 size = draft_has(work->draft, "provisioned_size") ? sent->provisioned_size : 0;
    if (!refs_resolve(work, error) || !check_names(work, error) || !check_shareable(work, disk, error) || !growth_check(work, disk, size, error))
        return FALSE;
    attachments_claim(work, disk);
    return TRUE;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    work_keep_draft(work);
    if (volumes_growth(work) > 0)
        volumes_lock(work, changes, &work->target);
    return TRUE;
}

static void
finish(Work *work, Changes *changes)
{
    Disk *disk = changes_edit(changes, &disk_type, &work->target);
    if (!disk)
        return;
    volumes_unlock(work, changes, &work->target);
    edit(work, disk);
}

static void
revert(Work *work, Changes *changes)
{
    volumes_unlock(work, changes, &work->target);
}

static char *
plan(Work *work, GError **error)
{
    (void) error;
    const Disk *disk = view_find(work->view, &disk_type, &work->target);
    g_autoptr(GString) text = g_string_new(NULL);
    growth_plan(text, work, disk);
    if (disk && text->len == 0)
        plan_tell(text, MSG_PLAN_EDIT_DISK, "disk", disk->alias, NULL);
    return g_strdup(text->str);
}

const Command disk_update = {
    .verb = "update",
    .on = &disk_type,
    .params = &disk_type,
    .permit = PERMIT_EDIT_DISK,
    .title = MSG_EDITING_DISK,
    .done = { 88, MSG_DISK_EDITED },
    .failed = { 89, MSG_DISK_EDIT_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "grow the volume", volumes_grow, volumes_grown, NULL, TRUE },
        { 0 },
    },
    .finish = finish,
    .revert = revert,
    .help = "Edits a disk's names, or grows it while no VM that has it runs.",
};
