/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The host's XML is the truth: an edit is made upon what the host has at that moment, not upon what the manager remembers, so
 * that nothing done beside us is lost. Written only while the host still has the text the edit was made from; undone only
 * where the text carries our mark, and so that what somebody wrote upon it since stays. What an edit is, each verb knows. */
#include "command/definition.h"

#include "command/plan.h"
#include "command/world.h"
#include "host/domain_xml.h"
#include "host/domain_xml_override.h"
#include "job/merge.h"
#include "job/orders.h"
#include "job/outside.h"

#define OLD "xml.old"
#define NEW "xml.new"
#define KEPT "xml.kept"
#define NAME "xml.name"             /* the domain's, as it will be */
#define SAME "xml.same"             /* the edit changes nothing the host keeps */
#define STRICT "xml.strict"         /* the host must know all of it */
#define LIVE_EDIT "live"
#define DIFFERING "differing"       /* rows in which what runs differs from its next start; "": none */
#define RUNNING_PINS "running.pins" /* where the threads of what runs are bound */

/* --- asking --------------------------------------------------------------------------------------------------------------- */

DomainFacts *
definition_read(Work *work, GError **error)
{
    Id vm;
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link)
        return NULL;
    if (!work_mark_id(work, "vm", &vm)) {
        fault_set(error, MSG_HOST_GONE, NULL);
        return NULL;
    }
    return link->ops->read(link, &vm, work->deadline, error);
}

gboolean
definition_runs(const DomainFacts *facts)
{
    return facts->state != DOMAIN_ABSENT && facts->state != DOMAIN_SHUTOFF;
}

gboolean
definition_is_ours(const Work *work, const DomainFacts *facts)
{
    char job[ID_TEXT_SIZE];
    return facts->state != DOMAIN_ABSENT && facts->job && g_str_equal(facts->job, id_format(&work->job, ID_UUID, job));
}

/* The name is changed behind all else: what is ours under another name is half of it. */
static gboolean
is_written(const Work *work, const DomainFacts *facts)
{
    const char *name = work_mark(work, NAME);
    return definition_is_ours(work, facts) && (!name || g_strcmp0(facts->config->name, name) == 0);
}

static const Vm *
find_vm(const Work *work)
{
    Id id;
    return work_mark_id(work, "vm", &id) ? view_find(work->view, &vm_type, &id) : NULL;
}

static const char *
vm_name(const Work *work)
{
    const Vm *vm = find_vm(work);
    return vm && vm->name ? vm->name : "";
}

gboolean
definition_is_quiet(Work *work, GError **error)
{
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return FALSE;
    return !definition_runs(facts) || fault_set(error, MSG_VM_STARTED_OUTSIDE, "vm", vm_name(work), NULL);
}

/* --- preparing ------------------------------------------------------------------------------------------------------------ */

/* An adopted domain cannot say what only the manager knows of it. The first edit gives it metadata of ours with that. */
Vm *
definition_as_known(const Work *work, const DomainFacts *facts)
{
    static const char *const rows[] = { "cluster", "template", "original_template", "delete_protected", "creation_time", "origin", "high_availability", "type", NULL };
    const Vm *known = find_vm(work);
    Vm *base = object_dup(facts->config);
    for (guint i = 0; !facts->ours && known && rows[i]; i++)
        field_assign(type_find(&vm_type, rows[i]), base, known);
    return base;
}

static gboolean
may_edit(Work *work, const DomainFacts *facts, GError **error)
{
    if (facts->state == DOMAIN_ABSENT || !facts->xml || !facts->config)
        return fault_set(error, MSG_VM_NOT_ON_HOST, "vm", vm_name(work), NULL);
    if (facts->managed_save)
        return fault_set(error, MSG_VM_SUSPENDED, "vm", vm_name(work), NULL);
    if (definition_runs(facts) && !work_mark(work, LIVE_EDIT))
        return fault_set(error, MSG_VM_STARTED_OUTSIDE, "vm", vm_name(work), NULL);
    return TRUE;
}

