/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What verbs share that give a VM a part its next start has: a watchdog, a node of memory. The definition is edited, whether the VM runs or
 * not; a guest that runs does not feel it, and next_run_differences tells. What runs at once is hotplug.h's. */
#pragma once

#include "command/definition.h"

/* check: the VM of work->parent, whose definition may be edited. BODY: something must have been sent. NULL with the reason. */
const Vm *parts_check(Work *work, gboolean body, GError **error);
/* stage: keeps what was sent. */
gboolean parts_stage(Work *work, Changes *changes, GError **error);
/* words: what a running guest gets only later is told as that. */
const Command *parts_words(const Work *work);

/* Around the row's `edit`: the step without effect before it is written, the end, and the plan. */
gboolean parts_prepare(Work *work, GError **error);
void parts_finish(Work *work, Changes *changes);
char *parts_plan(Work *work, GError **error);

/* What such rows have in common. A verb that looks at its host first has steps of its own, which begin with that. */
/* clang-format off */
#define PARTS_STEPS(prepare)                                                                            \
    (const Step[]) {                                                                                    \
        { "read the configuration", prepare, NULL, NULL, FALSE },                                       \
        { "write the configuration", definition_write, definition_written, definition_undo, FALSE },    \
        { 0 },                                                                                          \
    }
#define PARTS_WORDS                                                                                     \
    .permit = PERMIT_EDIT_VM, .title = MSG_EDITING_VM, .done = { 35, MSG_VM_EDITED },                   \
    .failed = { 58, MSG_VM_EDIT_FAILED }, .words = parts_words
#define PARTS_ROW PARTS_WORDS, .plan = parts_plan, .steps = PARTS_STEPS(parts_prepare), .finish = parts_finish
/* clang-format on */
