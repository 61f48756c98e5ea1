/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Checks and ends. Which images go is returns.h's. */
#include "command/previews.h"

typedef struct { gboolean async; } PreviewParams;

/* clang-format off */
const Type previews_params_type = { .one = "action", .many = "actions", .size = sizeof(PreviewParams), .help = "When to answer.", .fields = (const Field[]) {
    BOOL(PreviewParams, async, ADD, "Answer before it is done."),
    { 0 } } };
/* clang-format on */

static const Snapshot *
find_previewed(const Vm *vm)
{
    for (guint i = 0; i < vm->snapshots.count; i++) {
        const Snapshot *snapshot = vm->snapshots.items[i];
        if (g_strcmp0(snapshot->snapshot_status, SNAPSHOT_IN_PREVIEW) == 0)
            return snapshot;
    }
    return NULL;
}

gboolean
previews_check(Work *work, GError **error)
{
    const Vm *vm = snapshots_check(work, &work->target, SNAPSHOTS_PREVIEW, error);
    const Snapshot *point = vm ? snapshot_find(&vm->snapshots, SNAPSHOT_PREVIEW) : NULL, *previewed = vm ? find_previewed(vm) : NULL;
    if (!point)
        return FALSE;
    for (guint i = 0; i < point->disks.count; i++) {
        const SnapshotDisk *held = point->disks.items[i];
        if (view_find(work->view, &disk_type, &held->disk.id) && !snapshots_check_disk(work, &held->disk.id, error))
            return FALSE;
    }
    work_set_about(work, "snapshot", previewed ? previewed->description : "");
    return TRUE;
}

void
previews_end(Vm *vm)
{
    for (guint i = 0; vm && i < vm->snapshots.count; i++) {
        Snapshot *snapshot = vm->snapshots.items[i];
        if (g_strcmp0(snapshot->snapshot_status, SNAPSHOT_IN_PREVIEW) == 0)
            text_set(&snapshot->snapshot_status, SNAPSHOT_OK);
    }
    const Snapshot *point = vm ? snapshot_find(&vm->snapshots, SNAPSHOT_PREVIEW) : NULL;
    Id id = point ? point->object.id : id_null;
    if (point)
        list_remove(&vm->snapshots, &snapshot_type, &id);
}
