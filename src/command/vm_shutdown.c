/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Asks the guest to shut down, once. The job ends when it has been asked; that it is down, or still is not when its time is over,
 * the host's reports say. A guest that was perhaps asked is not asked again: the job then ends as not known to have happened. With
 * `force`, one that was asked and is still at it loses its power. */
#include "command/definition.h"
#include "command/rows.h"
#include "command/running.h"

static gboolean
check(Work *work, GError **error)
{
    return running_check_asking(work, VM_POWERING_DOWN, MSG_SHUTDOWN_NEEDS_RUNNING, MSG_SHUTDOWN_WHILE_PAUSED, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    running_stage(work, changes, VM_POWERING_DOWN);
    return TRUE;
}

static gboolean
ask(Work *work, GError **error)
{
    g_autoptr(HostLink) link = work_host(work, error);
    return link && running_ask(work, link, running_is_forced(work) ? link->ops->destroy : link->ops->shutdown, error);
}

/* One that runs on may have been asked and take its time; one whose plug was pulled has none. */
static Probe
asked(Work *work, GError **error)
{
    Probe noted = running_asked(work);
    if (noted != PROBE_UNKNOWN)
        return noted;
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    gboolean obeys = facts && (!definition_runs(facts) || (!running_is_forced(work) && facts->state == DOMAIN_SHUTTING_DOWN));
    return obeys ? PROBE_DONE : facts && running_is_forced(work) ? PROBE_NOT_DONE : PROBE_UNKNOWN;
}

static void
finish(Work *work, Changes *changes)
{
    if (running_is_forced(work)) {
        running_ended(work, changes, VM_DOWN);
        return;
    }
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    const char *reason = work_mark(work, "reason");
    if (vm && reason)
        text_set(&vm->stop_reason, reason);
}

static const Command *
words(const Work *work)
{
    return running_is_forced(work) ? &vm_stop : &vm_shutdown;
}

static char *
plan(Work *work, GError **error)
{
    return running_plan(work, running_is_forced(work) ? MSG_PLAN_STOP : MSG_PLAN_SHUTDOWN, error);
}

const Command vm_shutdown = {
    .verb = "shutdown",
    .on = &vm_type,
    .params = &running_params_type,
    .permit = PERMIT_SHUT_DOWN_VM,
    .title = MSG_SHUTTING_VM_DOWN,
    .done = { 73, MSG_VM_ASKED_TO_SHUT_DOWN },
    .failed = { 74, MSG_VM_SHUTDOWN_FAILED },
    .words = words,
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
