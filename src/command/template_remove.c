/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Removes a template and its disks. Never while anything stands on them: by what the manager knows, and by what the files themselves say. */
#include "command/guards.h"
#include "command/plan.h"
#include "command/rows.h"
#include "command/templates.h"
#include "command/volumes.h"

static gboolean
check_versions(const Work *work, const Template *template, GError **error)
{
    ViewWalk walk = view_walk(work->view, &template_type);
    for (const Template *other; (other = view_next(&walk));) {
        if (id_equal(&other->version.base_template.id, &template->object.id) && !id_equal(&other->object.id, &template->object.id))
            return fault_set(error, MSG_TEMPLATE_HAS_VERSIONS, "template", template->name, "version", other->version.version_name ? other->version.version_name : "", NULL);
    }
    return TRUE;
}

static gboolean
check_disks(Work *work, const Template *template, GError **error)
{
    for (guint i = 0; i < template->disk_attachments.count; i++) {
        const Disk *disk = view_find(work->view, &disk_type, &((const Object *) template->disk_attachments.items[i])->id);
        const StorageDomain *storage = disk ? guard_disk_storage(work->view, disk) : NULL;
        Id host;
        if (!disk)
            continue;
        if (disk->status == DISK_LOCKED)
            return fault_set(error, MSG_DISK_LOCKED, "disk", disk->alias, NULL);
        if (!storage)
            return fault_set(error, MSG_DISK_NOWHERE, "disk", disk->alias, NULL);
        if (!guard_storage(work, &storage->object.id, &host, error))
            return FALSE;
        work_set_mark_id(work, "host", &host);
        work_claim(work, &disk_type, &disk->object.id);
    }
    return TRUE;
}

static gboolean
check(Work *work, GError **error)
{
    const Template *template = templates_find(work, &work->target, error);
    const Vm *user = template ? templates_user(work->view, &work->target) : NULL;
    if (!template)
        return FALSE;
    work_set_about(work, "name", template->name);
    if (template->delete_protected)
        return fault_set(error, MSG_TEMPLATE_PROTECTED, "template", template->name, NULL);
    if (user)
        return fault_set(error, MSG_TEMPLATE_IN_USE, "template", template->name, "vm", user->name, NULL);
    work_claim(work, &template_type, &work->target);
    return check_versions(work, template, error) && check_disks(work, template, error);
}

/* VMs that are copies of it keep all they have; what they were made of is not there any more. */
static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    Template *template = changes_edit(changes, &template_type, &work->target);
    template->status = TEMPLATE_LOCKED;
    for (guint i = 0; i < template->disk_attachments.count; i++) {
        const Disk *disk = view_find(work->view, &disk_type, &((const Object *) template->disk_attachments.items[i])->id);
        if (!disk)
            continue;
        volumes_doom(work, disk, guard_disk_storage(work->view, disk));
        volumes_lock(work, changes, &disk->object.id);
    }
    return TRUE;
}

static void
finish(Work *work, Changes *changes)
{
    const Template *template = view_find(work->view, &template_type, &work->target);
    ViewWalk walk = view_walk(work->view, &vm_type);
    for (const Vm *vm; (vm = view_next(&walk));) {
        if (id_equal(&vm->original_template.id, &work->target))
            ((Vm *) changes_edit(changes, &vm_type, &vm->object.id))->original_template.id = id_null;
    }
    for (guint i = 0; template && i < template->disk_attachments.count; i++)
        changes_remove(changes, &disk_type, &((const Object *) template->disk_attachments.items[i])->id);
    changes_remove(changes, &template_type, &work->target);
}

static void
revert(Work *work, Changes *changes)
{
    Template *template = changes_edit(changes, &template_type, &work->target);
    if (!template)
        return;
    template->status = TEMPLATE_OK;
    for (guint i = 0; i < template->disk_attachments.count; i++)
        volumes_unlock(work, changes, &((const Object *) template->disk_attachments.items[i])->id);
}

static char *
plan(Work *work, GError **error)
{
    const Template *template = view_find(work->view, &template_type, &work->target);
    if (!template || !volumes_gather(work, error))
        return NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    plan_tell(text, MSG_PLAN_REMOVE_TEMPLATE, "template", template->name, NULL);
    for (guint i = 0; i < template->disk_attachments.count; i++) {
        const Disk *disk = view_find(work->view, &disk_type, &((const Object *) template->disk_attachments.items[i])->id);
        if (disk)
            plan_tell(text, MSG_PLAN_DELETE_DISK, "disk", disk->alias, NULL);
    }
    return g_strdup(text->str);
}

const Command template_remove = {
    .verb = "remove",
    .on = &template_type,
    .permit = PERMIT_DELETE_TEMPLATE,
    .title = MSG_REMOVING_TEMPLATE,
    .done = { 11033, MSG_TEMPLATE_REMOVED },
    .failed = { 11034, MSG_TEMPLATE_REMOVE_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "look what stands on its disks", volumes_gather, NULL, NULL, FALSE },
        { "delete disks", volumes_delete, volumes_deleted, NULL, TRUE },
        { 0 },
    },
    .finish = finish,
    .revert = revert,
    .help = "Removes a template with its disks, when no VM stands on them.",
};
