/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Edits a NIC: name, card, address, network, plugged, linked. A guest that runs feels its plug being pulled or put into another
 * network at once; another card or address it can only get as a new one. */
#include "command/devices.h"
#include "command/guards.h"
#include "command/hotplug.h"
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

/* The card a guest has in its hands. */
static gboolean
check_card(const Work *work, const Vm *vm, const Nic *nic, GError **error)
{
    Nic *edited = object_dup(nic);
    nics_apply(work->view, work->draft, edited, SET);
    gboolean other = edited->interface != nic->interface || g_strcmp0(edited->mac.address, nic->mac.address) != 0;
    gboolean stays = nic->plugged && edited->plugged;
    object_unref(edited);
    return !other || !stays || !hotplug_is_felt(vm) || fault_set(error, MSG_NIC_IN_USE, "nic", nic->name, "vm", vm->name, NULL);
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
    if (draft_has(work->draft, "plugged"))
        hotplug_insist(work);
    return hotplug_check(vm, error) && refs_resolve(work, error) && nics_check(work, vm, work->draft, &work->target, error) &&
           check_card(work, vm, nic, error) && guard_home(work, vm, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) changes;
    (void) error;
    work_keep_draft(work);
    return TRUE;
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
    .edit = edit,
    .stage = stage,
    .plan = nics_plan,
    .steps = (const Step[]) {
        { "read the configuration", nics_prepare, NULL, NULL, FALSE },
        HOTPLUG_LEAVE,
        HOTPLUG_WRITE,
        HOTPLUG_CHANGE,
        { 0 },
    },
    .finish = nics_finish,
    .help = "Edits a NIC; a running guest feels its network, its plug, and whether it is there.",
};
