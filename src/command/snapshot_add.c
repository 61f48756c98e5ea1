/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Takes a snapshot of a VM: what its disks hold, how it is made, and, of one that runs, its memory. Each disk goes on with an empty image that
 * stands on the one it had; a guest that runs is moved onto them all in one instant, its file systems frozen meanwhile if its agent answers. Who
 * froze it thaws it: before the answer, or, where the manager was killed between, when it lives again (the freeze has an end in the VM). Until the
 * domain names the new images nothing has happened; from then on there is only forward. */
#include "command/definition.h"
#include "command/guards.h"
#include "command/guests.h"
#include "command/new_disk.h"
#include "command/plan.h"
#include "command/refs.h"
#include "command/rows.h"
#include "command/snapshots.h"
#include "command/volumes.h"
#include "host/volume_name.h"

#define MEMORY "memory"             /* mark: the storage domain its memory goes to */
#define FREEZES "freezes"           /* its guest shall be frozen meanwhile, */
#define THAWED "thawed"             /* and is not, for sure */

#define FREEZE_MOST 60              /* seconds, whatever happens to the manager */
#define FREEZE_PATIENCE (10 * CLOCK_SECOND)
#define MEMORY_PATIENCE (1800 * CLOCK_SECOND)
#define MEMORY_MORE ((gint64) 64 << 20)     /* bytes of its devices' state */
#define REASON_TAKING "taking a snapshot"   /* libvirt's */

typedef struct { Ref disk; } ChosenDisk;
typedef struct {
    char *description, *name;
    gboolean persist_memorystate;
    List disk_attachments;
} SnapshotParams;

/* clang-format off */
static const Type chosen_type = { .one = "disk_attachment", .many = "disk_attachments", .size = sizeof(ChosenDisk), .help = "A disk of the VM.", .fields = (const Field[]) {
    REF (ChosenDisk, disk, disk_type, ADD,                  "Which disk."),
    { 0 } } };
static const Type snapshot_params_type = { .one = "snapshot", .many = "snapshots", .size = sizeof(SnapshotParams), .help = "What to keep.", .fields = (const Field[]) {
    TEXT (SnapshotParams, description, ADD,                 "For people."),
    TEXT (SnapshotParams, name, ADD,                        "Its name."),
    BOOL (SnapshotParams, persist_memorystate, ADD,         "With the memory of the running guest; so it is where it can be and is not said."),
    LIST (SnapshotParams, disk_attachments, chosen_type, ADD, "Of these disks alone; else of all that can have one."),
    { 0 } } };
/* clang-format on */

/* --- check -------------------------------------------------------------------------------------------------------------------------- */

static const char *
description(const Work *work)
{
    const SnapshotParams *sent = work->draft ? work->draft->record : NULL;
    return sent && sent->description ? sent->description : "";
}

/* Several VMs write a shareable one, and one that is not plugged in stands outside of all that happens to the VM. */
static gboolean
can_be_kept(const Work *work, const DiskAttachment *attachment)
{
    const Disk *disk = view_find(work->view, &disk_type, &attachment->object.id);
    return disk && attachment->active && !disk->shareable && disk->storage_type != DISK_STORAGE_LUN;
}

static gboolean
is_chosen(const Work *work, const Id *disk)
{
    const SnapshotParams *sent = work->draft ? work->draft->record : NULL;
    const gboolean all = !sent || sent->disk_attachments.count == 0;
    for (guint i = 0; !all && i < sent->disk_attachments.count; i++) {
        const ChosenDisk *chosen = sent->disk_attachments.items[i];
        if (id_equal(&chosen->disk.id, disk))
            return TRUE;
    }
    return all;
}

