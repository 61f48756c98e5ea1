/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What may be set for one run, and the XML it makes of what the host has. The mark in it says "for this one run", so that
 * a manager that comes later knows too. */
#include "command/once.h"

#include "command/definition.h"
#include "command/guards.h"
#include "command/initializations.h"
#include "command/paths.h"
#include "command/vm_rules.h"
#include "command/world.h"
#include "model/guest_systems.h"

#include <string.h>

typedef struct { FileRef file; } OnceMedium;
typedef struct { char *id; } Unread;

/* clang-format off */
static const Type file_ref_type = { .one = "file", .many = "files", .size = sizeof(FileRef), .fields = (const Field[]) {
    TEXT (FileRef, id, ADD,                                     "Id, name or path of an ISO image; empty: nothing."),
    { 0 } } };
static const Type medium_type = { .one = "cdrom", .many = "cdroms", .size = sizeof(OnceMedium), .fields = (const Field[]) {
    GROUP(OnceMedium, file, file_ref_type, ADD,                 "What lies in it."),
    { 0 } } };
static const Type unread_type = { .one = "item", .many = "items", .size = sizeof(Unread), .fields = (const Field[]) {
    TEXT (Unread, id, ADD,                                      "Not read."),
    { 0 } } };
const Type once_type = { .one = "vm", .many = "vms", .size = sizeof(OnceSettings), .help = "Settings for one run.", .fields = (const Field[]) {
    GROUP(OnceSettings, os, os_type, ADD,                       "What it starts from this time."),
    GROUP(OnceSettings, bios, bios_type, ADD,                   "Whether its firmware shows its menu."),
    GROUP(OnceSettings, cpu, cpu_type, ADD,                     "Processors for this run."),
    INT  (OnceSettings, memory, ADD,                            "Bytes for this run."),
    LIST (OnceSettings, cdroms, medium_type, ADD,               "The medium in its drive for this run."),
    TEXT (OnceSettings, custom_emulated_machine, ADD,           "Machine type for this run."),
    TEXT (OnceSettings, custom_cpu_model, ADD,                  "Cannot be set for one run yet."),
    GROUP(OnceSettings, display, display_type, ADD,             "Cannot be set for one run yet."),
    BOOL (OnceSettings, stateless, ADD,                         "Cannot be set for one run yet."),
    LIST (OnceSettings, floppies, unread_type, ADD,             "Cannot be set for one run yet."),
    GROUP(OnceSettings, initialization, initialization_type, ADD, "What its guest is told at this start, beside what it is told anyway."),
    LIST (OnceSettings, host, unread_type, ADD,                 "Cannot be set for one run yet."),
    { 0 } } };
/* clang-format on */

#define MIB (1 << 20)
#define CMDLINE_MOST 2000

static const Draft *
settings(const Draft *sent)
{
    return sent && draft_has(sent, "vm") ? sent->groups[type_index(sent->type, type_find(sent->type, "vm"))] : NULL;
}

gboolean
once_is_meant(const Draft *sent)
{
    return settings(sent) != NULL;
}

/* --- upon a VM -------------------------------------------------------------------------------------------------------------- */

static const char *
medium_of(const OnceSettings *sent)
{
    const OnceMedium *medium = sent->cdroms.count > 0 ? sent->cdroms.items[0] : NULL;
    return medium && medium->file.id && *medium->file.id ? medium->file.id : NULL;
}

static void
apply_group(const Draft *draft, const char *name, gpointer record)
{
    const Draft *group = draft_has(draft, name) ? draft->groups[type_index(draft->type, type_find(draft->type, name))] : NULL;
    if (group)
        draft_apply(group, record, ADD);
}

static void
apply(const Draft *draft, Vm *vm)
{
    const OnceSettings *sent = draft->record;
    apply_group(draft, "os", &vm->os);
    apply_group(draft, "bios", &vm->bios);
    apply_group(draft, "cpu", &vm->cpu);
    apply_group(draft, "initialization", &vm->initialization);
    if (draft_has(draft, "memory"))
        vm->memory = sent->memory - sent->memory % MIB;
    vm->memory_policy.guaranteed = MIN(vm->memory_policy.guaranteed, vm->memory);
    vm->memory_policy.max = vm->memory_policy.max > 0 ? MAX(vm->memory_policy.max, vm->memory) : 0;
    if (draft_has(draft, "custom_emulated_machine"))
        text_set(&vm->custom_emulated_machine, sent->custom_emulated_machine);
    if (draft_has(draft, "cdroms") && vm->cdroms.count > 0)
        text_set(&((Cdrom *) vm->cdroms.items[0])->file.id, medium_of(sent));
    vm->run_once = TRUE;
}

