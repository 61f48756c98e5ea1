/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Checks and stages of verbs that end a running VM. How they end it each knows itself. Where a VM stands is reconcile's to
 * say; what is staged here is what was asked for, and it gives way to the next report. */
#include "command/running.h"

#include "command/guards.h"
#include "command/plan.h"

/* clang-format off */
const Type running_params_type = { .one = "action", .many = "actions", .size = sizeof(RunningParams), .help = "How to end it.", .fields = (const Field[]) {
    BOOL(RunningParams, async,  ADD, "Answer before it is done."),
    BOOL(RunningParams, force,  ADD, "Accepted, without meaning here."),
    BOOL(RunningParams, filter, ADD, "Accepted, without meaning here."),
    TEXT(RunningParams, reason, ADD, "Why; kept with the VM."),
    { 0 } } };
/* clang-format on */

static void
keep_reason(Work *work)
{
    const RunningParams *sent = work->draft ? work->draft->record : NULL;
    if (sent && sent->reason && *sent->reason)
        work_set_mark(work, "reason", sent->reason);
}

const Vm *
running_check(Work *work, MessageCode needs_running, GError **error)
{
    const Vm *vm = guard_vm(work, &work->target, error);
    if (!vm || (work->draft && !guard_texts(work->draft, error)))
        return NULL;
    if (!vm_is_running((VmStatus) vm->status)) {
        fault_set(error, needs_running, "vm", vm->name, "status", names_get(&vm_status_names, vm->status), NULL);
        return NULL;
    }
    keep_reason(work);
    return vm;
}

void
running_stage(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    work_set_mark(work, "was", names_get(&vm_status_names, vm->status));
    if (vm->status != VM_UNKNOWN)
        vm->status = VM_POWERING_DOWN;
}

void
running_revert(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    const char *was = work_mark(work, "was");
    if (vm && was && vm->status == VM_POWERING_DOWN)
        vm->status = names_find(&vm_status_names, was);
}

char *
running_plan(const Work *work, MessageCode sentence, GError **error)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    const Host *host = vm ? view_find(work->view, &host_type, &vm->home.id) : NULL;
    if (!host) {
        fault_set(error, MSG_HOST_GONE, NULL);
        return NULL;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    plan_tell(text, sentence, "vm", vm->name, "host", host->name, NULL);
    return g_strdup(text->str);
}
