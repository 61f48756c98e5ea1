/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The definition is made from the text that was kept with the point, so that what the manager does not model comes back too. Nothing is deleted before
 * the domain names the new images: until then all is undone. */
#include "command/returns.h"

#include "command/definition.h"
#include "command/devices.h"
#include "command/guards.h"
#include "command/new_disk.h"
#include "command/plan.h"
#include "command/refs.h"
#include "command/volumes.h"
#include "command/world.h"
#include "host/domain_xml.h"
#include "host/volume_name.h"

#define POINT "point"               /* mark: the snapshot it goes back to; none: it stays where it is */
#define MEMORY "memory"             /* mark: of which storage domain its memory comes */
#define STARTED "started"
#define COMMITS "commits"           /* mark: the point whose images go */
#define MEMORY_PATIENCE (1800 * CLOCK_SECOND)

/* clang-format off */
static const Type return_disk_type = { .one = "disk", .many = "disks", .size = sizeof(ReturnDisk), .help = "A disk.", .fields = (const Field[]) {
    REF (ReturnDisk, disk, disk_type, ADD,                  "Which disk."),
    { 0 } } };
const Type returns_params_type = { .one = "action", .many = "actions", .size = sizeof(ReturnParams), .help = "What to go back to.", .fields = (const Field[]) {
    BOOL (ReturnParams, async,          ADD,                "Answer before it is done."),
    BOOL (ReturnParams, restore_memory, ADD,                "Go on from its memory too."),
    LIST (ReturnParams, disks, return_disk_type, ADD,       "These disks alone; else all the snapshot holds."),
    { 0 } } };
const Type returns_preview_params_type = { .one = "action", .many = "actions", .size = sizeof(ReturnParams), .help = "What to look at.", .fields = (const Field[]) {
    BOOL (ReturnParams, async,          ADD,                "Answer before it is done."),
    BOOL (ReturnParams, restore_memory, ADD,                "Go on from its memory too."),
    REF  (ReturnParams, snapshot, snapshot_type, ADD,       "Which snapshot."),
    LIST (ReturnParams, disks, return_disk_type, ADD,       "These disks alone; else all the snapshot holds."),
    { 0 } } };
/* clang-format on */

/* Who it is, and what people want of it. */
static const char *const kept_rows[] = { "name", "description", "comment", "cluster", "template", "original_template", "delete_protected", "creation_time",
                                         "origin", "type", "high_availability", "autostart", "quota", NULL };

/* --- check and stage ---------------------------------------------------------------------------------------------------------------- */

/* What was sent; of a verb that ends a preview nothing is. */
static const ReturnParams *
find_sent(const Work *work)
{
    const Type *type = work->draft ? work->draft->type : NULL;
    return type == &returns_params_type || type == &returns_preview_params_type ? work->draft->record : NULL;
}

static gboolean
is_meant(const Work *work, const Id *disk)
{
    const ReturnParams *sent = find_sent(work);
    gboolean all = !sent || sent->disks.count == 0;
    for (guint i = 0; !all && i < sent->disks.count; i++) {
        if (id_equal(&((const ReturnDisk *) sent->disks.items[i])->disk.id, disk))
            return TRUE;
    }
    return all;
}

/* Of those it holds the ones that the VM still has. */
static const Disk *
next_disk(const Work *work, const Vm *vm, const Snapshot *point, guint *at, const SnapshotDisk **ret_held)
{
    while (*at < point->disks.count) {
        *ret_held = point->disks.items[(*at)++];
        const Disk *disk = view_find(work->view, &disk_type, &(*ret_held)->disk.id);
        if (disk && list_find(&vm->disk_attachments, &disk->object.id) && is_meant(work, &disk->object.id))
            return disk;
    }
    return NULL;
}

