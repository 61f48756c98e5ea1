/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Stops a VM as pulling the plug does: its process ends, its guest is not asked. To ask is vm_shutdown's. Of a suspended VM
 * the saved state is discarded, as clients of oVirt expect it (vm_discardstate.c, docs/decisions/0020). Once it may have
 * happened there is no way back, so it is forward. */
#include "command/definition.h"
#include "command/guards.h"
#include "command/rows.h"
#include "command/running.h"
#include "command/saved.h"

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = guard_vm(work, &work->target, error);
    if (vm && vm->status == VM_SUSPENDED)
        return saved_check(work, error);
    vm = vm ? running_check(work, MSG_STOP_NEEDS_RUNNING, error) : NULL;
    return vm && guard_home(work, vm, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    if (!saved_is_meant(work))
        running_stage(work, changes, VM_POWERING_DOWN);
    return TRUE;
}

static gboolean
destroy(Work *work, GError **error)
{
    if (saved_is_meant(work))
        return saved_discard(work, error);
    g_autoptr(HostLink) link = work_host(work, error);
    return link && link->ops->destroy(link, &work->target, work->deadline, error);
}

static Probe
destroyed(Work *work, GError **error)
{
    if (saved_is_meant(work))
        return saved_discarded(work, error);
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return PROBE_UNKNOWN;
    return definition_runs(facts) ? PROBE_NOT_DONE : PROBE_DONE;
}

static void
finish(Work *work, Changes *changes)
{
    if (saved_is_meant(work))
        saved_finish(work, changes);
    else
        running_ended(work, changes, VM_DOWN);
}

static const Command *
words(const Work *work)
{
    return saved_is_meant(work) ? &vm_discardstate : &vm_stop;
}

static char *
plan(Work *work, GError **error)
{
    return running_plan(work, saved_is_meant(work) ? MSG_PLAN_DISCARD : MSG_PLAN_STOP, error);
}

const Command vm_stop = {
    .verb = "stop",
    .on = &vm_type,
    .params = &running_params_type,
    .permit = PERMIT_STOP_VM,
    .title = MSG_STOPPING_VM,
    .done = { 33, MSG_VM_STOPPED },
    .failed = { 56, MSG_VM_STOP_FAILED },
    .words = words,
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "destroy domain", destroy, destroyed, NULL, TRUE },
        { 0 },
    },
    .finish = finish,
    .revert = running_revert,
    .help = "Stops a VM at once, without asking its guest; discards the saved state of one that is suspended.",
};
