/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Thaws the file systems of a guest. Nobody who works on the VM keeps it from that: it claims nothing, and a guest that is not frozen as
 * far as we know is asked all the same. Of a VM that has no guest any more only the end of the freeze is forgotten. */
#include "command/guards.h"
#include "command/guests.h"
#include "command/plan.h"
#include "command/rows.h"
#include "command/running.h"

#define IDLE "idle"             /* there is no guest to ask */

typedef struct {
    gboolean async;
} ThawParams;

/* clang-format off */
static const Type thaw_params_type = { .one = "action", .many = "actions", .size = sizeof(ThawParams), .help = "When to answer.", .fields = (const Field[]) {
    BOOL(ThawParams, async, ADD, "Answer before it is done."),
    { 0 } } };
/* clang-format on */

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = guard_vm(work, &work->target, error);
    if (!vm)
        return FALSE;
    gboolean idle = vm->status == VM_DOWN && vm->frozen_until;
    if (!vm_is_running((VmStatus) vm->status) && !idle)
        return fault_set(error, MSG_THAW_NEEDS_RUNNING, "vm", vm->name, "status", names_get(&vm_status_names, vm->status), NULL);
    work_set_mark(work, IDLE, idle ? "yes" : NULL);
    work_set_mark_id(work, "vm", &vm->object.id);
    return idle || guard_reach(work, vm, error);
}

static gboolean
thaw(Work *work, GError **error)
{
    return work_mark(work, IDLE) || guests_thaw(work, error);
}

/* A guest that says nothing is no reason to ask for ever: whoever wants it thawed asks again. */
static Probe
thawed(Work *work, GError **error)
{
    gboolean frozen = FALSE;
    if (work_mark(work, IDLE))
        return PROBE_DONE;
    return guests_is_frozen(work, &frozen, error) && !frozen ? PROBE_DONE : PROBE_NOT_DONE;
}

static void
finish(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    if (vm)
        vm->frozen_until = 0;
}

static char *
plan(Work *work, GError **error)
{
    if (!work_mark(work, IDLE))
        return running_plan(work, MSG_PLAN_THAW, error);
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    g_autoptr(GString) text = g_string_new(NULL);
    plan_tell(text, MSG_PLAN_THAW_IDLE, "vm", vm ? vm->name : "", NULL);
    return g_strdup(text->str);
}

const Command vm_thawfilesystems = {
    .verb = "thawfilesystems",
    .on = &vm_type,
    .params = &thaw_params_type,
    .permit = PERMIT_FREEZE_VM,
    .title = MSG_THAWING_VM,
    .done = { 10769, MSG_VM_THAWED },
    .failed = { 10770, MSG_VM_THAW_FAILED },
    .check = check,
    .plan = plan,
    .steps = (const Step[]) {
        { "thaw its file systems", thaw, thawed, NULL, TRUE },
        { 0 },
    },
    .finish = finish,
    .help = "Thaws the file systems of a guest.",
};