static gboolean
check_disks(Work *work, const Vm *vm, const Snapshot *point, GError **error)
{
    guint at = 0;
    const SnapshotDisk *held;
    for (const Disk *disk; (disk = next_disk(work, vm, point, &at, &held));) {
        if (!snapshots_check_disk(work, &disk->object.id, error) || !new_disk_fits(guard_disk_storage(work->view, disk), disk->alias, 0, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
check_memory(Work *work, const Vm *vm, const Snapshot *snapshot, GError **error)
{
    const ReturnParams *sent = find_sent(work);
    if (!sent || !sent->restore_memory)
        return TRUE;
    if (id_is_null(&snapshot->memory_storage.id))
        return fault_set(error, MSG_SNAPSHOT_NO_MEMORY, "snapshot", snapshot->description, "vm", vm->name, NULL);
    work_set_mark_id(work, MEMORY, &snapshot->memory_storage.id);
    return guard_storage(work, &snapshot->memory_storage.id, NULL, error) != NULL;
}

gboolean
returns_check(Work *work, const Vm *vm, const Snapshot *snapshot, GError **error)
{
    work_set_about(work, "snapshot", snapshot->description);
    work_set_about(work, "name", snapshot->description);
    work_set_mark_id(work, POINT, &snapshot->object.id);
    return (!work->draft || refs_resolve(work, error)) && check_disks(work, vm, snapshot, error) && check_memory(work, vm, snapshot, error);
}

static void
doom_written(Work *work, const Disk *disk)
{
    Id image = disk_image(disk);
    volumes_doom_image(work, disk, guard_disk_storage(work->view, disk), &image);
}

void
returns_stage(Work *work, Changes *changes, Vm *vm, const Snapshot *snapshot, gboolean discard)
{
    guint at = 0;
    const SnapshotDisk *held;
    for (const Disk *disk; (disk = next_disk(work, vm, snapshot, &at, &held));) {
        Id image = snapshot_disk_image(held);
        snapshots_plan_overlay(work, disk, &image, held->format, held->size);
        if (discard)
            doom_written(work, disk);
    }
    snapshots_lock(work, changes, vm);
}

void
returns_stage_commit(Work *work, Changes *changes, Vm *vm, const Snapshot *point)
{
    guint at = 0;
    const SnapshotDisk *held;
    work_set_mark_id(work, COMMITS, &point->object.id);
    for (const Disk *disk; (disk = next_disk(work, vm, point, &at, &held));) {
        Id image = snapshot_disk_image(held);
        volumes_doom_image(work, disk, guard_disk_storage(work->view, disk), &image);
    }
    snapshots_lock(work, changes, vm);
}

void
returns_stage_undo(Work *work, Changes *changes, Vm *vm, const Snapshot *point)
{
    guint at = 0;
    const SnapshotDisk *held;
    work_set_mark_id(work, POINT, &point->object.id);
    for (const Disk *disk; (disk = next_disk(work, vm, point, &at, &held));) {
        Id image = snapshot_disk_image(held);
        snapshots_plan_switch(work, disk, &image, held->format, held->size);
        doom_written(work, disk);
    }
    snapshots_lock(work, changes, vm);
}

/* --- the definition ----------------------------------------------------------------------------------------------------------------- */

static const Vm *
find_vm(const Work *work)
{
    Id id;
    return work_mark_id(work, "vm", &id) ? view_find(work->view, &vm_type, &id) : NULL;
}

static const Snapshot *
find_point(const Work *work, const char *mark)
{
    Id id;
    const Vm *vm = find_vm(work);
    return vm && work_mark_id(work, mark, &id) ? list_find(&vm->snapshots, &id) : NULL;
}

/* Disks are those it has now. */
static void
keep_disks(Vm *target, const Vm *now)
{
    for (guint i = target->disk_attachments.count; i-- > 0;) {
        Id id = ((const Object *) target->disk_attachments.items[i])->id;
        if (!list_find(&now->disk_attachments, &id))
            list_remove(&target->disk_attachments, &disk_attachment_type, &id);
    }
    for (guint i = 0; i < now->disk_attachments.count; i++) {
        const DiskAttachment *attachment = now->disk_attachments.items[i];
        if (!list_find(&target->disk_attachments, &attachment->object.id))
            list_add(&target->disk_attachments, object_dup(attachment));
    }
}

/* A card it has now is who it is now; one that comes back must not be another's by now. */
static gboolean
keep_addresses(const Work *work, Vm *target, const Vm *now, GError **error)
{
    for (guint i = 0; i < target->nics.count; i++) {
        Nic *nic = target->nics.items[i];
        const Nic *is = list_find(&now->nics, &nic->object.id);
        if (is) {
            text_set(&nic->mac.address, is->mac.address);
            continue;
        }
        const Vm *other = nic->mac.address ? devices_mac_owner(work->view, nic->mac.address, &nic->object.id) : NULL;
        if (other)
            return fault_set(error, MSG_SNAPSHOT_MAC, "vm", now->name, "mac", nic->mac.address, "other", other->name, NULL);
    }
    return TRUE;
}

/* The VM as it was, with what stays of it. Yours; NULL with the reason. */
static Vm *
make_target(Work *work, const DomainFacts *facts, const DomainFacts *kept, GError **error)
{
    Vm *now = definition_as_known(work, facts), *target = definition_as_known(work, kept);
    for (guint i = 0; kept_rows[i]; i++) {
        const Field *row = type_find(&vm_type, kept_rows[i]);
        if (row)
            field_assign(row, target, now);
    }
    keep_disks(target, now);
    gboolean well = keep_addresses(work, target, now, error);
    object_unref(now);
    if (!well)
        object_unref(target);
    return well ? target : NULL;
}

/* Every disk of ours names the image it has after all this, whatever the kept text says. */
static char *
with_files(Work *work, const char *xml, GError **error)
{
    g_autoptr(DomainFacts) facts = domain_facts_new();
    if (!domain_xml_read(xml, facts, error))
        return NULL;
    char *text = g_strdup(xml);
    for (guint i = 0; text && i < facts->config->disk_attachments.count; i++) {
        const DiskAttachment *attachment = facts->config->disk_attachments.items[i];
        const Disk *disk = attachment->active ? view_find(work->view, &disk_type, &attachment->object.id) : NULL;
        if (!disk || guard_is_unmanaged(work->view, disk))
            continue;
        Id image = disk_image(disk);
        g_autofree char *before = text;
        const Chain place = { .disk = disk, .storage = guard_disk_storage(work->view, disk) };
        text = chains_renamed(&place, facts, before, &image, disk->format, error);
    }
    g_autofree char *before = text;
    return before ? snapshots_switched_xml(work, facts, before, error) : NULL;
}

static char *
make_text(Work *work, const DomainFacts *facts, GError **error)
{
    World world;
    const Snapshot *point = find_point(work, POINT);
    g_autoptr(DomainFacts) kept = domain_facts_new(), made = domain_facts_new();
    if (!point || !point->configuration) {
        fault_set(error, MSG_SNAPSHOT_NO_CONFIGURATION, "snapshot", point ? point->description : "", NULL);
        return NULL;
    }
    if (!domain_xml_read(point->configuration, kept, error) || !world_init(&world, work, error))
        return NULL;
    Vm *target = make_target(work, facts, kept, error);
    g_autofree char *patched = target ? domain_xml_patch(point->configuration, target, &world.domain, error) : NULL;
    g_autofree char *text = patched ? with_files(work, patched, error) : NULL;
    object_unref(target);
    if (!text || !domain_xml_read(text, made, error))
        return NULL;
    return definition_marked(work, made, text, error);
}

/* --- steps -------------------------------------------------------------------------------------------------------------------------- */

static gboolean
look_at_point(Work *work, const DomainFacts *facts, GError **error)
{
    const Vm *vm = find_vm(work);
    const Snapshot *point = find_point(work, COMMITS);
    for (guint i = 0; point && i < point->disks.count; i++) {
        const SnapshotDisk *held = point->disks.items[i];
        const Disk *disk = view_find(work->view, &disk_type, &held->disk.id);
        g_autoptr(Chain) chain = disk ? chains_read(work, vm, disk, error) : NULL;
        if (disk && (!chain || !chains_agree(facts, chain, error)))
            return FALSE;
    }
    return TRUE;
}

gboolean
returns_look(Work *work, GError **error)
{
    g_autoptr(DomainFacts) facts = snapshots_look(work, error);
    if (!facts || !look_at_point(work, facts, error))
        return FALSE;
    if (definition_runs(facts))
        return fault_set(error, MSG_VM_STARTED_OUTSIDE, "vm", work_mark(work, "about.vm"), NULL);
    return volumes_look(work, error);
}

gboolean
returns_prepare(Work *work, GError **error)
{
    if (work_mark(work, POINT))
        return definition_prepare_text(work, make_text, error);
    definition_skip(work);
    return TRUE;
}

gboolean
returns_resume(Work *work, GError **error)
{
    Id storage, vm, point;
    if (!work_mark_id(work, MEMORY, &storage))
        return TRUE;
    const StorageDomain *domain = view_find(work->view, &storage_domain_type, &storage);
    g_autoptr(HostLink) link = domain ? work_host(work, error) : NULL;
    if (!link || !work_mark_id(work, "vm", &vm) || !work_mark_id(work, POINT, &point))
        return link ? FALSE : domain ? FALSE : fault_set(error, MSG_HOST_GONE, NULL);
    g_autofree char *memory = volume_name_memory_path(domain->storage.path, &point);
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts || !facts->xml)
        return FALSE;
    if (!link->ops->memory_start(link, &vm, memory, facts->xml, FALSE, MAX(work->deadline, clock_tick() + MEMORY_PATIENCE), error))
        return FALSE;
    work_set_mark(work, STARTED, "yes");
    return TRUE;
}

Probe
returns_resumed(Work *work, GError **error)
{
    if (!work_mark(work, MEMORY))
        return PROBE_DONE;
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return PROBE_UNKNOWN;
    work_set_mark(work, STARTED, definition_runs(facts) ? "yes" : NULL);
    return definition_runs(facts) ? PROBE_DONE : PROBE_NOT_DONE;
}

gboolean
returns_stop(Work *work, GError **error)
{
    Id vm;
    g_autoptr(HostLink) link = work_mark(work, STARTED) ? work_host(work, error) : NULL;
    if (!work_mark(work, STARTED))
        return TRUE;
    return link && work_mark_id(work, "vm", &vm) && link->ops->destroy(link, &vm, work->deadline, error);
}

/* The last look before something goes. */
static gboolean
is_named(Work *work, GError **error)
{
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    g_autofree char *named = facts ? volumes_doomed_in(work, facts) : NULL;
    if (named)
        fault_set(error, MSG_CHAIN_IN_USE, "path", named, NULL);
    return !facts || named;
}

gboolean
returns_discard(Work *work, GError **error)
{
    return !is_named(work, error) && volumes_delete_first(work, error);
}

gboolean
returns_discard_all(Work *work, GError **error)
{
    return !is_named(work, error) && volumes_delete(work, error);
}

/* --- ends --------------------------------------------------------------------------------------------------------------------------- */

Vm *
returns_finish(Work *work, Changes *changes, const Id *point)
{
    Id id;
    if (work_mark(work, POINT))
        definition_finish_text(work, changes);
    Vm *vm = work_mark_id(work, "vm", &id) ? changes_edit(changes, &vm_type, &id) : NULL;
    Snapshot *active = vm ? snapshot_find(&vm->snapshots, SNAPSHOT_ACTIVE) : NULL;
    if (active && point)
        active->parent.id = *point;
    snapshots_finish_switches(work, changes);
    snapshots_unlock(work, changes, vm);
    if (vm && work_mark(work, STARTED) && vm->status == VM_DOWN) {
        vm->status = VM_UP;
        vm->start_time = clock_wall();
        work_mark_id(work, "host", &vm->host.id);
    }
    return vm;
}

void
returns_revert(Work *work, Changes *changes)
{
    Id id;
    snapshots_unlock(work, changes, work_mark_id(work, "vm", &id) ? changes_edit(changes, &vm_type, &id) : NULL);
}

char *
returns_plan(Work *work, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    if (!returns_look(work, error))
        return NULL;
    snapshots_tell(text, work);
    volumes_tell_doomed(text, work);
    if (work_mark(work, MEMORY))
        plan_tell(text, MSG_PLAN_FROM_MEMORY, NULL);
    g_autofree char *edited = work_mark(work, POINT) ? definition_plan_text(work, make_text, error) : g_strdup("");
    if (!edited)
        return NULL;
    g_string_append(text, edited);
    return g_strdup(text->str);
}
