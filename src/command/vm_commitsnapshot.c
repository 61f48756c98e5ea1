/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Ends a preview by staying: what the VM wrote before it is discarded. */
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
    returns_stage_commit(work, changes, vm, snapshot_find(&vm->snapshots, SNAPSHOT_PREVIEW));
    return TRUE;
}

static void
finish(Work *work, Changes *changes)
{
    previews_end(returns_finish(work, changes, NULL));
}

const Command vm_commitsnapshot = {
    .verb = "commitsnapshot",
    .on = &vm_type,
    .params = &previews_params_type,
    .permit = PERMIT_SNAPSHOTS,
    .title = MSG_COMMITTING_SNAPSHOT,
    .done = { 100, MSG_SNAPSHOT_COMMITTED },
    .failed = { 101, MSG_SNAPSHOT_COMMIT_FAILED },
    .check = check,
    .stage = stage,
    .plan = returns_plan,
    .steps = (const Step[]) {
        { "look at the images", returns_look, NULL, NULL, FALSE },
        RETURNS_DISCARD
        { 0 },
    },
    .finish = finish,
    .revert = returns_revert,
    .help = "Stays at the snapshot that is previewed; what the VM wrote before is discarded.",
};
