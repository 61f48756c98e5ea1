/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Makes a directory of a host a storage domain, or takes one that is (import). A new one carries no id yet; the mark is what this job makes, and
 * what its undoing takes away. With a data center it is attached by the same job. One that is imported keeps its id and all that lies in it. */
#include "command/guards.h"
#include "command/plan.h"
#include "command/refs.h"
#include "command/rows.h"
#include "command/storages.h"

#include <string.h>

#define IMPORT "import"             /* mark */
#define ATTACH "attach"             /* mark: the data center */
#define LOOKED "looked"             /* mark: what is imported is known */
#define CLEAR "clear"               /* mark: nothing was marked when we looked, so that the mark is ours to take away */

/* --- check ------------------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_within(const char *inner, const char *outer)
{
    gsize length = strlen(outer);
    while (length > 1 && outer[length - 1] == '/')
        length--;
    return strncmp(inner, outer, length) == 0 && (inner[length] == '/' || inner[length] == '\0' || length == 1);
}

static gboolean
check_place(const Work *work, const char *path, const Id *host, GError **error)
{
    ViewWalk walk = view_walk(work->view, &storage_domain_type);
    for (const StorageDomain *other; (other = view_next(&walk));) {
        gboolean same_host = id_is_null(&other->host.id) || id_equal(&other->host.id, host);
        if (other->storage.path && same_host && (is_within(path, other->storage.path) || is_within(other->storage.path, path)))
            return fault_set(error, MSG_STORAGE_PLACE_TAKEN, "path", path, "other", other->storage.path, "storage_domain", other->name, NULL);
    }
    return TRUE;
}

static const Host *
only_host(const View *view)
{
    ViewWalk walk = view_walk(view, &host_type);
    return view_count(view, &host_type) == 1 ? view_next(&walk) : NULL;
}

static gboolean
choose_host(Work *work, const StorageDomain *sent, GError **error)
{
    const Host *host = id_is_null(&sent->host.id) ? only_host(work->view) : view_find(work->view, &host_type, &sent->host.id);
    if (!host)
        return fault_set(error, MSG_STORAGE_NEEDS_HOST, "path", sent->storage.path, NULL);
    if (host->status != HOST_UP)
        return fault_set(error, MSG_STORAGE_HOST_AWAY, "storage_domain", sent->name ? sent->name : "", "host", host->name, NULL);
    work_set_mark_id(work, "host", &host->object.id);
    return check_place(work, sent->storage.path, &host->object.id, error);
}

static gboolean
check_kind(const Draft *draft, GError **error)
{
    const StorageDomain *sent = draft->record;
    if (draft_has(draft, "type") && sent->type != STORAGE_USE_DATA && sent->type != STORAGE_USE_ISO)
        return fault_set(error, MSG_STORAGE_USE_NOT_BUILT, "use", names_get(&storage_use_names, sent->type), NULL);
    if (sent->storage.type && *sent->storage.type && !g_str_equal(sent->storage.type, "localfs"))
        return fault_set(error, MSG_STORAGE_KIND_NOT_BUILT, "kind", sent->storage.type, NULL);
    if (!sent->storage.path || *sent->storage.path != '/')
        return fault_set(error, MSG_STORAGE_NEEDS_PATH, NULL);
    return TRUE;
}

/* One that is imported may keep its name, which only the storage knows. */
static gboolean
check_name(Work *work, const StorageDomain *sent, GError **error)
{
    if (!sent->name && sent->import)
        return TRUE;
    if (!sent->name)
        return fault_set(error, MSG_STORAGE_NEEDS_NAME, NULL);
    return storages_name_is_free(work, sent->name, NULL, error);
}

static gboolean
check(Work *work, GError **error)
{
    char text[ID_TEXT_SIZE];
    if (!work->draft)
        return fault_set(error, MSG_BODY_MISSING, "type", "storage_domain", NULL);
    if (!refs_resolve(work, error) || !check_kind(work->draft, error) || !guard_texts(work->draft, error))
        return FALSE;
    const StorageDomain *sent = work->draft->record;
    if (!check_name(work, sent, error) || !choose_host(work, sent, error))
        return FALSE;
    if (id_is_null(&work->target))
        work->target = id_random();
    if (view_find(work->view, &storage_domain_type, &work->target))
        return fault_set(error, MSG_STORAGE_ID_TAKEN, "id", id_format(&work->target, ID_UUID, text), NULL);
    work_set_mark(work, "force", work_flag(work, "force", FALSE) ? "yes" : NULL);
    work_claim(work, &storage_domain_type, &work->target);
    guard_claim_word(work, "The directory %s", sent->storage.path);
    work_set_about(work, "storage_domain", sent->name ? sent->name : sent->storage.path);
    return TRUE;
}