/* Each that was named must be one of the VM's that can be kept. */
static gboolean
check_chosen(const Work *work, const Vm *vm, GError **error)
{
    const SnapshotParams *sent = work->draft ? work->draft->record : NULL;
    for (guint i = 0; sent && i < sent->disk_attachments.count; i++) {
        const ChosenDisk *chosen = sent->disk_attachments.items[i];
        const DiskAttachment *attachment = list_find(&vm->disk_attachments, &chosen->disk.id);
        const Disk *disk = view_find(work->view, &disk_type, &chosen->disk.id);
        if (!attachment)
            return fault_set(error, MSG_NOT_ATTACHED, "vm", vm->name, NULL);
        if (!can_be_kept(work, attachment))
            return fault_set(error, attachment->active ? MSG_SNAPSHOT_SHAREABLE : MSG_SNAPSHOT_UNPLUGGED, "disk", disk ? disk->alias : "", "vm", vm->name, NULL);
    }
    return TRUE;
}

static gboolean
check_disk(Work *work, const Vm *vm, const DiskAttachment *attachment, GError **error)
{
    const Disk *known = view_find(work->view, &disk_type, &attachment->object.id);
    if (known && guard_is_unmanaged(work->view, known))
        return fault_set(error, MSG_SNAPSHOT_UNMANAGED, "disk", known->alias, "vm", vm->name, NULL);
    const Disk *disk = snapshots_check_disk(work, &attachment->object.id, error);
    return disk && new_disk_fits(guard_disk_storage(work->view, disk), disk->alias, 0, error);
}

static const Disk *
next_disk(const Work *work, const Vm *vm, guint *at)
{
    while (*at < vm->disk_attachments.count) {
        const DiskAttachment *attachment = vm->disk_attachments.items[(*at)++];
        if (can_be_kept(work, attachment) && is_chosen(work, &attachment->object.id))
            return view_find(work->view, &disk_type, &attachment->object.id);
    }
    return NULL;
}

/* Why its memory cannot be kept; 0: it can. */
static MessageCode
memory_fault(const Work *work, const Vm *vm)
{
    guint at = 0;
    if (vm->host_devices.count > 0)
        return MSG_SNAPSHOT_MEMORY_DEVICE;
    if (vm->shared_folders.count > 0)
        return MSG_SNAPSHOT_MEMORY_FOLDER;
    if (vm->next_run_configuration_exists || vm->run_once)
        return MSG_SNAPSHOT_MEMORY_NEXT_RUN;
    return next_disk(work, vm, &at) ? 0 : MSG_SNAPSHOT_MEMORY_NOWHERE;
}

static gboolean
check_memory(Work *work, const Vm *vm, GError **error)
{
    guint at = 0;
    const SnapshotParams *sent = work->draft ? work->draft->record : NULL;
    gboolean said = work->draft && draft_has(work->draft, "persist_memorystate");
    if (!vm_is_running((VmStatus) vm->status) || (said && !sent->persist_memorystate))
        return TRUE;
    MessageCode fault = memory_fault(work, vm);
    if (fault)
        return !said || fault_set(error, fault, "vm", vm->name, NULL);
    const Disk *disk = next_disk(work, vm, &at);
    const StorageDomain *storage = guard_disk_storage(work->view, disk);
    work_set_mark_id(work, MEMORY, &storage->object.id);
    return new_disk_fits(storage, disk->alias, vm->memory + MEMORY_MORE, error);
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = snapshots_check(work, &work->parent, SNAPSHOTS_RUNNING, error);
    if (!vm || (work->draft && !refs_resolve(work, error)) || !check_chosen(work, vm, error))
        return FALSE;
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        if (can_be_kept(work, attachment) && is_chosen(work, &attachment->object.id) && !check_disk(work, vm, attachment, error))
            return FALSE;
    }
    if (id_is_null(&work->target))
        work->target = id_random();
    work_set_about(work, "snapshot", description(work));
    work_set_about(work, "name", description(work));
    return check_memory(work, vm, error);
}

/* --- stage -------------------------------------------------------------------------------------------------------------------------- */

