/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who leaves stands in the marks leaving.0, leaving.1 …; where the variables of its firmware are on the host in leaving.0.variables. Domains
 * that somebody else made, and files that the manager did not make, stay where they are: their VMs do not leave. */
#include "command/leaving.h"

#include "catalogue/shelf.h"
#include "command/console_log.h"
#include "command/definition.h"
#include "command/guards.h"
#include "command/plan.h"
#include "command/storages.h"
#include "command/volumes.h"
#include "host/domain_xml_twin.h"
#include "host/volume_name.h"

#define PREFIX "leaving."
#define VARIABLES ".variables"
#define LOOKED "leaving.looked"      /* mark: who died before it was recorded has seen nothing */
#define MOST_NAMES 10

/* --- who --------------------------------------------------------------------------------------------------------------------------------- */

static gboolean
get(const Work *work, guint number, Id *ret)
{
    g_autofree char *mark = g_strdup_printf(PREFIX "%u", number);
    return work_mark_id(work, mark, ret);
}

static const char *
variables_of(const Work *work, guint number)
{
    g_autofree char *mark = g_strdup_printf(PREFIX "%u" VARIABLES, number);
    return work_mark(work, mark);
}

gboolean
leaving_any(const Work *work)
{
    Id id;
    return get(work, 0, &id);
}

static const char *
name_of(const Work *work, const Id *id)
{
    const Vm *vm = view_find(work->view, &vm_type, id);
    return vm && vm->name ? vm->name : "";
}

static void
add_name(GString *names, guint count, const char *name)
{
    if (count < MOST_NAMES)
        g_string_append_printf(names, "%s%s", names->len ? ", " : "", name ? name : "");
    else if (count == MOST_NAMES)
        g_string_append(names, ", …");
}

/* Of those for whom WHAT is true; NULL: of nobody. Yours. */
static char *
names_of(const Work *work, const GPtrArray *vms, const StorageDomain *storage, gboolean (*what)(const Work *work, const Vm *vm, const StorageDomain *storage))
{
    guint count = 0;
    GString *names = g_string_new(NULL);
    for (guint i = 0; i < vms->len; i++) {
        const Vm *vm = vms->pdata[i];
        if (what(work, vm, storage))
            add_name(names, count++, vm->name);
    }
    return g_string_free(names, count == 0);
}

static gboolean
is_foreign(G_GNUC_UNUSED const Work *work, const Vm *vm, G_GNUC_UNUSED const StorageDomain *storage)
{
    return vm->adopted || g_strcmp0(vm->origin, "external") == 0;
}

static gboolean
is_protected(G_GNUC_UNUSED const Work *work, const Vm *vm, G_GNUC_UNUSED const StorageDomain *storage)
{
    return vm->delete_protected;
}

static gboolean
has_tpm(G_GNUC_UNUSED const Work *work, const Vm *vm, G_GNUC_UNUSED const StorageDomain *storage)
{
    return vm->tpm_enabled;
}

static gboolean
is_previewed(G_GNUC_UNUSED const Work *work, const Vm *vm, G_GNUC_UNUSED const StorageDomain *storage)
{
    for (guint i = 0; i < vm->snapshots.count; i++) {
        const Snapshot *snapshot = vm->snapshots.items[i];
        if (g_strcmp0(snapshot->snapshot_status, "in_preview") == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean
has_more_elsewhere(const Work *work, const Vm *vm, const StorageDomain *storage)
{
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        const Disk *disk = view_find(work->view, &disk_type, &attachment->object.id);
        if (disk && !shelf_disk_lies_in(disk, &storage->object.id))
            return TRUE;
    }
    return FALSE;
}

static gboolean
check_all(const Work *work, const GPtrArray *vms, const StorageDomain *storage, GError **error)
{
    static const struct { gboolean (*what)(const Work *work, const Vm *vm, const StorageDomain *storage); MessageCode code; } rows[] = {
        { is_foreign, MSG_LEAVING_FOREIGN }, { is_protected, MSG_LEAVING_PROTECTED }, { has_more_elsewhere, MSG_LEAVING_ELSEWHERE },
        { has_tpm, MSG_LEAVING_TPM }, { is_previewed, MSG_LEAVING_PREVIEW },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *names = names_of(work, vms, storage, rows[i].what);
        if (names)
            return fault_set(error, rows[i].code, "storage_domain", storage->name, "vms", names, NULL);
    }
    return TRUE;
}

static gboolean
check_vm(Work *work, const Vm *vm, GError **error)
{
    if (!guard_vm(work, &vm->object.id, error) || !guard_down(vm, MSG_LEAVING_NEEDS_DOWN, error) || !guard_home(work, vm, error))
        return FALSE;
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const Disk *disk = guard_disk(work, &((const Object *) vm->disk_attachments.items[i])->id, FALSE, error);
        if (!disk)
            return FALSE;
        work_claim(work, &disk_type, &disk->object.id);
    }
    return TRUE;
}

static void
mark_all(Work *work, const GPtrArray *vms)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < vms->len; i++) {
        const Vm *vm = vms->pdata[i];
        g_autofree char *mark = g_strdup_printf(PREFIX "%u", i);
        work_set_mark_id(work, mark, &vm->object.id);
        add_name(names, i, vm->name);
    }
    work_set_about(work, "vms", names->len ? names->str : NULL);
}

