/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Removes a VM and, unless detach_only is set, the disks that are its alone: which ones, job, event and plan say. All steps only
 * go forward: half a VM is of no use to anybody, so what is begun is ended. Files that the manager did not make are never deleted. */
#include "command/attachments.h"
#include "command/console_log.h"
#include "command/definition.h"
#include "command/devices.h"
#include "command/guards.h"
#include "command/plan.h"
#include "command/rows.h"
#include "command/snapshots.h"
#include "command/volumes.h"

#include "host/domain_xml_firmware.h"

#define DROPPED "dropped"           /* mark: what it had beside disks is gone */

/* Ours, and of no other VM, here or outside the manager. */
static gboolean
goes_with(const Work *work, const Disk *disk)
{
    g_autoptr(GPtrArray) vms = devices_vms_of_disk(work->view, &disk->object.id);
    return vms->len == 1 && !guard_is_unmanaged(work->view, disk) && !guard_file_user(work->view, disk);
}

static void
tell_apart(Work *work, GString *deleted, GString *kept)
{
    work_set_about(work, "deleted", deleted->len ? deleted->str : NULL);
    work_set_about(work, "kept", kept->len ? kept->str : NULL);
}

static void
add_name(GString *names, const Disk *disk)
{
    g_string_append_printf(names, "%s%s", names->len ? ", " : "", disk->alias ? disk->alias : "");
}

static gboolean
check_disks(Work *work, const Vm *vm, GError **error)
{
    gboolean keep = work_flag(work, "detach_only", FALSE);
    g_autoptr(GString) deleted = g_string_new(NULL), kept = g_string_new(NULL);
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        const Disk *there = view_find(work->view, &disk_type, &attachment->object.id);
        if (!there)
            continue;
        const Disk *disk = guard_disk(work, &attachment->object.id, TRUE, error);
        if (!disk)
            return FALSE;
        gboolean goes = !keep && goes_with(work, disk);
        add_name(goes ? deleted : kept, disk);
        if (!goes && !snapshots_let_go(vm, disk, FALSE, error))
            return FALSE;
        if (!goes)
            continue;
        const StorageDomain *storage = guard_disk_storage(work->view, disk);
        if (!guard_storage(work, &storage->object.id, NULL, error))
            return FALSE;
        work_claim(work, &disk_type, &disk->object.id);
    }
    tell_apart(work, deleted, kept);
    return TRUE;
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = guard_vm(work, &work->target, error);
    if (!vm)
        return FALSE;
    work_set_about(work, "name", vm->name);
    if (vm->delete_protected)
        return fault_set(error, MSG_VM_DELETE_PROTECTED, "vm", vm->name, NULL);
    return guard_down(vm, MSG_REMOVE_NEEDS_DOWN, error) && guard_home(work, vm, error) && check_disks(work, vm, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    gboolean keep = work_flag(work, "detach_only", FALSE);
    vm_lock(vm);
    for (guint i = 0; i < vm->disk_attachments.count && !keep; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        const Disk *disk = view_find(work->view, &disk_type, &attachment->object.id);
        if (!disk || !goes_with(work, disk))
            continue;
        volumes_doom(work, disk, guard_disk_storage(work->view, disk));
        volumes_lock(work, changes, &disk->object.id);
    }
    return TRUE;
}

/* --- steps ---------------------------------------------------------------------------------------------------------------- */

/* What a domain that somebody else made keeps on its host, its firmware's variables and its TPM's state, is not the manager's to delete. */
static gboolean
is_of_others(const Work *work)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    return vm && (vm->adopted || g_strcmp0(vm->origin, "external") == 0);
}

/* libvirt removes the file that the definition names. A VM whose firmware was changed left those of the other kind. */
static gboolean
drop_variables(Work *work, GError **error)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    const Host *host = vm ? view_find(work->view, &host_type, &vm->home.id) : NULL;
    g_autoptr(HostLink) link = host && !is_of_others(work) ? work_host(work, error) : NULL;
    for (guint secure = 0; link && secure < 2; secure++) {
        g_autofree char *path = firmware_variables(host, &work->target, secure == 1);
        if (path && !link->ops->variables_drop(link, path, work->deadline, error))
            return FALSE;
    }
    return link || !host || is_of_others(work);
}

static gboolean
undefine(Work *work, GError **error)
{
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return FALSE;
    if (facts->state == DOMAIN_ABSENT)
        return TRUE;
    if (definition_runs(facts))
        return fault_set(error, MSG_VM_STARTED_OUTSIDE, "vm", facts->config && facts->config->name ? facts->config->name : "", NULL);
    g_autoptr(HostLink) link = work_host(work, error);
    return link && link->ops->undefine(link, &work->target, is_of_others(work), work->deadline, error);
}

