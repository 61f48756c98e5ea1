/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Registers a VM that lies in a storage domain and that nobody here knows: it is defined on the storage domain's host, with its disks as they are.
 * What it will be is made once, from its note, and stands in the marks: the note may change afterwards. */
#include "base/text.h"
#include "catalogue/shelf.h"
#include "command/definition.h"
#include "command/guards.h"
#include "command/leaving.h"
#include "command/plan.h"
#include "command/refs.h"
#include "command/registration.h"
#include "command/rows.h"
#include "command/storages.h"
#include "host/domain_xml_firmware.h"
#include "schema/body.h"

#define BODY "body"                 /* marks: the VM, */
#define DISK "disk."                /* and disk.0, disk.1 …: "ID BODY" of those that are new here */
#define CLEAR "clear"               /* nothing was in its place: what is there now is ours */
#define VARIABLES "variables"       /* the file of its firmware's variables in the storage domain, */
#define VARIABLES_HERE "variables.here"     /* and where it goes */
#define LEFT "left"

/* clang-format off */
static const Type register_name_type = { .one = "vm", .many = "vms", .size = sizeof(RegisterName), .help = "The VM.", .fields = (const Field[]) {
    TEXT(RegisterName, name, ADD, "Another name than it had."),
    { 0 } } };
static const Type profile_mapping_type = { .one = "vnic_profile_mapping", .many = "vnic_profile_mappings", .size = sizeof(ProfileMapping), .help = "A network that is another one here.", .fields = (const Field[]) {
    TEXT(ProfileMapping, source_network_name, ADD, "What it was plugged into."),
    TEXT(ProfileMapping, source_network_profile_name, ADD, "By which profile; any."),
    REF (ProfileMapping, target_vnic_profile, vnic_profile_type, ADD, "What it is plugged into here; nothing."),
    { 0 } } };
static const Type register_vm_type = { .one = "action", .many = "actions", .size = sizeof(RegisterVmParams), .help = "Which, and how.", .fields = (const Field[]) {
    BOOL (RegisterVmParams, async,                ADD, "Answer before it is done."),
    TEXT (RegisterVmParams, id,                   ADD, "Its id, as the list of what is not registered has it."),
    GROUP(RegisterVmParams, vm, register_name_type, ADD, "What is other than it was."),
    REF  (RegisterVmParams, cluster, cluster_type, ADD, "Its cluster: that of the storage domain's host."),
    BOOL (RegisterVmParams, clone,                ADD, "Under another id, and with other MAC addresses."),
    BOOL (RegisterVmParams, allow_partial_import, ADD, "Also without those of its disks that are not there."),
    BOOL (RegisterVmParams, reassign_bad_macs,    ADD, "With other MAC addresses where its own are in use."),
    LIST (RegisterVmParams, vnic_profile_mappings, profile_mapping_type, ADD, "Networks that are called otherwise here."),
    { 0 } } };
/* clang-format on */

/* --- check ---------------------------------------------------------------------------------------------------------------------------------- */

static gboolean
check(Work *work, GError **error)
{
    char text[ID_TEXT_SIZE];
    if (!work->draft)
        return fault_set(error, MSG_REGISTER_NEEDS_ID, "type", "vm", NULL);
    const RegisterVmParams *sent = work->draft->record;
    const char *name = sent->vm.name && *sent->vm.name ? sent->vm.name : NULL;
    Id id;
    if (!refs_resolve(work, error) || !guard_texts(work->draft, error) || (name && !guard_name("VM", "name", name, error)) ||
        !registration_check(work, &vm_type, sent->id, error) || !work_mark_id(work, "note", &id))
        return FALSE;
    const Vm *there = view_find(work->view, &vm_type, &id);
    if (there && !sent->clone)
        return fault_set(error, MSG_REGISTER_THERE, "vm", there->name, "id", id_format(&id, ID_UUID, text), NULL);
    Id vm = sent->clone ? id_random() : id;
    work_set_mark_id(work, "vm", &vm);
    work_claim(work, &vm_type, &vm);
    work_set_about(work, "vm", name ? name : sent->id);
    return TRUE;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) changes;
    (void) error;
    work_keep_draft(work);
    return TRUE;
}

/* --- steps: what it will be --------------------------------------------------------------------------------------------------------------------- */

static char *
encoded(const Type *type, gconstpointer object)
{
    g_auto(Text) body = TEXT_EMPTY;
    body_write(&body, type, object);
    return g_base64_encode((const guchar *) (body.bytes ? body.bytes : ""), body.length);
}

