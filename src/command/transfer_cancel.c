/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Nobody wants the rest: the transfer's job ends, and takes an empty disk that was made for it along. */
#include "command/rows.h"
#include "command/transfer_moves.h"

static gboolean
check(Work *work, GError **error)
{
    return transfer_moves_check(work, TRANSFER_PHASE_CANCELLED_USER, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    return transfer_moves_stage(work, changes, TRANSFER_PHASE_CANCELLED_USER);
}

const Command transfer_cancel = {
    .verb = "cancel",
    .on = &image_transfer_type,
    .params = &transfer_moves_params_type,
    .permit = PERMIT_EDIT_DISK,
    .title = MSG_CANCELLING_TRANSFER,
    .check = check,
    .stage = stage,
    .help = "Ends a transfer before its time. A disk that was made for this upload, and that no VM has, is deleted.",
};
