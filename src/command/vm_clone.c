/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Clones a VM that is down: a whole second one on the same host, with copies of its disks, of its firmware's variables and
 * of all in its XML that the manager does not model. Ids and MACs are its own. The clone is defined when its disks are
 * whole: nobody can start half of one. What it becomes in the model is vm_twin.c's. */
#include "command/definition.h"
#include "command/guards.h"
#include "command/new_disk.h"
#include "command/plan.h"
#include "command/refs.h"
#include "command/rows.h"
#include "command/vm_rules.h"
#include "command/vm_twin.h"
#include "command/volumes.h"
#include "command/world.h"

#include "host/domain_xml_twin.h"
#include "host/volume_name.h"

#define CLEAR "clear"                       /* nothing was in the clone's place: what is there now is ours */
#define VARIABLES "variables"               /* the file of the firmware's variables, */
#define VARIABLES_COPY "variables.copy"     /* and the clone's */

typedef struct { char *name, *description; } CloneVm;
typedef struct {
    gboolean async, discard_snapshots;
    CloneVm vm;
    Ref storage_domain;
} CloneParams;

/* clang-format off */
static const Type clone_vm_type = { .one = "vm", .many = "vms", .size = sizeof(CloneVm), .help = "The clone.", .fields = (const Field[]) {
    TEXT (CloneVm, name,        ADD,                            "Its name."),
    TEXT (CloneVm, description, ADD,                            "Its description; else that of the VM."),
    { 0 } } };
static const Type clone_params_type = { .one = "action", .many = "actions", .size = sizeof(CloneParams), .help = "What to make.", .fields = (const Field[]) {
    BOOL (CloneParams, async,             ADD,                  "Answer before it is done."),
    BOOL (CloneParams, discard_snapshots, ADD,                  "Accepted: a clone never has snapshots."),
    GROUP(CloneParams, vm, clone_vm_type, ADD,                  "The clone's name."),
    REF  (CloneParams, storage_domain, storage_domain_type, ADD, "Where its disks go: only where they lie now."),
    { 0 } } };
/* clang-format on */

static Id
clone_id(const Work *work)
{
    Id id = id_null;
    work_mark_id(work, "clone", &id);
    return id;
}

/* --- check ---------------------------------------------------------------------------------------------------------------- */

static gboolean
check_storage(Work *work, const Vm *vm, const Disk *disk, const StorageDomain *storage, GError **error)
{
    const CloneParams *sent = work->draft->record;
    const Id *wish = &sent->storage_domain.id;
    if (!draft_has(work->draft, "storage_domain") || id_is_null(wish) || id_equal(wish, &storage->object.id))
        return TRUE;
    return fault_set(error, MSG_CLONE_STORAGE, "vm", vm->name, "disk", disk->alias, "storage_domain", storage->name, NULL);
}

/* What all copies that go there may need: a sparse one as much as its original holds. */
static gint64
room_for(const Work *work, const Vm *vm, const StorageDomain *storage)
{
    gint64 bytes = 0;
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        const Disk *disk = view_find(work->view, &disk_type, &attachment->object.id);
        if (disk && guard_disk_storage(work->view, disk) == storage)
            bytes += disk->sparse ? MAX(disk->actual_size, disk->total_size) : disk->provisioned_size;
    }
    return bytes;
}

static gboolean
check_disk(Work *work, const Vm *vm, const Id *id, GError **error)
{
    const Disk *disk = guard_disk(work, id, FALSE, error);
    if (!disk)
        return FALSE;
    if (guard_is_unmanaged(work->view, disk))
        return fault_set(error, MSG_CLONE_FOREIGN_DISK, "vm", vm->name, "disk", disk->alias, NULL);
    const StorageDomain *storage = guard_disk_storage(work->view, disk);
    if (!storage)
        return fault_set(error, MSG_DISK_NOWHERE, "disk", disk->alias, NULL);
    if (!guard_storage(work, &storage->object.id, NULL, error) || !check_storage(work, vm, disk, storage, error) ||
        !new_disk_fits(storage, disk->alias, room_for(work, vm, storage), error))
        return FALSE;
    work_claim(work, &disk_type, id);
    return TRUE;
}

static gboolean
check_disks(Work *work, const Vm *vm, GError **error)
{
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        if (!check_disk(work, vm, &attachment->object.id, error))
            return FALSE;
    }
    return TRUE;
}

/* What belongs to the clone, and must not become another's meanwhile. */
static void
claim_twin(Work *work, const Vm *clone)
{
    work_claim(work, &vm_type, &clone->object.id);
    for (guint i = 0; i < clone->disk_attachments.count; i++)
        work_claim(work, &disk_type, &((const DiskAttachment *) clone->disk_attachments.items[i])->object.id);
    for (guint i = 0; i < clone->nics.count; i++)
        guard_claim_word(work, "The MAC address %s", ((const Nic *) clone->nics.items[i])->mac.address);
}

