/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Takes the watchdog of a VM away. */
#include "command/parts.h"
#include "command/rows.h"

static gboolean
edit(Work *work, Vm *vm, GError **error)
{
    (void) error;
    list_remove(&vm->watchdogs, &watchdog_type, &work->target);
    return TRUE;
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = parts_check(work, FALSE, error);
    if (!vm)
        return FALSE;
    return list_find(&vm->watchdogs, &work->target) || fault_set(error, MSG_NO_SUCH_WATCHDOG, "vm", vm->name, NULL);
}

const Command watchdog_remove = {
    .verb = "remove",
    .on = &watchdog_type,
    PARTS_ROW,
    .check = check,
    .edit = edit,
    .help = "Takes the watchdog of a VM away; a guest that runs has it until it stops.",
};
