/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rules. Whoever has a PCI device writes into all memory unless an IOMMU stands between, which tells apart groups of devices and not each: so
 * a group goes to one VM or stays. What the host itself uses is never taken from under it. */
#include "command/host_devices.h"

#include "command/guards.h"
#include "model/places.h"

#include <string.h>

#define MARK "host.devices"         /* lines "SOURCE TAB NAME" */
#define BRIDGE "0x06"               /* classes of PCI */

/* --- groups ----------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_bridge(const HostDevice *device)
{
    return g_str_equal(device->capability, DEVICE_PCI) && device->place && g_str_has_prefix(device->place, BRIDGE);
}

/* What only leads to other devices stays with the host: the kernel minds no driver of it. */
static gboolean
leads_on(const HostDevice *device)
{
    static const char *const classes[] = { "0x0600", "0x0604", "0x0609" };
    for (guint i = 0; is_bridge(device) && i < G_N_ELEMENTS(classes); i++) {
        if (g_str_has_prefix(device->place, classes[i]))
            return TRUE;
    }
    return FALSE;
}

static gboolean
is_with(const HostDevice *device, const HostDevice *other)
{
    return g_str_equal(device->capability, DEVICE_PCI) && g_str_equal(other->capability, DEVICE_PCI) && device->iommu_group &&
           g_strcmp0(device->iommu_group, other->iommu_group) == 0;
}

GPtrArray *
host_devices_group(const List *devices, const HostDevice *device)
{
    GPtrArray *group = g_ptr_array_new();
    g_ptr_array_add(group, (gpointer) device);
    for (guint i = 0; i < devices->count; i++) {
        const HostDevice *other = devices->items[i];
        if (other != device && is_with(device, other) && !leads_on(other))
            g_ptr_array_add(group, (gpointer) other);
    }
    return group;
}

/* --- may it be had? ------------------------------------------------------------------------------------------------------------------ */

static const Host *
home_of(const Work *work, const Vm *vm)
{
    return view_find(work->view, &host_type, &vm->home.id);
}

static const char *
host_name(const Work *work, const Vm *vm)
{
    const Host *host = home_of(work, vm);
    return host && host->name ? host->name : "";
}

static gboolean
has_device(const Vm *vm, const char *source)
{
    for (guint i = 0; i < vm->host_devices.count; i++) {
        if (host_device_same(((const HostDevice *) vm->host_devices.items[i])->source, source))
            return TRUE;
    }
    return FALSE;
}

/* Another VM of the same host that runs, or may run, with it; NULL. */
static const Vm *
find_runner(const Work *work, const Vm *vm, const char *source)
{
    ViewWalk walk = view_walk(work->view, &vm_type);
    for (const Vm *other; (other = view_next(&walk));) {
        if (other->host_devices.count > 0 && !id_equal(&other->object.id, &vm->object.id) && id_equal(&other->home.id, &vm->home.id) &&
            vm_is_running((VmStatus) other->status) && has_device(other, source))
            return other;
    }
    return NULL;
}

/* Virtual functions and mediated devices. */
static gint64
count_parts(const List *devices, const HostDevice *device)
{
    gint64 count = device->virtual_functions;
    for (guint i = 0; i < devices->count; i++) {
        const HostDevice *other = devices->items[i];
        count += g_str_equal(other->capability, DEVICE_MDEV) && g_strcmp0(other->parent_device.name, device->name) == 0;
    }
    return count;
}

static gboolean
refuse(const Work *work, MessageCode code, const HostDevice *device, const Vm *vm, const char *more, const char *value, GError **error)
{
    return fault_set(error, code, "device", device->name, "host", host_name(work, vm), "vm", vm->name, more, value, NULL);
}

static gboolean
is_not_held(const Work *work, const HostDevice *device, const Vm *vm, GError **error)
{
    const char *blank = device->held_by ? strchr(device->held_by, ' ') : NULL;
    if (!blank)
        return TRUE;
    MessageCode code = g_str_has_prefix(device->held_by, "disk ") ? MSG_HOST_DEVICE_DISK : MSG_HOST_DEVICE_CARD;
    return refuse(work, code, device, vm, "what", blank + 1, error);
}

