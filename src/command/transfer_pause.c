/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The disk is closed and stays locked: bytes that were not flushed may have to be sent again. */
#include "command/rows.h"
#include "command/transfer_moves.h"

static gboolean
check(Work *work, GError **error)
{
    return transfer_moves_check(work, TRANSFER_PHASE_PAUSED_USER, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    return transfer_moves_stage(work, changes, TRANSFER_PHASE_PAUSED_USER);
}

const Command transfer_pause = {
    .verb = "pause",
    .on = &image_transfer_type,
    .params = &transfer_moves_params_type,
    .permit = PERMIT_EDIT_DISK,
    .title = MSG_PAUSING_TRANSFER,
    .check = check,
    .stage = stage,
    .help = "Lets no client move bytes until the transfer is resumed; the disk stays locked.",
};
