/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Takes a folder of its host from a VM. What is in it stays, and so does the kind of memory the VM has: who else needs that, nobody said. */
#include "command/parts.h"
#include "command/rows.h"
#include "command/shared_folders.h"

static gboolean
edit(Work *work, Vm *vm, GError **error)
{
    (void) error;
    list_remove(&vm->shared_folders, &shared_folder_type, &work->target);
    return TRUE;
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = shared_folders_check(work, error);
    return vm && (list_find(&vm->shared_folders, &work->target) || fault_set(error, MSG_NO_SUCH_FOLDER, "vm", vm->name, NULL));
}

const Command shared_folder_remove = {
    .verb = "remove",
    .on = &shared_folder_type,
    PARTS_ROW,
    .check = check,
    .edit = edit,
    .help = "Takes a folder of its host from a VM that is down; what is in it stays.",
};
