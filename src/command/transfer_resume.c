/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The transfer's job opens the disk again. Also what is done after the manager was started anew. */
#include "command/rows.h"
#include "command/transfer_moves.h"

static gboolean
check(Work *work, GError **error)
{
    return transfer_moves_check(work, TRANSFER_PHASE_RESUMING, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    return transfer_moves_stage(work, changes, TRANSFER_PHASE_RESUMING);
}

const Command transfer_resume = {
    .verb = "resume",
    .on = &image_transfer_type,
    .params = &transfer_moves_params_type,
    .permit = PERMIT_EDIT_DISK,
    .title = MSG_RESUMING_TRANSFER,
    .check = check,
    .stage = stage,
    .help = "Opens the disk of a paused transfer again, at the same address.",
};
