/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Checks and sentences of verbs that edit a VM's definition alone. */
#include "command/parts.h"

#include "command/guards.h"
#include "command/hotplug.h"

#define RUNS "runs"                 /* mark: a guest that runs gets it only at its next start */

const Vm *
parts_check(Work *work, gboolean body, GError **error)
{
    const Vm *vm = guard_vm(work, &work->parent, error);
    if (!vm)
        return NULL;
    if (body && !work->draft) {
        fault_set(error, MSG_BODY_MISSING, "type", work->command->on->one, NULL);
        return NULL;
    }
    if ((work->draft && !guard_texts(work->draft, error)) || !hotplug_check(vm, error) || !guard_home(work, vm, error))
        return NULL;
    work_set_mark(work, "live", "yes");
    work_set_mark(work, RUNS, vm_is_running((VmStatus) vm->status) ? "yes" : NULL);
    work_set_about(work, "name", vm->name);
    work_set_about(work, "fields", work->command->on->many);
    return vm;
}

gboolean
parts_stage(Work *work, Changes *changes, GError **error)
{
    (void) changes;
    (void) error;
    work_keep_draft(work);
    return TRUE;
}

static const Command later = {
    .title = MSG_EDITING_VM,
    .done = { 35, MSG_VM_EDITED_WHILE_RUNNING },
    .failed = { 58, MSG_VM_EDIT_FAILED },
};

const Command *
parts_words(const Work *work)
{
    return work_mark(work, RUNS) ? &later : work->command;
}

gboolean
parts_prepare(Work *work, GError **error)
{
    return definition_prepare(work, work->command->edit, error);
}

void
parts_finish(Work *work, Changes *changes)
{
    definition_finish(work, changes, work->command->edit);
}

char *
parts_plan(Work *work, GError **error)
{
    return definition_plan(work, work->command->edit, error);
}
