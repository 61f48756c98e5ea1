/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Somebody is still there: the time after which an idle transfer ends begins anew. */
#include "command/rows.h"
#include "command/transfer_moves.h"

static gboolean
check(Work *work, GError **error)
{
    return transfer_moves_check(work, 0, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    ImageTransfer *transfer = changes_edit(changes, &image_transfer_type, &work->target);
    transfer->extensions++;
    return TRUE;
}

const Command transfer_extend = {
    .verb = "extend",
    .on = &image_transfer_type,
    .params = &transfer_moves_params_type,
    .permit = PERMIT_EDIT_DISK,
    .title = MSG_EXTENDING_TRANSFER,
    .check = check,
    .stage = stage,
    .help = "Says that somebody is still there, so that an idle transfer is not ended yet.",
};