static gboolean
check_name(Work *work, const Vm *vm, GError **error)
{
    const CloneParams *sent = work->draft ? work->draft->record : NULL;
    if (!sent || !sent->vm.name || !*sent->vm.name)
        return fault_set(error, MSG_CLONE_NEEDS_NAME, "vm", vm->name, NULL);
    if (!guard_texts(work->draft, error) || !guard_name("VM", "name", sent->vm.name, error) || !refs_resolve(work, error))
        return FALSE;
    vm_twin_choose(work, vm, sent->vm.name, draft_has(work->draft, "vm.description") ? sent->vm.description : NULL);
    Vm *clone = vm_twin_make(work, vm);
    gboolean well = vm_rules_name_is_free(work, clone, TRUE, error);
    claim_twin(work, clone);
    object_unref(clone);
    return well;
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = guard_vm(work, &work->target, error);
    if (!vm || !guard_down(vm, MSG_CLONE_NEEDS_DOWN, error))
        return FALSE;
    if (vm->tpm_enabled)
        return fault_set(error, MSG_CLONE_TPM, "vm", vm->name, NULL);
    return guard_home(work, vm, error) && check_name(work, vm, error) && check_disks(work, vm, error);
}

/* --- stage ---------------------------------------------------------------------------------------------------------------- */

static void
stage_disk(Work *work, Changes *changes, const Vm *vm, const Vm *clone, guint at)
{
    const DiskAttachment *was = vm->disk_attachments.items[at], *is = clone->disk_attachments.items[at];
    const Disk *disk = view_find(work->view, &disk_type, &was->object.id);
    Disk *copy = changes_add(changes, vm_twin_disk(vm, clone, disk, &is->object.id));
    volumes_plan_copy(work, copy, guard_disk_storage(work->view, disk), disk);
    volumes_lock(work, changes, &disk->object.id);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    Vm *clone = changes_add(changes, vm_twin_make(work, vm));
    vm_lock(changes_edit(changes, &vm_type, &work->target));
    for (guint i = 0; i < vm->disk_attachments.count; i++)
        stage_disk(work, changes, vm, clone, i);
    return TRUE;
}

/* --- steps: looking ------------------------------------------------------------------------------------------------------- */

static DomainFacts *
read_clone(Work *work, GError **error)
{
    Id id = clone_id(work);
    g_autoptr(HostLink) link = work_host(work, error);
    return link ? link->ops->read(link, &id, work->deadline, error) : NULL;
}

/* --- steps: the firmware's variables ----------------------------------------------------------------------------------------- */

static gboolean
find_variables(Work *work, const DomainFacts *facts, DomainTwin *twin, GError **error)
{
    if (!domain_xml_twin_hides_variables(facts->xml))
        return TRUE;
    g_autoptr(HostLink) link = work_host(work, error);
    return link && link->ops->variables_find(link, facts->xml, &twin->variables, work->deadline, error);
}

/* What somebody else made may have run before anybody here saw it. */
static gboolean
may_have_run(const Work *work)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    return !vm || vm->stop_time > 0 || vm->adopted || g_strcmp0(vm->origin, "external") == 0;
}

/* One that was never started has none yet: its clone gets its own in the same way. Of another they are somewhere, or lost. */
static gboolean
choose_variables(Work *work, const DomainTwin *twin, GError **error)
{
    gboolean there = FALSE;
    g_autoptr(HostLink) link = twin->variables ? work_host(work, error) : NULL;
    if (twin->variables && !(link && link->ops->variables_look(link, twin->variables, &there, work->deadline, error)))
        return FALSE;
    if (twin->variables && !there && may_have_run(work))
        return fault_set(error, MSG_CLONE_VARIABLES_GONE, "vm", work_mark(work, "about.vm"), "path", twin->variables, NULL);
    work_set_mark(work, VARIABLES, there ? twin->variables : NULL);
    work_set_mark(work, VARIABLES_COPY, there ? twin->copy : NULL);
    return TRUE;
}

static gboolean
copy_variables(Work *work, GError **error)
{
    const char *from = work_mark(work, VARIABLES), *to = work_mark(work, VARIABLES_COPY);
    g_autoptr(HostLink) link = to ? work_host(work, error) : NULL;
    return !to || (link && link->ops->variables_copy(link, from, to, work->deadline, error));
}

