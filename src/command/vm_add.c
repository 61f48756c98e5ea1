/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Adds a VM: a domain is defined on the host that placement chooses, which becomes its home. NICs and existing disks may come
 * with it. Its whole XML is made before anything happens and stands in the marks. Of a template it gets disks that stand on the template's, or copies; others are
 * made by disk_attachment_add. */
#include "command/attachments.h"
#include "command/bases.h"
#include "command/console_log.h"
#include "command/definition.h"
#include "command/devices.h"
#include "command/guards.h"
#include "command/guest_defaults.h"
#include "command/nics.h"
#include "command/paths.h"
#include "command/pinning.h"
#include "command/plan.h"
#include "command/refs.h"
#include "command/rows.h"
#include "command/templates.h"
#include "command/vm_rules.h"
#include "command/volumes.h"
#include "command/world.h"

/* --- what it will be ------------------------------------------------------------------------------------------------------ */

static gboolean
add_nics(Work *work, Vm *vm, GError **error)
{
    const GPtrArray *sent = refs_items(work->draft, "nics");
    for (guint i = 0; sent && i < sent->len; i++) {
        const Draft *draft = sent->pdata[i];
        Id id = id_random();
        if (!nics_check(work, vm, draft, NULL, error))
            return FALSE;
        list_add(&vm->nics, nics_make(work->view, vm, draft, &id));
    }
    return TRUE;
}

static gboolean
add_attachment(Work *work, Vm *vm, const Draft *draft, GError **error)
{
    const DiskAttachment *sent = draft->record;
    if (templates_takes(work, bases_template(work->view, work->draft), draft, vm))
        return TRUE;
    if (id_is_null(&sent->disk.id))
        return fault_set(error, MSG_NEW_DISK_IN_VM, "vm", vm->name, NULL);
    const Disk *disk = guard_disk(work, &sent->disk.id, FALSE, error);
    if (!disk || !attachments_may_attach(work, vm, disk, error))
        return FALSE;
    DiskAttachment *attachment = attachments_make(work->view, vm, draft, &disk->object.id);
    gboolean well = attachments_check(vm, attachment, error);
    if (well)
        attachments_put(vm, attachment);
    object_unref(attachment);
    attachments_claim(work, disk);
    return well;
}

