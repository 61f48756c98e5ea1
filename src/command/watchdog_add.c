/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Gives a VM its watchdog: one, of a card that guests of today know. */
#include "command/parts.h"
#include "command/rows.h"

static gboolean
edit(Work *work, Vm *vm, GError **error)
{
    (void) error;
    if (list_find(&vm->watchdogs, &work->target))
        return TRUE;
    Watchdog *watchdog = object_new(&watchdog_type);
    watchdog->object.id = work->target;
    watchdog->model = WATCHDOG_MODEL_I6300ESB;
    draft_apply(work->draft, watchdog, ADD);
    list_add(&vm->watchdogs, watchdog);
    return TRUE;
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = parts_check(work, TRUE, error);
    if (!vm || !draft_check_needed(work->draft, error))
        return FALSE;
    const Watchdog *sent = work->draft->record;
    if (vm->watchdogs.count > 0)
        return fault_set(error, MSG_WATCHDOG_THERE, "vm", vm->name, NULL);
    if (draft_has(work->draft, "model") && sent->model != WATCHDOG_MODEL_I6300ESB)
        return fault_set(error, MSG_WATCHDOG_MODEL, "vm", vm->name, "model", names_get(&watchdog_model_names, sent->model), NULL);
    work->target = id_named(&vm->object.id, "watchdog");
    return TRUE;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    work_keep_draft(work);
    return edit(work, changes_edit(changes, &vm_type, &work->parent), error);
}

static void
revert(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->parent);
    if (vm)
        list_remove(&vm->watchdogs, &watchdog_type, &work->target);
}

const Command watchdog_add = {
    .verb = "add",
    .on = &watchdog_type,
    .params = &watchdog_type,
    PARTS_ROW,
    .check = check,
    .edit = edit,
    .stage = stage,
    .revert = revert,
    .help = "Gives a VM a watchdog; a guest that runs has it from its next start on.",
};