static gboolean
is_fit(const Work *work, const List *devices, const HostDevice *device, const Vm *vm, GError **error)
{
    gint64 parts = count_parts(devices, device);
    g_autofree char *count = g_strdup_printf("%" G_GINT64_FORMAT, parts);
    gboolean pci = g_str_equal(device->capability, DEVICE_PCI), usb = g_str_equal(device->capability, DEVICE_USB);
    if (is_bridge(device) || (usb && g_strcmp0(device->place, "hub") == 0))
        return refuse(work, MSG_HOST_DEVICE_BRIDGE, device, vm, NULL, NULL, error);
    if (!is_not_held(work, device, vm, error))
        return FALSE;
    if (pci && !device->iommu_group)
        return refuse(work, MSG_HOST_DEVICE_NO_IOMMU, device, vm, NULL, NULL, error);
    if (parts > 0)
        return refuse(work, MSG_HOST_DEVICE_DIVIDED, device, vm, "count", count, error);
    return !usb || vm->usb.enabled || refuse(work, MSG_HOST_DEVICE_NO_USB, device, vm, NULL, NULL, error);
}

static gboolean
may_have(const Work *work, const List *devices, const HostDevice *device, const Vm *vm, GError **error)
{
    if (!is_fit(work, devices, device, vm, error))
        return FALSE;
    const Vm *runner = find_runner(work, vm, device->source);
    return !runner || refuse(work, MSG_HOST_DEVICE_IN_USE, device, vm, "other", runner->name, error);
}

/* OTHER stands in the way of DEVICE, for the reason in WHY. */
static gboolean
refuse_group(const Work *work, const HostDevice *device, const HostDevice *other, const Vm *vm, const GError *why, GError **error)
{
    g_autofree char *told = message_encode(fault_message(why));
    return fault_set(error, MSG_HOST_DEVICE_GROUP, "device", device->name, "host", host_name(work, vm), "vm", vm->name, "other", other->name,
                     "group", device->iommu_group, "why", told, NULL);
}

gboolean
host_devices_may(const Work *work, const List *devices, const HostDevice *device, const Vm *vm, GError **error)
{
    g_autoptr(GPtrArray) group = host_devices_group(devices, device);
    if (!may_have(work, devices, device, vm, error))
        return FALSE;
    for (guint i = 1; i < group->len; i++) {
        g_autoptr(GError) why = NULL;
        if (!may_have(work, devices, group->pdata[i], vm, &why))
            return refuse_group(work, device, group->pdata[i], vm, why, error);
    }
    return TRUE;
}

/* --- marks -------------------------------------------------------------------------------------------------------------------------- */

void
host_devices_mark(Work *work, const GPtrArray *devices)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    for (guint i = 0; i < devices->len; i++) {
        const HostDevice *device = devices->pdata[i];
        g_string_append_printf(lines, "%s%s\t%s", i > 0 ? "\n" : "", device->source, device->name);
    }
    work_set_mark(work, MARK, lines->str);
}

static void
put_one(Vm *vm, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, "\t", 2);
    Id id = host_device_id(words[0]);
    if (!words[1] || list_find(&vm->host_devices, &id))
        return;
    HostDevice *device = object_new(&vm_device_type);
    device->object.id = id;
    device->source = g_strdup(words[0]);
    device->name = g_strdup(words[1]);
    device->capability = g_strdup(g_str_has_prefix(words[0], "pci:") ? DEVICE_PCI : g_str_has_prefix(words[0], "usb:") ? DEVICE_USB : DEVICE_MDEV);
    list_add(&vm->host_devices, device);
}

