/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Asks the guest to shut down, once. The job ends when it has been asked; that it is down its host reports. A guest that was
 * perhaps asked is not asked again: the job then ends as not known to have happened. */
#include "command/definition.h"
#include "command/guards.h"
#include "command/rows.h"
#include "command/running.h"

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = running_check(work, MSG_SHUTDOWN_NEEDS_RUNNING, error);
    if (vm && vm->status == VM_PAUSED)
        return fault_set(error, MSG_SHUTDOWN_WHILE_PAUSED, "vm", vm->name, NULL);
    return vm && guard_home(work, vm, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    running_stage(work, changes);
    return TRUE;
}

/* Whether it was asked or refused is noted at once: a host cannot be asked for it afterwards. */
static gboolean
ask(Work *work, GError **error)
{
    g_autoptr(GError) refusal = NULL;
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link)
        return FALSE;
    gboolean well = link->ops->shutdown(link, &work->target, work->deadline, &refusal);
    work_set_mark(work, "asked", well ? "yes" : NULL);
    work_set_mark(work, "refused", !well && fault_of(refusal) != FAULT_UNKNOWN_OUTCOME ? "yes" : NULL);
    if (refusal)
        g_propagate_error(error, g_steal_pointer(&refusal));
    return well;
}

/* One that runs on may have been asked and take its time. */
static Probe
asked(Work *work, GError **error)
{
    if (work_mark(work, "asked"))
        return PROBE_DONE;
    if (work_mark(work, "refused"))
        return PROBE_NOT_DONE;
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    gboolean obeys = facts && (!definition_runs(facts) || facts->state == DOMAIN_SHUTTING_DOWN);
    return obeys ? PROBE_DONE : PROBE_UNKNOWN;
}

static void
finish(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    const char *reason = work_mark(work, "reason");
    if (vm && reason)
        text_set(&vm->stop_reason, reason);
}

static char *
plan(Work *work, GError **error)
{
    return running_plan(work, MSG_PLAN_SHUTDOWN, error);
}

const Command vm_shutdown = {
    .verb = "shutdown",
    .on = &vm_type,
    .params = &running_params_type,
    .permit = PERMIT_SHUT_DOWN_VM,
    .title = MSG_SHUTTING_VM_DOWN,
    .done = { 73, MSG_VM_ASKED_TO_SHUT_DOWN },
    .failed = { 74, MSG_VM_SHUTDOWN_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "ask the guest", ask, asked, NULL, TRUE },
        { 0 },
    },
    .finish = finish,
    .revert = running_revert,
    .once = TRUE,
    .help = "Asks the guest of a VM to shut down.",
};
