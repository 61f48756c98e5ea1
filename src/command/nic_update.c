/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Edits a NIC of a VM that is down: name, card, address, network, plugged, linked. */
#include "command/definition.h"
#include "command/devices.h"
#include "command/guards.h"
#include "command/nics.h"
#include "command/refs.h"
#include "command/rows.h"

static gboolean
edit(Work *work, Vm *vm, GError **error)
{
    const Vm *model = view_find(work->view, &vm_type, &work->parent);
    Nic *nic = devices_find_nic(vm, model, &work->target);
    if (!nic)
        return fault_set(error, MSG_DEVICE_GONE_OUTSIDE, "vm", model ? model->name : "", NULL);
    nics_apply(work->view, work->draft, nic, SET);
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
    if (!work->draft)
        return fault_set(error, MSG_BODY_MISSING, "type", "nic", NULL);
    work_set_about(work, "name", nic->name);
    return guard_down(vm, MSG_NIC_NEEDS_DOWN, error) && refs_resolve(work, error) && nics_check(work, vm, work->draft, &work->target, error) &&
           guard_home(work, vm, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) changes;
    (void) error;
    work_keep_draft(work);
    return TRUE;
}

static gboolean
prepare(Work *work, GError **error)
{
    return definition_prepare(work, edit, error);
}

static void
finish(Work *work, Changes *changes)
{
    definition_finish(work, changes, edit);
}

static char *
plan(Work *work, GError **error)
{
    return definition_plan(work, edit, error);
}

const Command nic_update = {
    .verb = "update",
    .on = &nic_type,
    .params = &nic_type,
    .permit = PERMIT_VM_NETWORK,
    .title = MSG_EDITING_NIC,
    .done = { 934, MSG_NIC_EDITED },
    .failed = { 935, MSG_NIC_EDIT_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "read the configuration", prepare, NULL, NULL, FALSE },
        { "write the configuration", definition_write, definition_written, definition_undo, FALSE },
        { 0 },
    },
    .finish = finish,
    .help = "Edits a NIC of a VM that is down.",
};
