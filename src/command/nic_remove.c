/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Takes a NIC out of a VM. A guest that runs lets go of it first. */
#include "command/guards.h"
#include "command/hotplug.h"
#include "command/nics.h"
#include "command/rows.h"

static gboolean
edit(Work *work, Vm *vm, GError **error)
{
    (void) error;
    list_remove(&vm->nics, &nic_type, &work->target);
    return TRUE;
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = guard_vm(work, &work->parent, error);
    if (!vm)
        return FALSE;
    const Nic *nic = list_find(&vm->nics, &work->target);
    if (!nic)
        return fault_set(error, MSG_NO_SUCH_NIC, "vm", vm->name, NULL);
    work_set_about(work, "name", nic->name);
    return hotplug_check(vm, error) && guard_home(work, vm, error);
}

const Command nic_remove = {
    .verb = "remove",
    .on = &nic_type,
    .permit = PERMIT_VM_NETWORK,
    .title = MSG_REMOVING_NIC,
    .done = { 930, MSG_NIC_REMOVED },
    .failed = { 931, MSG_NIC_REMOVE_FAILED },
    .check = check,
    .edit = edit,
    .plan = nics_plan,
    .steps = (const Step[]) {
        { "read the configuration", nics_prepare, NULL, NULL, FALSE },
        HOTPLUG_LEAVE,
        HOTPLUG_WRITE,
        { 0 },
    },
    .finish = nics_finish,
    .help = "Takes a NIC out of a VM; a running guest must let go of it.",
};
