/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Removes a snapshot: what it holds of each disk is merged with what stands upon it, while the VM runs or is down (merges.h); where several stand upon
 * it, it stays, without an owner, until all but one of them are gone. What is to be done is chosen once, from what the storage has; once it has
 * begun it is ended, whatever happens: an image that is half merged is of use to nobody but those above it. */
#include "command/definition.h"
#include "command/guards.h"
#include "command/merges.h"
#include "command/plan.h"
#include "command/rows.h"
#include "command/snapshots.h"

#define DROPPED "dropped"           /* mark: its memory is gone */

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = snapshots_check(work, &work->parent, SNAPSHOTS_RUNNING, error);
    const Snapshot *snapshot = vm ? snapshots_regular(work, vm, &work->target, FALSE, error) : NULL;
    if (!snapshot)
        return FALSE;
    for (guint i = 0; i < snapshot->disks.count; i++) {
        const SnapshotDisk *held = snapshot->disks.items[i];
        if (view_find(work->view, &disk_type, &held->disk.id) && !snapshots_check_disk(work, &held->disk.id, error))
            return FALSE;
    }
    work_set_about(work, "snapshot", snapshot->description);
    work_set_about(work, "name", snapshot->description);
    return TRUE;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    Vm *vm = changes_edit(changes, &vm_type, &work->parent);
    Snapshot *snapshot = snapshots_edit(vm, &work->target);
    work_set_mark(work, "was", snapshot->snapshot_status);
    text_set(&snapshot->snapshot_status, SNAPSHOT_LOCKED);
    snapshots_lock(work, changes, vm);
    return TRUE;
}

/* --- steps -------------------------------------------------------------------------------------------------------------------------- */

static const Snapshot *
find(const Work *work, const Vm **ret_vm)
{
    *ret_vm = view_find(work->view, &vm_type, &work->parent);
    return *ret_vm ? list_find(&(*ret_vm)->snapshots, &work->target) : NULL;
}

static gboolean
choose(Work *work, const Vm *vm, const DomainFacts *facts, const Id *id, GError **error)
{
    const Disk *disk = view_find(work->view, &disk_type, id);
    g_autoptr(Chain) chain = disk ? chains_read(work, vm, disk, error) : NULL;
    if (!disk || !chain || !chains_agree(facts, chain, error))
        return !disk;
    g_autoptr(GArray) deeds = chains_deeds(chain, vm, &work->target);
    return merges_plan(work, chain, deeds, error);
}

static gboolean
look(Work *work, GError **error)
{
    const Vm *vm;
    const Snapshot *snapshot = find(work, &vm);
    g_autoptr(DomainFacts) facts = snapshot ? snapshots_look(work, error) : NULL;
    if (!facts)
        return snapshot ? FALSE : fault_set(error, MSG_HOST_GONE, NULL);
    work_set_mark(work, "configuration", NULL);     /* which nobody needs here */
    merges_forget(work);
    for (guint i = 0; i < snapshot->disks.count; i++) {
        const SnapshotDisk *held = snapshot->disks.items[i];
        if (!choose(work, vm, facts, &held->disk.id, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
drop_memory(Work *work, GError **error)
{
    const Vm *vm;
    const Snapshot *snapshot = find(work, &vm);
    const StorageDomain *storage = snapshot ? view_find(work->view, &storage_domain_type, &snapshot->memory_storage.id) : NULL;
    g_autoptr(HostLink) link = storage ? work_host(work, error) : NULL;
    HostStore store = storage ? (HostStore) { storage->object.id, storage->storage.path, FALSE } : (HostStore) { .path = NULL };
    if (storage && (!link || !link->ops->memory_drop(link, &store, &work->target, work->deadline, error)))
        return FALSE;
    work_set_mark(work, DROPPED, "yes");
    return TRUE;
}

/* Done twice is done once: what is not noted is done again. */
static Probe
memory_dropped(Work *work, GError **error)
{
    (void) error;
    return work_mark(work, DROPPED) ? PROBE_DONE : PROBE_NOT_DONE;
}

/* --- ends --------------------------------------------------------------------------------------------------------------------------- */

/* Those that were taken after it were taken after the one before it. */
static void
close_gap(Vm *vm, const Snapshot *gone)
{
    for (guint i = 0; i < vm->snapshots.count; i++) {
        Snapshot *snapshot = vm->snapshots.items[i];
        if (id_equal(&snapshot->parent.id, &gone->object.id))
            snapshot->parent = gone->parent;
    }
}

/* A person may have given it up in the middle: then what was not merged is held still, and it can only be removed. */
static void
finish(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->parent);
    Snapshot *snapshot = snapshots_edit(vm, &work->target);
    if (vm)
        merges_finish(work, changes, vm);
    if (snapshot && merges_are_done(work)) {
        close_gap(vm, snapshot);
        list_remove(&vm->snapshots, &snapshot_type, &work->target);
    }
    snapshots_unlock(work, changes, vm);
}

static void
revert(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->parent);
    Snapshot *snapshot = snapshots_edit(vm, &work->target);
    if (snapshot)
        text_set(&snapshot->snapshot_status, work_mark(work, "was"));
    snapshots_unlock(work, changes, vm);
}

static char *
plan(Work *work, GError **error)
{
    const Vm *vm;
    const Snapshot *snapshot = look(work, error) ? find(work, &vm) : NULL;
    if (!snapshot)
        return NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    plan_tell(text, MSG_PLAN_REMOVE_SNAPSHOT, "snapshot", snapshot->description, "vm", vm->name, NULL);
    merges_tell(text, work, snapshot);
    return g_strdup(text->str);
}

const Command snapshot_remove = {
    .verb = "remove",
    .on = &snapshot_type,
    .permit = PERMIT_SNAPSHOTS,
    .title = MSG_REMOVING_SNAPSHOT,
    .started = { 342, MSG_SNAPSHOT_REMOVE_STARTED },
    .done = { 356, MSG_SNAPSHOT_REMOVED },
    .failed = { 357, MSG_SNAPSHOT_REMOVE_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "look at the images", look, NULL, NULL, FALSE, TRUE },
        { "merge them", merges_run, NULL, NULL, TRUE, TRUE },
        { "remove its memory", drop_memory, memory_dropped, NULL, TRUE },
        { 0 },
    },
    .finish = finish,
    .revert = revert,
    .help = "Removes a snapshot; what its VM has stays as it is, whether it runs or not.",
};