static char *
patched(const Work *work, const char *xml, const Vm *target, gboolean mark, GError **error)
{
    World world;
    if (!world_init(&world, work, error))
        return NULL;
    world.domain.mark = mark;
    return domain_xml_patch(xml, target, &world.domain, error);
}

/* The edited XML; NULL with ERROR, or NULL without where the edit changes nothing. */
static char *
edited(Work *work, const DomainFacts *facts, DefinitionEdit edit, GError **error)
{
    Vm *base = definition_as_known(work, facts);
    Vm *target = object_dup(base);
    gboolean well = edit(work, target, error);
    char *xml = well && !type_equal(&vm_type, target, base) ? patched(work, facts->xml, target, FALSE, error) : NULL;
    object_unref(target);
    object_unref(base);
    return xml;
}

static char *
name_in(const char *xml)
{
    g_autoptr(DomainFacts) facts = domain_facts_new();
    return xml && domain_xml_read(xml, facts, NULL) ? g_strdup(facts->config->name) : NULL;
}

static void
note_name(Work *work)
{
    g_autofree char *name = name_in(work_mark(work, NEW));
    work_set_mark(work, NAME, name);
}

/* XML: NULL with REFUSED, or NULL where it is the same. */
static gboolean
note_texts(Work *work, const DomainFacts *facts, const char *xml, GError *take_refused, GError **error)
{
    if (take_refused) {
        g_propagate_error(error, take_refused);
        return FALSE;
    }
    gboolean same = !xml || g_str_equal(xml, facts->xml);
    work_set_mark(work, SAME, same ? "yes" : NULL);
    work_set_mark(work, OLD, same ? NULL : facts->xml);
    work_set_mark(work, NEW, same ? NULL : xml);
    note_name(work);
    return TRUE;
}

gboolean
definition_prepare(Work *work, DefinitionEdit edit, GError **error)
{
    GError *refused = NULL;
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts || !may_edit(work, facts, error))
        return FALSE;
    g_autofree char *xml = edited(work, facts, edit, &refused);
    return note_texts(work, facts, xml, refused, error);
}

gboolean
definition_prepare_text(Work *work, DefinitionText make, GError **error)
{
    GError *refused = NULL;
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts || !may_edit(work, facts, error))
        return FALSE;
    g_autofree char *xml = make(work, facts, &refused);
    work_set_mark(work, STRICT, "yes");
    return note_texts(work, facts, xml, refused, error);
}

char *
definition_marked(Work *work, const DomainFacts *facts, const char *xml, GError **error)
{
    char job[ID_TEXT_SIZE];
    g_autoptr(DomainFacts) new = domain_facts_new(), marked = domain_facts_new();
    if (facts->ours)
        return domain_xml_marked(xml, id_format(&work->job, ID_UUID, job));
    if (!domain_xml_read(xml, new, error))
        return NULL;
    Vm *target = definition_as_known(work, new);
    g_autofree char *text = patched(work, xml, target, TRUE, error);
    object_unref(target);
    if (text && domain_xml_read(text, marked, error) && marked->job)
        return g_steal_pointer(&text);
    if (text)
        fault_set(error, MSG_DOMAIN_XML_DID_NOT_TAKE, "vm", vm_name(work), NULL);
    return NULL;
}

gboolean
definition_is_prepared(const Work *work)
{
    return work_mark(work, SAME) || work_mark(work, NEW);
}

const char *
definition_wished(const Work *work, const DomainFacts *facts)
{
    const char *xml = work_mark(work, NEW);
    return xml ? xml : facts->xml;
}

void
definition_skip(Work *work)
{
    work_set_mark(work, SAME, "yes");
}

/* --- writing -------------------------------------------------------------------------------------------------------------- */

