/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Changes what happens to a guest that has hung. */
#include "command/parts.h"
#include "command/rows.h"

static gboolean
edit(Work *work, Vm *vm, GError **error)
{
    Watchdog *watchdog = list_find(&vm->watchdogs, &work->target);
    if (!watchdog)
        return fault_set(error, MSG_DEVICE_GONE_OUTSIDE, "vm", vm->name, NULL);
    draft_apply(work->draft, watchdog, SET);
    return TRUE;
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = parts_check(work, TRUE, error);
    if (!vm)
        return FALSE;
    const Watchdog *sent = work->draft->record, *now = list_find(&vm->watchdogs, &work->target);
    if (!now)
        return fault_set(error, MSG_NO_SUCH_WATCHDOG, "vm", vm->name, NULL);
    if (draft_has(work->draft, "model") && sent->model != now->model && sent->model != WATCHDOG_MODEL_I6300ESB)
        return fault_set(error, MSG_WATCHDOG_MODEL, "vm", vm->name, "model", names_get(&watchdog_model_names, sent->model), NULL);
    return !draft_has(work->draft, "action") || sent->action != 0 || fault_set(error, MSG_WATCHDOG_ACTION, "vm", vm->name, NULL);
}

const Command watchdog_update = {
    .verb = "update",
    .on = &watchdog_type,
    .params = &watchdog_type,
    PARTS_ROW,
    .check = check,
    .edit = edit,
    .stage = parts_stage,
    .help = "Changes the watchdog of a VM; a guest that runs feels it from its next start on.",
};
