/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The watchdog: at most one of ours. The one that newer libvirt finds in every q35 is part of that machine and no device of the VM's. */
#include "host/domain_xml_group.h"

#define ID_NAME "watchdog"

/* libvirt's words are oVirt's. */
static char *
fragment_of(const Watchdog *watchdog)
{
    return g_strdup_printf("<watchdog model='%s' action='%s'/>", names_get(&watchdog_model_names, watchdog->model),
                           names_get(&watchdog_action_names, watchdog->action));
}

static gboolean
add_watchdog(Build *build, GError **error)
{
    (void) error;
    g_autofree char *fragment = build->vm->watchdogs.count > 0 ? fragment_of(build->vm->watchdogs.items[0]) : NULL;
    if (fragment)
        build_line(build, 2, fragment);
    return TRUE;
}

static const ScanNode *
find_watchdog(const ScanDoc *doc, const ScanNode *devices)
{
    const ScanNode *node = scan_child(doc, devices, "watchdog");
    while (node && scan_has(doc, node, "model", "itco"))
        node = scan_next(doc, node);
    return node;
}

static void
read_watchdog(Reading *reading)
{
    const ScanDoc *doc = reading->doc;
    const ScanNode *node = find_watchdog(doc, reading->devices);
    if (!node)
        return;
    g_autofree char *model = scan_get(doc, node, "model"), *action = scan_get(doc, node, "action");
    Watchdog *watchdog = object_new(&watchdog_type);
    watchdog->object.id = id_named(&reading->id, ID_NAME);
    watchdog->model = names_find(&watchdog_model_names, model ? model : "");
    watchdog->action = names_find(&watchdog_action_names, action ? action : "reset");
    list_add(&reading->vm->watchdogs, watchdog);
}

/* Another card stands at another place. */
static void
set_model(Patch *patch, const ScanNode *node, const char *model)
{
    const ScanNode *address = scan_child(patch->now->doc, node, "address");
    splice_attribute(&patch->splices, node, "model", model);
    if (address)
        splice_remove(&patch->splices, address);
}

static gboolean
patch_watchdog(Patch *patch, GError **error)
{
    (void) error;
    const ScanNode *node = find_watchdog(patch->now->doc, patch->now->devices);
    const Watchdog *now = node ? patch->now->vm->watchdogs.items[0] : NULL;
    const Watchdog *wished = patch->vm->watchdogs.count > 0 ? patch->vm->watchdogs.items[0] : NULL;
    g_autofree char *fragment = wished && !node ? fragment_of(wished) : NULL;
    if (fragment)
        patch_insert(patch, patch->now->devices, "watchdog", fragment);
    if (node && !wished)
        splice_remove(&patch->splices, node);
    if (now && wished && wished->model != 0 && wished->model != now->model)
        set_model(patch, node, names_get(&watchdog_model_names, wished->model));
    if (now && wished && wished->action != 0 && wished->action != now->action)
        splice_attribute(&patch->splices, node, "action", names_get(&watchdog_action_names, wished->action));
    return TRUE;
}

const DomainGroup group_watchdog = { .build = add_watchdog, .read = read_watchdog, .patch = patch_watchdog };