static void
add_snapshot(Work *work, Vm *vm)
{
    const SnapshotParams *sent = work->draft ? work->draft->record : NULL;
    const Snapshot *active = snapshot_find(&vm->snapshots, SNAPSHOT_ACTIVE);
    Snapshot *snapshot = object_new(&snapshot_type);
    snapshot->object.id = work->target;
    snapshot->description = g_strdup(description(work));
    snapshot->name = sent ? g_strdup(sent->name) : NULL;
    snapshot->snapshot_type = g_strdup(SNAPSHOT_REGULAR);
    snapshot->snapshot_status = g_strdup(SNAPSHOT_LOCKED);
    snapshot->date = clock_wall();
    snapshot->persist_memorystate = work_mark(work, MEMORY) != NULL;
    snapshot->vm.id = vm->object.id;
    snapshot->parent.id = active ? active->parent.id : id_null;
    list_add(&vm->snapshots, snapshot);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    guint at = 0;
    (void) error;
    Vm *vm = changes_edit(changes, &vm_type, &work->parent);
    for (const Disk *disk; (disk = next_disk(work, vm, &at));) {
        Id image = disk_image(disk);
        snapshots_plan_overlay(work, disk, &image, disk->format, disk->provisioned_size);
    }
    SnapshotSwitch any;
    gboolean answers = vm->status == VM_UP || vm->status == VM_POWERING_UP;
    if (answers && !work_mark(work, MEMORY) && !vm->frozen_until && snapshots_get_switch(work, 0, &any)) {
        work_set_mark(work, FREEZES, "yes");
        work_set_mark(work, THAWED, "yes");
        vm->frozen_until = clock_wall() + FREEZE_MOST * CLOCK_SECOND;
    }
    add_snapshot(work, vm);
    snapshots_lock(work, changes, vm);
    return TRUE;
}

/* --- steps -------------------------------------------------------------------------------------------------------------------------- */

static gboolean
look(Work *work, GError **error)
{
    g_autoptr(DomainFacts) facts = snapshots_look(work, error);
    if (!facts)
        return FALSE;
    if (work_mark(work, MEMORY) && !definition_runs(facts))
        return fault_set(error, MSG_SNAPSHOT_MEMORY_ENDED, "vm", work_mark(work, "about.vm"), NULL);
    return volumes_look(work, error);
}

static gboolean
make(Work *work, GError **error)
{
    if (!volumes_create(work, error))
        return FALSE;
    work_set_mark(work, THAWED, NULL);      /* from the next step on nobody knows */
    return TRUE;
}

static char *
memory_path(const Work *work, HostStore *ret_store)
{
    Id id;
    const StorageDomain *storage = work_mark_id(work, MEMORY, &id) ? view_find(work->view, &storage_domain_type, &id) : NULL;
    if (!storage)
        return NULL;
    *ret_store = (HostStore) { storage->object.id, storage->storage.path, FALSE };
    return volume_name_memory_path(storage->storage.path, &work->target);
}

static gboolean
freeze(Work *work, HostLink *link, GError **error)
{
    Id vm;
    return work_mark_id(work, "vm", &vm) && link->ops->freeze(link, &vm, MIN(work->deadline, clock_tick() + FREEZE_PATIENCE), error);
}

static gboolean
thaw(Work *work, HostLink *link, GError **error)
{
    Id vm;
    return work_mark_id(work, "vm", &vm) && link->ops->thaw(link, &vm, work->deadline, error);
}

/* A guest whose agent does not answer is kept as it is in that instant, as if its power were cut. */
static void
freeze_guest(Work *work, HostLink *link)
{
    g_autoptr(GError) refusal = NULL;
    if (!work_mark(work, FREEZES))
        return;
    gboolean may = freeze(work, link, &refusal) || fault_of(refusal) == FAULT_UNKNOWN_OUTCOME;
    work_set_mark(work, THAWED, may ? NULL : "yes");
}

