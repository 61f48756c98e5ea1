/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Checks and stages of verbs upon a running VM. What they do to it each knows itself. Where a VM stands is reconcile's to
 * say; what is staged here is what was asked for, and it gives way to the next report. */
#include "command/running.h"

#include "command/guards.h"
#include "command/plan.h"

#define FORCED "forced"             /* mark: it was asked before, and is made to */

/* clang-format off */
const Type running_params_type = { .one = "action", .many = "actions", .size = sizeof(RunningParams), .help = "How to end it.", .fields = (const Field[]) {
    BOOL(RunningParams, async,  ADD, "Answer before it is done."),
    BOOL(RunningParams, force,  ADD, "If its guest was asked before and has not obeyed yet: do not ask it again, do it."),
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

gboolean
running_check_asking(Work *work, VmStatus asked, MessageCode needs_running, MessageCode while_paused, GError **error)
{
    const Vm *vm = running_check(work, needs_running, error);
    if (vm && vm->status == VM_PAUSED)
        return fault_set(error, while_paused, "vm", vm->name, NULL);
    if (vm && vm->status == (int) asked && work_flag(work, "force", FALSE))
        work_set_mark(work, FORCED, "yes");
    return vm && guard_home(work, vm, error);
}

gboolean
running_is_forced(const Work *work)
{
    return work_mark(work, FORCED) != NULL;
}

void
running_stage(Work *work, Changes *changes, VmStatus meanwhile)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    work_set_mark(work, "was", names_get(&vm_status_names, vm->status));
    work_set_mark(work, "meanwhile", names_get(&vm_status_names, (int) meanwhile));
    if (vm->status != VM_UNKNOWN)
        vm->status = meanwhile;
}

void
running_revert(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    const char *was = work_mark(work, "was"), *meanwhile = work_mark(work, "meanwhile");
    if (vm && was && meanwhile && vm->status == names_find(&vm_status_names, meanwhile))
        vm->status = names_find(&vm_status_names, was);
}

Vm *
running_ended(Work *work, Changes *changes, VmStatus status)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    if (!vm)
        return NULL;
    vm->status = status;
    vm->run_once &= status == VM_SUSPENDED;
    vm->host.id = id_null;
    vm->stop_time = clock_wall();
    if (status != VM_SUSPENDED)
        vm->frozen_until = 0;
    text_set(&vm->status_detail, NULL);
    text_set(&vm->stop_reason, work_mark(work, "reason"));
    return vm;
}

gboolean
running_ask(Work *work, HostLink *link, RunningAsk ask, GError **error)
{
    g_autoptr(GError) refusal = NULL;
    gboolean well = ask(link, &work->target, work->deadline, &refusal);
    work_set_mark(work, "asked", well ? "yes" : NULL);
    work_set_mark(work, "refused", !well && fault_of(refusal) != FAULT_UNKNOWN_OUTCOME ? "yes" : NULL);
    if (refusal)
        g_propagate_error(error, g_steal_pointer(&refusal));
    return well;
}

Probe
running_asked(const Work *work)
{
    return work_mark(work, "asked") ? PROBE_DONE : work_mark(work, "refused") ? PROBE_NOT_DONE : PROBE_UNKNOWN;
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