static void
keep(Registration *registration)
{
    Work *work = registration->work;
    g_autofree char *body = encoded(&vm_type, registration->vm);
    work_set_mark(work, BODY, body);
    for (guint i = 0; i < registration->disks->len; i++) {
        char text[ID_TEXT_SIZE];
        const Disk *disk = registration->disks->pdata[i];
        g_autofree char *mark = g_strdup_printf(DISK "%u", i), *bytes = encoded(&disk_type, disk);
        g_autofree char *value = g_strconcat(id_format(&disk->object.id, ID_UUID, text), " ", bytes, NULL);
        work_set_mark(work, mark, value);
    }
    work_set_mark(work, LEFT, registration->left->len ? registration->left->str : NULL);
    work_set_about(work, "left", registration->left->len ? registration->left->str : NULL);
    work_set_about(work, "vm", registration->vm->name);
}

static gboolean
had_variables(const Vm *vm)
{
    return vm->stop_time > 0 && (firmware_is_uefi(vm->bios.type) || vm->cpu.architecture == ARCHITECTURE_AARCH64);
}

/* The note's word that they are there, and the file. Where its manager burnt down they stayed on the host. */
static gboolean
find_variables(Registration *registration, const char *xml, GError **error)
{
    Work *work = registration->work;
    const HostOps *ops = registration->link->ops;
    gboolean there = FALSE;
    GError *why = NULL;
    if (!registration->note.variables && had_variables(registration->vm))
        registration_leave_out(registration, "bios.variables", NULL);
    if (!registration->note.variables)
        return TRUE;
    g_autofree char *from = shelf_variables(registration->storage->storage.path, &registration->told);
    if (!ops->variables_look(registration->link, from, &there, work->deadline, error))
        return FALSE;
    g_autofree char *to = there ? leaving_variables(work, &registration->vm->object.id, registration->vm->name, xml, &why) : NULL;
    if (why) {
        g_propagate_error(error, why);
        return FALSE;
    }
    if (!to)
        registration_leave_out(registration, "bios.variables", NULL);
    work_set_mark(work, VARIABLES, to ? from : NULL);
    work_set_mark(work, VARIABLES_HERE, to);
    return TRUE;
}

static gboolean
make(Registration *registration, GError **error)
{
    Work *work = registration->work;
    if (!registration_vm(registration, error) || !registration_disks(registration, error) || !registration_rules(registration, error))
        return FALSE;
    g_autofree char *xml = registration_xml(registration, error);
    if (!xml || !find_variables(registration, xml, error))
        return FALSE;
    work_set_mark(work, "xml.new", xml);
    keep(registration);
    return TRUE;
}

static gboolean
read_note(Work *work, GError **error)
{
    Registration registration;
    gboolean well = registration_open(&registration, work, error) && make(&registration, error);
    registration_close(&registration);
    return well;
}

static gboolean
prepare(Work *work, GError **error)
{
    char text[ID_TEXT_SIZE];
    Id id;
    if (!read_note(work, error))
        return FALSE;
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts || !work_mark_id(work, "vm", &id))
        return FALSE;
    return facts->state == DOMAIN_ABSENT ||
           fault_set(error, MSG_REGISTER_DOMAIN_THERE, "vm", work_mark(work, "about.vm"), "id", id_format(&id, ID_UUID, text), NULL);
}

/* Only after this look the job's mark counts. Variables that lie here under its id are of a time when it was here before. */
static gboolean
look(Work *work, GError **error)
{
    if (!prepare(work, error))
        return FALSE;
    const char *to = work_mark(work, VARIABLES_HERE);
    g_autoptr(HostLink) link = to ? work_host(work, error) : NULL;
    if (to && !(link && link->ops->variables_drop(link, to, work->deadline, error)))
        return FALSE;
    work_set_mark(work, CLEAR, "yes");
    return TRUE;
}

/* --- steps: the firmware's variables ------------------------------------------------------------------------------------------------------------ */

static gboolean
copy_variables(Work *work, GError **error)
{
    const char *from = work_mark(work, VARIABLES), *to = work_mark(work, VARIABLES_HERE);
    g_autoptr(HostLink) link = to ? work_host(work, error) : NULL;
    return !to || (link && link->ops->variables_copy(link, from, to, work->deadline, error));
}

static Probe
variables_copied(Work *work, GError **error)
{
    gboolean there;
    const char *to = work_mark(work, VARIABLES_HERE);
    if (!to)
        return work_mark(work, CLEAR) ? PROBE_DONE : PROBE_NOT_DONE;
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link || !link->ops->variables_look(link, to, &there, work->deadline, error))
        return PROBE_UNKNOWN;
    return there ? PROBE_DONE : PROBE_NOT_DONE;
}