/* --- stage -------------------------------------------------------------------------------------------------------------------------------- */

static StorageDomain *
make(const Work *work)
{
    const StorageDomain *sent = work->draft->record;
    StorageDomain *storage = object_new(&storage_domain_type);
    storage->type = STORAGE_USE_DATA;
    storage->warning_low_space_indicator = 10;
    storage->critical_space_action_blocker = 5;
    draft_apply(work->draft, storage, ADD);
    storage->object.id = work->target;
    storage->import = FALSE;
    storage->status = STORAGE_LOCKED;
    text_set(&storage->storage.type, "localfs");
    text_set(&storage->storage_format, "v5");
    text_set(&storage->name, sent->name ? sent->name : sent->storage.path);
    storage->data_center.id = id_null;
    work_mark_id(work, "host", &storage->host.id);
    return storage;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    const StorageDomain *sent = work->draft->record;
    const StorageDomain *storage = changes_add(changes, make(work));
    storages_mark(work, storage, &storage->host.id);
    work_set_mark(work, IMPORT, sent->import ? "yes" : NULL);
    if (sent->import && !sent->name)
        work_set_mark(work, "name", NULL);
    if (!id_is_null(&sent->data_center.id))
        work_set_mark_id(work, ATTACH, &sent->data_center.id);
    return TRUE;
}

/* --- steps -------------------------------------------------------------------------------------------------------------------------------- */

/* Here nothing can be claimed: two jobs that meet in this have two of a name, which is shown. */
static gboolean
name_is_taken(const Work *work, const char *name, GError **error)
{
    ViewWalk walk = view_walk(work->view, &storage_domain_type);
    for (const StorageDomain *other; (other = view_next(&walk));) {
        if (g_strcmp0(other->name, name) == 0)
            return !fault_set(error, MSG_STORAGE_NAME_TAKEN, "storage_domain", name, NULL);
    }
    return FALSE;
}

/* An imported one: its id, its name and its use are the storage's. */
static gboolean
look_at_old(Work *work, const Id *id, GError **error)
{
    g_autofree char *text = NULL;
    g_auto(StorageNote) note = { NULL, NULL, NULL, 0 };
    const char *path = work_mark(work, "path");
    const StorageDomain *known = id_is_null(id) ? NULL : view_find(work->view, &storage_domain_type, id);
    if (id_is_null(id))
        return fault_set(error, MSG_STORAGE_NOTHING_TO_IMPORT, "path", path, NULL);
    if (known)
        return fault_set(error, MSG_STORAGE_KNOWN, "path", path, "storage_domain", known->name, NULL);
    work_set_mark_id(work, "storage", id);
    HostStore store = storages_store(work);
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link || !link->ops->note_read(link, &store, STORAGES_NOTE, &text, work->deadline, error))
        return FALSE;
    gboolean told = storages_parse_note(text, &note);
    if (!work_mark(work, "name") && !told)
        return fault_set(error, MSG_STORAGE_IMPORT_NEEDS_NAME, "path", path, NULL);
    if (!work_mark(work, "name") && name_is_taken(work, note.name, error))
        return FALSE;
    if (!work_mark(work, "name"))
        work_set_mark(work, "name", note.name);
    if (told)
        work_set_mark(work, "use", names_get(&storage_use_names, note.use));
    work_set_mark(work, LOOKED, "yes");
    return storages_read(work, error);
}

static gboolean
look(Work *work, GError **error)
{
    char text[ID_TEXT_SIZE];
    Id there;
    HostStore store = storages_store(work);
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link || !link->ops->store_look(link, &store, &there, work->deadline, error))
        return FALSE;
    if (work_mark(work, IMPORT))
        return look_at_old(work, &there, error);
    if (!id_is_null(&there))
        return fault_set(error, MSG_STORAGE_IS_ONE, "path", store.path, "id", id_format(&there, ID_UUID, text), NULL);
    work_set_mark(work, CLEAR, "yes");
    return TRUE;
}