gboolean
leaving_check(Work *work, const StorageDomain *storage, GError **error)
{
    g_autoptr(GPtrArray) vms = shelf_vms(work->view, &storage->object.id), floating = shelf_floating(work->view, &storage->object.id);
    if (!check_all(work, vms, storage, error))
        return FALSE;
    for (guint i = 0; i < vms->len; i++) {
        if (!check_vm(work, vms->pdata[i], error))
            return FALSE;
    }
    for (guint i = 0; i < floating->len; i++) {
        const Disk *disk = floating->pdata[i];
        if (!guard_disk(work, &disk->object.id, TRUE, error))
            return FALSE;
        work_claim(work, &disk_type, &disk->object.id);
    }
    mark_all(work, vms);
    work_set_mark(work, "vm", NULL);
    work_set_mark(work, LEAVING_NOTES, "yes");
    return TRUE;
}

/* --- what is shown ------------------------------------------------------------------------------------------------------------------------ */

void
leaving_stage(Work *work, Changes *changes)
{
    Id id;
    for (guint i = 0; get(work, i, &id); i++)
        vm_lock(changes_edit(changes, &vm_type, &id));
}

void
leaving_revert(Work *work, Changes *changes)
{
    Id id;
    for (guint i = 0; get(work, i, &id); i++) {
        Vm *vm = changes_edit(changes, &vm_type, &id);
        if (vm)
            vm_unlock(vm);
    }
}

void
leaving_finish(Work *work, Changes *changes)
{
    Id id, storage;
    for (guint i = 0; get(work, i, &id); i++) {
        changes_keep(changes, "domain-xml", &id, NULL);
        changes_remove(changes, &vm_type, &id);
    }
    if (!work_mark_id(work, "storage", &storage))
        return;
    ViewWalk walk = view_walk(work->view, &disk_type);
    for (const Disk *disk; (disk = view_next(&walk));) {
        if (shelf_disk_lies_in(disk, &storage))
            changes_remove(changes, &disk_type, &disk->object.id);
    }
}

void
leaving_tell(GString *text, const Work *work)
{
    Id id;
    for (guint i = 0; get(work, i, &id); i++)
        plan_tell(text, MSG_PLAN_LEAVING, "vm", name_of(work, &id), NULL);
}

/* --- steps: looking ------------------------------------------------------------------------------------------------------------------------ */

static DomainFacts *
read_domain(Work *work, HostLink *link, const Id *id, GError **error)
{
    return link->ops->read(link, id, work->deadline, error);
}

static gboolean
stands_still(Work *work, HostLink *link, const Id *id, DomainFacts **ret_facts, GError **error)
{
    g_autoptr(DomainFacts) facts = read_domain(work, link, id, error);
    const char *name = name_of(work, id);
    if (!facts)
        return FALSE;
    if (facts->state == DOMAIN_ABSENT || !facts->xml)
        return fault_set(error, MSG_VM_NOT_ON_HOST, "vm", name, NULL);
    if (definition_runs(facts) || facts->managed_save)
        return fault_set(error, facts->managed_save ? MSG_VM_SUSPENDED : MSG_VM_STARTED_OUTSIDE, "vm", name, NULL);
    if (!facts->ours)
        return fault_set(error, MSG_LEAVING_FOREIGN, "storage_domain", work_mark(work, "name"), "vms", name, NULL);
    *ret_facts = g_steal_pointer(&facts);
    return TRUE;
}

