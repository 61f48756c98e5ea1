/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Stops a VM as pulling the plug does: its process ends, its guest is not asked. To ask is vm_shutdown's. Once it may have
 * happened there is no way back, so it is forward. */
#include "command/definition.h"
#include "command/guards.h"
#include "command/rows.h"
#include "command/running.h"

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = running_check(work, MSG_STOP_NEEDS_RUNNING, error);
    return vm && guard_home(work, vm, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    running_stage(work, changes);
    return TRUE;
}

static gboolean
destroy(Work *work, GError **error)
{
    g_autoptr(HostLink) link = work_host(work, error);
    return link && link->ops->destroy(link, &work->target, work->deadline, error);
}

static Probe
destroyed(Work *work, GError **error)
{
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return PROBE_UNKNOWN;
    return definition_runs(facts) ? PROBE_NOT_DONE : PROBE_DONE;
}

static void
finish(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    if (!vm)
        return;
    vm->status = VM_DOWN;
    vm->host.id = id_null;
    vm->stop_time = clock_wall();
    text_set(&vm->status_detail, NULL);
    text_set(&vm->stop_reason, work_mark(work, "reason"));
}

static char *
plan(Work *work, GError **error)
{
    return running_plan(work, MSG_PLAN_STOP, error);
}

const Command vm_stop = {
    .verb = "stop",
    .on = &vm_type,
    .params = &running_params_type,
    .permit = PERMIT_STOP_VM,
    .title = MSG_STOPPING_VM,
    .done = { 33, MSG_VM_STOPPED },
    .failed = { 56, MSG_VM_STOP_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "destroy domain", destroy, destroyed, NULL, TRUE },
        { 0 },
    },
    .finish = finish,
    .revert = running_revert,
    .help = "Stops a VM at once, without asking its guest.",
};
