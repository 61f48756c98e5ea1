/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Discards the saved state of a suspended VM, so that its next start is a cold one. Unlike `stop`, which does the same to a
 * suspended VM, it can never hit one that runs. */
#include "command/rows.h"
#include "command/running.h"
#include "command/saved.h"

static char *
plan(Work *work, GError **error)
{
    return running_plan(work, MSG_PLAN_DISCARD, error);
}

const Command vm_discardstate = {
    .verb = "discardstate",
    .on = &vm_type,
    .params = &running_params_type,
    .permit = PERMIT_STOP_VM,
    .title = MSG_DISCARDING_STATE,
    .done = { 111, MSG_STATE_DISCARDED },
    .failed = { 112, MSG_STATE_DISCARD_FAILED },
    .check = saved_check,
    .plan = plan,
    .steps = (const Step[]) {
        { "discard the saved state", saved_discard, saved_discarded, NULL, TRUE },
        { 0 },
    },
    .finish = saved_finish,
    .help = "Discards the saved state of a suspended VM: its next start is a cold one.",
};
