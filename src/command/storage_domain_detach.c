/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Detaches a storage domain that is in maintenance: the VMs and disks in it leave this manager with it, and the storage says from then on that
 * nobody holds it, so that another manager may take it with all of them. Until its VMs are being taken out everything can be as before; from
 * then on, which is written down on the storage, there is only forward. */
#include "command/leaving.h"
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
        return fault_set(error, MSG_STORAGE_DETACH_NEEDS_MAINTENANCE, "storage_domain", storage->name, "status", names_get(&storage_status_names, storage->status), NULL);
    return leaving_check(work, storage, error) && storages_reach(work, storage, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    storages_lock(work, changes);
    leaving_stage(work, changes);
    return TRUE;
}

static void
finish(Work *work, Changes *changes)
{
    StorageDomain *storage = changes_edit(changes, &storage_domain_type, &work->target);
    leaving_finish(work, changes);
    if (!storage)
        return;
    storage->data_center.id = id_null;
    storage->maintenance = FALSE;
    storages_settle(work, changes, STORAGE_UNATTACHED);
    storages_choose_master(work, changes);
}

static void
revert(Work *work, Changes *changes)
{
    storages_return(work, changes);
    leaving_revert(work, changes);
}

static char *
plan(Work *work, GError **error)
{
    (void) error;
    const StorageDomain *storage = view_find(work->view, &storage_domain_type, &work->target);
    g_autoptr(GString) text = g_string_new(NULL);
    leaving_tell(text, work);
    plan_tell(text, MSG_PLAN_STORAGE_DETACH, "storage_domain", storage->name, NULL);
    return g_strdup(text->str);
}

static const Command with_vms = {
    .title = MSG_DETACHING_STORAGE_WITH,
    .done = { 964, MSG_STORAGE_DETACHED_WITH },
    .failed = { 965, MSG_STORAGE_DETACH_FAILED },
};

static const Command *
words(const Work *work)
{
    return leaving_any(work) ? &with_vms : work->command;
}

const Command storage_domain_detach = {
    .verb = "detach",
    .on = &storage_domain_type,
    .params = &storage_params_type,
    .permit = PERMIT_MANIPULATE_STORAGE,
    .title = MSG_DETACHING_STORAGE,
    .done = { 964, MSG_STORAGE_DETACHED },
    .failed = { 965, MSG_STORAGE_DETACH_FAILED },
    .words = words,
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "look at its virtual machines", leaving_look, NULL, NULL, FALSE },
        { "keep the firmwares' variables", leaving_copy, leaving_copied, leaving_drop, FALSE },
        { "write the catalogue", leaving_note, leaving_noted, leaving_note_staying, FALSE },
        { "begin to leave", leaving_begin, leaving_begun, NULL, TRUE },
        { "undefine its domains", leaving_undefine, leaving_undefined, NULL, TRUE },
        { "let go of it", storages_let_go, storages_is_free, NULL, TRUE },
        { 0 },
    },
    .finish = finish,
    .revert = revert,
    .help = "Detaches a storage domain that is in maintenance from its data center; the VMs and disks in it go with it.",
};