static Probe
variables_copied(Work *work, GError **error)
{
    gboolean there;
    const char *to = work_mark(work, VARIABLES_COPY);
    if (!work_mark(work, CLEAR))
        return PROBE_NOT_DONE;
    g_autoptr(HostLink) link = to ? work_host(work, error) : NULL;
    if (!to)
        return PROBE_DONE;
    if (!link || !link->ops->variables_look(link, to, &there, work->deadline, error))
        return PROBE_UNKNOWN;
    return there ? PROBE_DONE : PROBE_NOT_DONE;
}

/* Its name is made of an id that this job chose: nobody else has a file there. */
static gboolean
drop_variables(Work *work, GError **error)
{
    const char *to = work_mark(work, CLEAR) ? work_mark(work, VARIABLES_COPY) : NULL;
    g_autoptr(HostLink) link = to ? work_host(work, error) : NULL;
    return !to || (link && link->ops->variables_drop(link, to, work->deadline, error));
}

/* --- steps ---------------------------------------------------------------------------------------------------------------- */

/* A copy is one image, whatever its original stands on. */
static char *
with_own_files(Work *work, const DomainFacts *copy, const char *xml)
{
    char *text = g_strdup(xml);
    for (guint i = 0; i < copy->config->disk_attachments.count; i++) {
        Volume volume;
        const DiskAttachment *attachment = copy->config->disk_attachments.items[i];
        if (!volumes_find(work, &attachment->object.id, &volume))
            continue;
        g_autofree char *path = volume_name_path(volume.path, &volume.disk, &volume.image), *before = text;
        text = domain_xml_with_file(before, attachment->target, path, volume.format);
        if (!text)
            text = g_steal_pointer(&before);
    }
    return text;
}

/* The text of the clone, from what the host has of the original now. */
static char *
make_xml(Work *work, const DomainFacts *facts, GError **error)
{
    World world;
    g_auto(DomainTwin) twin = { 0 };
    g_autoptr(GArray) ids = vm_twin_ids(work);
    g_autoptr(DomainFacts) copy = domain_facts_new();
    const char *name = facts->config->name ? facts->config->name : "";
    if (!world_init(&world, work, error) || !find_variables(work, facts, &twin, error) || !domain_xml_twin(facts->xml, name, ids, &twin, error) ||
        !domain_xml_read(twin.xml, copy, error) || !choose_variables(work, &twin, error))
        return NULL;
    Vm *clone = definition_as_known(work, copy);
    gboolean known = vm_twin_rename(work, clone);
    g_autofree char *own = with_own_files(work, copy, twin.xml);
    char *xml = known ? domain_xml_patch(own, clone, &world.domain, error) : NULL;
    object_unref(clone);
    if (!known)
        fault_set(error, MSG_VM_CHANGED_MEANWHILE, "vm", name, NULL);
    return xml;
}

static gboolean
prepare(Work *work, GError **error)
{
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return FALSE;
    const char *name = work_mark(work, "about.vm");
    if (facts->state == DOMAIN_ABSENT || !facts->config || !facts->xml)
        return fault_set(error, MSG_VM_NOT_ON_HOST, "vm", name, NULL);
    if (definition_runs(facts) || facts->managed_save)
        return fault_set(error, facts->managed_save ? MSG_VM_SUSPENDED : MSG_VM_STARTED_OUTSIDE, "vm", name, NULL);
    g_autofree char *xml = make_xml(work, facts, error);
    work_set_mark(work, "xml.old", xml ? facts->xml : NULL);
    work_set_mark(work, "xml.new", xml);
    return xml != NULL;
}

/* Only after this look the job's mark counts, and a file in the clone's place is ours. */
static gboolean
look(Work *work, GError **error)
{
    char text[ID_TEXT_SIZE];
    Id id = clone_id(work);
    g_autoptr(DomainFacts) facts = read_clone(work, error);
    if (!facts)
        return FALSE;
    if (facts->state != DOMAIN_ABSENT)
        return fault_set(error, MSG_DOMAIN_EXISTS, "id", id_format(&id, ID_UUID, text), NULL);
    if (!prepare(work, error) || !volumes_look(work, error))
        return FALSE;
    work_set_mark(work, CLEAR, "yes");
    return TRUE;
}

static void
reread(Work *work)
{
    g_autoptr(DomainFacts) facts = read_clone(work, NULL);
    if (facts && facts->xml && definition_is_ours(work, facts))
        work_set_mark(work, "xml.kept", facts->xml);
}

/* Its original must have stood still all the while, and be what was copied. */
static gboolean
is_as_it_was(Work *work, GError **error)
{
    g_autoptr(DomainFacts) facts = definition_is_quiet(work, error) ? definition_read(work, error) : NULL;
    if (!facts)
        return FALSE;
    return g_strcmp0(facts->xml, work_mark(work, "xml.old")) == 0 || fault_set(error, MSG_VM_CHANGED_MEANWHILE, "vm", work_mark(work, "about.vm"), NULL);
}

