/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Edits a size of VMs. Those that were made in it stay as they are. */
#include "command/instance_types.h"
#include "command/rows.h"

static gboolean
check(Work *work, GError **error)
{
    const InstanceType *now = view_find(work->view, &instance_type_type, &work->target);
    if (!work->draft)
        return fault_set(error, MSG_BODY_MISSING, "type", "instance_type", NULL);
    if (!now)
        return fault_set(error, MSG_SIZE_GONE, NULL);
    InstanceType *edited = object_dup(now);
    draft_apply(work->draft, edited, SET);
    gboolean well = instance_types_check(work, edited, error);
    object_unref(edited);
    work_claim(work, &instance_type_type, &work->target);
    return well;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    draft_apply(work->draft, changes_edit(changes, &instance_type_type, &work->target), SET);
    return TRUE;
}

const Command instance_type_update = {
    .verb = "update",
    .on = &instance_type_type,
    .params = &instance_type_type,
    .permit = PERMIT_CONFIGURE_ENGINE,
    .title = MSG_EDITING_SIZE,
    .done = { 11023, MSG_SIZE_EDITED },
    .failed = { 11024, MSG_SIZE_EDIT_FAILED },
    .check = check,
    .stage = stage,
    .help = "Edits a size of VMs; those made in it stay as they are.",
};
