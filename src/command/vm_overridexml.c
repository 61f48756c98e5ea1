/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Writes a VM's definition as a person wrote it: what we do not model is reached by no other verb. What the text may say, domain_xml_override knows;
 * which files, networks and addresses are anybody's to name is asked here, on a worker, of what it names newly. docs/decisions/0033. */
#include "command/definition.h"
#include "command/devices.h"
#include "command/guards.h"
#include "command/paths.h"
#include "command/rows.h"
#include "host/domain_xml.h"
#include "host/domain_xml_override.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    gboolean async;
    char *version, *xml;
} OverrideParams;

/* clang-format off */
static const Type override_params_type = { .one = "action", .many = "actions", .size = sizeof(OverrideParams), .help = "What shall be written.", .fields = (const Field[]) {
    BOOL(OverrideParams, async,   ADD,        "Answer before it is done."),
    TEXT(OverrideParams, version, ADD,        "The version shown with the XML it was made from: refused where the VM has another one by now."),
    TEXT(OverrideParams, xml,     ADD | NEED, "The whole domain XML, 64 KiB at most. Secrets that were not shown stay as they are."),
    { 0 } } };
/* clang-format on */

static gboolean
check(Work *work, GError **error)
{
    const OverrideParams *sent = work->draft ? work->draft->record : NULL;
    const Vm *vm = guard_vm(work, &work->target, error);
    if (!vm)
        return FALSE;
    if (!sent || !sent->xml || !*sent->xml)
        return fault_set(error, MSG_OVERRIDE_EMPTY, "vm", vm->name, NULL);
    return guard_down(vm, MSG_OVERRIDE_NEEDS_DOWN, error) && guard_home(work, vm, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) changes;
    (void) error;
    work_keep_draft(work);
    return TRUE;
}

/* --- what it names newly ------------------------------------------------------------------------------------------------------------ */

static gboolean
check_files(const Work *work, const DomainOverride *override, const char *name, GError **error)
{
    for (guint i = 0; i < override->files->len; i++) {
        g_autoptr(GError) refused = NULL;
        if (paths_verify(work->view, override->files->pdata[i], &refused))
            continue;
        g_autofree char *why = message_encode(fault_message(refused));
        return fault_set(error, MSG_OVERRIDE_FILE, "vm", name, "why", why, NULL);
    }
    return TRUE;
}

static gboolean
boots_from(const Vm *vm, const char *file)
{
    gboolean found = file && (g_strcmp0(vm->os.kernel, file) == 0 || g_strcmp0(vm->os.initrd, file) == 0);
    for (guint i = 0; file && !found && i < vm->cdroms.count; i++)
        found = g_strcmp0(((const Cdrom *) vm->cdroms.items[i])->file.id, file) == 0;
    return found;
}

/* The first VM but for this one that boots from FILE, under this name or the one its links lead to. */
static const Vm *
find_reader(const Work *work, const char *file)
{
    g_autofree char *real = realpath(file, NULL);
    ViewWalk walk = view_walk(work->view, &vm_type);
    for (const Vm *vm; (vm = view_next(&walk));) {
        if (!id_equal(&vm->object.id, &work->target) && (boots_from(vm, file) || boots_from(vm, real)))
            return vm;
    }
    return NULL;
}

/* The first VM but for this one that has FILE as a disk, under this name or the one its links lead to. */
static const Vm *
find_user(const Work *work, const char *file)
{
    g_autofree char *real = realpath(file, NULL);
    ViewWalk walk = view_walk(work->view, &disk_type);
    for (const Disk *disk; (disk = view_next(&walk));) {
        if (!disk->path || (!g_str_equal(disk->path, file) && g_strcmp0(disk->path, real) != 0))
            continue;
        g_autoptr(GPtrArray) vms = devices_vms_of_disk(work->view, &disk->object.id);
        for (guint i = 0; i < vms->len; i++) {
            if (!id_equal(&((const Object *) vms->pdata[i])->id, &work->target))
                return vms->pdata[i];
        }
    }
    return NULL;
}

static gboolean
check_users(const Work *work, const DomainOverride *override, const char *name, GError **error)
{
    for (guint i = 0; i < override->files->len; i++) {
        const char *file = override->files->pdata[i];
        const Vm *other = find_user(work, file);
        if (!other && g_ptr_array_find_with_equal_func(override->writable, file, g_str_equal, NULL))
            other = find_reader(work, file);
        if (other)
            return fault_set(error, MSG_OVERRIDE_DISK_USED, "vm", name, "path", file, "other", other->name, NULL);
    }
    return TRUE;
}

