/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Attaches a storage domain to a data center: the storage says from then on that this manager holds it, and it is used. What another manager holds
 * is refused, since two would write into the same disks. */
#include "command/plan.h"
#include "command/refs.h"
#include "command/rows.h"
#include "command/storages.h"

typedef struct { gboolean async, force; Ref data_center; } AttachParams;

/* clang-format off */
static const Type attach_params_type = { .one = "action", .many = "actions", .size = sizeof(AttachParams), .help = "To what.", .fields = (const Field[]) {
    BOOL(AttachParams, async, ADD,                        "Answer before it is done."),
    BOOL(AttachParams, force, ADD,                        "Also where another manager holds it, which must be gone for good."),
    REF (AttachParams, data_center, data_center_type, ADD, "The data center; where there is one alone it need not be named."),
    { 0 } } };
/* clang-format on */

static gboolean
choose_data_center(Work *work, const StorageDomain *storage, GError **error)
{
    const AttachParams *sent = work->draft ? work->draft->record : NULL;
    ViewWalk walk = view_walk(work->view, &data_center_type);
    const Object *only = view_count(work->view, &data_center_type) == 1 ? view_next(&walk) : NULL;
    if (sent && !id_is_null(&sent->data_center.id))
        work_set_mark_id(work, "attach", &sent->data_center.id);
    else if (only)
        work_set_mark_id(work, "attach", &only->id);
    else
        return fault_set(error, MSG_STORAGE_WHICH_DATA_CENTER, "storage_domain", storage->name, NULL);
    return TRUE;
}

static gboolean
check(Work *work, GError **error)
{
    const StorageDomain *storage = storages_check(work, &work->target, error);
    if (!storage || (work->draft && !refs_resolve(work, error)))
        return FALSE;
    if (!id_is_null(&storage->data_center.id))
        return fault_set(error, MSG_STORAGE_ATTACHED_ALREADY, "storage_domain", storage->name, "status", names_get(&storage_status_names, storage->status), NULL);
    work_set_mark(work, "force", work_flag(work, "force", FALSE) ? "yes" : NULL);
    return choose_data_center(work, storage, error) && storages_reach(work, storage, error);
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
    work_mark_id(work, "attach", &storage->data_center.id);
    storage->maintenance = FALSE;
    storage->marked = TRUE;
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
    if (!storages_read(work, error))
        return NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    plan_tell(text, MSG_PLAN_STORAGE_ATTACH, NULL);
    return g_strdup(text->str);
}

const Command storage_domain_attach = {
    .verb = "attach",
    .on = &storage_domain_type,
    .params = &attach_params_type,
    .permit = PERMIT_MANIPULATE_STORAGE,
    .title = MSG_ATTACHING_STORAGE,
    .done = { 962, MSG_STORAGE_ATTACHED },
    .failed = { 963, MSG_STORAGE_ATTACH_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "see who holds it", storages_read, NULL, NULL, FALSE },
        { "take it", storages_take, storages_taken, storages_give_back, FALSE },
        { "make it ready", storages_ready, NULL, NULL, FALSE },
        { 0 },
    },
    .finish = finish,
    .revert = revert,
    .help = "Attaches a storage domain to a data center and activates it.",
};
