/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Takes a device of its host out of a VM, and what came with it: a part of an IOMMU group is of no use to anybody. */
#include "command/definition.h"
#include "command/host_devices.h"
#include "command/parts.h"
#include "command/rows.h"

static gboolean
edit(Work *work, Vm *vm, GError **error)
{
    (void) error;
    host_devices_take(work, vm);
    return TRUE;
}

/* Those of the VM that are with DEVICE on its host as far as that is known. */
static GPtrArray *
find_group(const Vm *vm, const Host *host, const HostDevice *device)
{
    GPtrArray *taken = g_ptr_array_new();
    const HostDevice *known = host ? host_device_find(&host->devices, device->source) : NULL;
    g_autoptr(GPtrArray) group = known ? host_devices_group(&host->devices, known) : g_ptr_array_new();
    g_ptr_array_add(taken, (gpointer) device);
    for (guint i = 1; i < group->len; i++) {
        const HostDevice *other = list_find(&vm->host_devices, &((const HostDevice *) group->pdata[i])->object.id);
        if (other)
            g_ptr_array_add(taken, (gpointer) other);
    }
    return taken;
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = host_devices_check(work, error);
    const HostDevice *device = vm ? list_find(&vm->host_devices, &work->target) : NULL;
    if (vm && !device)
        return fault_set(error, MSG_NO_SUCH_HOST_DEVICE, "vm", vm->name, NULL);
    if (!vm)
        return FALSE;
    g_autoptr(GPtrArray) taken = find_group(vm, view_find(work->view, &host_type, &vm->home.id), device);
    host_devices_mark(work, taken);
    return TRUE;
}

const Command host_device_remove = {
    .verb = "remove",
    .on = &vm_device_type,
    PARTS_ROW,
    .check = check,
    .edit = edit,
    .help = "Takes a device of its host out of a VM that is down, with all that is in the same IOMMU group.",
};