static gboolean
check_library(const Work *work, const DomainOverride *override, const char *name, GError **error)
{
    for (guint i = 0; i < override->writable->len; i++) {
        const char *file = override->writable->pdata[i];
        if (paths_is_library(work->view, file))
            return fault_set(error, MSG_OVERRIDE_LIBRARY, "vm", name, "path", file, NULL);
    }
    return TRUE;
}

/* The networks' names, for a hint; TRUE: one has SOURCE. */
static gboolean
knows_network(const View *view, const char *source, GString *names)
{
    gboolean known = FALSE;
    ViewWalk walk = view_walk(view, &network_type);
    for (const Network *network; (network = view_next(&walk));) {
        known |= g_strcmp0(network->source, source) == 0;
        if (network->source)
            g_string_append_printf(names, "%s%s", names->len ? ", " : "", network->source);
    }
    return known;
}

static gboolean
check_networks(const Work *work, const DomainOverride *override, const char *name, GError **error)
{
    for (guint i = 0; i < override->networks->len; i++) {
        g_autoptr(GString) names = g_string_new(NULL);
        const char *source = override->networks->pdata[i];
        g_autofree char *clean = g_utf8_make_valid(source, (gssize) MIN(strlen(source), 200));
        if (!knows_network(work->view, source, names))
            return fault_set(error, MSG_OVERRIDE_NETWORK, "vm", name, "source", clean, "networks", names->str, NULL);
    }
    return TRUE;
}

static gboolean
has_mac(const Vm *vm, const char *mac)
{
    for (guint i = 0; i < vm->nics.count; i++) {
        if (g_strcmp0(((const Nic *) vm->nics.items[i])->mac.address, mac) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean
check_addresses(const Work *work, const DomainFacts *facts, const char *xml, GError **error)
{
    const char *name = facts->config->name ? facts->config->name : "";
    g_autoptr(DomainFacts) wished = domain_facts_new();
    if (!domain_xml_read(xml, wished, error))
        return FALSE;
    for (guint i = 0; i < wished->config->nics.count; i++) {
        const char *mac = ((const Nic *) wished->config->nics.items[i])->mac.address;
        const Vm *other = mac && !has_mac(facts->config, mac) ? devices_mac_owner(work->view, mac, &id_null) : NULL;
        if (other)
            return fault_set(error, MSG_OVERRIDE_MAC, "vm", name, "mac", mac, "other", other->name, NULL);
    }
    return TRUE;
}

static char *
rewrite(Work *work, const DomainFacts *facts, GError **error)
{
    const OverrideParams *sent = work->draft->record;
    const char *name = facts->config->name ? facts->config->name : "";
    g_autofree char *version = domain_xml_version(facts->xml);
    g_auto(DomainOverride) override = { 0 };
    if (sent->version && *sent->version && g_strcmp0(sent->version, version) != 0) {
        fault_set(error, MSG_OVERRIDE_STALE, "vm", name, NULL);
        return NULL;
    }
    if (!domain_xml_override(facts->xml, sent->xml, name, &override, error) || !check_files(work, &override, name, error) || !check_users(work, &override, name, error) ||
        !check_library(work, &override, name, error) || !check_networks(work, &override, name, error) || !check_addresses(work, facts, override.xml, error))
        return NULL;
    return override.same ? NULL : definition_marked(work, facts, override.xml, error);
}

static gboolean
prepare(Work *work, GError **error)
{
    return definition_prepare_text(work, rewrite, error);
}

static char *
plan(Work *work, GError **error)
{
    return definition_plan_text(work, rewrite, error);
}

const Command vm_overridexml = {
    .verb = "overridexml",
    .on = &vm_type,
    .params = &override_params_type,
    .permit = PERMIT_MANIPULATE_HOST,
    .title = MSG_OVERRIDING_XML,
    .done = { 35, MSG_XML_OVERRIDDEN },
    .failed = { 58, MSG_XML_OVERRIDE_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "read the configuration", prepare, NULL, NULL, FALSE },
        { "write the configuration", definition_write, definition_written, definition_undo, TRUE },
        { 0 },
    },
    .finish = definition_finish_text,
    .help = "Writes the XML libvirt has of a VM that is down, but for what says who it is or could open its host.",
};
