/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What verbs share that bring a VM back to a point: its disks go on with images that stand on what the point holds, and its hardware is as it was
 * then. Who it is and what people want of it stays: UUID, name, MACs, cluster, protection; so does every disk that was attached since. */
#pragma once

#include "command/snapshots.h"

typedef struct { Ref disk; } ReturnDisk;
typedef struct {
    gboolean async, restore_memory;
    Ref snapshot;
    List disks;
} ReturnParams;
extern const Type returns_params_type;          /* of a verb upon the snapshot; */
extern const Type returns_preview_params_type;  /* and upon the VM, which names it */

/* check: the VM goes back to SNAPSHOT: of all it holds, or of those disks alone that were sent; with its memory, if that was asked for. */
gboolean returns_check(Work *work, const Vm *vm, const Snapshot *snapshot, GError **error);
/* stage: new images on what SNAPSHOT holds; those that are written now go in the end if DISCARD. */
void returns_stage(Work *work, Changes *changes, Vm *vm, const Snapshot *snapshot, gboolean discard);
/* stage: POINT, the VM before the preview, goes (commit), or the VM goes back to it and what it wrote since goes. */
void returns_stage_commit(Work *work, Changes *changes, Vm *vm, const Snapshot *point);
void returns_stage_undo(Work *work, Changes *changes, Vm *vm, const Snapshot *point);

/* Steps, in this order; what is not meant is passed over. */
gboolean returns_look(Work *work, GError **error);
gboolean returns_prepare(Work *work, GError **error);
gboolean returns_resume(Work *work, GError **error);
Probe returns_resumed(Work *work, GError **error);
gboolean returns_stop(Work *work, GError **error);
gboolean returns_discard(Work *work, GError **error);
gboolean returns_discard_all(Work *work, GError **error);
/* clang-format off */
#define RETURNS_DISCARD                                                                                 \
    { "discard the rest", returns_discard, volumes_first_deleted, NULL, TRUE },                         \
    { "discard all of it", returns_discard_all, volumes_deleted, NULL, TRUE },
#define RETURNS_STEPS                                                                                   \
    (const Step[]) {                                                                                    \
        { "look at the images", returns_look, NULL, NULL, FALSE },                                      \
        { "make the images", volumes_create, volumes_created, volumes_undo_overlays, FALSE },           \
        { "read the configuration", returns_prepare, NULL, NULL, FALSE },                               \
        { "write the configuration", definition_write, definition_written, definition_undo, FALSE },    \
        { "start from its memory", returns_resume, returns_resumed, returns_stop, FALSE },              \
        RETURNS_DISCARD                                                                                 \
        { 0 },                                                                                          \
    }
/* clang-format on */

/* finish: the model follows the definition and the images; the VM stands on POINT now. NULL if it is gone. */
Vm *returns_finish(Work *work, Changes *changes, const Id *point);
void returns_revert(Work *work, Changes *changes);
char *returns_plan(Work *work, GError **error);
