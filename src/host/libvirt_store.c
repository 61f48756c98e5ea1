/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Storage domains of host.h, as directories of this machine: looked at, marked, watched, and what they say of themselves. No connection is
 * needed; a file system that hangs holds up its caller to the deadline and nobody else. */
#include "host/libvirt_call.h"

#include "host/volume_mark.h"
#include "host/volume_store.h"

static LibvirtCall *
call_new(HostLink *link, const LibvirtVerb *verb, const HostStore *store, Tick deadline)
{
    LibvirtCall *call = libvirt_call_new(link, verb, &store->storage_domain, deadline);
    libvirt_call_name(call, store->path);
    call->text = g_strdup(store->path);
    call->flag = store->fresh;
    return call;
}

/* --- looking, marking --------------------------------------------------------------------------------------------------------------------- */

/* Waiting ends before the caller goes, so that it hears what became of it. */
static gboolean
check(LibvirtCall *call, GError **error)
{
    LibvirtHost *host = call->host;
    Tick early = call->deadline - MIN(CLOCK_SECOND, MAX(call->deadline - clock_tick(), 0) / 4);
    lock_take(&host->lock);
    VolumeReach reach = { host->link.name, host->qemu_user, host->qemu_group, host->wake, early };
    lock_drop(&host->lock);
    return volume_store_check(call->text, &reach, error);
}

static gboolean
work_look(LibvirtCall *call, GError **error)
{
    return check(call, error) && volume_mark_read(call->text, call->host->link.name, &call->store, error);
}

gboolean
libvirt_store_look(HostLink *link, const HostStore *store, Id *ret_id, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_look, "look at", FALSE, TRUE, FALSE };
    g_autoptr(LibvirtCall) call = call_new(link, &verb, store, deadline);
    if (!libvirt_call_run(call, error))
        return FALSE;
    *ret_id = call->store;
    return TRUE;
}

static gboolean
work_mark(LibvirtCall *call, GError **error)
{
    return check(call, error) && libvirt_call_is_wanted(call) && volume_mark_write(call->text, call->host->link.name, &call->id, error);
}

gboolean
libvirt_store_mark(HostLink *link, const HostStore *store, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_mark, "mark", TRUE, TRUE, FALSE };
    g_autoptr(LibvirtCall) call = call_new(link, &verb, store, deadline);
    return libvirt_call_run(call, error);
}

static gboolean
work_clear(LibvirtCall *call, GError **error)
{
    return volume_mark_clear(call->text, call->host->link.name, &call->id, error);
}

gboolean
libvirt_store_clear(HostLink *link, const HostStore *store, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_clear, "clear", TRUE, TRUE, FALSE };
    g_autoptr(LibvirtCall) call = call_new(link, &verb, store, deadline);
    return libvirt_call_run(call, error);
}

/* --- watching ----------------------------------------------------------------------------------------------------------------------------- */

/* One that nobody has marked yet is marked: the first of a new estate. */
static gboolean
work_ready(LibvirtCall *call, GError **error)
{
    const char *host = call->host->link.name;
    if (!check(call, error) || (call->flag && !volume_mark_write(call->text, host, &call->id, error)))
        return FALSE;
    return volume_mark_verify(call->text, host, &call->id, error);
}

static WatchedStore *
find_watched(LibvirtHost *host, const Id *storage)
{
    for (guint i = 0; i < host->stores->len; i++) {
        WatchedStore *watched = host->stores->pdata[i];
        if (id_equal(&watched->store.storage_domain, storage))
            return watched;
    }
    return NULL;
}

/* What became of it is reported from now on, also while it cannot be used: a file system may be mounted later. */
static void
watch(LibvirtHost *host, const HostStore *store)
{
    LOCK_HOLD(&host->lock);
    WatchedStore *watched = find_watched(host, &store->storage_domain);
    if (watched && g_str_equal(watched->store.path, store->path))
        return;
    if (!watched) {
        watched = g_new0(WatchedStore, 1);
        g_ptr_array_add(host->stores, watched);
    }
    g_free(watched->store.path);
    watched->store = (HostStore) { store->storage_domain, g_strdup(store->path), FALSE };
    condition_broadcast(&host->changed);
}

gboolean
libvirt_store_ready(HostLink *link, const HostStore *store, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_ready, "look at", FALSE, TRUE, FALSE };
    g_autoptr(LibvirtCall) call = call_new(link, &verb, store, deadline);
    gboolean well = libvirt_call_run(call, error);
    watch(LIBVIRT_HOST(link), store);
    return well;
}

/* A report that is under way may still come: whoever hears it knows better. */
gboolean
libvirt_store_leave(HostLink *link, const Id *storage, Tick deadline, GError **error)
{
    LibvirtHost *host = LIBVIRT_HOST(link);
    (void) deadline;
    (void) error;
    LOCK_HOLD(&host->lock);
    WatchedStore *watched = find_watched(host, storage);
    if (watched)
        g_ptr_array_remove(host->stores, watched);
    return TRUE;
}

/* --- notes -------------------------------------------------------------------------------------------------------------------------------- */

static gboolean
work_note_read(LibvirtCall *call, GError **error)
{
    char *text = NULL;
    const char *host = call->host->link.name;
    if (!volume_mark_verify(call->text, host, &call->id, error) || !volume_note_read(call->text, host, call->mark, &text, error))
        return FALSE;
    call->result = text;
    call->free_result = g_free;
    return TRUE;
}

gboolean
libvirt_note_read(HostLink *link, const HostStore *store, const char *name, char **ret_text, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_note_read, "read", FALSE, TRUE, FALSE };
    g_autoptr(LibvirtCall) call = call_new(link, &verb, store, deadline);
    call->mark = g_strdup(name);
    if (!libvirt_call_run(call, error))
        return FALSE;
    *ret_text = g_steal_pointer(&call->result);
    return TRUE;
}

static gboolean
work_note_write(LibvirtCall *call, GError **error)
{
    const char *host = call->host->link.name;
    return volume_mark_verify(call->text, host, &call->id, error) && libvirt_call_is_wanted(call) &&
           volume_note_write(call->text, host, call->mark, call->note, error);
}

gboolean
libvirt_note_write(HostLink *link, const HostStore *store, const char *name, const char *text, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_note_write, "write", TRUE, TRUE, FALSE };
    g_autoptr(LibvirtCall) call = call_new(link, &verb, store, deadline);
    call->mark = g_strdup(name);
    call->note = g_strdup(text);
    return libvirt_call_run(call, error);
}

static void
free_names(gpointer names)
{
    g_strfreev(names);
}

static gboolean
work_note_list(LibvirtCall *call, GError **error)
{
    const char *host = call->host->link.name;
    call->free_result = free_names;
    if (volume_mark_verify(call->text, host, &call->id, error))
        call->result = volume_note_list(call->text, host, error);
    return call->result != NULL;
}

char **
libvirt_note_list(HostLink *link, const HostStore *store, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_note_list, "read", FALSE, TRUE, FALSE };
    g_autoptr(LibvirtCall) call = call_new(link, &verb, store, deadline);
    return libvirt_call_run(call, error) ? g_steal_pointer(&call->result) : NULL;
}
