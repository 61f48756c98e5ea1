/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Devices of hosts and VMs told of each other: which VM runs with a device, and what a VM's device is. Facts, so that they follow what
 * hosts report and what VMs do; looked at with the other sums. */
#include "job/reconcile_parts.h"

static void
list_free(gpointer list)
{
    g_ptr_array_unref(list);
}

/* Id of a host → its VMs that have devices. */
static GHashTable *
find_users(const View *view)
{
    GHashTable *users = g_hash_table_new_full(id_hash, id_equal_key, NULL, list_free);
    ViewWalk walk = view_walk(view, &vm_type);
    for (const Vm *vm; (vm = view_next(&walk));) {
        GPtrArray *of_host = vm->host_devices.count > 0 ? g_hash_table_lookup(users, &vm->home.id) : NULL;
        if (vm->host_devices.count > 0 && !of_host) {
            of_host = g_ptr_array_new();
            g_hash_table_insert(users, (gpointer) &vm->home.id, of_host);
        }
        if (of_host)
            g_ptr_array_add(of_host, (gpointer) vm);
    }
    return users;
}

/* --- of a host ------------------------------------------------------------------------------------------------------------------- */

static gboolean
has(const Vm *vm, const HostDevice *device)
{
    for (guint i = 0; i < vm->host_devices.count; i++) {
        if (host_device_is(device, ((const HostDevice *) vm->host_devices.items[i])->source))
            return TRUE;
    }
    return FALSE;
}

static Id
find_runner(const GPtrArray *users, const HostDevice *device)
{
    for (guint i = 0; users && i < users->len; i++) {
        const Vm *vm = users->pdata[i];
        if (vm_is_running((VmStatus) vm->status) && has(vm, device))
            return vm->object.id;
    }
    return id_null;
}

static void
tell_host(Changes *changes, const Host *host, const GPtrArray *users)
{
    for (guint i = 0; i < host->devices.count; i++) {
        const HostDevice *device = host->devices.items[i];
        Id runner = find_runner(users, device);
        if (id_equal(&device->vm.id, &runner))
            continue;
        Host *edit = changes_edit(changes, &host_type, &host->object.id);
        ((HostDevice *) edit->devices.items[i])->vm.id = runner;
    }
}

/* --- of a VM --------------------------------------------------------------------------------------------------------------------- */

static void
tell_vm(Changes *changes, const Host *host, const Vm *vm)
{
    for (guint i = 0; i < vm->host_devices.count; i++) {
        const HostDevice *device = vm->host_devices.items[i], *known = host_device_find(&host->devices, device->source);
        if (known && !host_device_is_told(device, known))
            host_device_tell(((Vm *) changes_edit(changes, &vm_type, &vm->object.id))->host_devices.items[i], known);
    }
}

void
devices_tell(Changes *changes)
{
    g_autoptr(GHashTable) users = find_users(changes_head(changes));
    ViewWalk walk = view_walk(changes_head(changes), &host_type);
    for (const Host *host; (host = view_next(&walk));) {
        const GPtrArray *of_host = g_hash_table_lookup(users, &host->object.id);
        if (host->devices.count > 0)
            tell_host(changes, host, of_host);
        for (guint i = 0; of_host && host->devices.count > 0 && i < of_host->len; i++)
            tell_vm(changes, host, of_host->pdata[i]);
    }
}

void
devices_keep_users(Host *facts, const Host *before)
{
    for (guint i = 0; i < facts->devices.count; i++) {
        HostDevice *device = facts->devices.items[i];
        const HostDevice *was = list_find(&before->devices, &device->object.id);
        device->vm.id = was ? was->vm.id : id_null;
    }
}
