/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Adds a licence boundary. */
#include "command/boundaries.h"
#include "command/cores.h"
#include "command/guards.h"
#include "command/refs.h"
#include "command/rows.h"

/* As it will be; yours. */
static LicenceBoundary *
make(const Work *work)
{
    LicenceBoundary *boundary = object_new(&licence_boundary_type);
    boundary->object.id = work->target;
    draft_apply(work->draft, boundary, ADD);
    char *plain = cores_plain(boundary->cpu_set);
    if (plain) {
        g_free(boundary->cpu_set);
        boundary->cpu_set = plain;
    }
    return boundary;
}

static gboolean
check(Work *work, GError **error)
{
    if (!work->draft)
        return fault_set(error, MSG_BODY_MISSING, "type", "licence_boundary", NULL);
    if (!draft_check_needed(work->draft, error) || !refs_resolve(work, error) || !guard_texts(work->draft, error))
        return FALSE;
    if (id_is_null(&work->target))
        work->target = id_random();
    LicenceBoundary *boundary = make(work);
    gboolean well = boundaries_check(work, boundary, error);
    object_unref(boundary);
    return well;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    changes_add(changes, make(work));
    return TRUE;
}

const Command licence_boundary_add = {
    .verb = "add",
    .on = &licence_boundary_type,
    .params = &licence_boundary_type,
    .permit = PERMIT_CONFIGURE_ENGINE,
    .title = MSG_ADDING_BOUNDARY,
    .done = { 11051, MSG_BOUNDARY_ADDED },
    .check = check,
    .stage = stage,
    .help = "Adds a licence boundary: cores of a host that a product is licensed for.",
};
