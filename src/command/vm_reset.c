/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Resets a VM as its reset button does: its guest is not asked, its process stays. Nobody can see afterwards whether it was
 * pressed, so it is pressed once; in doubt the job ends as not known to have happened. */
#include "command/guards.h"
#include "command/rows.h"
#include "command/running.h"

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = running_check(work, MSG_RESET_NEEDS_RUNNING, error);
    return vm && guard_home(work, vm, error);
}

static gboolean
press(Work *work, GError **error)
{
    g_autoptr(HostLink) link = work_host(work, error);
    return link && running_ask(work, link, link->ops->reset, error);
}

static Probe
pressed(Work *work, GError **error)
{
    (void) error;
    return running_asked(work);
}

/* A guest that was asked to leave, and had not, starts anew now. */
static void
finish(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    if (vm && (vm->status == VM_POWERING_DOWN || vm->status == VM_REBOOT_IN_PROGRESS))
        vm->status = VM_UP;
}

static char *
plan(Work *work, GError **error)
{
    return running_plan(work, MSG_PLAN_RESET, error);
}

const Command vm_reset = {
    .verb = "reset",
    .on = &vm_type,
    .params = &running_params_type,
    .permit = PERMIT_RESET_VM,
    .title = MSG_RESETTING_VM,
    .done = { 221, MSG_VM_RESET },
    .failed = { 222, MSG_VM_RESET_FAILED },
    .check = check,
    .plan = plan,
    .steps = (const Step[]) {
        { "reset domain", press, pressed, NULL, TRUE },
        { 0 },
    },
    .finish = finish,
    .once = TRUE,
    .help = "Resets a VM at once, without asking its guest.",
};