Vm *
once_vm(const Work *work, const Vm *vm)
{
    const Draft *draft = settings(work->draft);
    Vm *once = object_dup(vm);
    if (draft)
        apply(draft, once);
    return once;
}

/* --- check ------------------------------------------------------------------------------------------------------------------ */

static gboolean
check_rows(const Draft *draft, const Vm *vm, GError **error)
{
    static const char *const later[] = { "custom_cpu_model", "display", "stateless", "floppies", "host", "bios.type", "cpu.mode", "cpu.cpu_tune" };
    for (guint i = 0; i < G_N_ELEMENTS(later); i++) {
        if (draft_has(draft, later[i]))
            return fault_set(error, MSG_RUN_ONCE_NOT_BUILT, "vm", vm->name, "field", later[i], NULL);
    }
    return guard_texts(draft, error) && initializations_check(draft, vm->name, guest_system_is_windows(vm->os.type), error);
}

static gboolean
rewrite(const View *view, const char *field, char **path, GError **error)
{
    char *found = *path && **path ? paths_boot_file(view, field, *path, error) : NULL;
    if (!*path || !**path)
        return TRUE;
    if (!found)
        return FALSE;
    g_free(*path);
    *path = found;
    return TRUE;
}

static gboolean
check_boot(const Work *work, const Draft *draft, GError **error)
{
    OnceSettings *sent = draft->record;
    for (guint i = 0; i < sent->os.boot.devices.count; i++) {
        if (!vm_rules_is_boot_device(sent->os.boot.devices.items[i]))
            return fault_set(error, MSG_BAD_BOOT_DEVICE, "device", sent->os.boot.devices.items[i], NULL);
    }
    if (sent->os.cmdline && strlen(sent->os.cmdline) > CMDLINE_MOST)
        return fault_set(error, MSG_CMDLINE_TOO_LONG, NULL);
    return rewrite(work->view, "vm.os.kernel", &sent->os.kernel, error) && rewrite(work->view, "vm.os.initrd", &sent->os.initrd, error);
}

static gboolean
check_medium(const Work *work, const Draft *draft, const Vm *vm, GError **error)
{
    OnceSettings *sent = draft->record;
    const char *file = medium_of(sent);
    if (!file)
        return TRUE;
    if (vm->cdroms.count == 0)
        return fault_set(error, MSG_NO_SUCH_CDROM, "vm", vm->name, NULL);
    char *id = paths_iso_id(work->view, file, error);
    if (!id)
        return FALSE;
    OnceMedium *medium = sent->cdroms.items[0];
    g_free(medium->file.id);
    medium->file.id = id;
    return TRUE;
}

static gboolean
check_memory(const Draft *draft, const Vm *vm, GError **error)
{
    const OnceSettings *sent = draft->record;
    return !draft_has(draft, "memory") || vm_rules_check_memory(vm->name, sent->memory, error);
}

Vm *
once_check(Work *work, const Vm *vm, GError **error)
{
    const Draft *draft = settings(work->draft);
    if (!check_rows(draft, vm, error) || !check_boot(work, draft, error) || !check_medium(work, draft, vm, error) || !check_memory(draft, vm, error))
        return NULL;
    Vm *edited = object_dup(vm);
    apply(draft, edited);
    if (vm_rules_check(draft, edited, TRUE, error))
        return edited;
    object_unref(edited);
    return NULL;
}

/* --- on the host -------------------------------------------------------------------------------------------------------------- */

static gboolean
verify_files(const Work *work, const Draft *draft, GError **error)
{
    const OnceSettings *sent = draft->record;
    g_autofree char *iso = medium_of(sent) ? paths_iso(work->view, medium_of(sent), error) : NULL;
    const char *files[] = { sent->os.kernel, sent->os.initrd, iso };
    if (medium_of(sent) && !iso)
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        if (files[i] && *files[i] && !paths_verify(work->view, files[i], error))
            return FALSE;
    }
    return TRUE;
}

char *
once_prepare(Work *work, GError **error)
{
    World world;
    const Draft *draft = settings(work->draft);
    g_autoptr(DomainFacts) facts = !draft || verify_files(work, draft, error) ? definition_read(work, error) : NULL;
    if (!facts)
        return NULL;
    if (facts->state != DOMAIN_SHUTOFF || !facts->config || !facts->xml) {
        const Vm *vm = view_find(work->view, &vm_type, &work->target);
        fault_set(error, definition_runs(facts) ? MSG_VM_STARTED_OUTSIDE : MSG_VM_NOT_ON_HOST, "vm", vm ? vm->name : "", NULL);
        return NULL;
    }
    if (!world_init(&world, work, error))
        return NULL;
    if (draft)
        apply(draft, facts->config);
    facts->config->run_once = TRUE;
    return domain_xml_patch(facts->xml, facts->config, &world.domain, error);
}
