/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What several verbs need to know of a VM's devices. Same view, same answer: whatever is chosen here becomes a mark before
 * anything happens. How a device looks in XML is domain_xml's. */
#include "command/devices.h"

#include "model/policies.h"

#include <stdio.h>
#include <string.h>

#define CONSOLE "766e63"            /* hex of "vnc", as clients know it */

void
devices_add_standard(Vm *vm, Wall now)
{
    Cdrom *cdrom = object_new(&cdrom_type);
    cdrom->object.id = id_named(&vm->object.id, "cdrom");
    list_add(&vm->cdroms, cdrom);
    GraphicsConsole *console = object_new(&graphics_console_type);
    console->object.id = id_word(CONSOLE);
    console->protocol = g_strdup("vnc");
    list_add(&vm->graphics_consoles, console);
    list_add(&vm->snapshots, snapshot_active_new(&vm->object.id, now));
}

/* --- disks ---------------------------------------------------------------------------------------------------------------- */

static const char *
prefix_of(int interface)
{
    switch ((DiskInterface) interface) {
    case DISK_INTERFACE_VIRTIO:
    case DISK_INTERFACE_NONE_:
        return "vd";
    case DISK_INTERFACE_IDE:
        return "hd";
    case DISK_INTERFACE_VIRTIO_SCSI:
    case DISK_INTERFACE_SATA:
    case DISK_INTERFACE_USB:
        break;
    }
    return "sd";
}

static gboolean
has_target(const Vm *vm, const char *target)
{
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        if (g_strcmp0(attachment->target, target) == 0)
            return TRUE;
    }
    for (guint i = 0; i < vm->cdroms.count; i++) {
        const Cdrom *cdrom = vm->cdroms.items[i];
        if (g_strcmp0(cdrom->target, target) == 0)
            return TRUE;
    }
    return FALSE;
}

/* a … z, aa … zz, as Linux counts them. */
static char *
target_of(const char *prefix, guint number)
{
    if (number < 26)
        return g_strdup_printf("%s%c", prefix, 'a' + number);
    return g_strdup_printf("%s%c%c", prefix, 'a' + number / 26 - 1, 'a' + number % 26);
}

char *
devices_free_target(const Vm *vm, int interface)
{
    for (guint number = 0;; number++) {
        g_autofree char *target = target_of(prefix_of(interface), number);
        if (!has_target(vm, target) || number >= 26 * 27 - 1)
            return g_steal_pointer(&target);
    }
}

DiskAttachment *
devices_find_attachment(Vm *vm, const Vm *model, const Id *disk)
{
    DiskAttachment *attachment = list_find(&vm->disk_attachments, disk);
    if (attachment)
        return attachment;
    const DiskAttachment *known = model ? list_find(&model->disk_attachments, disk) : NULL;
    return known && !known->active ? list_add(&vm->disk_attachments, object_dup(known)) : NULL;
}

Nic *
devices_find_nic(Vm *vm, const Vm *model, const Id *id)
{
    Nic *nic = list_find(&vm->nics, id);
    if (nic)
        return nic;
    const Nic *known = model ? list_find(&model->nics, id) : NULL;
    return known && !known->plugged ? list_add(&vm->nics, object_dup(known)) : NULL;
}

GPtrArray *
devices_vms_of_disk(const View *view, const Id *disk)
{
    GPtrArray *vms = g_ptr_array_new();
    ViewWalk walk = view_walk(view, &vm_type);
    for (const Vm *vm; (vm = view_next(&walk));) {
        if (list_find(&vm->disk_attachments, disk))
            g_ptr_array_add(vms, (gpointer) vm);
    }
    return vms;
}

const DiskAttachment *
devices_boot_disk(const Vm *vm, const Id *except)
{
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        if (attachment->active && attachment->bootable && !(except && id_equal(&attachment->object.id, except)))
            return attachment;
    }
    return NULL;
}

/* --- MAC addresses ---------------------------------------------------------------------------------------------------------- */

const Vm *
devices_mac_owner(const View *view, const char *mac, const Id *except)
{
    ViewWalk walk = view_walk(view, &vm_type);
    for (const Vm *vm; (vm = view_next(&walk));) {
        for (guint i = 0; i < vm->nics.count; i++) {
            const Nic *nic = vm->nics.items[i];
            gboolean same = nic->mac.address && g_ascii_strcasecmp(nic->mac.address, mac) == 0;
            if (same && !(except && id_equal(&nic->object.id, except)))
                return vm;
        }
    }
    return NULL;
}

char *
devices_new_mac(const View *view, const Id *nic)
{
    guint32 number;
    memcpy(&number, nic->bytes + 12, sizeof(number));
    for (;; number++) {
        g_autofree char *mac = g_strdup_printf(POLICIES_MAC_PREFIX ":%02x:%02x:%02x:%02x", number >> 24, (number >> 16) & 0xff, (number >> 8) & 0xff, number & 0xff);
        if (!devices_mac_owner(view, mac, NULL))
            return g_steal_pointer(&mac);
    }
}

char *
devices_parse_mac(const char *text)
{
    guint bytes[6];
    char end;
    if (strlen(text) != 17 || sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &bytes[0], &bytes[1], &bytes[2], &bytes[3], &bytes[4], &bytes[5], &end) != 6)
        return NULL;
    gboolean nothing = !(bytes[0] | bytes[1] | bytes[2] | bytes[3] | bytes[4] | bytes[5]);
    g_autofree char *mac = g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]);
    if ((bytes[0] & 1) || nothing || g_ascii_strcasecmp(mac, text) != 0)
        return NULL;
    return g_steal_pointer(&mac);
}
