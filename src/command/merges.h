/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Images of a disk merged, or deleted where nothing stands upon them: a step that looks, does the next thing, and rests while the host is at it. What
 * is to be done stands in marks before it begins; how far it is, it sees from images and domain each time, so that it may be killed anywhere.
 *
 * At every moment the upper image with the one beneath reads the same bytes, whichever part was copied already. So merging is begun again, never
 * taken back; and an image is deleted only when nothing names it any more. */
#pragma once

#include "command/chains.h"

/* A step without effect: DEEDS, of ChainDeed, shall be done. FALSE: there is no room for that. */
gboolean merges_plan(Work *work, const Chain *chain, const GArray *deeds, GError **error);
void merges_forget(Work *work);                 /* what was chosen by a look before this one */
/* The step; it rests, and is forward from its beginning. */
gboolean merges_run(Work *work, GError **error);
gboolean merges_are_done(const Work *work);
/* For `finish`: who owns which image after what was done. The snapshot of work->target owns none of them. */
void merges_finish(Work *work, Changes *changes, Vm *vm);
/* For `plan`: what would be done with the disks that SNAPSHOT holds. */
void merges_tell(GString *text, const Work *work, const Snapshot *snapshot);
