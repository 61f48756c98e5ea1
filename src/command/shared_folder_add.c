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
    return vm && shared_folders_look(work, vm, work->draft->record, error) && definition_prepare(work, edit, error);
}

static void
finish(Work *work, Changes *changes)
{
    definition_finish(work, changes, edit);
}

static char *
plan(Work *work, GError **error)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->parent);
    return vm && shared_folders_look(work, vm, work->draft->record, error) ? definition_plan(work, edit, error) : NULL;
}

const Command shared_folder_add = {
    .verb = "add",
    .on = &shared_folder_type,
    .params = &shared_folder_type,
    .permit = PERMIT_EDIT_VM,
    .title = MSG_EDITING_VM,
    .done = { 35, MSG_VM_EDITED },
    .failed = { 58, MSG_VM_EDIT_FAILED },
    .check = check,
    .stage = parts_stage,
    .plan = plan,
    .steps = PARTS_STEPS(prepare),
    .finish = finish,
    .help = "Gives a VM that is down a folder of its host; a VM with one can be neither suspended nor moved while it runs.",
};
