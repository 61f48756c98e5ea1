/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is done to a running guest is chosen once, from what runs at that moment, and kept in marks. Whether it was done is seen
 * in the domain's own live XML. Whether a guest will still let go of a device nobody can see: the probe asks it again, which is
 * the same request once more, and is sure only of a device that is gone or a guest that says no. */
#include "command/hotplug.h"

#include "command/guards.h"
#include "command/plan.h"
#include "command/world.h"

#define LIVE_EDIT "live"            /* definition.c: may be edited while it runs */
#define INSIST "hot.insist"
#define DEED "hot.deed"
#define ELEMENT "hot.xml"           /* ATTACH, UPDATE: what the guest gets */
#define BEFORE "hot.before"         /* UPDATE, DETACH: what it had */
#define ALIAS "hot.alias"           /* DETACH: libvirt's name of it */

#define ATTACH "attach"
#define UPDATE "update"
#define DETACH "detach"

/* --- check ---------------------------------------------------------------------------------------------------------------- */

gboolean
hotplug_is_felt(const Vm *vm)
{
    return vm->status == VM_UP || vm->status == VM_POWERING_UP || vm->status == VM_PAUSED;
}

gboolean
hotplug_check(const Vm *vm, GError **error)
{
    return hotplug_is_felt(vm) || guard_down(vm, MSG_DEVICES_NEED_REST, error);
}

void
hotplug_insist(Work *work)
{
    work_set_mark(work, INSIST, "yes");
}

/* --- what is to be done ----------------------------------------------------------------------------------------------------- */

static gboolean
has_deed(const Work *work, const char *deed)
{
    return g_strcmp0(work_mark(work, DEED), deed) == 0;
}

static const char *
vm_name(const Work *work)
{
    Id id;
    const Vm *vm = work_mark_id(work, "vm", &id) ? view_find(work->view, &vm_type, &id) : NULL;
    return vm && vm->name ? vm->name : "";
}

static void
choose(Work *work, const char *deed, const char *element, const char *before, const char *alias)
{
    work_set_mark(work, DEED, deed);
    work_set_mark(work, ELEMENT, element);
    work_set_mark(work, BEFORE, before);
    work_set_mark(work, ALIAS, alias);
}

/* What somebody took out of the definition alone is in the guest still, at its place. On the guest's SCSI bus only a controller that is there can take
 * a disk: libvirt would add one that today's guests have no driver for. */
static gboolean
check_attach(const Work *work, const DomainFacts *facts, const char *element, GError **error)
{
    g_autofree char *place = domain_xml_place_taken(facts->live_xml, element);
    if (place)
        return fault_set(error, MSG_HOTPLUG_PLACE_TAKEN, "vm", vm_name(work), "place", place, NULL);
    if (!domain_xml_is_on_scsi(element) || domain_xml_has_scsi(facts->live_xml))
        return TRUE;
    return fault_set(error, MSG_HOTPLUG_NO_SCSI, "vm", vm_name(work), NULL);
}

static gboolean
choose_detach(Work *work, const DomainFacts *facts, DeviceKind kind, const Id *id, const char *device, GError **error)
{
    g_autofree char *alias = domain_xml_alias(device), *before = domain_xml_device(facts->live_xml, facts, kind, id, TRUE);
    if (facts->state == DOMAIN_PAUSED)
        return fault_set(error, MSG_HOTPLUG_WHILE_PAUSED, "vm", vm_name(work), NULL);
    if (!alias)
        return fault_set(error, MSG_DEVICE_GONE_OUTSIDE, "vm", vm_name(work), NULL);
    choose(work, DETACH, NULL, before, alias);
    return TRUE;
}

