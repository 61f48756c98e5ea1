/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The steps of transfer_add: a disk is open while its transfer's phase says so. */
#pragma once

#include "job/command.h"

gboolean transfer_serve_look(Work *work, GError **error);
gboolean transfer_serve_run(Work *work, GError **error);        /* rests until somebody ends it */
gboolean transfer_serve_undo(Work *work, GError **error);
gboolean transfer_serve_settle(Work *work, GError **error);     /* what was uploaded: durable, and an image */
void transfer_serve_note(Work *work, Changes *changes);
void transfer_serve_finish(Work *work, Changes *changes);
void transfer_serve_revert(Work *work, Changes *changes);
gboolean transfer_serve_is_cancelled(const Work *work);
