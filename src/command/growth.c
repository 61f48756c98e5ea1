/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A disk only grows, only while nobody uses it, and only if its file is one the manager made. */
#include "command/growth.h"

#include "command/devices.h"
#include "command/guards.h"
#include "command/new_disk.h"
#include "command/plan.h"
#include "command/volumes.h"

static gboolean
is_idle(const Work *work, const Disk *disk, GError **error)
{
    g_autoptr(GPtrArray) vms = devices_vms_of_disk(work->view, &disk->object.id);
    for (guint i = 0; i < vms->len; i++) {
        const Vm *vm = vms->pdata[i];
        if (vm->status == VM_SUSPENDED)
            return guard_down(vm, MSG_GROW_NEEDS_DOWN, error);
        if (vm->status != VM_DOWN)
            return fault_set(error, MSG_GROW_NEEDS_DOWN, "disk", disk->alias, "vm", vm->name, "status", names_get(&vm_status_names, vm->status), NULL);
    }
    return TRUE;
}

gboolean
growth_check(Work *work, const Disk *disk, gint64 size, GError **error)
{
    Id host;
    gint64 rounded;
    if (size == 0 || size == disk->provisioned_size)
        return TRUE;
    if (!new_disk_size(disk->alias, size, &rounded, error))
        return FALSE;
    if (rounded < disk->provisioned_size)
        return fault_set(error, MSG_DISK_CANNOT_SHRINK, "disk", disk->alias, NULL);
    if (guard_is_unmanaged(work->view, disk))
        return fault_set(error, MSG_UNMANAGED_CANNOT_GROW, "disk", disk->alias, NULL);
    const StorageDomain *storage = guard_storage(work, &guard_disk_storage(work->view, disk)->object.id, &host, error);
    gint64 more = disk->sparse ? 0 : rounded - disk->provisioned_size;
    if (!storage || !is_idle(work, disk, error) || !guard_file_is_alone(work->view, disk, error) || !new_disk_fits(storage, disk->alias, more, error))
        return FALSE;
    if (!work_mark(work, "host"))
        work_set_mark_id(work, "host", &host);
    volumes_plan_growth(work, disk, storage, rounded);
    return TRUE;
}

void
growth_plan(GString *text, const Work *work, const Disk *disk)
{
    gint64 size = volumes_growth(work);
    if (size == 0 || !disk)
        return;
    g_autofree char *before = g_format_size_full((guint64) disk->provisioned_size, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *after = g_format_size_full((guint64) size, G_FORMAT_SIZE_IEC_UNITS);
    plan_tell(text, MSG_PLAN_GROW_DISK, "disk", disk->alias, "before", before, "after", after, NULL);
}
