/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Suspends a VM: libvirt saves its guest's memory beside its definition and ends its process; the next start goes on from
 * there. Its file fits this one configuration, so that a suspended VM is neither edited nor moved. A VM with much memory
 * takes minutes: the step waits that long before anybody wonders. */
#include "command/definition.h"
#include "command/guards.h"
#include "command/rows.h"
#include "command/running.h"

#define PATIENCE (600 * CLOCK_SECOND)

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = running_check(work, MSG_SUSPEND_NEEDS_UP, error);
    gboolean able = vm && (vm->status == VM_UP || vm->status == VM_POWERING_UP || vm->status == VM_PAUSED);
    if (vm && !able)
        return fault_set(error, MSG_SUSPEND_NEEDS_UP, "vm", vm->name, "status", names_get(&vm_status_names, vm->status), NULL);
    if (able && vm->host_devices.count > 0)
        return fault_set(error, MSG_SUSPEND_HOST_DEVICE, "vm", vm->name, "device", ((const HostDevice *) vm->host_devices.items[0])->name, NULL);
    if (able && vm->shared_folders.count > 0)
        return fault_set(error, MSG_SUSPEND_FOLDER, "vm", vm->name, "folder", ((const SharedFolder *) vm->shared_folders.items[0])->name, NULL);
    return able && guard_home(work, vm, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    running_stage(work, changes, VM_SAVING_STATE);
    return TRUE;
}

static gboolean
save(Work *work, GError **error)
{
    g_autoptr(HostLink) link = work_host(work, error);
    return link && link->ops->save(link, &work->target, MAX(work->deadline, clock_tick() + PATIENCE), error);
}

/* It is saved when its process is gone and the file is there. One that ended otherwise meanwhile was not. */
static Probe
saved(Work *work, GError **error)
{
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts || (definition_runs(facts) && g_strcmp0(facts->reason, HOST_REASON_SAVING) == 0))
        return PROBE_UNKNOWN;
    return !definition_runs(facts) && facts->managed_save ? PROBE_DONE : PROBE_NOT_DONE;
}

static void
finish(Work *work, Changes *changes)
{
    running_ended(work, changes, VM_SUSPENDED);
}

static char *
plan(Work *work, GError **error)
{
    return running_plan(work, MSG_PLAN_SUSPEND, error);
}

const Command vm_suspend = {
    .verb = "suspend",
    .on = &vm_type,
    .params = &running_params_type,
    .permit = PERMIT_HIBERNATE_VM,
    .title = MSG_SUSPENDING_VM,
    .started = { 501, MSG_VM_SUSPEND_STARTED },
    .done = { 503, MSG_VM_SUSPENDED_DONE },
    .failed = { 502, MSG_VM_SUSPEND_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "save its memory", save, saved, NULL, TRUE },
        { 0 },
    },
    .finish = finish,
    .revert = running_revert,
    .help = "Saves the memory of a VM and stops it; its next start goes on from there.",
};