static gboolean
add_attachments(Work *work, Vm *vm, GError **error)
{
    const GPtrArray *sent = refs_items(work->draft, "disk_attachments");
    for (guint i = 0; sent && i < sent->len; i++) {
        if (!add_attachment(work, vm, sent->pdata[i], error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
is_whole(const Work *work)
{
    return work_flag(work, "clone", FALSE);
}

/* One with copies stands on nothing: it only remembers. */
static gboolean
take_template(Work *work, Vm *vm, GError **error)
{
    const Template *template = bases_template(work->view, work->draft);
    vm->original_template.id = vm->template_.id;
    if (!template)
        return TRUE;
    if (!templates_find(work, &template->object.id, error))
        return FALSE;
    if (is_whole(work))
        vm->template_.id = id_null;
    templates_give(work, template, !draft_has(work->draft, "nics"), vm);
    return TRUE;
}

/* Yours; NULL with the reason. */
static Vm *
build(Work *work, GError **error)
{
    Vm *vm = object_new(&vm_type);
    vm->object.id = work->target;
    vm_rules_apply(work->draft, vm, ADD);
    vm->creation_time = clock_wall();
    devices_add_standard(vm, vm->creation_time);
    guest_defaults_apply(work->view, work->draft, vm);
    vm_set_defaults(vm);
    vm->status = VM_DOWN;
    pinning_settle(work, vm);
    vm_lock(vm);
    if (vm_rules_check(work->draft, vm, TRUE, error) && guest_defaults_check(work->view, NULL, vm, error) && vm_rules_name_is_free(work, vm, TRUE, error) &&
        take_template(work, vm, error) && add_nics(work, vm, error) && add_attachments(work, vm, error))
        return vm;
    object_unref(vm);
    return NULL;
}

/* --- check ---------------------------------------------------------------------------------------------------------------- */

static gboolean
choose_id(Work *work, GError **error)
{
    char text[ID_TEXT_SIZE];
    if (id_is_null(&work->target) && work->draft->has_id)
        work->target = ((const Object *) work->draft->record)->id;
    if (id_is_null(&work->target))
        work->target = id_random();
    const Vm *there = view_find(work->view, &vm_type, &work->target);
    return !there || fault_set(error, MSG_VM_ID_TAKEN, "id", id_format(&work->target, ID_UUID, text), "vm", there->name, NULL);
}

/* A host that reaches the disks of its template. */
static gboolean
choose_home(Work *work, const Vm *vm, GError **error)
{
    const Template *template = bases_template(work->view, work->draft);
    Vm *asked = object_dup(vm);
    for (guint i = 0; template && i < template->disk_attachments.count; i++)
        list_add(&asked->disk_attachments, object_dup(template->disk_attachments.items[i]));
    g_autoptr(PlacementChoice) choice = placement_choose(work->view, asked, PLACEMENT_ADD);
    object_unref(asked);
    if (!placement_check(choice, error))
        return FALSE;
    const Host *home = view_find(work->view, &host_type, &choice->host);
    work_set_mark_id(work, "host", &choice->host);
    return !home || pinning_check(work, NULL, vm, home, error);
}

/* Where there is one cluster nobody need say which. */
static void
choose_cluster(Work *work)
{
    ViewWalk walk = view_walk(work->view, &cluster_type);
    const Cluster *cluster = view_next(&walk);
    if (!cluster || view_next(&walk) || draft_has(work->draft, "cluster"))
        return;
    ((Vm *) work->draft->record)->cluster.id = cluster->object.id;
    draft_mark(work->draft, "cluster");
}

static gboolean
check(Work *work, GError **error)
{
    if (!work->draft)
        return fault_set(error, MSG_BODY_MISSING, "type", "vm", NULL);
    const GPtrArray *points = refs_items(work->draft, "snapshots");
    if (points && points->len > 0)
        return fault_set(error, MSG_VM_OF_SNAPSHOT, NULL);
    choose_cluster(work);
    if (!draft_check_needed(work->draft, error) || !refs_resolve(work, error))
        return FALSE;
    bases_fill(work->view, work->draft);
    if (!vm_rules_check_draft(work, ((const Vm *) work->draft->record)->name, error) || !choose_id(work, error))
        return FALSE;
    templates_choose(work);
    const Template *template = bases_template(work->view, work->draft);
    Vm *vm = build(work, error);
    gboolean well = vm && choose_home(work, vm, error) && (!template || templates_check_disks(work, template, is_whole(work), error));
    if (template)
        work_claim_use(work, &template_type, &template->object.id);
    if (well) {
        console_log_settle(work, vm);
        well = console_log_check(work, NULL, vm, error);
    }
    object_unref(vm);
    work_set_mark_id(work, "vm", &work->target);
    work_claim(work, &vm_type, &work->target);
    return well;
}

/* --- stage ---------------------------------------------------------------------------------------------------------------- */

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    World world;
    Vm *vm = build(work, error);
    if (!vm)
        return FALSE;
    work_mark_id(work, "host", &vm->home.id);
    console_log_settle(work, vm);
    changes_add(changes, vm);
    const Template *template = bases_template(work->view, work->draft);
    if (template)
        templates_stage(work, changes, template, vm, is_whole(work));
    g_autofree char *xml = world_init(&world, work, error) ? domain_xml_build(vm, &world.domain, error) : NULL;
    work_set_mark(work, "xml.new", xml);
    return xml != NULL;
}

/* --- steps ---------------------------------------------------------------------------------------------------------------- */

/* Nothing of that id may be there, or undoing would take somebody else's. Only after this look does the job's mark count. */
static gboolean
look(Work *work, GError **error)
{
    char text[ID_TEXT_SIZE];
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    if (vm && ((vm->os.kernel && *vm->os.kernel && !paths_verify(work->view, vm->os.kernel, error)) ||
               (vm->os.initrd && *vm->os.initrd && !paths_verify(work->view, vm->os.initrd, error))))
        return FALSE;
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return FALSE;
    if (facts->state != DOMAIN_ABSENT)
        return fault_set(error, MSG_DOMAIN_EXISTS, "id", id_format(&work->target, ID_UUID, text), NULL);
    if (!volumes_look(work, error))
        return FALSE;
    work_set_mark(work, "clear", "yes");
    return TRUE;
}

static gboolean
define(Work *work, GError **error)
{
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link || !link->ops->define(link, work_mark(work, "xml.new"), work->deadline, error))
        return FALSE;
    definition_reread(work);
    return TRUE;
}

static Probe
defined(Work *work, GError **error)
{
    if (!work_mark(work, "clear"))
        return PROBE_NOT_DONE;
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return PROBE_UNKNOWN;
    if (!definition_is_ours(work, facts))
        return PROBE_NOT_DONE;
    definition_reread(work);
    return PROBE_DONE;
}

static gboolean
undefine(Work *work, GError **error)
{
    if (!work_mark(work, "clear"))
        return TRUE;
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return FALSE;
    if (!definition_is_ours(work, facts))
        return TRUE;
    if (definition_runs(facts))
        return fault_set(error, MSG_VM_STARTED_OUTSIDE, "vm", facts->config ? facts->config->name : "", NULL);
    g_autoptr(HostLink) link = work_host(work, error);
    return link && link->ops->undefine(link, &work->target, FALSE, work->deadline, error);
}

/* --- ends ----------------------------------------------------------------------------------------------------------------- */

static void
finish(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    if (!vm)
        return;
    vm_unlock(vm);
    templates_free_disks(work, changes, &vm->disk_attachments);
    definition_keep(work, changes, &work->target);
}

static void
revert(Work *work, Changes *changes)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    if (vm)
        templates_drop_disks(work, changes, &vm->disk_attachments);
    changes_remove(changes, &vm_type, &work->target);
}

static void
tell_disks(GString *text, const Work *work)
{
    const Template *template = bases_template(work->view, work->draft);
    for (guint i = 0; template && i < template->disk_attachments.count; i++) {
        const Disk *disk = view_find(work->view, &disk_type, &((const Object *) template->disk_attachments.items[i])->id);
        const StorageDomain *storage = disk ? guard_disk_storage(work->view, disk) : NULL;
        if (storage)
            plan_tell(text, is_whole(work) ? MSG_PLAN_COPY_DISK : MSG_PLAN_THIN_DISK, "disk", disk->alias, "storage_domain", storage->name, NULL);
    }
}

static char *
plan(Work *work, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    Vm *vm = build(work, error);
    if (!vm)
        return NULL;
    plan_tell_choice(text, work->view, vm, PLACEMENT_ADD);
    object_unref(vm);
    tell_disks(text, work);
    plan_tell_xml(text, NULL, work_mark(work, "xml.new"));
    return g_strdup(text->str);
}

const Command vm_add = {
    .verb = "add",
    .on = &vm_type,
    .params = &vm_type,
    .flags = (const CommandFlag[]) { { "clone", "Copy the disks of its template; else they stand on them." }, { "clone_permissions", "Accepted, without meaning here." }, { 0 } },
    .permit = PERMIT_CREATE_VM,
    .title = MSG_ADDING_VM,
    .started = { 34, MSG_VM_ADD_STARTED },
    .done = { 53, MSG_VM_ADDED },
    .failed = { 60, MSG_VM_ADD_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "look at the host", look, NULL, NULL, FALSE },
        { "make the disks", volumes_create, volumes_created, volumes_undo, FALSE },
        { "define domain", define, defined, undefine, FALSE },
        { 0 },
    },
    .finish = finish,
    .revert = revert,
    .help = "Adds a VM: defines a domain on the host that has room for it.",
};