static void
thaw_guest(Work *work, HostLink *link)
{
    g_autoptr(GError) unheard = NULL;
    if (work_mark(work, FREEZES) && !work_mark(work, THAWED) && thaw(work, link, &unheard))
        work_set_mark(work, THAWED, "yes");
}

/* Never waits for a guest: one that does not answer now is thawed when its time is over. */
static gboolean
thaw_again(Work *work, GError **error)
{
    (void) error;
    g_autoptr(HostLink) link = work_host(work, NULL);
    if (link)
        thaw_guest(work, link);
    return TRUE;
}

/* The images that are not taken up go, and so does what was written of its memory. */
static gboolean
take_back(Work *work, GError **error)
{
    HostStore store;
    thaw_again(work, NULL);
    g_autofree char *memory = memory_path(work, &store);
    g_autoptr(HostLink) link = memory ? work_host(work, error) : NULL;
    if (memory && (!link || !link->ops->memory_drop(link, &store, &work->target, work->deadline, error)))
        return FALSE;
    return volumes_undo_overlays(work, error);
}

static gboolean
take_running(Work *work, HostLink *link, const DomainFacts *facts, GError **error)
{
    Id vm;
    HostStore store;
    SnapshotSwitch change;
    g_autoptr(GArray) disks = g_array_new(FALSE, FALSE, sizeof(DiskSwitch));
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *memory = memory_path(work, &store);
    for (guint i = 0; snapshots_get_switch(work, i, &change); i++) {
        const Disk *disk = view_find(work->view, &disk_type, &change.disk);
        const char *target = chains_target(facts, &change.disk);
        if (!disk || !target)
            return fault_set(error, MSG_DEVICE_GONE_OUTSIDE, "vm", work_mark(work, "about.vm"), NULL);
        g_ptr_array_add(paths, chains_path(disk, guard_disk_storage(work->view, disk), &change.to));
        DiskSwitch item = { target, paths->pdata[paths->len - 1] };
        g_array_append_val(disks, item);
    }
    if (disks->len == 0)
        return TRUE;
    freeze_guest(work, link);
    Tick deadline = MAX(work->deadline, clock_tick() + (memory ? MEMORY_PATIENCE : CLOCK_SECOND * FREEZE_MOST));
    work_mark_id(work, "vm", &vm);
    gboolean well = link->ops->snapshot_take(link, &vm, (const DiskSwitch *) (gpointer) disks->data, disks->len, memory, deadline, error);
    thaw_guest(work, link);
    return well;
}

/* One that somebody started in this very moment writes what it was started with: its definition is put back. */
static gboolean
take_down(Work *work, HostLink *link, const DomainFacts *facts, GError **error)
{
    SnapshotSwitch any;
    if (!snapshots_get_switch(work, 0, &any))
        return TRUE;
    g_autofree char *xml = snapshots_switched_xml(work, facts, facts->xml, error);
    if (!xml || !link->ops->define(link, xml, work->deadline, error))
        return FALSE;
    g_autoptr(DomainFacts) now = definition_read(work, NULL);
    if (!now || !definition_runs(now) || snapshots_switched(work, now) == PROBE_DONE)
        return TRUE;
    link->ops->define(link, facts->xml, work->deadline, NULL);
    return fault_set(error, MSG_VM_STARTED_OUTSIDE, "vm", work_mark(work, "about.vm"), NULL);
}

static gboolean
take(Work *work, GError **error)
{
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    g_autoptr(HostLink) link = facts ? work_host(work, error) : NULL;
    if (!link)
        return FALSE;
    if (work_mark(work, MEMORY) && !definition_runs(facts))
        return fault_set(error, MSG_SNAPSHOT_MEMORY_ENDED, "vm", work_mark(work, "about.vm"), NULL);
    return definition_runs(facts) ? take_running(work, link, facts, error) : take_down(work, link, facts, error);
}

