/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Edits what people say of a storage domain: names, thresholds, switches. Nothing of it is on the storage before it is attached or let go. */
#include "command/guards.h"
#include "command/refs.h"
#include "command/rows.h"
#include "command/storages.h"

#define BLOCKER_MOST (1 << 20)      /* GiB */

static gboolean
check_bounds(const Draft *draft, GError **error)
{
    const StorageDomain *sent = draft->record;
    gint64 percent = sent->warning_low_space_indicator, blocker = sent->critical_space_action_blocker;
    if (draft_has(draft, "warning_low_space_indicator") && (percent < 0 || percent > 100))
        return fault_set(error, MSG_STORAGE_WARNING_RANGE, NULL);
    if (draft_has(draft, "critical_space_action_blocker") && (blocker < 0 || blocker > BLOCKER_MOST))
        return fault_set(error, MSG_STORAGE_BLOCKER_RANGE, NULL);
    return TRUE;
}

static gboolean
check(Work *work, GError **error)
{
    const StorageDomain *storage = storages_check(work, &work->target, error);
    if (!storage)
        return FALSE;
    if (!work->draft)
        return fault_set(error, MSG_BODY_MISSING, "type", "storage_domain", NULL);
    const StorageDomain *sent = work->draft->record;
    return guard_texts(work->draft, error) && check_bounds(work->draft, error) &&
           (!draft_has(work->draft, "name") || storages_name_is_free(work, sent->name, &work->target, error));
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    draft_apply(work->draft, changes_edit(changes, &storage_domain_type, &work->target), SET);
    return TRUE;
}

const Command storage_domain_update = {
    .verb = "update",
    .on = &storage_domain_type,
    .params = &storage_domain_type,
    .permit = PERMIT_EDIT_STORAGE,
    .title = MSG_EDITING_STORAGE,
    .done = { 958, MSG_STORAGE_EDITED },
    .failed = { 959, MSG_STORAGE_EDIT_FAILED },
    .check = check,
    .stage = stage,
    .help = "Edits a storage domain: its name, when it warns, and when nothing new is made in it.",
};