/* The device as it runs, edited. Only a card's plug and a drive's medium can be changed in a running guest. */
static gboolean
choose_update(Work *work, DomainFacts *facts, DefinitionEdit edit, DeviceKind kind, const Id *id, const char *device, GError **error)
{
    World world;
    if (kind == DEVICE_DISK)
        return TRUE;
    Vm *target = object_dup(facts->live);
    gboolean well = edit(work, target, error) && world_init(&world, work, error);
    world.domain.next = facts;
    g_autofree char *xml = well ? domain_xml_patch(facts->live_xml, target, &world.domain, error) : NULL;
    object_unref(target);
    if (!xml)
        return FALSE;
    g_autofree char *edited = domain_xml_device(xml, facts, kind, id, FALSE);
    if (edited && !domain_xml_device_is(facts->live_xml, edited))
        choose(work, UPDATE, edited, device, NULL);
    return TRUE;
}

static gboolean
choose_deed(Work *work, DomainFacts *facts, DefinitionEdit edit, DeviceKind kind, const Id *id, GError **error)
{
    const char *xml = definition_wished(work, facts);
    g_autofree char *then = domain_xml_device(xml, NULL, kind, id, TRUE), *was = domain_xml_device(facts->xml, NULL, kind, id, TRUE);
    g_autofree char *now = domain_xml_device(facts->live_xml, facts, kind, id, FALSE);
    gboolean moves = !then != !was || work_mark(work, INSIST);
    if (then && now)
        return choose_update(work, facts, edit, kind, id, now, error);
    if (then && moves && !check_attach(work, facts, then, error))
        return FALSE;
    if (then && moves)
        choose(work, ATTACH, then, NULL, NULL);
    return !now || !moves || choose_detach(work, facts, kind, id, now, error);
}

gboolean
hotplug_prepare(Work *work, DefinitionEdit edit, DeviceKind kind, const Id *id, GError **error)
{
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return FALSE;
    gboolean felt = definition_runs(facts);
    if (felt && !facts->live)
        return fault_set(error, MSG_VM_LIVE_UNREAD, "vm", vm_name(work), NULL);
    choose(work, NULL, NULL, NULL, NULL);
    work_set_mark(work, LIVE_EDIT, felt ? "yes" : NULL);    /* one that is started only now must not miss its part: then nothing is written */
    return definition_prepare(work, edit, error) && (!felt || choose_deed(work, facts, edit, kind, id, error));
}

/* --- the guest lets go --------------------------------------------------------------------------------------------------------- */

static gboolean
has_device(const DomainFacts *facts, const char *element)
{
    return definition_runs(facts) && facts->live_xml && domain_xml_has_device(facts->live_xml, element);
}

static gboolean
ask_guest(Work *work, const char *alias, GError **error)
{
    Id vm;
    g_autoptr(HostLink) link = work_host(work, error);
    return link && work_mark_id(work, "vm", &vm) && link->ops->device_detach(link, &vm, alias, work->deadline, error);
}

gboolean
hotplug_leave(Work *work, GError **error)
{
    if (!has_deed(work, DETACH))
        return TRUE;
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return FALSE;
    return !has_device(facts, work_mark(work, BEFORE)) || ask_guest(work, work_mark(work, ALIAS), error);
}

Probe
hotplug_left(Work *work, GError **error)
{
    if (!has_deed(work, DETACH))
        return definition_is_prepared(work) ? PROBE_DONE : PROBE_NOT_DONE;
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return PROBE_UNKNOWN;
    if (!has_device(facts, work_mark(work, BEFORE)) || ask_guest(work, work_mark(work, ALIAS), error))
        return PROBE_DONE;
    Fault fault = error && *error ? fault_of(*error) : FAULT_UNKNOWN_OUTCOME;
    return fault == FAULT_UNKNOWN_OUTCOME || fault == FAULT_UNAVAILABLE ? PROBE_UNKNOWN : PROBE_NOT_DONE;
}

static gboolean
give_device(Work *work, const char *element, gboolean is_new, GError **error)
{
    Id vm;
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link || !work_mark_id(work, "vm", &vm))
        return FALSE;
    return is_new ? link->ops->device_attach(link, &vm, element, work->deadline, error) : link->ops->device_update(link, &vm, element, work->deadline, error);
}