static Probe
undefined(Work *work, GError **error)
{
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return PROBE_UNKNOWN;
    return facts->state == DOMAIN_ABSENT ? PROBE_DONE : PROBE_NOT_DONE;
}

/* What the manager has on the host for it beside disks. */
static gboolean
drop_files(Work *work, GError **error)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    if (!drop_variables(work, error) || (vm && !console_log_drop(work, vm, error)))
        return FALSE;
    work_set_mark(work, DROPPED, "yes");
    return TRUE;
}

/* Done twice is done once: what is not noted is done again. */
static Probe
files_dropped(Work *work, GError **error)
{
    (void) error;
    return work_mark(work, DROPPED) ? PROBE_DONE : PROBE_NOT_DONE;
}

/* Files go only when no process can have them open. */
static gboolean
delete_disks(Work *work, GError **error)
{
    return definition_is_quiet(work, error) && volumes_delete(work, error);
}

/* --- ends ----------------------------------------------------------------------------------------------------------------- */

/* A disk nobody here made is shown as long as a VM has it. */
static void
forget_disk(Work *work, Changes *changes, const Id *id)
{
    const Disk *disk = view_find(work->view, &disk_type, id);
    g_autoptr(GPtrArray) vms = devices_vms_of_disk(work->view, id);
    if (!disk || vms->len > 1)
        return;
    if (volumes_is_doomed(work, id) || guard_is_unmanaged(work->view, disk))
        changes_remove(changes, &disk_type, id);
}

static void
finish(Work *work, Changes *changes)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    for (guint i = 0; vm && i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        forget_disk(work, changes, &attachment->object.id);
    }
    changes_keep(changes, "domain-xml", &work->target, NULL);
    changes_remove(changes, &vm_type, &work->target);
}

static void
revert(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    if (!vm)
        return;
    vm_unlock(vm);
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        volumes_unlock(work, changes, &attachment->object.id);
    }
}

static void
tell_disks(GString *text, const Work *work, const Vm *vm)
{
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        const Disk *disk = view_find(work->view, &disk_type, &attachment->object.id);
        if (disk)
            plan_tell(text, volumes_is_doomed(work, &disk->object.id) ? MSG_PLAN_DELETE_DISK : MSG_PLAN_KEEP_DISK, "disk", disk->alias, NULL);
    }
}

static char *
plan(Work *work, GError **error)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    const Host *host = vm ? view_find(work->view, &host_type, &vm->home.id) : NULL;
    if (!vm || !definition_is_quiet(work, error))
        return NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    plan_tell(text, MSG_PLAN_UNDEFINE, "vm", vm->name, "host", host ? host->name : "", NULL);
    tell_disks(text, work, vm);
    return g_strdup(text->str);
}

#define SENTENCES(title_, done_) { .title = title_, .done = { 113, done_ }, .failed = { 59, MSG_VM_REMOVE_FAILED } }

static const Command *
words(const Work *work)
{
    static const Command with_disks = SENTENCES(MSG_REMOVING_VM_WITH_DISKS, MSG_VM_REMOVED_WITH_DISKS);
    static const Command from_disks = SENTENCES(MSG_REMOVING_VM_FROM_DISKS, MSG_VM_REMOVED_FROM_DISKS);
    static const Command with_some = SENTENCES(MSG_REMOVING_VM_WITH_SOME, MSG_VM_REMOVED_WITH_SOME);
    gboolean deletes = work_mark(work, "about.deleted") != NULL, keeps = work_mark(work, "about.kept") != NULL;
    return deletes && keeps ? &with_some : deletes ? &with_disks : keeps ? &from_disks : &vm_remove;
}

const Command vm_remove = {
    .verb = "remove",
    .on = &vm_type,
    .flags = (const CommandFlag[]) { { "detach_only", "Keep its disks." }, { 0 } },
    .permit = PERMIT_DELETE_VM,
    .title = MSG_REMOVING_VM,
    .done = { 113, MSG_VM_REMOVED },
    .failed = { 59, MSG_VM_REMOVE_FAILED },
    .words = words,
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "look at its disks", volumes_gather, NULL, NULL, FALSE },
        { "undefine domain", undefine, undefined, NULL, TRUE },
        { "remove its files", drop_files, files_dropped, NULL, TRUE },
        { "delete disks", delete_disks, volumes_deleted, NULL, TRUE },
        { 0 },
    },
    .finish = finish,
    .revert = revert,
    .help = "Removes a VM that is down, with its disks; detach_only=true keeps them.",
};
