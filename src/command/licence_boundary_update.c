/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Edits a licence boundary. One that becomes smaller must still hold the VMs it holds. */
#include "command/boundaries.h"
#include "command/cores.h"
#include "command/guards.h"
#include "command/rows.h"

static void
edit(const Work *work, LicenceBoundary *boundary)
{
    draft_apply(work->draft, boundary, SET);
    char *plain = cores_plain(boundary->cpu_set);
    if (plain) {
        g_free(boundary->cpu_set);
        boundary->cpu_set = plain;
    }
}

static gboolean
check(Work *work, GError **error)
{
    const LicenceBoundary *now = view_find(work->view, &licence_boundary_type, &work->target);
    if (!now)
        return fault_set(error, MSG_NO_SUCH_BOUNDARY, NULL);
    if (!work->draft)
        return fault_set(error, MSG_BODY_MISSING, "type", "licence_boundary", NULL);
    if (!guard_texts(work->draft, error))
        return FALSE;
    LicenceBoundary *edited = object_dup(now);
    edit(work, edited);
    gboolean well = boundaries_check(work, edited, error);
    object_unref(edited);
    return well;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    edit(work, changes_edit(changes, &licence_boundary_type, &work->target));
    return TRUE;
}

const Command licence_boundary_update = {
    .verb = "update",
    .on = &licence_boundary_type,
    .params = &licence_boundary_type,
    .permit = PERMIT_CONFIGURE_ENGINE,
    .title = MSG_EDITING_BOUNDARY,
    .done = { 11052, MSG_BOUNDARY_EDITED },
    .check = check,
    .stage = stage,
    .help = "Edits a licence boundary; the VMs it holds must be within it afterwards.",
};
