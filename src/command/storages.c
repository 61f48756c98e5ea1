/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The note "domain" is a key file that a person can read: what the storage domain is called, what it is for, and which manager holds it. Written
 * before the model believes it and read before anything is taken. */
#include "command/storages.h"

#include "command/guards.h"
#include "model/estate.h"

#include <string.h>

#define GROUP_NAME "storage domain"
#define LEAVING "leaving"            /* key: the job that takes its VMs out of this manager; from then on there is no way back */
#define WAS "holder.was"            /* mark: the note as it was found; "" if there was none */

/* clang-format off */
const Type storage_params_type = { .one = "action", .many = "actions", .size = sizeof(StorageParams), .help = "Nothing to say.", .fields = (const Field[]) {
    BOOL(StorageParams, async, ADD, "Answer before it is done."),
    { 0 } } };
/* clang-format on */

/* --- which ------------------------------------------------------------------------------------------------------------------------------ */

const StorageDomain *
storages_check(Work *work, const Id *id, GError **error)
{
    char text[ID_TEXT_SIZE];
    const StorageDomain *storage = view_find(work->view, &storage_domain_type, id);
    if (!storage)
        fault_set(error, MSG_NO_SUCH_STORAGE, "id", id_format(id, ID_UUID, text), NULL);
    else if (storage->type == STORAGE_USE_UNMANAGED)
        fault_set(error, MSG_STORAGE_UNMANAGED, "storage_domain", storage->name, NULL);
    else if (storage->status == STORAGE_LOCKED)
        fault_set(error, MSG_STORAGE_LOCKED, "storage_domain", storage->name, NULL);
    else {
        work_claim(work, &storage_domain_type, id);
        work_set_about(work, "storage_domain", storage->name);
        return storage;
    }
    return NULL;
}

void
storages_mark(Work *work, const StorageDomain *storage, const Id *host)
{
    work_set_mark_id(work, "host", host);
    work_set_mark_id(work, "storage", &storage->object.id);
    work_set_mark(work, "path", storage->storage.path);
    work_set_mark(work, "name", storage->name);
    work_set_mark(work, "use", names_get(&storage_use_names, storage->type));
    work_set_mark(work, "was", names_get(&storage_status_names, storage->status));
}

gboolean
storages_reach(Work *work, const StorageDomain *storage, GError **error)
{
    const Host *host = guard_host_of_storage(work->view, storage);
    if (!host || host->status != HOST_UP)
        return fault_set(error, MSG_STORAGE_HOST_AWAY, "storage_domain", storage->name, "host", host ? host->name : "", NULL);
    storages_mark(work, storage, &host->object.id);
    return TRUE;
}

/* --- in use? ----------------------------------------------------------------------------------------------------------------------------- */

static gboolean
lies_in(const View *view, const Id *disk_id, const StorageDomain *storage)
{
    const Disk *disk = view_find(view, &disk_type, disk_id);
    return disk && guard_disk_storage(view, disk) == storage;
}