void
host_devices_put(const Work *work, Vm *vm)
{
    const char *mark = work_mark(work, MARK);
    g_auto(GStrv) lines = g_strsplit(mark ? mark : "", "\n", -1);
    for (guint i = 0; lines[i]; i++)
        put_one(vm, lines[i]);
}

void
host_devices_take(const Work *work, Vm *vm)
{
    const char *mark = work_mark(work, MARK);
    g_auto(GStrv) lines = g_strsplit(mark ? mark : "", "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        g_auto(GStrv) words = g_strsplit(lines[i], "\t", 2);
        Id id = host_device_id(words[0] ? words[0] : "");
        list_remove(&vm->host_devices, &vm_device_type, &id);
    }
}

/* --- the host is asked ---------------------------------------------------------------------------------------------------------------- */

static void
clear(Host *seen)
{
    object_unref(seen);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Host, clear)

/* Its devices as they are now, in a Host that is nothing else. NULL with the reason. */
static Host *
ask_host(Work *work, GError **error)
{
    g_autoptr(HostLink) link = work_host(work, error);
    g_autoptr(Host) seen = link ? object_new(&host_type) : NULL;
    return seen && link->ops->devices(link, &seen->devices, work->deadline, error) ? g_steal_pointer(&seen) : NULL;
}

static gboolean
check_seen(const Work *work, const Host *seen, const char *source, const char *name, const Vm *vm, GError **error)
{
    const HostDevice *device = host_device_find(&seen->devices, source);
    if (!device)
        return fault_set(error, MSG_HOST_DEVICE_GONE, "device", name, "host", host_name(work, vm), "vm", vm->name, NULL);
    return host_devices_may(work, &seen->devices, device, vm, error);
}

gboolean
host_devices_look(Work *work, const Vm *vm, GError **error)
{
    const char *mark = work_mark(work, MARK);
    g_auto(GStrv) lines = g_strsplit(mark ? mark : "", "\n", -1);
    g_autoptr(Host) seen = ask_host(work, error);
    for (guint i = 0; seen && lines[i]; i++) {
        g_auto(GStrv) words = g_strsplit(lines[i], "\t", 2);
        if (words[1] && !check_seen(work, seen, words[0], words[1], vm, error))
            return FALSE;
    }
    return seen != NULL;
}

/* --- a VM that starts ------------------------------------------------------------------------------------------------------------------ */

gboolean
host_devices_alone(const Work *work, const Vm *vm, GError **error)
{
    for (guint i = 0; i < vm->host_devices.count; i++) {
        const HostDevice *device = vm->host_devices.items[i];
        const Vm *runner = find_runner(work, vm, device->source);
        if (runner)
            return refuse(work, MSG_HOST_DEVICE_RUNS, device, vm, "other", runner->name, error);
    }
    return TRUE;
}

/* What we cannot give is libvirt's to judge. */
static gboolean
is_ours_to_judge(const HostDevice *device)
{
    static const char *const kinds[] = { DEVICE_PCI, DEVICE_USB, DEVICE_MDEV, NULL };
    return device->capability && g_strv_contains(kinds, device->capability);
}

gboolean
host_devices_ready(Work *work, const Vm *vm, GError **error)
{
    g_autoptr(Host) seen = vm->host_devices.count > 0 ? ask_host(work, error) : NULL;
    if (!seen)
        return vm->host_devices.count == 0;
    for (guint i = 0; i < vm->host_devices.count; i++) {
        const HostDevice *device = vm->host_devices.items[i];
        if (is_ours_to_judge(device) && !check_seen(work, seen, device->source, device->name, vm, error))
            return FALSE;
    }
    return TRUE;
}

const Vm *
host_devices_check(Work *work, GError **error)
{
    const Vm *vm = guard_vm(work, &work->parent, error);
    if (!vm || !guard_down(vm, MSG_HOST_DEVICES_NEED_DOWN, error) || !guard_home(work, vm, error))
        return NULL;
    work_set_about(work, "name", vm->name);
    work_set_about(work, "fields", work->command->on->many);
    return vm;
}