static void
note_differences(Work *work, const DomainFacts *facts)
{
    g_autoptr(GString) rows = g_string_new(NULL);
    for (guint i = 0; facts && i < facts->differing.count; i++)
        g_string_append_printf(rows, "%s%s", i > 0 ? " " : "", facts->differing.items[i]);
    work_set_mark(work, DIFFERING, facts ? rows->str : NULL);
    work_set_mark(work, RUNNING_PINS, facts ? facts->pins : NULL);
}

void
definition_reread(Work *work)
{
    g_autoptr(GError) unheard = NULL;
    g_autoptr(DomainFacts) facts = definition_read(work, &unheard);
    if (facts && facts->xml && is_written(work, facts))
        work_set_mark(work, KEPT, facts->xml);
    note_differences(work, facts);
}

gboolean
definition_write(Work *work, GError **error)
{
    if (!work_mark(work, NEW))
        return TRUE;
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts || !may_edit(work, facts, error))
        return FALSE;
    if (is_written(work, facts)) {
        work_set_mark(work, KEPT, facts->xml);
        return TRUE;
    }
    if (!definition_is_ours(work, facts) && g_strcmp0(facts->xml, work_mark(work, OLD)) != 0)
        return fault_set(error, MSG_VM_CHANGED_MEANWHILE, "vm", vm_name(work), NULL);
    g_autoptr(HostLink) link = work_host(work, error);
    gboolean (*define)(HostLink *, const char *, Tick, GError **) = !link ? NULL : work_mark(work, STRICT) ? link->ops->define_strictly : link->ops->define;
    if (!define || !define(link, work_mark(work, NEW), work->deadline, error))
        return FALSE;
    definition_reread(work);
    return TRUE;
}

Probe
definition_written(Work *work, GError **error)
{
    if (work_mark(work, SAME))
        return PROBE_DONE;
    if (!work_mark(work, NEW))
        return PROBE_NOT_DONE;
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return PROBE_UNKNOWN;
    if (!is_written(work, facts))
        return PROBE_NOT_DONE;
    work_set_mark(work, KEPT, facts->xml);
    return PROBE_DONE;
}

/* The old name first, while it is still known by our mark whose it is. */
static gboolean
name_back(Work *work, HostLink *link, const DomainFacts *facts, GError **error)
{
    g_autofree char *old = name_in(work_mark(work, OLD));
    if (g_strcmp0(old, facts->config->name) == 0)
        return TRUE;
    g_autofree char *xml = domain_xml_renamed(facts->xml, old);
    return xml && link->ops->define(link, xml, work->deadline, error);
}

/* Is it what we wrote, and nobody's since? A text that nobody read again is compared by its rows instead; a person's whole text has none. */
static gboolean
is_untouched(const Work *work, const DomainFacts *facts)
{
    const char *kept = work_mark(work, KEPT);
    return kept ? g_strcmp0(facts->xml, kept) == 0 : work_mark(work, STRICT) || g_strcmp0(facts->xml, work_mark(work, NEW)) == 0;
}

static DomainFacts *
read_text(const char *xml)
{
    g_autoptr(DomainFacts) facts = domain_facts_new();
    return xml && domain_xml_read(xml, facts, NULL) ? g_steal_pointer(&facts) : NULL;
}

/* What is there, edited by somebody since, without our edit. NULL: the two cannot be told apart. */
static char *
without_edit(const Work *work, const DomainFacts *facts)
{
    World world;
    const char *kept = work_mark(work, KEPT);
    g_autoptr(DomainFacts) before = read_text(work_mark(work, OLD)), after = read_text(kept ? kept : work_mark(work, NEW));
    if (!before || !after || work_mark(work, STRICT) || !world_init(&world, work, NULL))
        return NULL;
    Vm *old = definition_as_known(work, before), *target = object_dup(facts->config);
    merge_changes(&vm_type, target, after->config, old, NULL);
    gboolean apart = !merge_changes(&vm_type, target, after->config, facts->config, NULL);     /* what they changed stands */
    world.domain.job = before->job;
    char *xml = apart ? domain_xml_patch(facts->xml, target, &world.domain, NULL) : NULL;
    object_unref(target);
    object_unref(old);
    return xml;
}

