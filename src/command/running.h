/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What verbs upon a running VM share: the parameters of the action, the VM that must run, the status meanwhile, requests made once. */
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
/* The check of a verb that asks the guest, which may take its time. With `force` one that is shown as ASKED already is not asked again. */
gboolean running_check_asking(Work *work, VmStatus asked, MessageCode needs_running, MessageCode while_paused, GError **error);
gboolean running_is_forced(const Work *work);
/* Shown as MEANWHILE until its host, or the end of the job, says otherwise. */
void running_stage(Work *work, Changes *changes, VmStatus meanwhile);
void running_revert(Work *work, Changes *changes);
/* For `finish`: it has no process any more. NULL if the VM is gone. */
Vm *running_ended(Work *work, Changes *changes, VmStatus status);
/* The plan: one sentence with {vm} and {host}. */
char *running_plan(const Work *work, MessageCode sentence, GError **error);

/* A request that cannot be seen afterwards, and so is made once: whether it was taken or refused becomes a mark at once. */
typedef gboolean (*RunningAsk)(HostLink *link, const Id *domain, Tick deadline, GError **error);
gboolean running_ask(Work *work, HostLink *link, RunningAsk ask, GError **error);
Probe running_asked(const Work *work);      /* UNKNOWN: nobody could note it */
