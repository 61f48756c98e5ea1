/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the verbs upon a transfer that is under way share: each moves its phase, and the job of transfer_add sees it. Pure. */
#pragma once

#include "job/command.h"
#include "model/transfer.h"

/* The body of all of them. */
extern const Type transfer_moves_params_type;

/* check: is it there, and may it go to the phase TO (0: it is enough that it is not over)? Sets what sentences need. */
gboolean transfer_moves_check(Work *work, TransferPhase to, GError **error);
/* stage */
gboolean transfer_moves_stage(Work *work, Changes *changes, TransferPhase to);
