/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Drives, disks and cards: what is plugged in, has an id and stands in the boot order. Here they are written for a new domain; they are read in
 * domain_xml_reading_devices.c and patched in domain_xml_patch_devices.c. */
#include "host/domain_xml_group.h"

/* --- the boot order --------------------------------------------------------------------------------------------------------------- */

static void
plan_device(Build *build, DeviceKind kind, const Id *id)
{
    BootDevice device = { .id = *id, .kind = kind, .fresh = TRUE };
    g_array_append_val(build->plan.devices, device);
}

void
build_plan(Build *build)
{
    static char *hd[] = { (char *) "hd", NULL };
    static const Words as_libvirt = { hd, 1 };
    const Vm *vm = build->vm;
    build->plan = (BootPlan) { .classes = &vm->os.boot.devices, .devices = g_array_new(FALSE, TRUE, sizeof(BootDevice)), .by_device = TRUE };
    if (vm->os.boot.devices.count == 0)
        build->plan.classes = &as_libvirt;
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        if (attachment->active)
            plan_device(build, DEVICE_DISK, &attachment->object.id);
        if (attachment->active && attachment->bootable && id_is_null(&build->plan.disk))
            build->plan.disk = attachment->object.id;
    }
    for (guint i = 0; i < MAX(vm->cdroms.count, 1); i++)
        plan_device(build, DEVICE_CDROM, vm->cdroms.count > 0 ? &((const Cdrom *) vm->cdroms.items[i])->object.id : &id_null);
    for (guint i = 0; i < vm->nics.count; i++) {
        const Nic *nic = vm->nics.items[i];
        if (nic->plugged)
            plan_device(build, DEVICE_NIC, &nic->object.id);
    }
    boot_plan(&build->plan, &as_libvirt);
}

static gint64
order_of(const Build *build, DeviceKind kind, const Id *id)
{
    for (guint i = 0; i < build->plan.devices->len; i++) {
        const BootDevice *device = &g_array_index(build->plan.devices, BootDevice, i);
        if (device->kind == kind && id_equal(&device->id, id))
            return device->wanted;
    }
    return 0;
}

/* --- written ---------------------------------------------------------------------------------------------------------------------- */

static MarkDevice *
add_mark(Build *build, DeviceKind kind, const Id *id, const char *key)
{
    MarkDevice mark = { .kind = kind, .id = *id, .plain = TRUE, .key = g_strdup(key), .boots = id_equal(id, &build->plan.boots) };
    g_array_append_val(build->marks, mark);
    return &g_array_index(build->marks, MarkDevice, build->marks->len - 1);
}

static gboolean
add_disks(Build *build, GError **error)
{
    const List *disks = &build->vm->disk_attachments;
    for (guint i = 0; i < disks->count; i++) {
        const DiskAttachment *attachment = disks->items[i];
        const Id *id = &attachment->object.id;
        if (!attachment->active) {
            add_mark(build, DEVICE_DISK, id, NULL);
            continue;
        }
        g_autofree char *target = device_take_target(&build->shop, attachment->interface, attachment->target);
        g_autofree char *fragment = device_disk(&build->shop, attachment, target, order_of(build, DEVICE_DISK, id), error);
        if (!fragment)
            return FALSE;
        build_lines(build, 2, fragment);
        add_mark(build, DEVICE_DISK, id, target);
    }
    return TRUE;
}

/* Always a drive, so that a medium can be put in while it runs. The first one takes the first name, before the disks. */
static gboolean
add_drive(Build *build, const Cdrom *cdrom, GError **error)
{
    gboolean filled = cdrom && cdrom->file.id && *cdrom->file.id;
    g_autofree char *target = device_drive_target(&build->shop, cdrom ? cdrom->target : NULL);
    g_autofree char *path = filled ? build->world->iso(build->world->data, cdrom->file.id, error) : NULL;
    if (filled && !path)
        return FALSE;
    g_autofree char *fragment = device_cdrom(&build->shop, cdrom ? &cdrom->object.id : NULL, target, path,
                                             order_of(build, DEVICE_CDROM, cdrom ? &cdrom->object.id : &id_null));
    build_lines(build, 2, fragment);
    if (cdrom)
        add_mark(build, DEVICE_CDROM, &cdrom->object.id, target)->path = g_steal_pointer(&path);
    return TRUE;
}

static gboolean
add_drives(Build *build, GError **error)
{
    if (build->vm->cdroms.count == 0)
        return add_drive(build, NULL, error);
    for (guint i = 0; i < build->vm->cdroms.count; i++) {
        if (!add_drive(build, build->vm->cdroms.items[i], error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
add_nics(Build *build, GError **error)
{
    for (guint i = 0; i < build->vm->nics.count; i++) {
        const Nic *nic = build->vm->nics.items[i];
        if (!nic->plugged) {
            add_mark(build, DEVICE_NIC, &nic->object.id, NULL);
            continue;
        }
        g_autofree char *fragment = device_nic(&build->shop, nic, order_of(build, DEVICE_NIC, &nic->object.id), error);
        if (!fragment)
            return FALSE;
        build_lines(build, 2, fragment);
        MarkDevice *mark = add_mark(build, DEVICE_NIC, &nic->object.id, nic->mac.address ? nic->mac.address : "");
        mark->path = device_wished_source(build->world, nic) ? NULL : g_strdup("");
    }
    return TRUE;
}

static gboolean
add_plugged(Build *build, GError **error)
{
    return add_drives(build, error) && add_disks(build, error) && add_nics(build, error);
}

/* Drives stand on a bus of their own. */
static guint
count_ports(const Build *build)
{
    guint count = 0;
    for (guint i = 0; i < build->plan.devices->len; i++)
        count += g_array_index(build->plan.devices, BootDevice, i).kind != DEVICE_CDROM;
    return count;
}

const DomainGroup group_plugged = { .ports = count_ports, .build = add_plugged, .read = reading_devices, .patch = patch_devices };
