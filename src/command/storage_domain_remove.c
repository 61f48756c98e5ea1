/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Forgets a storage domain that is attached to nothing. What lies in it stays, and it can be imported again; with `format` the marks that make it
 * a storage domain go too. Files of people's are never deleted, and neither is the directory. */
#include "command/plan.h"
#include "command/rows.h"
#include "command/storages.h"

#define FORMAT "format"             /* mark */

static gboolean
check(Work *work, GError **error)
{
    const StorageDomain *storage = storages_check(work, &work->target, error);
    gboolean destroy = work_flag(work, "destroy", FALSE), format = work_flag(work, "format", FALSE);
    if (!storage)
        return FALSE;
    if (destroy && format)
        return fault_set(error, MSG_STORAGE_DESTROY_OR_FORMAT, "storage_domain", storage->name, NULL);
    if (!id_is_null(&storage->data_center.id) && !destroy)
        return fault_set(error, MSG_STORAGE_REMOVE_ATTACHED, "storage_domain", storage->name, NULL);
    if (!storages_is_idle(work, storage, error) || !storages_is_empty(work, storage, error) || (format && !storages_reach(work, storage, error)))
        return FALSE;
    work_set_mark(work, FORMAT, format ? "yes" : NULL);
    return TRUE;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    const StorageDomain *storage = view_find(work->view, &storage_domain_type, &work->target);
    if (!work_mark(work, FORMAT))
        storages_mark(work, storage, &storage->host.id);
    storages_lock(work, changes);
    return TRUE;
}

static gboolean
clear(Work *work, GError **error)
{
    HostStore store = storages_store(work);
    if (!work_mark(work, FORMAT))
        return storages_leave(work, error);
    g_autoptr(HostLink) link = work_host(work, error);
    return link && link->ops->store_clear(link, &store, work->deadline, error);
}

static Probe
cleared(Work *work, GError **error)
{
    Id there;
    HostStore store = storages_store(work);
    if (!work_mark(work, FORMAT))
        return PROBE_DONE;
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link || !link->ops->store_look(link, &store, &there, work->deadline, error))
        return PROBE_UNKNOWN;
    return id_equal(&there, &store.storage_domain) ? PROBE_NOT_DONE : PROBE_DONE;
}

static void
finish(Work *work, Changes *changes)
{
    changes_remove(changes, &storage_domain_type, &work->target);
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
    plan_tell(text, work_mark(work, FORMAT) ? MSG_PLAN_STORAGE_FORMAT : MSG_PLAN_STORAGE_FORGET, "storage_domain", storage->name, "path",
              storage->storage.path, NULL);
    return g_strdup(text->str);
}

static const CommandFlag flags[] = {
    { "format", "Take the marks away that make the directory a storage domain." },
    { "destroy", "Forget it though it is attached or out of reach, without touching the storage." },
    { "host", "Accepted, without meaning here." },
    { NULL, NULL },
};

const Command storage_domain_remove = {
    .verb = "remove",
    .on = &storage_domain_type,
    .flags = flags,
    .permit = PERMIT_DELETE_STORAGE,
    .title = MSG_REMOVING_STORAGE,
    .done = { 960, MSG_STORAGE_REMOVED },
    .failed = { 961, MSG_STORAGE_REMOVE_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "clear the directory", clear, cleared, NULL, TRUE },
        { 0 },
    },
    .finish = finish,
    .revert = revert,
    .help = "Forgets a storage domain that is not attached; what lies in it stays.",
};
