/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Makes a template of a VM that is down: what it is, its cards, and copies of its disks, which nobody writes any more. The VM stays as it is. A template
 * with a base is a version more of that. */
#include "command/bases.h"
#include "command/definition.h"
#include "command/guards.h"
#include "command/new_disk.h"
#include "command/plan.h"
#include "command/refs.h"
#include "command/rows.h"
#include "command/templates.h"
#include "command/volumes.h"

#include <string.h>

#define OLD "xml.old"               /* mark: the VM's definition when its disks began to be copied */

/* --- check ---------------------------------------------------------------------------------------------------------------- */

static const Vm *
source(const Work *work)
{
    Id id;
    return work_mark_id(work, "vm", &id) ? view_find(work->view, &vm_type, &id) : NULL;
}

static gboolean
check_disk(Work *work, const Vm *vm, const Id *id, GError **error)
{
    const Disk *disk = guard_disk(work, id, FALSE, error);
    if (!disk)
        return FALSE;
    if (guard_is_unmanaged(work->view, disk))
        return fault_set(error, MSG_TEMPLATE_FOREIGN_DISK, "vm", vm->name, "disk", disk->alias, NULL);
    const StorageDomain *storage = guard_disk_storage(work->view, disk);
    if (!storage)
        return fault_set(error, MSG_DISK_NOWHERE, "disk", disk->alias, NULL);
    if (!guard_storage(work, &storage->object.id, NULL, error) || !new_disk_fits(storage, disk->alias, templates_room(work->view, &vm->disk_attachments, storage), error))
        return FALSE;
    work_claim(work, &disk_type, id);
    return TRUE;
}

static gboolean
check_disks(Work *work, const Vm *vm, GError **error)
{
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        if (!check_disk(work, vm, &((const Object *) vm->disk_attachments.items[i])->id, error))
            return FALSE;
    }
    return TRUE;
}

/* All versions of a template have its name, and no other template. */
static gboolean
check_name(Work *work, GError **error)
{
    const Template *sent = work->draft->record;
    const Template *base = id_is_null(&sent->version.base_template.id) ? NULL : view_find(work->view, &template_type, &sent->version.base_template.id);
    ViewWalk walk = view_walk(work->view, &template_type);
    if (!guard_name("template", "name", sent->name, error))
        return FALSE;
    if (base && g_strcmp0(base->name, sent->name) != 0)
        return fault_set(error, MSG_TEMPLATE_VERSION_NAME, "template", sent->name, "base", base->name, NULL);
    for (const Template *other; !base && (other = view_next(&walk));) {
        if (g_strcmp0(other->name, sent->name) == 0)
            return fault_set(error, MSG_TEMPLATE_NAME_TAKEN, "template", sent->name, NULL);
    }
    if (base)
        work_claim(work, &template_type, templates_base(base));
    guard_claim_word(work, "The template '%s'", sent->name);
    return TRUE;
}

static gboolean
check(Work *work, GError **error)
{
    const Template *sent = work->draft ? work->draft->record : NULL;
    if (!sent)
        return fault_set(error, MSG_BODY_MISSING, "type", "template", NULL);
    if (!draft_check_needed(work->draft, error) || !refs_resolve(work, error) || !guard_texts(work->draft, error))
        return FALSE;
    if (!draft_has(work->draft, "vm") || id_is_null(&sent->vm.id))
        return fault_set(error, MSG_TEMPLATE_NEEDS_VM, NULL);
    const Vm *vm = guard_vm(work, &sent->vm.id, error);
    if (!vm)
        return FALSE;
    if (work_flag(work, "seal", FALSE))
        return fault_set(error, MSG_TEMPLATE_SEAL, "vm", vm->name, NULL);
    if (id_is_null(&work->target))
        work->target = work->draft->has_id ? ((const Object *) sent)->id : id_random();
    templates_choose(work);
    work_set_about(work, "vm", vm->name);
    work_claim(work, &template_type, &work->target);
    return guard_down(vm, MSG_TEMPLATE_NEEDS_DOWN, error) && guard_home(work, vm, error) && check_name(work, error) && check_disks(work, vm, error);
}

