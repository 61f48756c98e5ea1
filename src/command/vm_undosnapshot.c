/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Ends a preview by going back: the VM is what it was before it, and what it wrote meanwhile is discarded. */
#include "command/definition.h"
#include "command/previews.h"
#include "command/rows.h"
#include "command/volumes.h"

static gboolean
check(Work *work, GError **error)
{
    return previews_check(work, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    const Snapshot *point = snapshot_find(&vm->snapshots, SNAPSHOT_PREVIEW);
    work_set_mark_id(work, "stood", &point->parent.id);
    returns_stage_undo(work, changes, vm, point);
    return TRUE;
}

static void
finish(Work *work, Changes *changes)
{
    Id stood = id_null;
    work_mark_id(work, "stood", &stood);
    previews_end(returns_finish(work, changes, &stood));
}

const Command vm_undosnapshot = {
    .verb = "undosnapshot",
    .on = &vm_type,
    .params = &previews_params_type,
    .permit = PERMIT_SNAPSHOTS,
    .title = MSG_UNDOING_SNAPSHOT,
    .done = { 100, MSG_SNAPSHOT_UNDONE },
    .failed = { 101, MSG_SNAPSHOT_UNDO_FAILED },
    .check = check,
    .stage = stage,
    .plan = returns_plan,
    .steps = RETURNS_STEPS,
    .finish = finish,
    .revert = returns_revert,
    .help = "Goes back to what a VM was before a preview.",
};
