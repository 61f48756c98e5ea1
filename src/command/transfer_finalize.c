/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * All bytes are there: the transfer's job goes on to its end, and says there whether they are a disk. */
#include "command/rows.h"
#include "command/transfer_moves.h"

static gboolean
check(Work *work, GError **error)
{
    return transfer_moves_check(work, TRANSFER_PHASE_FINALIZING_SUCCESS, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    return transfer_moves_stage(work, changes, TRANSFER_PHASE_FINALIZING_SUCCESS);
}

const Command transfer_finalize = {
    .verb = "finalize",
    .on = &image_transfer_type,
    .params = &transfer_moves_params_type,
    .permit = PERMIT_EDIT_DISK,
    .title = MSG_FINALIZING_TRANSFER,
    .check = check,
    .stage = stage,
    .help = "Everything was moved: what came is made durable and looked at, and the disk is free again.",
};
