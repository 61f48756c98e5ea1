/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which move is allowed is said by the table in model/transfer.c. */
#include "command/transfer_moves.h"

typedef struct { gboolean async; char *reason; } MoveParams;

/* clang-format off */
const Type transfer_moves_params_type = { .one = "action", .many = "actions", .size = sizeof(MoveParams), .help = "Nothing need be said.", .fields = (const Field[]) {
    BOOL(MoveParams, async,  ADD, "Accepted, without meaning here."),
    TEXT(MoveParams, reason, ADD, "Accepted, without meaning here."),
    { 0 } } };
/* clang-format on */

gboolean
transfer_moves_check(Work *work, TransferPhase to, GError **error)
{
    char text[ID_TEXT_SIZE];
    const ImageTransfer *transfer = view_find(work->view, &image_transfer_type, &work->target);
    if (!transfer)
        return fault_set(error, MSG_NO_SUCH_TRANSFER, "id", id_format(&work->target, ID_UUID, text), NULL);
    const Disk *disk = view_find(work->view, &disk_type, &transfer->disk.id);
    const char *name = disk ? disk->alias : "", *phase = names_get(&transfer_phase_names, transfer->phase);
    work_set_about(work, "name", name);
    work_set_about(work, "disk", name);
    if (to == 0 ? !transfer_is_over(transfer->phase) : transfer_may(transfer->phase, to))
        return TRUE;
    return fault_set(error, MSG_TRANSFER_PHASE, "disk", name, "verb", work->command->verb, "phase", phase, NULL);
}

gboolean
transfer_moves_stage(Work *work, Changes *changes, TransferPhase to)
{
    ImageTransfer *transfer = changes_edit(changes, &image_transfer_type, &work->target);
    if (transfer)
        transfer->phase = to;
    return transfer != NULL;
}
