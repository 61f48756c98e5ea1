/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Asks the guest to reboot, once. The job ends when it has been asked; that it has rebooted, or has not in its time, the
 * host's events say. With `force`, one that was asked and is still at it is reset. */
#include "command/rows.h"
#include "command/running.h"

static gboolean
check(Work *work, GError **error)
{
    return running_check_asking(work, VM_REBOOT_IN_PROGRESS, MSG_REBOOT_NEEDS_RUNNING, MSG_REBOOT_WHILE_PAUSED, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    running_stage(work, changes, VM_REBOOT_IN_PROGRESS);
    return TRUE;
}

static gboolean
ask(Work *work, GError **error)
{
    g_autoptr(HostLink) link = work_host(work, error);
    return link && running_ask(work, link, running_is_forced(work) ? link->ops->reset : link->ops->reboot, error);
}

static Probe
asked(Work *work, GError **error)
{
    (void) error;
    return running_asked(work);
}

static void
finish(Work *work, Changes *changes)
{
    Vm *vm = running_is_forced(work) ? changes_edit(changes, &vm_type, &work->target) : NULL;
    if (vm && vm->status == VM_REBOOT_IN_PROGRESS)
        vm->status = VM_UP;
}

static const Command *
words(const Work *work)
{
    return running_is_forced(work) ? &vm_reset : &vm_reboot;
}

static char *
plan(Work *work, GError **error)
{
    return running_plan(work, running_is_forced(work) ? MSG_PLAN_RESET : MSG_PLAN_REBOOT, error);
}

const Command vm_reboot = {
    .verb = "reboot",
    .on = &vm_type,
    .params = &running_params_type,
    .permit = PERMIT_REBOOT_VM,
    .title = MSG_REBOOTING_VM,
    .done = { 157, MSG_VM_ASKED_TO_REBOOT },
    .failed = { 158, MSG_VM_REBOOT_FAILED },
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
    .help = "Asks the guest of a VM to reboot.",
};