static gboolean
has_its_files(Work *work, const Id *id, GError **error)
{
    Id storage_id;
    const Vm *vm = view_find(work->view, &vm_type, id);
    const StorageDomain *storage = work_mark_id(work, "storage", &storage_id) ? view_find(work->view, &storage_domain_type, &storage_id) : NULL;
    HostStore store = storages_store(work);
    g_autoptr(HostLink) link = work_host(work, error);
    for (guint i = 0; link && vm && storage && i < vm->disk_attachments.count; i++) {
        const Disk *disk = view_find(work->view, &disk_type, &((const Object *) vm->disk_attachments.items[i])->id);
        VolumeFacts facts = { VOLUME_ABSENT, 0, 0, 0 };
        HostVolume volume = { store, disk ? disk->object.id : id_null, disk ? disk->object.id : id_null };
        if (!disk || !link->ops->volume_read(link, &volume, &facts, work->deadline, error))
            return FALSE;
        if (facts.state != VOLUME_WHOLE)
            return fault_set(error, MSG_VOLUME_MISSING, "disk", disk->alias, "storage_domain", storage->name, NULL);
    }
    return link && vm && storage;
}

char *
leaving_variables(Work *work, const Id *vm, const char *name, const char *xml, GError **error)
{
    g_auto(DomainTwin) twin = { 0 };
    g_autoptr(GError) why = NULL;
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(DomainTwinId));
    DomainTwinId id = { *vm, *vm };
    g_array_append_val(ids, id);
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link || (domain_xml_twin_hides_variables(xml) && !link->ops->variables_find(link, xml, &twin.variables, work->deadline, error)))
        return NULL;
    if (domain_xml_twin(xml, name, ids, &twin, &why))
        return g_steal_pointer(&twin.variables);
    g_autofree char *reason = message_encode(fault_message(why));
    fault_set(error, MSG_LEAVING_VARIABLES, "vm", name, "why", reason, NULL);
    return NULL;
}

/* Where they are; one that was never started has none. A copy that lies in the storage domain is of an earlier time. */
static gboolean
find_variables(Work *work, HostLink *link, guint number, const Id *id, const DomainFacts *facts, GError **error)
{
    gboolean there = FALSE;
    GError *why = NULL;
    g_autofree char *mark = g_strdup_printf(PREFIX "%u" VARIABLES, number), *copy = shelf_variables(work_mark(work, "path"), id);
    g_autofree char *path = leaving_variables(work, id, name_of(work, id), facts->xml, &why);
    if (why) {
        g_propagate_error(error, why);
        return FALSE;
    }
    if (path && !link->ops->variables_look(link, path, &there, work->deadline, error))
        return FALSE;
    work_set_mark(work, mark, there ? path : NULL);
    return !path || link->ops->variables_drop(link, copy, work->deadline, error);
}

gboolean
leaving_look(Work *work, GError **error)
{
    Id id;
    g_autoptr(HostLink) link = leaving_any(work) ? work_host(work, error) : NULL;
    for (guint i = 0; link && get(work, i, &id); i++) {
        g_autoptr(DomainFacts) facts = NULL;
        if (!stands_still(work, link, &id, &facts, error) || !has_its_files(work, &id, error) || !find_variables(work, link, i, &id, facts, error))
            return FALSE;
    }
    work_set_mark(work, LOOKED, "yes");
    return link || !leaving_any(work);
}

/* --- steps: the notes ------------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    Work *work;
    HostLink *link;
} Reading;

static char *
read_xml(gpointer data, const Id *vm)
{
    Reading *reading = data;
    g_autoptr(DomainFacts) facts = read_domain(reading->work, reading->link, vm, NULL);
    return facts ? g_strdup(facts->xml) : NULL;
}

/* VMs whose firmware's variables go with them; keys are of IDS. */
static GHashTable *
with_variables(const Work *work, GArray *ids)
{
    Id id;
    GHashTable *set = g_hash_table_new(id_hash, id_equal_key);
    for (guint i = 0; get(work, i, &id); i++)
        g_array_append_val(ids, id);
    for (guint i = 0; i < ids->len; i++) {
        if (variables_of(work, i))
            g_hash_table_add(set, &g_array_index(ids, Id, i));
    }
    return set;
}

/* VARIABLES: NULL: of nobody's. */
static gboolean
write_notes(Work *work, GHashTable *variables, GError **error)
{
    g_autoptr(HostLink) link = work_host(work, error);
    Reading reading = { work, link };
    Shelf shelf = { .view = work->view, .link = link, .store = storages_store(work), .deadline = work->deadline, .xml = read_xml, .data = &reading, .variables = variables, .whole = TRUE };
    return link && shelf_write(&shelf, error);
}

gboolean
leaving_note(Work *work, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(Id));
    g_autoptr(GHashTable) variables = with_variables(work, ids);
    return !work_mark(work, LEAVING_NOTES) || write_notes(work, variables, error);
}

