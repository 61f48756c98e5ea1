/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Freezes the file systems of a guest: what it has written is on its disks, and it writes nothing until they are thawed. A guest that
 * nobody thaws stands still for ever, so that the end stands in the VM before the freeze is asked for, and survives a killed manager:
 * policy/thaw.c sees to it. What was perhaps frozen and is given up is thawed; where that cannot be known the end stays. */
#include "command/guards.h"
#include "command/guests.h"
#include "command/rows.h"
#include "command/running.h"

#define USUAL 60                /* seconds */
#define MOST 3600

#define UNTIL "until"
#define REFUSED "refused"
#define THAWED "thawed"

typedef struct {
    gboolean async;
    gint64 timeout;
} FreezeParams;

/* clang-format off */
static const Type freeze_params_type = { .one = "action", .many = "actions", .size = sizeof(FreezeParams), .help = "How long.", .fields = (const Field[]) {
    BOOL(FreezeParams, async,   ADD, "Answer before it is done."),
    INT (FreezeParams, timeout, ADD, "Seconds until they are thawed where nobody has done so; 60 where it is not said."),
    { 0 } } };
/* clang-format on */

static gboolean
check(Work *work, GError **error)
{
    gint64 seconds;
    const FreezeParams *sent = work->draft ? work->draft->record : NULL;
    const Vm *vm = guests_check(work, MSG_FREEZE_NEEDS_UP, error);
    if (!vm || !guests_seconds(work->draft, sent ? sent->timeout : 0, USUAL, MOST, &seconds, error))
        return FALSE;
    if (vm->frozen_until)
        return fault_set(error, MSG_FROZEN_ALREADY, "vm", vm->name, NULL);
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, seconds);
    work_set_about(work, "seconds", text);
    work_set_mark(work, UNTIL, text);
    work_claim(work, &vm_type, &vm->object.id);
    return TRUE;
}

static void
set_end(const Work *work, Vm *vm)
{
    const char *seconds = work_mark(work, UNTIL);
    vm->frozen_until = clock_wall() + (seconds ? g_ascii_strtoll(seconds, NULL, 10) : USUAL) * CLOCK_SECOND;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    set_end(work, changes_edit(changes, &vm_type, &work->target));
    return TRUE;
}

static gboolean
ask(Work *work, HostLink *link, GError **error)
{
    return link->ops->freeze(link, &work->target, work->deadline, error);
}

static gboolean
freeze(Work *work, GError **error)
{
    g_autoptr(GError) refusal = NULL;
    if (guests_ask(work, ask, &refusal))
        return TRUE;
    work_set_mark(work, REFUSED, fault_of(refusal) == FAULT_UNKNOWN_OUTCOME ? NULL : "yes");
    g_propagate_error(error, g_steal_pointer(&refusal));
    return FALSE;
}

static Probe
frozen(Work *work, GError **error)
{
    gboolean is = FALSE;
    if (work_mark(work, REFUSED))
        return PROBE_NOT_DONE;
    if (!guests_is_frozen(work, &is, error))
        return PROBE_UNKNOWN;
    return is ? PROBE_DONE : PROBE_NOT_DONE;
}

/* Never waits for a guest: one that does not answer now is thawed when its time is over. Whoever froze it before us keeps it frozen. */
static gboolean
thaw(Work *work, GError **error)
{
    (void) error;
    g_autoptr(GError) unheard = NULL;
    if (!work_mark(work, REFUSED) && guests_thaw(work, &unheard))
        work_set_mark(work, THAWED, "yes");
    return TRUE;
}

/* Somebody may have thawed it while it was being frozen. */
static void
finish(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    if (vm && vm->frozen_until == 0 && vm_is_running((VmStatus) vm->status))
        set_end(work, vm);
}

static void
revert(Work *work, Changes *changes)
{
    Vm *vm = work_mark(work, REFUSED) || work_mark(work, THAWED) ? changes_edit(changes, &vm_type, &work->target) : NULL;
    if (vm)
        vm->frozen_until = 0;
}

static char *
plan(Work *work, GError **error)
{
    return running_plan(work, MSG_PLAN_FREEZE, error);
}

const Command vm_freezefilesystems = {
    .verb = "freezefilesystems",
    .on = &vm_type,
    .params = &freeze_params_type,
    .permit = PERMIT_FREEZE_VM,
    .title = MSG_FREEZING_VM,
    .done = { 10767, MSG_VM_FROZEN },
    .failed = { 10768, MSG_VM_FREEZE_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "freeze its file systems", freeze, frozen, thaw, FALSE },
        { 0 },
    },
    .finish = finish,
    .revert = revert,
    .once = TRUE,
    .help = "Freezes the file systems of a guest, until they are thawed or its time is over.",
};
