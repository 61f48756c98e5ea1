/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lets a VM that is down be as a snapshot has it, to be looked at: what it wrote before is kept until somebody commits to the snapshot, or undoes
 * the preview. */
#include "command/definition.h"
#include "command/returns.h"
#include "command/rows.h"
#include "command/volumes.h"

static gboolean
check(Work *work, GError **error)
{
    const ReturnParams *sent = work->draft ? work->draft->record : NULL;
    const Vm *vm = snapshots_check(work, &work->target, 0, error);
    if (vm && (!sent || id_is_null(&sent->snapshot.id)))
        return fault_set(error, MSG_PREVIEW_OF_WHAT, "vm", vm->name, NULL);
    const Snapshot *snapshot = vm ? snapshots_regular(work, vm, &sent->snapshot.id, TRUE, error) : NULL;
    if (!snapshot)
        return FALSE;
    work_set_mark_id(work, "snapshot", &snapshot->object.id);
    return returns_check(work, vm, snapshot, error);
}

static Snapshot *
find(const Work *work, Vm *vm)
{
    Id id;
    return work_mark_id(work, "snapshot", &id) ? snapshots_edit(vm, &id) : NULL;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    Snapshot *snapshot = find(work, vm);
    returns_stage(work, changes, vm, snapshot, FALSE);
    text_set(&snapshot->snapshot_status, SNAPSHOT_LOCKED);
    return TRUE;
}

/* The VM as it was before. */
static void
add_point(const Work *work, Changes *changes, Vm *vm)
{
    SnapshotSwitch change;
    const Snapshot *active = snapshot_find(&vm->snapshots, SNAPSHOT_ACTIVE);
    Snapshot *point = object_new(&snapshot_type);
    point->object.id = id_named(&vm->object.id, "preview");
    point->description = g_strdup("Active VM before the preview");
    point->snapshot_type = g_strdup(SNAPSHOT_PREVIEW);
    point->snapshot_status = g_strdup(SNAPSHOT_OK);
    point->date = clock_wall();
    point->vm.id = vm->object.id;
    point->parent.id = active ? active->parent.id : id_null;
    point->configuration = g_strdup(work_mark(work, "configuration"));
    for (guint i = 0; snapshots_get_switch(work, i, &change); i++) {
        const Disk *disk = changes_find(changes, &disk_type, &change.disk);
        if (disk)
            snapshot_hold(point, &change.disk, &change.from, disk->format, disk->provisioned_size);
    }
    list_add(&vm->snapshots, point);
}

static void
finish(Work *work, Changes *changes)
{
    Id id;
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    if (vm)
        add_point(work, changes, vm);
    vm = returns_finish(work, changes, work_mark_id(work, "snapshot", &id) ? &id : NULL);
    Snapshot *snapshot = vm ? find(work, vm) : NULL;
    if (snapshot)
        text_set(&snapshot->snapshot_status, SNAPSHOT_IN_PREVIEW);
}

static void
revert(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    Snapshot *snapshot = vm ? find(work, vm) : NULL;
    if (snapshot)
        text_set(&snapshot->snapshot_status, SNAPSHOT_OK);
    returns_revert(work, changes);
}

const Command vm_previewsnapshot = {
    .verb = "previewsnapshot",
    .on = &vm_type,
    .params = &returns_preview_params_type,
    .permit = PERMIT_SNAPSHOTS,
    .title = MSG_PREVIEWING_SNAPSHOT,
    .started = { 46, MSG_SNAPSHOT_PREVIEW_STARTED },
    .done = { 71, MSG_SNAPSHOT_PREVIEW_READY },
    .failed = { 99, MSG_SNAPSHOT_PREVIEW_FAILED },
    .check = check,
    .stage = stage,
    .plan = returns_plan,
    .steps = RETURNS_STEPS,
    .finish = finish,
    .revert = revert,
    .help = "Lets a VM that is down be as a snapshot has it, until it is committed to or undone.",
};
