/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Gives a VM a device of its host as it is, and what cannot be told apart from it by the IOMMU. Only the definition changes: libvirt takes the
 * device from the host when the VM starts, and gives it back when it stops. */
#include "command/definition.h"
#include "command/guards.h"
#include "command/host_devices.h"
#include "command/parts.h"
#include "command/rows.h"

static gboolean
edit(Work *work, Vm *vm, GError **error)
{
    (void) error;
    host_devices_put(work, vm);
    return TRUE;
}

static const HostDevice *
find_sent(const Work *work, const Host *host, GError **error)
{
    const HostDevice *sent = work->draft->record;
    char text[ID_TEXT_SIZE];
    if (!work->draft->has_id && !(sent->name && *sent->name)) {
        fault_set(error, MSG_HOST_DEVICE_INCOMPLETE, "host", host->name, NULL);
        return NULL;
    }
    for (guint i = 0; i < host->devices.count; i++) {
        const HostDevice *device = host->devices.items[i];
        if (work->draft->has_id ? id_equal(&device->object.id, &sent->object.id) : g_strcmp0(device->name, sent->name) == 0)
            return device;
    }
    const char *called = work->draft->has_id ? id_format(&sent->object.id, ID_UUID, text) : sent->name;
    fault_set(error, MSG_HOST_DEVICE_UNKNOWN, "device", called, "host", host->name, NULL);
    return NULL;
}

static gboolean
choose(Work *work, const Vm *vm, const List *devices, const HostDevice *device, GError **error)
{
    if (list_find(&vm->host_devices, &device->object.id))
        return fault_set(error, MSG_HOST_DEVICE_THERE, "device", device->name, "vm", vm->name, NULL);
    if (!host_devices_may(work, devices, device, vm, error))
        return FALSE;
    g_autoptr(GPtrArray) group = host_devices_group(devices, device);
    host_devices_mark(work, group);
    work->target = device->object.id;
    return TRUE;
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = host_devices_check(work, error);
    if (!vm)
        return FALSE;
    if (!work->draft)
        return fault_set(error, MSG_BODY_MISSING, "type", work->command->on->one, NULL);
    const Host *host = view_find(work->view, &host_type, &vm->home.id);
    const HostDevice *device = guard_texts(work->draft, error) ? find_sent(work, host, error) : NULL;
    return device && choose(work, vm, &host->devices, device, error);
}

static gboolean
prepare(Work *work, GError **error)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->parent);
    return vm && host_devices_look(work, vm, error) && parts_prepare(work, error);
}

static void
finish(Work *work, Changes *changes)
{
    Vm *vm = definition_finish(work, changes, edit);
    const Host *host = vm ? changes_find(changes, &host_type, &vm->home.id) : NULL;
    for (guint i = 0; host && i < vm->host_devices.count; i++) {
        const HostDevice *known = host_device_find(&host->devices, ((const HostDevice *) vm->host_devices.items[i])->source);
        if (known)
            host_device_tell(vm->host_devices.items[i], known);
    }
}

const Command host_device_add = {
    .verb = "add",
    .on = &vm_device_type,
    .params = &vm_device_type,
    PARTS_WORDS,
    .check = check,
    .edit = edit,
    .plan = parts_plan,
    .steps = PARTS_STEPS(prepare),
    .finish = finish,
    .help = "Gives a VM that is down a device of its host, with all that is in the same IOMMU group.",
};
