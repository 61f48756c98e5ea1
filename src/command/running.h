/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What stopping and shutting down share: the parameters of the action, the VM that must run, the status meanwhile. */
#pragma once

#include "job/command.h"

typedef struct {
    gboolean async, force, filter;
    char *reason;
} RunningParams;
extern const Type running_params_type;

/* The VM of the work, if a process may exist for it: also when its state is not known, as long as its host answers. Keeps "reason". NULL
 * with NEEDS_RUNNING ({vm}) or another reason. */
const Vm *running_check(Work *work, MessageCode needs_running, GError **error);
/* Shown as powering down until the host says otherwise. */
void running_stage(Work *work, Changes *changes);
void running_revert(Work *work, Changes *changes);
/* The plan: one sentence with {vm} and {host}. */
char *running_plan(const Work *work, MessageCode sentence, GError **error);