Probe
leaving_noted(Work *work, GError **error)
{
    gboolean same = FALSE;
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(Id));
    g_autoptr(GHashTable) variables = with_variables(work, ids);
    if (!work_mark(work, LEAVING_NOTES))
        return PROBE_DONE;
    g_autoptr(HostLink) link = work_host(work, error);
    Reading reading = { work, link };
    Shelf shelf = { .view = work->view, .link = link, .store = storages_store(work), .deadline = work->deadline, .xml = read_xml, .data = &reading, .variables = variables };
    if (!link || !shelf_compare(&shelf, &same, error))
        return PROBE_UNKNOWN;
    return same ? PROBE_DONE : PROBE_NOT_DONE;
}

/* What notes say is true, but of variables whose copies go. */
gboolean
leaving_note_staying(Work *work, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(Id));
    g_autoptr(GHashTable) variables = with_variables(work, ids);
    return g_hash_table_size(variables) == 0 || write_notes(work, NULL, error);
}

/* --- steps: the firmwares' variables ------------------------------------------------------------------------------------------------------------ */

gboolean
leaving_copy(Work *work, GError **error)
{
    Id id;
    for (guint i = 0; get(work, i, &id); i++) {
        const char *from = variables_of(work, i);
        g_autofree char *to = shelf_variables(work_mark(work, "path"), &id);
        g_autoptr(HostLink) link = from ? work_host(work, error) : NULL;
        if (from && !(link && link->ops->variables_copy(link, from, to, work->deadline, error)))
            return FALSE;
    }
    return TRUE;
}

Probe
leaving_copied(Work *work, GError **error)
{
    Id id;
    gboolean there;
    if (!work_mark(work, LOOKED))
        return PROBE_NOT_DONE;
    for (guint i = 0; get(work, i, &id); i++) {
        g_autofree char *to = shelf_variables(work_mark(work, "path"), &id);
        g_autoptr(HostLink) link = variables_of(work, i) ? work_host(work, error) : NULL;
        if (!variables_of(work, i))
            continue;
        if (!link || !link->ops->variables_look(link, to, &there, work->deadline, error))
            return PROBE_UNKNOWN;
        if (!there)
            return PROBE_NOT_DONE;
    }
    return PROBE_DONE;
}

gboolean
leaving_drop(Work *work, GError **error)
{
    Id id;
    for (guint i = 0; get(work, i, &id); i++) {
        g_autofree char *to = shelf_variables(work_mark(work, "path"), &id);
        g_autoptr(HostLink) link = variables_of(work, i) ? work_host(work, error) : NULL;
        if (variables_of(work, i) && !(link && link->ops->variables_drop(link, to, work->deadline, error)))
            return FALSE;
    }
    return TRUE;
}

/* --- steps: going -------------------------------------------------------------------------------------------------------------------------------- */

gboolean
leaving_begin(Work *work, GError **error)
{
    return !leaving_any(work) || storages_begin_leaving(work, error);
}

Probe
leaving_begun(Work *work, GError **error)
{
    return leaving_any(work) ? storages_leaving(work, error) : PROBE_DONE;
}

static gboolean
undefine(Work *work, HostLink *link, const Id *id, GError **error)
{
    const Vm *vm = view_find(work->view, &vm_type, id);
    g_autoptr(DomainFacts) facts = read_domain(work, link, id, error);
    if (!facts)
        return FALSE;
    if (facts->state == DOMAIN_ABSENT)
        return TRUE;
    if (definition_runs(facts))
        return fault_set(error, MSG_VM_STARTED_OUTSIDE, "vm", name_of(work, id), NULL);
    return (!vm || console_log_drop(work, vm, error)) && link->ops->undefine(link, id, FALSE, work->deadline, error);
}

gboolean
leaving_undefine(Work *work, GError **error)
{
    Id id;
    g_autoptr(HostLink) link = leaving_any(work) ? work_host(work, error) : NULL;
    for (guint i = 0; link && get(work, i, &id); i++) {
        if (!undefine(work, link, &id, error))
            return FALSE;
    }
    return link || !leaving_any(work);
}

Probe
leaving_undefined(Work *work, GError **error)
{
    Id id;
    g_autoptr(HostLink) link = leaving_any(work) ? work_host(work, error) : NULL;
    for (guint i = 0; get(work, i, &id); i++) {
        g_autoptr(DomainFacts) facts = link ? read_domain(work, link, &id, error) : NULL;
        if (!facts)
            return PROBE_UNKNOWN;
        if (facts->state != DOMAIN_ABSENT)
            return PROBE_NOT_DONE;
    }
    return PROBE_DONE;
}