gboolean
definition_undo(Work *work, GError **error)
{
    if (!work_mark(work, NEW))
        return TRUE;
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return FALSE;
    if (!definition_is_ours(work, facts))
        return TRUE;
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link)
        return FALSE;
    if (is_untouched(work, facts))
        return name_back(work, link, facts, error) && link->ops->define(link, work_mark(work, OLD), work->deadline, error);
    g_autofree char *xml = without_edit(work, facts);
    if (xml)
        return link->ops->define(link, xml, work->deadline, error);
    orders_tell(work, SEVERITY_WARNING, message_new(MSG_EDIT_NOT_UNDONE, "vm", vm_name(work), NULL), find_vm(work));
    return TRUE;
}

/* --- in the model --------------------------------------------------------------------------------------------------------- */

void
definition_keep(const Work *work, Changes *changes, const Id *vm)
{
    const char *kept = work_mark(work, KEPT);
    const char *xml = kept ? kept : work_mark(work, NEW);
    if (xml)
        changes_keep(changes, "domain-xml", vm, xml);
}

static void
take_differences(const Work *work, Vm *vm)
{
    const char *differing = work_mark(work, DIFFERING);
    if (!differing)
        return;
    g_auto(GStrv) rows = g_strsplit(differing, " ", -1);
    words_set(&vm->next_run_differences, (const char *const *) rows);
    vm->next_run_configuration_exists = vm->next_run_differences.count > 0;
    text_set(&vm->running_pins, work_mark(work, RUNNING_PINS));
}

Vm *
definition_finish(Work *work, Changes *changes, DefinitionEdit edit)
{
    Id id;
    Vm *vm = work_mark_id(work, "vm", &id) ? changes_edit(changes, &vm_type, &id) : NULL;
    if (!vm)
        return NULL;
    edit(work, vm, NULL);
    if (work_mark(work, NEW))
        vm->adopted = FALSE;
    take_differences(work, vm);
    definition_keep(work, changes, &id);
    return vm;
}

/* What the host has now was read when it was written; where it did not say, what was written. */
void
definition_finish_text(Work *work, Changes *changes)
{
    Id id;
    const char *kept = work_mark(work, KEPT), *written = kept ? kept : work_mark(work, NEW);
    g_autoptr(DomainFacts) before = domain_facts_new(), after = domain_facts_new();
    if (!written || !work_mark_id(work, "vm", &id) || !changes_find(changes, &vm_type, &id))
        return;
    if (domain_xml_read(work_mark(work, OLD), before, NULL) && domain_xml_read(written, after, NULL)) {
        outside_merge(changes, &id, before, after, NULL);
        Vm *vm = changes_edit(changes, &vm_type, &id);
        vm->adopted = FALSE;
        take_differences(work, vm);
    }
    definition_keep(work, changes, &id);
}

/* --- plan ----------------------------------------------------------------------------------------------------------------- */

static char *
tell_texts(Work *work)
{
    Id id;
    g_autoptr(GString) text = g_string_new(NULL);
    const Host *host = work_mark_id(work, "host", &id) ? view_find(work->view, &host_type, &id) : NULL;
    plan_tell(text, MSG_PLAN_EDIT, "vm", vm_name(work), "host", host ? host->name : "", NULL);
    plan_tell_xml(text, work_mark(work, OLD), work_mark(work, NEW));
    return g_strdup(text->str);
}

char *
definition_plan(Work *work, DefinitionEdit edit, GError **error)
{
    return definition_prepare(work, edit, error) ? tell_texts(work) : NULL;
}

char *
definition_plan_text(Work *work, DefinitionText make, GError **error)
{
    return definition_prepare_text(work, make, error) ? tell_texts(work) : NULL;
}
