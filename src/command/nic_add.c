/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Adds a NIC to a VM, and to its guest if that runs. Its id and address are chosen before anything happens. */
#include "command/devices.h"
#include "command/guards.h"
#include "command/hotplug.h"
#include "command/nics.h"
#include "command/refs.h"
#include "command/rows.h"

static gboolean
edit(Work *work, Vm *vm, GError **error)
{
    (void) error;
    if (list_find(&vm->nics, &work->target))
        return TRUE;
    Nic *nic = nics_make(work->view, vm, work->draft, &work->target);
    text_set(&nic->mac.address, work_mark(work, "mac"));
    list_add(&vm->nics, nic);
    return TRUE;
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = guard_vm(work, &work->parent, error);
    if (!vm)
        return FALSE;
    if (!work->draft)
        return fault_set(error, MSG_BODY_MISSING, "type", "nic", NULL);
    if (!draft_check_needed(work->draft, error) || !hotplug_check(vm, error) || !refs_resolve(work, error))
        return FALSE;
    if (!nics_check(work, vm, work->draft, NULL, error) || !guard_home(work, vm, error))
        return FALSE;
    if (id_is_null(&work->target))
        work->target = id_random();
    return TRUE;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->parent);
    Nic *nic = nics_make(work->view, vm, work->draft, &work->target);
    work_set_mark(work, "mac", nic->mac.address);
    object_unref(nic);
    work_keep_draft(work);
    return edit(work, vm, error);
}

static void
revert(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->parent);
    if (vm)
        list_remove(&vm->nics, &nic_type, &work->target);
}

const Command nic_add = {
    .verb = "add",
    .on = &nic_type,
    .params = &nic_type,
    .permit = PERMIT_VM_NETWORK,
    .title = MSG_ADDING_NIC,
    .done = { 932, MSG_NIC_ADDED },
    .failed = { 933, MSG_NIC_ADD_FAILED },
    .check = check,
    .edit = edit,
    .stage = stage,
    .plan = nics_plan,
    .steps = (const Step[]) {
        { "read the configuration", nics_prepare, NULL, NULL, FALSE },
        HOTPLUG_WRITE,
        HOTPLUG_CHANGE,
        { 0 },
    },
    .finish = nics_finish,
    .revert = revert,
    .help = "Adds a NIC to a VM; a running guest gets it at once.",
};