static gboolean
drop_variables(Work *work, GError **error)
{
    const char *to = work_mark(work, CLEAR) ? work_mark(work, VARIABLES_HERE) : NULL;
    g_autoptr(HostLink) link = to ? work_host(work, error) : NULL;
    return !to || (link && link->ops->variables_drop(link, to, work->deadline, error));
}

/* --- steps: the domain ------------------------------------------------------------------------------------------------------------------------------ */

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
    if (!work_mark(work, CLEAR))
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
    Id id;
    if (!work_mark(work, CLEAR))
        return TRUE;
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts || !work_mark_id(work, "vm", &id))
        return FALSE;
    if (!definition_is_ours(work, facts))
        return TRUE;
    if (definition_runs(facts))
        return fault_set(error, MSG_VM_STARTED_OUTSIDE, "vm", work_mark(work, "about.vm"), NULL);
    g_autoptr(HostLink) link = work_host(work, error);
    return link && link->ops->undefine(link, &id, FALSE, work->deadline, error);
}

/* --- end ------------------------------------------------------------------------------------------------------------------------------------------------ */

static gpointer
decoded(const Type *type, const Id *id, const char *text)
{
    gsize length = 0;
    g_autofree guchar *bytes = text ? g_base64_decode(text, &length) : NULL;
    return bytes ? body_read(type, id, bytes, length, NULL) : NULL;
}

static void
add_disk(Work *work, Changes *changes, const char *mark)
{
    Id id;
    g_auto(GStrv) words = g_strsplit(mark, " ", 2);
    if (!words[0] || !words[1] || !id_parse(words[0], ID_UUID, &id) || changes_find(changes, &disk_type, &id))
        return;
    Disk *disk = decoded(&disk_type, &id, words[1]);
    if (disk)
        changes_add(changes, disk);
}

/* A disk it shares may have been removed meanwhile. */
static void
drop_lost(Changes *changes, Vm *vm)
{
    for (guint i = vm->disk_attachments.count; i-- > 0;) {
        Id id = ((const Object *) vm->disk_attachments.items[i])->id;
        if (!changes_find(changes, &disk_type, &id))
            list_remove(&vm->disk_attachments, &disk_attachment_type, &id);
    }
}

static void
finish(Work *work, Changes *changes)
{
    Id id;
    Vm *vm = work_mark_id(work, "vm", &id) ? decoded(&vm_type, &id, work_mark(work, BODY)) : NULL;
    if (!vm)
        return;
    for (guint i = 0;; i++) {
        g_autofree char *name = g_strdup_printf(DISK "%u", i);
        if (!work_mark(work, name))
            break;
        add_disk(work, changes, work_mark(work, name));
    }
    drop_lost(changes, vm);
    vm->status = VM_DOWN;
    changes_add(changes, vm);
    definition_keep(work, changes, &id);
}

static char *
plan(Work *work, GError **error)
{
    Id host_id;
    if (!prepare(work, error))
        return NULL;
    const Host *host = work_mark_id(work, "host", &host_id) ? view_find(work->view, &host_type, &host_id) : NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    plan_tell(text, MSG_PLAN_REGISTER_VM, "vm", work_mark(work, "about.vm"), "storage_domain", work_mark(work, "name"), "host", host ? host->name : "", NULL);
    if (work_mark(work, LEFT))
        plan_tell(text, MSG_PLAN_REGISTER_LEFT, "left", work_mark(work, LEFT), NULL);
    plan_tell_xml(text, NULL, work_mark(work, "xml.new"));
    return g_strdup(text->str);
}

static const Command with_loss = {
    .title = MSG_REGISTERING_VM,
    .done = { 174, MSG_VM_REGISTERED_WITHOUT },
    .failed = { 1153, MSG_VM_REGISTER_FAILED },
};

static const Command *
words(const Work *work)
{
    return work_mark(work, LEFT) ? &with_loss : work->command;
}

const Command storage_domain_registervm = {
    .verb = "registervm",
    .on = &storage_domain_type,
    .params = &register_vm_type,
    .permit = PERMIT_CREATE_VM,
    .title = MSG_REGISTERING_VM,
    .done = { 174, MSG_VM_REGISTERED },
    .failed = { 1153, MSG_VM_REGISTER_FAILED },
    .words = words,
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "read the catalogue", look, NULL, NULL, FALSE },
        { "bring the firmware's variables", copy_variables, variables_copied, drop_variables, FALSE },
        { "define domain", define, defined, undefine, FALSE },
        { 0 },
    },
    .finish = finish,
    .help = "Registers a VM that came with a storage domain: it is defined again, with its disks as they lie there.",
};
