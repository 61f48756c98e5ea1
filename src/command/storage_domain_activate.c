/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lets a storage domain be used again that is in maintenance. */
#include "command/plan.h"
#include "command/rows.h"
#include "command/storages.h"

static gboolean
check(Work *work, GError **error)
{
    const StorageDomain *storage = storages_check(work, &work->target, error);
    if (!storage)
        return FALSE;
    if (id_is_null(&storage->data_center.id))
        return fault_set(error, MSG_STORAGE_NOT_ATTACHED, "storage_domain", storage->name, NULL);
    if (!storage->maintenance)
        return fault_set(error, MSG_STORAGE_NOT_RESTING, "storage_domain", storage->name, "status", names_get(&storage_status_names, storage->status), NULL);
    return storages_reach(work, storage, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    storages_lock(work, changes);
    return TRUE;
}

static void
finish(Work *work, Changes *changes)
{
    StorageDomain *storage = changes_edit(changes, &storage_domain_type, &work->target);
    if (!storage)
        return;
    storage->maintenance = FALSE;
    storages_settle(work, changes, STORAGE_ACTIVE);
    storages_choose_master(work, changes);
}

static void
revert(Work *work, Changes *changes)
{
    storages_return(work, changes);
}

static char *
plan(Work *work, GError **error)
{
    (void) error;
    const StorageDomain *storage = view_find(work->view, &storage_domain_type, &work->target);
    g_autoptr(GString) text = g_string_new(NULL);
    plan_tell(text, MSG_PLAN_STORAGE_ACTIVATE, "storage_domain", storage->name, "path", storage->storage.path, NULL);
    return g_strdup(text->str);
}

const Command storage_domain_activate = {
    .verb = "activate",
    .on = &storage_domain_type,
    .params = &storage_params_type,
    .permit = PERMIT_MANIPULATE_STORAGE,
    .title = MSG_ACTIVATING_STORAGE,
    .done = { 966, MSG_STORAGE_ACTIVATED },
    .failed = { 967, MSG_STORAGE_ACTIVATE_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "make it ready", storages_ready, NULL, NULL, FALSE },
        { 0 },
    },
    .finish = finish,
    .revert = revert,
    .help = "Lets a storage domain be used again that is in maintenance.",
};
