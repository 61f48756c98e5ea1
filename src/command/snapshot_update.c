/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Edits what people call a snapshot. */
#include "command/guards.h"
#include "command/rows.h"
#include "command/snapshots.h"

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->parent);
    char text[ID_TEXT_SIZE];
    if (!vm)
        return fault_set(error, MSG_NO_SUCH_VM, "id", id_format(&work->parent, ID_UUID, text), NULL);
    if (!work->draft)
        return fault_set(error, MSG_BODY_MISSING, "type", "snapshot", NULL);
    const Snapshot *snapshot = snapshots_regular(work, vm, &work->target, FALSE, error);
    if (!snapshot || !guard_texts(work->draft, error))
        return FALSE;
    work_set_about(work, "vm", vm->name);
    work_set_about(work, "snapshot", snapshot->description);
    work_set_about(work, "name", snapshot->description);
    work_claim(work, &vm_type, &vm->object.id);
    return TRUE;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    Snapshot *snapshot = snapshots_edit(changes_edit(changes, &vm_type, &work->parent), &work->target);
    if (snapshot)
        draft_apply(work->draft, snapshot, SET);
    return TRUE;
}

const Command snapshot_update = {
    .verb = "update",
    .on = &snapshot_type,
    .params = &snapshot_type,
    .permit = PERMIT_SNAPSHOTS,
    .title = MSG_EDITING_SNAPSHOT,
    .check = check,
    .stage = stage,
    .help = "Edits the description of a snapshot.",
};