static gboolean
mark(Work *work, GError **error)
{
    HostStore store = storages_store(work);
    if (!work_mark(work, CLEAR))
        return TRUE;
    g_autoptr(HostLink) link = work_host(work, error);
    return link && link->ops->store_mark(link, &store, work->deadline, error);
}

static Probe
marked(Work *work, GError **error)
{
    Id there;
    HostStore store = storages_store(work);
    if (!work_mark(work, CLEAR))
        return work_mark(work, LOOKED) ? PROBE_DONE : PROBE_NOT_DONE;
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link || !link->ops->store_look(link, &store, &there, work->deadline, error))
        return PROBE_UNKNOWN;
    return id_equal(&there, &store.storage_domain) ? PROBE_DONE : PROBE_NOT_DONE;
}

static gboolean
unmark(Work *work, GError **error)
{
    HostStore store = storages_store(work);
    if (!work_mark(work, CLEAR))
        return TRUE;
    g_autoptr(HostLink) link = work_host(work, error);
    return link && link->ops->store_clear(link, &store, work->deadline, error);
}

static gboolean
describe(Work *work, GError **error)
{
    return work_mark(work, ATTACH) ? storages_take(work, error) : storages_let_go(work, error);
}

static Probe
described(Work *work, GError **error)
{
    return work_mark(work, ATTACH) ? storages_taken(work, error) : storages_is_free(work, error);
}

/* Of a new one the note goes with the mark. */
static gboolean
undescribe(Work *work, GError **error)
{
    return work_mark(work, CLEAR) || storages_give_back(work, error);
}

static gboolean
ready(Work *work, GError **error)
{
    return !work_mark(work, ATTACH) || storages_ready(work, error);
}

/* --- end ---------------------------------------------------------------------------------------------------------------------------------- */

/* An imported one stands under its own id from now on. */
static StorageDomain *
take_id(Work *work, Changes *changes)
{
    Id id;
    StorageDomain *staged = changes_edit(changes, &storage_domain_type, &work->target);
    if (!staged || !work_mark_id(work, "storage", &id) || id_equal(&id, &work->target))
        return staged;
    StorageDomain *storage = object_dup(staged);
    changes_remove(changes, &storage_domain_type, &work->target);
    storage->object.id = work->target = id;
    return changes_add(changes, storage);
}

static void
finish(Work *work, Changes *changes)
{
    StorageDomain *storage = take_id(work, changes);
    if (!storage)
        return;
    text_set(&storage->name, work_mark(work, "name"));
    storage->type = names_find(&storage_use_names, work_mark(work, "use"));
    storage->marked = TRUE;
    work_mark_id(work, ATTACH, &storage->data_center.id);
    storages_settle(work, changes, STORAGE_ACTIVE);
    storages_choose_master(work, changes);
}

static void
revert(Work *work, Changes *changes)
{
    changes_remove(changes, &storage_domain_type, &work->target);
}

static char *
plan(Work *work, GError **error)
{
    const StorageDomain *sent = work->draft->record;
    Id there;
    HostStore store = { work->target, sent->storage.path, FALSE };
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link || !link->ops->store_look(link, &store, &there, work->deadline, error))
        return NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    plan_tell(text, sent->import ? MSG_PLAN_STORAGE_IMPORT : MSG_PLAN_STORAGE_ADD, "path", sent->storage.path, NULL);
    if (!id_is_null(&sent->data_center.id))
        plan_tell(text, MSG_PLAN_STORAGE_ATTACH, NULL);
    return g_strdup(text->str);
}

static const CommandFlag flags[] = {
    { "force", "Import also what another manager holds, which must be gone for good." },
    { NULL, NULL },
};

const Command storage_domain_add = {
    .verb = "add",
    .on = &storage_domain_type,
    .params = &storage_domain_type,
    .flags = flags,
    .permit = PERMIT_CREATE_STORAGE,
    .title = MSG_ADDING_STORAGE,
    .done = { 956, MSG_STORAGE_ADDED },
    .failed = { 957, MSG_STORAGE_ADD_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "look at the directory", look, NULL, NULL, FALSE },
        { "mark the directory", mark, marked, unmark, FALSE },
        { "write down what it is", describe, described, undescribe, FALSE },
        { "make it ready", ready, NULL, NULL, FALSE },
        { 0 },
    },
    .finish = finish,
    .revert = revert,
    .help = "Makes a directory of a host a storage domain, or takes one that is (import); with a data center it is attached at once.",
};
