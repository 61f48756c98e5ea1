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

/* clang-format off */
#define PARTS_STEPS(prepare)                                                                            \
    (const Step[]) {                                                                                    \
        { "read the configuration", prepare, NULL, NULL, FALSE },                                       \
        { "write the configuration", definition_write, definition_written, definition_undo, FALSE },    \
        { 0 },                                                                                          \
    }
/* clang-format on */