/* --- stage ---------------------------------------------------------------------------------------------------------------- */

static gint64
next_version(const Work *work, const Id *base)
{
    gint64 newest = 0;
    ViewWalk walk = view_walk(work->view, &template_type);
    for (const Template *other; (other = view_next(&walk));) {
        if (id_equal(templates_base(other), base))
            newest = MAX(newest, other->version.version_number);
    }
    return newest + 1;
}

/* What a guest said of them is the VM's. */
static void
forget_guest(Nic *nic)
{
    const Nic silent = { .reported_devices = { NULL, 0 } };
    field_assign(type_find(&nic_type, "reported_devices"), nic, &silent);
}

static void
take_devices(const Work *work, const Vm *vm, Template *template)
{
    for (guint i = 0; i < vm->nics.count; i++) {
        char text[ID_TEXT_SIZE];
        Nic *nic = list_add(&template->nics, object_dup(vm->nics.items[i]));
        nic->object.type = &template_nic_type;
        nic->object.id = id_named(&template->object.id, id_format(&nic->object.id, ID_UUID, text));
        text_set(&nic->mac.address, NULL);
        forget_guest(nic);
    }
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        DiskAttachment *attachment = list_add(&template->disk_attachments, object_dup(vm->disk_attachments.items[i]));
        attachment->object.type = &template_disk_attachment_type;
        attachment->object.id = attachment->disk.id = templates_disk_id(work, &attachment->object.id);
        text_set(&attachment->logical_name, NULL);
    }
}

static Template *
build(const Work *work, const Vm *vm)
{
    Template *template = object_new(&template_type);
    template->object.id = work->target;
    bases_take(&template_type, template, &vm_type, vm);
    draft_apply(work->draft, template, ADD);
    template->vm.id = id_null;
    template->status = TEMPLATE_LOCKED;
    text_set(&template->origin, "ovirt");
    template->creation_time = clock_wall();
    if (id_is_null(&template->cluster.id))
        template->cluster.id = vm->cluster.id;
    template->version.version_number = id_is_null(&template->version.base_template.id) ? 1 : next_version(work, &template->version.base_template.id);
    if (!template->version.version_name)
        template->version.version_name = g_strdup(template->version.version_number == 1 ? "base version" : "");
    take_devices(work, vm, template);
    return template;
}

static void
stage_disk(Work *work, Changes *changes, const Vm *vm, const Template *template, guint at)
{
    const Disk *disk = view_find(work->view, &disk_type, &((const Object *) vm->disk_attachments.items[at])->id);
    const char *alias = disk->alias ? disk->alias : "";
    gboolean named_after = g_str_has_prefix(alias, vm->name);
    g_autofree char *name = g_strconcat(template->name, named_after ? "" : "_", named_after ? alias + strlen(vm->name) : alias, NULL);
    Disk *copy = object_dup(disk);
    copy->object.id = templates_disk_id(work, &disk->object.id);
    copy->status = DISK_LOCKED;
    copy->shareable = FALSE;
    copy->template_.id = template->object.id;
    text_set(&copy->alias, name);
    text_set(&copy->name, name);
    text_set(&copy->image_id, NULL);
    changes_add(changes, copy);
    volumes_plan_copy(work, copy, guard_disk_storage(work->view, disk), disk);
    volumes_lock(work, changes, &disk->object.id);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    const Vm *vm = source(work);
    const Template *template = changes_add(changes, build(work, vm));
    vm_lock(changes_edit(changes, &vm_type, &vm->object.id));
    for (guint i = 0; i < vm->disk_attachments.count; i++)
        stage_disk(work, changes, vm, template, i);
    return TRUE;
}