static Probe
taken(Work *work, GError **error)
{
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts || g_strcmp0(facts->reason, REASON_TAKING) == 0)
        return PROBE_UNKNOWN;
    thaw_again(work, NULL);         /* whatever became of it: who would have, died */
    return snapshots_switched(work, facts);
}

/* --- ends --------------------------------------------------------------------------------------------------------------------------- */

/* Where it is not known to be thawed its end stays, and somebody sees to it. */
static void
end_freeze(const Work *work, Vm *vm)
{
    if (work_mark(work, FREEZES) && (work_mark(work, THAWED) || !vm_is_running((VmStatus) vm->status)))
        vm->frozen_until = 0;
}

static void
hold_disks(const Work *work, Changes *changes, Snapshot *snapshot)
{
    SnapshotSwitch change;
    for (guint i = 0; snapshots_get_switch(work, i, &change); i++) {
        const Disk *disk = changes_find(changes, &disk_type, &change.disk);
        if (disk)
            snapshot_hold(snapshot, &change.disk, &change.from, disk->format, disk->provisioned_size);
    }
}

static void
finish(Work *work, Changes *changes)
{
    Id storage;
    Vm *vm = changes_edit(changes, &vm_type, &work->parent);
    Snapshot *snapshot = snapshots_edit(vm, &work->target), *active = vm ? snapshot_find(&vm->snapshots, SNAPSHOT_ACTIVE) : NULL;
    if (snapshot) {
        text_set(&snapshot->snapshot_status, SNAPSHOT_OK);
        text_set(&snapshot->configuration, work_mark(work, "configuration"));
        hold_disks(work, changes, snapshot);
    }
    if (snapshot && work_mark_id(work, MEMORY, &storage)) {
        snapshot->memory_storage.id = storage;
        snapshot->memory_size = vm->memory + MEMORY_MORE;
    }
    if (active)
        active->parent.id = work->target;
    if (vm)
        end_freeze(work, vm);
    snapshots_finish_switches(work, changes);
    snapshots_unlock(work, changes, vm);
}

static void
revert(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->parent);
    if (vm) {
        list_remove(&vm->snapshots, &snapshot_type, &work->target);
        end_freeze(work, vm);
    }
    snapshots_unlock(work, changes, vm);
}

static char *
plan(Work *work, GError **error)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->parent);
    if (!vm || !look(work, error))
        return NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    plan_tell(text, MSG_PLAN_SNAPSHOT, "vm", vm->name, NULL);
    snapshots_tell(text, work);
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        const Disk *disk = view_find(work->view, &disk_type, &attachment->object.id);
        if (disk && !(can_be_kept(work, attachment) && is_chosen(work, &attachment->object.id)))
            plan_tell(text, MSG_PLAN_SNAPSHOT_WITHOUT, "disk", disk->alias, NULL);
    }
    if (work_mark(work, MEMORY))
        plan_tell(text, MSG_PLAN_SNAPSHOT_MEMORY, NULL);
    if (work_mark(work, FREEZES))
        plan_tell(text, MSG_PLAN_SNAPSHOT_FREEZE, NULL);
    return g_strdup(text->str);
}

const Command snapshot_add = {
    .verb = "add",
    .on = &snapshot_type,
    .params = &snapshot_params_type,
    .permit = PERMIT_SNAPSHOTS,
    .title = MSG_ADDING_SNAPSHOT,
    .started = { 45, MSG_SNAPSHOT_STARTED },
    .done = { 68, MSG_SNAPSHOT_TAKEN },
    .failed = { 69, MSG_SNAPSHOT_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "look at the images", look, NULL, NULL, FALSE },
        { "make the images", make, volumes_created, take_back, FALSE },
        { "move onto them", take, taken, thaw_again, TRUE },
        { 0 },
    },
    .finish = finish,
    .revert = revert,
    .help = "Takes a snapshot of a VM, whether it runs or not.",
};
