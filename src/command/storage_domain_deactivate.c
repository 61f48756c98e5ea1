/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Puts a storage domain into maintenance: no VM runs from it, nothing is made in it, and its directory may be unmounted. What it says of its VMs is
 * true when it rests. Also one that does not answer, so that it stops being looked for. */
#include "command/guards.h"
#include "command/leaving.h"
#include "command/plan.h"
#include "command/rows.h"
#include "command/storages.h"

typedef struct { gboolean async, force; char *reason; } DeactivateParams;

/* clang-format off */
static const Type deactivate_params_type = { .one = "action", .many = "actions", .size = sizeof(DeactivateParams), .help = "Why.", .fields = (const Field[]) {
    BOOL(DeactivateParams, async, ADD,  "Answer before it is done."),
    BOOL(DeactivateParams, force, ADD,  "Accepted, without meaning here."),
    TEXT(DeactivateParams, reason, ADD, "Kept with the event."),
    { 0 } } };
/* clang-format on */

static gboolean
check(Work *work, GError **error)
{
    const StorageDomain *storage = storages_check(work, &work->target, error);
    if (!storage)
        return FALSE;
    if (id_is_null(&storage->data_center.id))
        return fault_set(error, MSG_STORAGE_NOT_ATTACHED, "storage_domain", storage->name, NULL);
    if (storage->maintenance)
        return fault_set(error, MSG_STORAGE_RESTS_ALREADY, "storage_domain", storage->name, NULL);
    return storages_is_idle(work, storage, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    const StorageDomain *storage = view_find(work->view, &storage_domain_type, &work->target);
    const Host *host = guard_host_of_storage(work->view, storage);
    gboolean answers = storage->type == STORAGE_USE_DATA && storage->status == STORAGE_ACTIVE && host && host->status == HOST_UP;
    storages_mark(work, storage, host ? &host->object.id : &id_null);
    work_set_mark(work, LEAVING_NOTES, answers ? "yes" : NULL);
    storages_lock(work, changes);
    return TRUE;
}

static void
finish(Work *work, Changes *changes)
{
    StorageDomain *storage = changes_edit(changes, &storage_domain_type, &work->target);
    if (!storage)
        return;
    storage->maintenance = TRUE;
    storages_settle(work, changes, STORAGE_MAINTENANCE);
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
    plan_tell(text, MSG_PLAN_STORAGE_DEACTIVATE, "storage_domain", storage->name, "path", storage->storage.path, NULL);
    return g_strdup(text->str);
}

const Command storage_domain_deactivate = {
    .verb = "deactivate",
    .on = &storage_domain_type,
    .params = &deactivate_params_type,
    .permit = PERMIT_MANIPULATE_STORAGE,
    .title = MSG_DEACTIVATING_STORAGE,
    .done = { 968, MSG_STORAGE_DEACTIVATED },
    .failed = { 969, MSG_STORAGE_DEACTIVATE_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "write the catalogue", leaving_note, leaving_noted, leaving_note_staying, FALSE },
        { "stop looking at it", storages_leave, NULL, NULL, FALSE },
        { 0 },
    },
    .finish = finish,
    .revert = revert,
    .help = "Puts a storage domain that no running VM uses into maintenance.",
};