/* --- steps ---------------------------------------------------------------------------------------------------------------- */

static gboolean
look(Work *work, GError **error)
{
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return FALSE;
    const char *name = work_mark(work, "about.vm");
    if (facts->state == DOMAIN_ABSENT || !facts->xml)
        return fault_set(error, MSG_VM_NOT_ON_HOST, "vm", name, NULL);
    if (definition_runs(facts) || facts->managed_save)
        return fault_set(error, facts->managed_save ? MSG_VM_SUSPENDED : MSG_VM_STARTED_OUTSIDE, "vm", name, NULL);
    work_set_mark(work, OLD, facts->xml);
    return volumes_look(work, error);
}

/* It must have stood still all the while. */
static gboolean
look_again(Work *work, GError **error)
{
    g_autoptr(DomainFacts) facts = definition_is_quiet(work, error) ? definition_read(work, error) : NULL;
    if (!facts)
        return FALSE;
    return g_strcmp0(facts->xml, work_mark(work, OLD)) == 0 || fault_set(error, MSG_VM_CHANGED_MEANWHILE, "vm", work_mark(work, "about.vm"), NULL);
}

/* --- ends ----------------------------------------------------------------------------------------------------------------- */

static void
unlock_source(Work *work, Changes *changes)
{
    const Vm *there = source(work);
    Vm *vm = there ? changes_edit(changes, &vm_type, &there->object.id) : NULL;
    if (vm)
        vm_unlock(vm);
    for (guint i = 0; vm && i < vm->disk_attachments.count; i++)
        volumes_unlock(work, changes, &((const Object *) vm->disk_attachments.items[i])->id);
}

static void
finish(Work *work, Changes *changes)
{
    Template *template = changes_edit(changes, &template_type, &work->target);
    unlock_source(work, changes);
    if (!template)
        return;
    template->status = TEMPLATE_OK;
    templates_free_disks(work, changes, &template->disk_attachments);
}

static void
revert(Work *work, Changes *changes)
{
    const Template *template = view_find(work->view, &template_type, &work->target);
    unlock_source(work, changes);
    if (template)
        templates_drop_disks(work, changes, &template->disk_attachments);
    changes_remove(changes, &template_type, &work->target);
}

static char *
plan(Work *work, GError **error)
{
    const Vm *vm = source(work);
    if (!vm || !look(work, error))
        return NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const Disk *disk = view_find(work->view, &disk_type, &((const Object *) vm->disk_attachments.items[i])->id);
        const StorageDomain *storage = disk ? guard_disk_storage(work->view, disk) : NULL;
        if (storage)
            plan_tell(text, MSG_PLAN_COPY_DISK, "disk", disk->alias, "storage_domain", storage->name, NULL);
    }
    plan_tell(text, MSG_PLAN_TEMPLATE, "vm", vm->name, "template", ((const Template *) work->draft->record)->name, NULL);
    return g_strdup(text->str);
}

const Command template_add = {
    .verb = "add",
    .on = &template_type,
    .params = &template_type,
    .flags = (const CommandFlag[]) { { "seal", "Take what is a machine's own out of it: not built yet." }, { "clone_permissions", "Accepted, without meaning here." }, { 0 } },
    .permit = PERMIT_CREATE_TEMPLATE,
    .title = MSG_ADDING_TEMPLATE,
    .started = { 29, MSG_TEMPLATE_ADD_STARTED },
    .done = { 51, MSG_TEMPLATE_ADDED },
    .failed = { 52, MSG_TEMPLATE_ADD_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "look at the host", look, NULL, NULL, FALSE },
        { "copy the disks", volumes_create, volumes_created, volumes_undo, FALSE },
        { "look at the VM again", look_again, NULL, NULL, FALSE },
        { 0 },
    },
    .finish = finish,
    .revert = revert,
    .help = "Makes a template of a VM that is down, with copies of its disks; with version.base_template a version more of that.",
};