static gboolean
define(Work *work, GError **error)
{
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link || !is_as_it_was(work, error) || !link->ops->define(link, work_mark(work, "xml.new"), work->deadline, error))
        return FALSE;
    reread(work);
    return TRUE;
}

static Probe
defined(Work *work, GError **error)
{
    if (!work_mark(work, CLEAR))
        return PROBE_NOT_DONE;
    g_autoptr(DomainFacts) facts = read_clone(work, error);
    if (!facts)
        return PROBE_UNKNOWN;
    if (!definition_is_ours(work, facts))
        return PROBE_NOT_DONE;
    work_set_mark(work, "xml.kept", facts->xml);
    return PROBE_DONE;
}

static gboolean
undefine(Work *work, GError **error)
{
    Id id = clone_id(work);
    if (!work_mark(work, CLEAR))
        return TRUE;
    g_autoptr(DomainFacts) facts = read_clone(work, error);
    if (!facts)
        return FALSE;
    if (!definition_is_ours(work, facts))
        return TRUE;
    if (definition_runs(facts))
        return fault_set(error, MSG_VM_STARTED_OUTSIDE, "vm", work_mark(work, "about.clone"), NULL);
    g_autoptr(HostLink) link = work_host(work, error);
    return link && link->ops->undefine(link, &id, FALSE, work->deadline, error);
}

/* --- ends ----------------------------------------------------------------------------------------------------------------- */

static void
unlock_original(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    if (vm)
        vm_unlock(vm);
    for (guint i = 0; vm && i < vm->disk_attachments.count; i++)
        volumes_unlock(work, changes, &((const DiskAttachment *) vm->disk_attachments.items[i])->object.id);
}

static void
finish(Work *work, Changes *changes)
{
    Id id = clone_id(work);
    Vm *clone = changes_edit(changes, &vm_type, &id);
    unlock_original(work, changes);
    if (!clone)
        return;
    vm_unlock(clone);
    for (guint i = 0; i < clone->disk_attachments.count; i++) {
        const DiskAttachment *attachment = clone->disk_attachments.items[i];
        Disk *disk = changes_edit(changes, &disk_type, &attachment->object.id);
        if (disk)
            disk->status = DISK_OK;
    }
    definition_keep(work, changes, &id);
}

static void
revert(Work *work, Changes *changes)
{
    Id id = clone_id(work);
    const Vm *clone = view_find(work->view, &vm_type, &id);
    for (guint i = 0; clone && i < clone->disk_attachments.count; i++)
        changes_remove(changes, &disk_type, &((const DiskAttachment *) clone->disk_attachments.items[i])->object.id);
    unlock_original(work, changes);
    changes_remove(changes, &vm_type, &id);
}

static char *
plan(Work *work, GError **error)
{
    Id id;
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    const Host *host = work_mark_id(work, "host", &id) ? view_find(work->view, &host_type, &id) : NULL;
    if (!vm || !look(work, error))
        return NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const Disk *disk = view_find(work->view, &disk_type, &((const DiskAttachment *) vm->disk_attachments.items[i])->object.id);
        const StorageDomain *storage = disk ? guard_disk_storage(work->view, disk) : NULL;
        if (storage)
            plan_tell(text, MSG_PLAN_COPY_DISK, "disk", disk->alias, "storage_domain", storage->name, NULL);
    }
    plan_tell(text, MSG_PLAN_CLONE, "vm", vm->name, "clone", work_mark(work, "about.clone"), "host", host ? host->name : "", NULL);
    plan_tell_xml(text, work_mark(work, "xml.old"), work_mark(work, "xml.new"));
    return g_strdup(text->str);
}

const Command vm_clone = {
    .verb = "clone",
    .on = &vm_type,
    .params = &clone_params_type,
    .permit = PERMIT_CREATE_VM,
    .title = MSG_CLONING_VM,
    .started = { 34, MSG_VM_CLONE_STARTED },
    .done = { 53, MSG_VM_CLONED },
    .failed = { 60, MSG_VM_CLONE_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "look at the host", look, NULL, NULL, FALSE },
        { "copy the disks", volumes_create, volumes_created, volumes_undo, FALSE },
        { "copy the firmware's variables", copy_variables, variables_copied, drop_variables, FALSE },
        { "define domain", define, defined, undefine, FALSE },
        { 0 },
    },
    .finish = finish,
    .revert = revert,
    .help = "Makes a second VM of one that is down, with copies of its disks and ids and MACs of its own.",
};
