/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * USB: one controller for everything, and the tablet that makes the pointer of a console follow. Without it a tablet of virtio does that,
 * for guests that have a driver; libvirt puts a controller into every machine that does not say it has none. */
#include "host/domain_xml_group.h"

#define NONE "<controller type='usb' index='0' model='none'/>"
#define XHCI "<controller type='usb' index='0' model='qemu-xhci'/>"

/* --- written ---------------------------------------------------------------------------------------------------------------------- */

static gboolean
add_usb(Build *build, GError **error)
{
    (void) error;
    build_line(build, 2, build->vm->usb.enabled ? XHCI : NONE);
    return TRUE;
}

static gboolean
add_input(Build *build, GError **error)
{
    (void) error;
    const char *bus = build->vm->usb.enabled ? "usb" : "virtio";
    build_format(build, 2, "<input type='tablet' bus='%s'/>", bus);
    if (build->architecture != ARCHITECTURE_X86_64)
        build_format(build, 2, "<input type='keyboard' bus='%s'/>", bus);
    return TRUE;
}

/* --- read ------------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_usb(const ScanDoc *doc, const ScanNode *controller)
{
    return scan_has(doc, controller, "type", "usb");
}

static void
read_usb(Reading *reading)
{
    gboolean none = FALSE;
    for (const ScanNode *node = scan_child(reading->doc, reading->devices, "controller"); node; node = scan_next(reading->doc, node))
        none |= is_usb(reading->doc, node) && scan_has(reading->doc, node, "model", "none");
    reading->vm->usb.enabled = !none;
}

/* --- patched ---------------------------------------------------------------------------------------------------------------------- */

static void
remove_controllers(Patch *patch)
{
    const ScanDoc *doc = patch->now->doc;
    for (const ScanNode *node = scan_child(doc, patch->now->devices, "controller"); node; node = scan_next(doc, node)) {
        if (is_usb(doc, node))
            splice_remove(&patch->splices, node);
    }
}

/* Those on the bus FROM become ones on the bus TO; a mouse there is none of virtio's worth having. */
static void
move_inputs(Patch *patch, const char *from, const char *to)
{
    const ScanDoc *doc = patch->now->doc;
    for (const ScanNode *node = scan_child(doc, patch->now->devices, "input"); node; node = scan_next(doc, node)) {
        if (!scan_has(doc, node, "bus", from))
            continue;
        splice_attribute(&patch->splices, node, "bus", to);
        if (scan_child(doc, node, "address"))
            splice_remove(&patch->splices, scan_child(doc, node, "address"));
    }
}

/* What stands on the bus and cannot go elsewhere: its element's name; NULL: nothing. */
static char *
find_user(const Patch *patch)
{
    const ScanDoc *doc = patch->now->doc;
    for (const ScanNode *node = patch->now->devices->first; node; node = node->next) {
        gboolean by_bus = scan_has(doc, node, "bus", "usb") && !scan_is(doc, node, "input");
        gboolean passed = scan_is(doc, node, "hostdev") && scan_has(doc, node, "type", "usb");
        gboolean a_disk = scan_has(doc, scan_child(doc, node, "target"), "bus", "usb");
        gboolean by_kind = scan_is(doc, node, "hub") || scan_is(doc, node, "smartcard");
        if (by_bus || passed || a_disk || by_kind || scan_has(doc, scan_child(doc, node, "address"), "type", "usb"))
            if (!scan_is(doc, node, "input"))
                return scan_local_name(doc, node);
    }
    return NULL;
}

static gboolean
patch_usb(Patch *patch, GError **error)
{
    gboolean now = patch->now->vm->usb.enabled, wished = patch->vm->usb.enabled;
    if (!now == !wished)
        return TRUE;
    g_autofree char *user = wished ? NULL : find_user(patch);
    if (user)
        return fault_set(error, MSG_DOMAIN_XML_BUS_IN_USE, "bus", "USB", "vm", patch->vm->name, "device", user, NULL);
    remove_controllers(patch);
    patch_insert(patch, patch->now->devices, "controller", wished ? XHCI : NONE);
    move_inputs(patch, wished ? "virtio" : "usb", wished ? "usb" : "virtio");
    return TRUE;
}

const DomainGroup group_usb = { .ports = group_one_port, .build = add_usb, .read = read_usb, .patch = patch_usb };
const DomainGroup group_input = { .build = add_input };
