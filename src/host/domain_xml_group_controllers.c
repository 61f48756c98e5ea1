/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Controllers: the ports devices stand in, SCSI, and that of serial channels. */
#include "host/domain_xml_group.h"

#define SPARE_PORTS 10              /* PCI Express ports left for hotplug */
#define MOST_PORTS 60
static char *
scsi_fragment(const Vm *vm)
{
    if (vm->io.threads <= 0)
        return g_strdup("<controller type='scsi' model='virtio-scsi'/>");
    return g_strdup("<controller type='scsi' model='virtio-scsi'>\n  <driver iothread='1'/>\n</controller>");
}

static gboolean
has_scsi_disk(const Vm *vm)
{
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        if (attachment->active && attachment->interface == DISK_INTERFACE_VIRTIO_SCSI)
            return TRUE;
    }
    return FALSE;
}

static gboolean
needs_scsi(const Build *build)
{
    return build->vm->virtio_scsi.enabled || has_scsi_disk(build->vm) || g_str_equal(device_drive_bus(&build->shop), "scsi");
}

/* A port for each device that stands in one, and SPARE_PORTS more. */
static void
add_ports(Build *build)
{
    guint used = 0;
    if (build->shop.i440fx)
        return;
    build_line(build, 2, "<controller type='pci' index='0' model='pcie-root'/>");
    for (guint i = 0; domain_groups[i]; i++)
        used += domain_groups[i]->ports ? domain_groups[i]->ports(build) : 0;
    for (guint i = 1; i <= MIN(used + SPARE_PORTS, MOST_PORTS); i++)
        build_format(build, 2, "<controller type='pci' index='%u' model='pcie-root-port'/>", i);
}

static guint
count_ports(const Build *build)
{
    (void) build;
    return 2;                           /* SCSI, serial channels */
}

static gboolean
add_controllers(Build *build, GError **error)
{
    (void) error;
    add_ports(build);
    g_autofree char *scsi = needs_scsi(build) ? scsi_fragment(build->vm) : NULL;
    if (scsi)
        build_lines(build, 2, scsi);
    build_line(build, 2, "<controller type='virtio-serial' index='0'/>");
    return TRUE;
}

/* --- SCSI controllers of a domain that is there ------------------------------------------------------------------------------------- */

static gboolean
is_scsi(const ScanDoc *doc, const ScanNode *controller)
{
    static const char *const models[] = { "virtio-scsi", "virtio-transitional", "virtio-non-transitional", NULL };
    g_autofree char *model = scan_get(doc, controller, "model");
    return scan_has(doc, controller, "type", "scsi") && model && g_strv_contains(models, model);
}

static void
read_controllers(Reading *reading)
{
    const ScanDoc *doc = reading->doc;
    for (const ScanNode *node = scan_child(doc, reading->devices, "controller"); node; node = scan_next(doc, node))
        reading->vm->virtio_scsi.enabled |= is_scsi(doc, node);
}

/* Drives, and what else names the bus. Disks are the VM's to say. */
static gboolean
is_scsi_used(const Patch *patch)
{
    const ScanDoc *doc = patch->now->doc;
    for (const ScanNode *node = patch->now->devices->first; node; node = node->next) {
        gboolean is_disk = scan_is(doc, node, "disk") && (!scan_attribute(doc, node, "device") || scan_has(doc, node, "device", "disk"));
        gboolean on_bus = scan_has(doc, scan_child(doc, node, "target"), "bus", "scsi");
        if ((on_bus && !is_disk) || (scan_is(doc, node, "hostdev") && scan_has(doc, node, "type", "scsi")))
            return TRUE;
    }
    return FALSE;
}

/* Where a disk comes onto a bus without a controller libvirt would choose one that today's guests have no driver for; a domain that has such
 * disks knows what it has. */
static gboolean
wants_scsi(const Patch *patch)
{
    gboolean first = has_scsi_disk(patch->vm) && !has_scsi_disk(patch->now->vm);
    return patch->vm->virtio_scsi.enabled || first || (patch->now->vm->virtio_scsi.enabled && has_scsi_disk(patch->vm));
}

static gboolean
patch_controllers(Patch *patch, GError **error)
{
    const ScanDoc *doc = patch->now->doc;
    gboolean now = patch->now->vm->virtio_scsi.enabled, wished = wants_scsi(patch);
    if (now && !wished && is_scsi_used(patch))
        return fault_set(error, MSG_DOMAIN_XML_BUS_IN_USE, "bus", "virtio-scsi", "vm", patch->vm->name, "device", "disk", NULL);
    g_autofree char *fragment = !now && wished ? scsi_fragment(patch->vm) : NULL;
    if (fragment)
        patch_insert(patch, patch->now->devices, "controller", fragment);
    for (const ScanNode *node = scan_child(doc, patch->now->devices, "controller"); node && now && !wished; node = scan_next(doc, node)) {
        if (is_scsi(doc, node))
            splice_remove(&patch->splices, node);
    }
    return TRUE;
}

const DomainGroup group_controllers = { .ports = count_ports, .build = add_controllers, .read = read_controllers, .patch = patch_controllers };
