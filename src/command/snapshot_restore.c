/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Brings a VM that is down back to a snapshot. What it wrote since the snapshot it stands on is discarded; every other snapshot stays, so that
 * people who went back still have what they went back from. */
#include "command/definition.h"
#include "command/returns.h"
#include "command/rows.h"
#include "command/volumes.h"

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = snapshots_check(work, &work->parent, 0, error);
    const Snapshot *snapshot = vm ? snapshots_regular(work, vm, &work->target, TRUE, error) : NULL;
    return snapshot && returns_check(work, vm, snapshot, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    Vm *vm = changes_edit(changes, &vm_type, &work->parent);
    Snapshot *snapshot = snapshots_edit(vm, &work->target);
    returns_stage(work, changes, vm, snapshot, TRUE);
    text_set(&snapshot->snapshot_status, SNAPSHOT_LOCKED);
    return TRUE;
}

static void
end(Work *work, Vm *vm)
{
    Snapshot *snapshot = snapshots_edit(vm, &work->target);
    if (snapshot)
        text_set(&snapshot->snapshot_status, SNAPSHOT_OK);
}

static void
finish(Work *work, Changes *changes)
{
    end(work, returns_finish(work, changes, &work->target));
}

static void
revert(Work *work, Changes *changes)
{
    returns_revert(work, changes);
    end(work, changes_edit(changes, &vm_type, &work->parent));
}

const Command snapshot_restore = {
    .verb = "restore",
    .on = &snapshot_type,
    .params = &returns_params_type,
    .permit = PERMIT_SNAPSHOTS,
    .title = MSG_RESTORING_SNAPSHOT,
    .started = { 1190, MSG_SNAPSHOT_RESTORE_STARTED },
    .done = { 100, MSG_SNAPSHOT_RESTORED },
    .failed = { 101, MSG_SNAPSHOT_RESTORE_FAILED },
    .check = check,
    .stage = stage,
    .plan = returns_plan,
    .steps = RETURNS_STEPS,
    .finish = finish,
    .revert = revert,
    .help = "Brings a VM that is down back to a snapshot; what it wrote since is discarded.",
};