gboolean
hotplug_return(Work *work, GError **error)
{
    if (!has_deed(work, DETACH))
        return TRUE;
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return FALSE;
    return !definition_runs(facts) || has_device(facts, work_mark(work, BEFORE)) || give_device(work, work_mark(work, BEFORE), TRUE, error);
}

gboolean
hotplug_is_out(Work *work, DeviceKind kind, const Id *id, GError **error)
{
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return FALSE;
    if (!definition_runs(facts))
        return TRUE;
    if (!work_mark(work, LIVE_EDIT))
        return fault_set(error, MSG_VM_STARTED_OUTSIDE, "vm", vm_name(work), NULL);
    if (!facts->live_xml)
        return fault_set(error, MSG_VM_LIVE_UNREAD, "vm", vm_name(work), NULL);
    g_autofree char *there = domain_xml_device(facts->live_xml, facts, kind, id, FALSE);
    gboolean in = there || (has_deed(work, DETACH) && has_device(facts, work_mark(work, BEFORE)));
    return !in || fault_set(error, MSG_DEVICE_IN_AGAIN, "vm", vm_name(work), NULL);
}

/* --- the guest gets it, or feels it ---------------------------------------------------------------------------------------------- */

static gboolean
is_changed(const Work *work, const DomainFacts *facts)
{
    const char *element = work_mark(work, ELEMENT);
    if (!definition_runs(facts) || !facts->live_xml)
        return TRUE;                /* what starts next has it from its definition */
    return has_deed(work, ATTACH) ? domain_xml_has_device(facts->live_xml, element) : domain_xml_device_is(facts->live_xml, element);
}

gboolean
hotplug_change(Work *work, GError **error)
{
    if (!has_deed(work, ATTACH) && !has_deed(work, UPDATE))
        return TRUE;
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return FALSE;
    if (!is_changed(work, facts) && !give_device(work, work_mark(work, ELEMENT), has_deed(work, ATTACH), error))
        return FALSE;
    definition_reread(work);
    return TRUE;
}

Probe
hotplug_changed(Work *work, GError **error)
{
    if (!has_deed(work, ATTACH) && !has_deed(work, UPDATE))
        return definition_is_prepared(work) ? PROBE_DONE : PROBE_NOT_DONE;
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return PROBE_UNKNOWN;
    if (!is_changed(work, facts))
        return PROBE_NOT_DONE;
    definition_reread(work);
    return PROBE_DONE;
}

/* What libvirtd may still be busy plugging in is taken out by a request that waits for its turn behind that, not by a look. */
gboolean
hotplug_change_back(Work *work, GError **error)
{
    if (!has_deed(work, ATTACH) && !has_deed(work, UPDATE))
        return TRUE;
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return FALSE;
    if (!definition_runs(facts))
        return TRUE;
    g_autofree char *alias = has_deed(work, ATTACH) ? domain_xml_alias(work_mark(work, ELEMENT)) : NULL;
    if (alias)
        return ask_guest(work, alias, error);
    const char *before = work_mark(work, BEFORE);
    return !before || domain_xml_device_is(facts->live_xml, before) || give_device(work, before, FALSE, error);
}

/* --- plan ------------------------------------------------------------------------------------------------------------------------ */

char *
hotplug_plan(Work *work, DefinitionEdit edit, DeviceKind kind, const Id *id, GError **error)
{
    g_autofree char *edited = hotplug_prepare(work, edit, kind, id, error) ? definition_plan(work, edit, error) : NULL;
    if (!edited)
        return NULL;
    g_autoptr(GString) text = g_string_new(edited);
    MessageCode sentence = has_deed(work, ATTACH) ? MSG_PLAN_HOT_ATTACH : has_deed(work, UPDATE) ? MSG_PLAN_HOT_UPDATE : MSG_PLAN_HOT_DETACH;
    if (work_mark(work, DEED))
        plan_tell(text, sentence, "vm", vm_name(work), NULL);
    if (work_mark(work, ELEMENT))
        g_string_append_printf(text, "%s\n", work_mark(work, ELEMENT));
    return g_strdup(text->str);
}
