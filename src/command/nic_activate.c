/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Puts a NIC into its VM, or takes it out and remembers it: what `plugged` says, as actions. A guest that runs gets it, or lets go
 * of it. */
#include "command/devices.h"
#include "command/guards.h"
#include "command/hotplug.h"
#include "command/nics.h"
#include "command/rows.h"

/* clang-format off */
typedef struct { gboolean async, force, filter; char *reason; } PlugParams;
static const Type plug_params_type = { .one = "action", .many = "actions", .size = sizeof(PlugParams), .help = "How to do it.", .fields = (const Field[]) {
    BOOL(PlugParams, async,  ADD, "Answer before it is done."),
    BOOL(PlugParams, force,  ADD, "Accepted, without meaning here."),
    BOOL(PlugParams, filter, ADD, "Accepted, without meaning here."),
    TEXT(PlugParams, reason, ADD, "Kept with the event."),
    { 0 } } };
/* clang-format on */

static gboolean
edit(Work *work, Vm *vm, GError **error)
{
    const Vm *model = view_find(work->view, &vm_type, &work->parent);
    Nic *nic = devices_find_nic(vm, model, &work->target);
    if (!nic)
        return fault_set(error, MSG_DEVICE_GONE_OUTSIDE, "vm", model ? model->name : "", NULL);
    nic->plugged = g_str_equal(work->command->verb, "activate");
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
    hotplug_insist(work);
    return hotplug_check(vm, error) && (!work->draft || guard_texts(work->draft, error)) && guard_home(work, vm, error);
}

static const Step steps[] = {
    { "read the configuration", nics_prepare, NULL, NULL, FALSE },
    HOTPLUG_LEAVE,
    HOTPLUG_WRITE,
    HOTPLUG_CHANGE,
    { 0 },
};

const Command nic_activate = {
    .verb = "activate",
    .on = &nic_type,
    .params = &plug_params_type,
    .permit = PERMIT_VM_NETWORK,
    .title = MSG_PLUGGING_NIC,
    .done = { 1012, MSG_NIC_PLUGGED },
    .failed = { 1013, MSG_NIC_PLUG_FAILED },
    .check = check,
    .edit = edit,
    .plan = nics_plan,
    .steps = steps,
    .finish = nics_finish,
    .help = "Puts a NIC into its VM; a running guest gets it at once.",
};

const Command nic_deactivate = {
    .verb = "deactivate",
    .on = &nic_type,
    .params = &plug_params_type,
    .permit = PERMIT_VM_NETWORK,
    .title = MSG_UNPLUGGING_NIC,
    .done = { 1014, MSG_NIC_UNPLUGGED },
    .failed = { 1015, MSG_NIC_UNPLUG_FAILED },
    .check = check,
    .edit = edit,
    .plan = nics_plan,
    .steps = steps,
    .finish = nics_finish,
    .help = "Takes a NIC out of its VM and keeps it for later; a running guest must let go of it.",
};
