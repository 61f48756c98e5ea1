/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Gives a VM a folder of its host. Only the definition changes: libvirt starts a virtiofsd beside the VM and ends it with the VM. */
#include "command/guards.h"
#include "command/parts.h"
#include "command/rows.h"
#include "command/shared_folders.h"

static gboolean
edit(Work *work, Vm *vm, GError **error)
{
    (void) error;
    const SharedFolder *sent = work->draft->record;
    if (list_find(&vm->shared_folders, &work->target))
        return TRUE;
    SharedFolder *folder = object_new(&shared_folder_type);
    folder->object.id = work->target;
    folder->name = g_strdup(sent->name);
    folder->path = g_strdup(sent->path);
    folder->driver = g_strdup(SHARED_VIRTIOFS);
    list_add(&vm->shared_folders, folder);
    return TRUE;
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = shared_folders_check(work, error);
    if (!vm)
        return FALSE;
    if (!work->draft)
        return fault_set(error, MSG_BODY_MISSING, "type", work->command->on->one, NULL);
    const SharedFolder *sent = work->draft->record;
    if (!draft_check_needed(work->draft, error) || !guard_texts(work->draft, error) || !shared_folders_may(work, vm, sent, error))
        return FALSE;
    work->target = shared_folder_id(&vm->object.id, sent->name);
    return TRUE;
}

static gboolean
prepare(Work *work, GError **error)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->parent);
    return vm && shared_folders_look(work, vm, work->draft->record, error) && parts_prepare(work, error);
}

static char *
plan(Work *work, GError **error)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->parent);
    return vm && shared_folders_look(work, vm, work->draft->record, error) ? parts_plan(work, error) : NULL;
}

const Command shared_folder_add = {
    .verb = "add",
    .on = &shared_folder_type,
    .params = &shared_folder_type,
    PARTS_WORDS,
    .check = check,
    .edit = edit,
    .stage = parts_stage,
    .plan = plan,
    .steps = PARTS_STEPS(prepare),
    .finish = parts_finish,
    .help = "Gives a VM that is down a folder of its host; a VM with one can be neither suspended nor moved while it runs.",
};
