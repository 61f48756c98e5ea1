/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Controllers: the ports devices stand in, USB, SCSI, and that of serial channels. */
#include "host/domain_xml_group.h"

#define SPARE_PORTS 10              /* PCI Express ports left for hotplug */
#define MOST_PORTS 60
#define SCSI "<controller type='scsi' index='0' model='virtio-scsi'/>"

static gboolean
needs_scsi(const Build *build)
{
    const List *disks = &build->vm->disk_attachments;
    for (guint i = 0; i < disks->count; i++) {
        const DiskAttachment *attachment = disks->items[i];
        if (attachment->active && attachment->interface == DISK_INTERFACE_VIRTIO_SCSI)
            return TRUE;
    }
    return build->vm->virtio_scsi.enabled || g_str_equal(device_drive_bus(&build->shop), "scsi");
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
    return 3;                           /* USB, SCSI, serial channels */
}

static gboolean
add_controllers(Build *build, GError **error)
{
    (void) error;
    add_ports(build);
    build_line(build, 2, "<controller type='usb' index='0' model='qemu-xhci'/>");
    if (needs_scsi(build))
        build_line(build, 2, SCSI);
    build_line(build, 2, "<controller type='virtio-serial' index='0'/>");
    return TRUE;
}

/* Without one libvirt would choose a controller today's guests have no driver for. */
static void
need_scsi(Patch *patch)
{
    const ScanNode *controller = scan_child(patch->now->doc, patch->now->devices, "controller");
    gboolean wanted = FALSE;
    for (guint i = 0; i < patch->vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = patch->vm->disk_attachments.items[i];
        wanted |= attachment->active && attachment->interface == DISK_INTERFACE_VIRTIO_SCSI;
    }
    for (; wanted && controller; controller = scan_next(patch->now->doc, controller)) {
        if (scan_has(patch->now->doc, controller, "type", "scsi"))
            return;
    }
    for (guint i = 0; i < patch->now->vm->disk_attachments.count; i++) {
        const DiskAttachment *now = patch->now->vm->disk_attachments.items[i];
        if (now->interface == DISK_INTERFACE_VIRTIO_SCSI)
            return;                     /* the domain knows what it has */
    }
    if (wanted)
        patch_insert(patch, patch->now->devices, "controller", SCSI);
}

static gboolean
patch_controllers(Patch *patch, GError **error)
{
    (void) error;
    need_scsi(patch);
    return TRUE;
}

const DomainGroup group_controllers = { .ports = count_ports, .build = add_controllers, .patch = patch_controllers };