static gboolean
is_file_of(const StorageDomain *storage, const char *medium)
{
    char text[ID_TEXT_SIZE];
    for (guint i = 0; medium && *medium && i < storage->files.count; i++) {
        const File *file = storage->files.items[i];
        if (g_strcmp0(file->name, medium) == 0 || g_ascii_strcasecmp(id_format(&file->object.id, ID_UUID, text), medium) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean
uses(const View *view, const Vm *vm, const StorageDomain *storage)
{
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        if (attachment->active && lies_in(view, &attachment->object.id, storage))
            return TRUE;
    }
    for (guint i = 0; i < vm->cdroms.count; i++) {
        const Cdrom *cdrom = vm->cdroms.items[i];
        if (is_file_of(storage, cdrom->current.id) || is_file_of(storage, cdrom->file.id))
            return TRUE;
    }
    return FALSE;
}

/* One that nobody knows of may run. */
static gboolean
may_run(const Vm *vm)
{
    return vm->status != VM_DOWN && vm->status != VM_SUSPENDED;
}

gboolean
storages_is_idle(const Work *work, const StorageDomain *storage, GError **error)
{
    ViewWalk walk = view_walk(work->view, &vm_type);
    for (const Vm *vm; (vm = view_next(&walk));) {
        if (may_run(vm) && uses(work->view, vm, storage))
            return fault_set(error, MSG_STORAGE_USED, "storage_domain", storage->name, "vm", vm->name, "status", names_get(&vm_status_names, vm->status), NULL);
    }
    walk = view_walk(work->view, &disk_type);
    for (const Disk *disk; (disk = view_next(&walk));) {
        if (disk->status == DISK_LOCKED && guard_disk_storage(work->view, disk) == storage)
            return fault_set(error, MSG_STORAGE_DISK_LOCKED, "storage_domain", storage->name, "disk", disk->alias, NULL);
    }
    return TRUE;
}

gboolean
storages_is_empty(const Work *work, const StorageDomain *storage, GError **error)
{
    ViewWalk walk = view_walk(work->view, &disk_type);
    for (const Disk *disk; (disk = view_next(&walk));) {
        if (guard_disk_storage(work->view, disk) == storage)
            return fault_set(error, MSG_STORAGE_HAS_DISKS, "storage_domain", storage->name, "disk", disk->alias, NULL);
    }
    return TRUE;
}

gboolean
storages_serve(const Work *work, const Vm *vm, GError **error)
{
    ViewWalk walk = view_walk(work->view, &storage_domain_type);
    for (const StorageDomain *storage; (storage = view_next(&walk));) {
        gboolean serves = storage->status != STORAGE_LOCKED && !storage_domain_rests(storage);
        if (!serves && uses(work->view, vm, storage))
            return fault_set(error, MSG_STORAGE_DOES_NOT_SERVE, "vm", vm->name, "storage_domain", storage->name, "status",
                             names_get(&storage_status_names, storage->status), NULL);
    }
    return TRUE;
}

gboolean
storages_name_is_free(Work *work, const char *name, const Id *except, GError **error)
{
    if (!guard_name("storage domain", "name", name, error))
        return FALSE;
    ViewWalk walk = view_walk(work->view, &storage_domain_type);
    for (const StorageDomain *other; (other = view_next(&walk));) {
        if (g_strcmp0(other->name, name) == 0 && !(except && id_equal(&other->object.id, except)))
            return fault_set(error, MSG_STORAGE_NAME_TAKEN, "storage_domain", name, NULL);
    }
    guard_claim_word(work, STORAGES_NAME_CLAIM, name);
    return TRUE;
}

/* --- what is shown -------------------------------------------------------------------------------------------------------------------------- */

void
storages_lock(const Work *work, Changes *changes)
{
    StorageDomain *storage = changes_edit(changes, &storage_domain_type, &work->target);
    if (storage)
        storage->status = STORAGE_LOCKED;
}

void
storages_settle(const Work *work, Changes *changes, StorageStatus status)
{
    StorageDomain *storage = changes_edit(changes, &storage_domain_type, &work->target);
    if (!storage)
        return;
    StorageStatus rests = storage_domain_rests(storage);
    storage->status = rests ? rests : status;
}

void
storages_return(const Work *work, Changes *changes)
{
    const char *was = work_mark(work, "was");
    storages_settle(work, changes, was ? (StorageStatus) names_find(&storage_status_names, was) : STORAGE_UNKNOWN);
}

/* All storage domains as the change set leaves them; yours, borrowed items. */
static GPtrArray *
all_of(const Work *work, Changes *changes)
{
    GPtrArray *all = g_ptr_array_new();
    ViewWalk walk = view_walk(changes_head(changes), &storage_domain_type);
    for (const StorageDomain *storage; (storage = view_next(&walk));) {
        gpointer now = id_equal(&storage->object.id, &work->target) ? NULL : (gpointer) changes_find(changes, &storage_domain_type, &storage->object.id);
        if (now)
            g_ptr_array_add(all, now);
    }
    gpointer target = (gpointer) changes_find(changes, &storage_domain_type, &work->target);
    if (target)
        g_ptr_array_add(all, target);
    return all;
}

/* One that nobody has reported yet is not lost for that: after a restart the master stays it. */
static gboolean
serves(const StorageDomain *storage)
{
    return !storage_domain_rests(storage) && storage->status != STORAGE_INACTIVE;
}

/* The better master: one that can be used, then the one that is it. */
static gboolean
is_better(const StorageDomain *one, const StorageDomain *than)
{
    return serves(one) != serves(than) ? serves(one) : one->master && !than->master;
}

static const StorageDomain *
find_master(const GPtrArray *all, const Id *data_center)
{
    const StorageDomain *best = NULL;
    for (guint i = 0; i < all->len; i++) {
        const StorageDomain *storage = all->pdata[i];
        if (storage->type == STORAGE_USE_DATA && id_equal(&storage->data_center.id, data_center) && (!best || is_better(storage, best)))
            best = storage;
    }
    return best;
}

void
storages_choose_master(const Work *work, Changes *changes)
{
    g_autoptr(GPtrArray) all = all_of(work, changes);
    for (guint i = 0; i < all->len; i++) {
        const StorageDomain *storage = all->pdata[i];
        gboolean master = !id_is_null(&storage->data_center.id) && find_master(all, &storage->data_center.id) == storage;
        if (master == storage->master)
            continue;
        StorageDomain *edit = changes_edit(changes, &storage_domain_type, &storage->object.id);
        edit->master = master;
        all->pdata[i] = edit;
    }
}

/* --- the note -------------------------------------------------------------------------------------------------------------------------------- */

HostStore
storages_store(const Work *work)
{
    HostStore store = { .path = (char *) work_mark(work, "path") };
    work_mark_id(work, "storage", &store.storage_domain);
    return store;
}

static char *
installation(const Work *work)
{
    char text[ID_TEXT_SIZE];
    Id id = estate_installation(work->view);
    return g_strdup(id_format(&id, ID_UUID, text));
}

/* HOLDER "" : nobody. LEAVING: the job; NULL. Yours. */
static char *
write_note(const Work *work, const char *holder, const char *leaving)
{
    Id host;
    const Host *manager = work_mark_id(work, "host", &host) ? view_find(work->view, &host_type, &host) : NULL;
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_key_file_set_string(file, GROUP_NAME, "name", work_mark(work, "name"));
    g_key_file_set_string(file, GROUP_NAME, "use", work_mark(work, "use"));
    g_key_file_set_string(file, GROUP_NAME, "holder", holder);
    g_key_file_set_string(file, GROUP_NAME, "manager", *holder && manager ? manager->name : "");
    if (leaving)
        g_key_file_set_string(file, GROUP_NAME, LEAVING, leaving);
    return g_key_file_to_data(file, NULL, NULL);
}

void
storages_note_clear(StorageNote *note)
{
    g_free(note->name);
    g_free(note->holder);
    g_free(note->manager);
    *note = (StorageNote) { NULL, NULL, NULL, 0 };
}

gboolean
storages_parse_note(const char *text, StorageNote *ret)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    *ret = (StorageNote) { NULL, NULL, NULL, 0 };
    if (!text || !g_key_file_load_from_data(file, text, strlen(text), G_KEY_FILE_NONE, NULL))
        return FALSE;
    g_autofree char *use = g_key_file_get_string(file, GROUP_NAME, "use", NULL);
    ret->name = g_key_file_get_string(file, GROUP_NAME, "name", NULL);
    ret->holder = g_key_file_get_string(file, GROUP_NAME, "holder", NULL);
    ret->manager = g_key_file_get_string(file, GROUP_NAME, "manager", NULL);
    ret->use = use ? names_find(&storage_use_names, use) : 0;
    return ret->name && (ret->use == STORAGE_USE_DATA || ret->use == STORAGE_USE_ISO);
}

static gboolean
read_note(Work *work, char **ret_text, GError **error)
{
    HostStore store = storages_store(work);
    g_autoptr(HostLink) link = work_host(work, error);
    *ret_text = NULL;
    return link && link->ops->note_read(link, &store, STORAGES_NOTE, ret_text, work->deadline, error);
}

static gboolean
put_note(Work *work, const char *text, GError **error)
{
    HostStore store = storages_store(work);
    g_autoptr(HostLink) link = work_host(work, error);
    return link && link->ops->note_write(link, &store, STORAGES_NOTE, text, work->deadline, error);
}

gboolean
storages_read(Work *work, GError **error)
{
    g_autofree char *text = NULL, *ours = installation(work);
    g_auto(StorageNote) note = { NULL, NULL, NULL, 0 };
    if (!read_note(work, &text, error))
        return FALSE;
    gboolean held = storages_parse_note(text, &note) && note.holder && *note.holder && !g_str_equal(note.holder, ours);
    if (held && !work_mark(work, "force"))
        return fault_set(error, MSG_STORAGE_HELD, "storage_domain", work_mark(work, "name"), "path", work_mark(work, "path"), "manager",
                         note.manager ? note.manager : "", NULL);
    work_set_mark(work, WAS, text ? text : "");
    return TRUE;
}

/* Does the note say that HOLDER has it? */
static Probe
is_held_by(Work *work, const char *holder, GError **error)
{
    g_autofree char *text = NULL;
    g_auto(StorageNote) note = { NULL, NULL, NULL, 0 };
    if (!read_note(work, &text, error))
        return PROBE_UNKNOWN;
    return storages_parse_note(text, &note) && g_strcmp0(note.holder, holder) == 0 ? PROBE_DONE : PROBE_NOT_DONE;
}

gboolean
storages_take(Work *work, GError **error)
{
    g_autofree char *ours = installation(work), *text = write_note(work, ours, NULL);
    return put_note(work, text, error);
}

Probe
storages_taken(Work *work, GError **error)
{
    g_autofree char *ours = installation(work);
    return is_held_by(work, ours, error);
}

gboolean
storages_give_back(Work *work, GError **error)
{
    const char *was = work_mark(work, WAS);
    return !was || put_note(work, *was ? was : NULL, error);     /* who died before it was read has written nothing */
}

gboolean
storages_let_go(Work *work, GError **error)
{
    g_autofree char *text = write_note(work, "", NULL);
    return put_note(work, text, error);
}

gboolean
storages_begin_leaving(Work *work, GError **error)
{
    char job[ID_TEXT_SIZE];
    g_autofree char *ours = installation(work), *text = write_note(work, ours, id_format(&work->job, ID_UUID, job));
    return put_note(work, text, error);
}

Probe
storages_leaving(Work *work, GError **error)
{
    char job[ID_TEXT_SIZE];
    g_autofree char *text = NULL;
    g_autoptr(GKeyFile) file = g_key_file_new();
    if (!read_note(work, &text, error))
        return PROBE_UNKNOWN;
    gboolean read = text && g_key_file_load_from_data(file, text, strlen(text), G_KEY_FILE_NONE, NULL);
    g_autofree char *leaving = read ? g_key_file_get_string(file, GROUP_NAME, LEAVING, NULL) : NULL;
    return g_strcmp0(leaving, id_format(&work->job, ID_UUID, job)) == 0 ? PROBE_DONE : PROBE_NOT_DONE;
}

Probe
storages_is_free(Work *work, GError **error)
{
    return is_held_by(work, "", error);
}

/* --- ready ------------------------------------------------------------------------------------------------------------------------------------ */

gboolean
storages_leave(Work *work, GError **error)
{
    HostStore store = storages_store(work);
    g_autoptr(GError) away = NULL;
    g_autoptr(HostLink) link = work_host(work, &away);
    (void) error;
    if (link)
        link->ops->store_leave(link, &store.storage_domain, work->deadline, &away);
    return TRUE;                    /* what is still reported of it is not believed */
}

gboolean
storages_ready(Work *work, GError **error)
{
    HostStore store = storages_store(work);
    g_autoptr(HostLink) link = work_host(work, error);
    if (link && link->ops->store_ready(link, &store, work->deadline, error))
        return TRUE;
    storages_leave(work, NULL);
    return FALSE;
}
