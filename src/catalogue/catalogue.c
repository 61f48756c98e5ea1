/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One thread looks which storage domains have something to write; workers write, one round a storage domain. What stands on the storage is
 * forgotten with the process, so the first round of a storage domain reads all of its notes. */
#include "catalogue/catalogue.h"

#include "base/lock.h"
#include "base/log.h"
#include "base/workers.h"
#include "catalogue/shelf.h"

#define WRITERS 4
#define PATIENCE (30 * CLOCK_SECOND)        /* for a round */
#define RETRY 10                            /* pauses after a round that failed */
#define TOLD_AT 2                           /* failures: a host that is just being lost is told of already */
#define LEAVE CLOCK_SECOND

typedef struct {
    Catalogue *catalogue;
    Id storage;
    GHashTable *known;              /* of Shelf; the round's own while BUSY */
    guint64 vms, disks;             /* serials of the types as the last round saw them */
    gboolean whole;                 /* the next round begins anew */
    gboolean busy, wanted;          /* a round is under way; it is one of those that are kept up */
    guint failures;                 /* in a row; the second is told */
    Tick rest;                      /* none before that */
    View *view;                     /* of the round */
} Row;

struct Catalogue {
    CatalogueParts parts;
    Lock lock;                      /* of the rows, but what is a round's own */
    GHashTable *rows;               /* Id in Row → Row *, owned */
    Lock door;                      /* of what follows: the feed wakes by it */
    Condition changed;
    gboolean woken, stopped;
    guint follower;
    Thread *thread;
    Workers *workers;
    gboolean hung;
};

static void
row_free(gpointer data)
{
    Row *row = data;
    g_hash_table_unref(row->known);
    if (row->view)
        view_unref(row->view);
    g_free(row);
}

/* --- a round ----------------------------------------------------------------------------------------------------------------------------- */

static const Host *
host_of(const View *view, const StorageDomain *storage)
{
    if (!id_is_null(&storage->host.id))
        return view_find(view, &host_type, &storage->host.id);
    ViewWalk walk = view_walk(view, &host_type);
    for (const Host *host; (host = view_next(&walk));) {
        if (host->status == HOST_UP)
            return host;
    }
    return NULL;
}

/* Who rests, is being changed or is not to be seen is left alone: jobs write what it says before it rests. */
static gboolean
is_kept_up(const View *view, const StorageDomain *storage)
{
    const Host *host = host_of(view, storage);
    return storage->type == STORAGE_USE_DATA && storage->status == STORAGE_ACTIVE && !storage_domain_rests(storage) && storage->marked && storage->storage.path &&
           host && host->status == HOST_UP;
}

static gboolean
write_notes(const Row *row, const StorageDomain *storage, gboolean whole, GError **error)
{
    const CatalogueParts *parts = &row->catalogue->parts;
    const Host *host = host_of(row->view, storage);
    g_autoptr(HostLink) link = hosts_find(parts->hosts, host ? &host->object.id : &id_null, error);
    if (!link)
        return FALSE;
    Shelf shelf = {
        .view = row->view, .link = link, .store = { storage->object.id, storage->storage.path, FALSE }, .deadline = clock_tick() + PATIENCE,
        .xml = parts->xml, .data = parts->data, .known = row->known, .whole = whole,
    };
    return shelf_write(&shelf, error);
}

static void
tell(Row *row, const StorageDomain *storage, const GError *why)
{
    gboolean told = row->failures >= TOLD_AT;
    row->failures = why ? row->failures + 1 : 0;
    if (why && row->failures <= TOLD_AT)
        log_warn("the catalogue of storage domain '%s': %s", storage->name, why->message);
    if (why ? row->failures == TOLD_AT : told)
        row->catalogue->parts.tell(row->catalogue->parts.data, storage, why);
}

static void
wake(gpointer data)
{
    Catalogue *catalogue = data;
    LOCK_HOLD(&catalogue->door);
    catalogue->woken = TRUE;
    condition_signal(&catalogue->changed);
}

/* Something may have changed since its view. */
static void
round_over(Row *row, gboolean well)
{
    Catalogue *catalogue = row->catalogue;
    lock_take(&catalogue->lock);
    g_clear_pointer(&row->view, view_unref);
    row->busy = FALSE;
    row->whole = !well;
    row->rest = well ? 0 : clock_tick() + RETRY * catalogue->parts.pause;
    if (!well)
        row->vms = row->disks = 0;
    lock_drop(&catalogue->lock);
    wake(catalogue);
}

static gboolean
is_stopped(Catalogue *catalogue)
{
    LOCK_HOLD(&catalogue->door);
    return catalogue->stopped;
}

static void
run_round(gpointer data)
{
    Row *row = data;
    g_autoptr(GError) why = NULL;
    const StorageDomain *storage = is_stopped(row->catalogue) ? NULL : view_find(row->view, &storage_domain_type, &row->storage);
    if (row->whole)
        g_hash_table_remove_all(row->known);
    gboolean well = !storage || write_notes(row, storage, row->whole, &why);
    if (storage)
        tell(row, storage, why);
    round_over(row, well);
}

/* --- who needs one -------------------------------------------------------------------------------------------------------------------------- */

static Row *
row_of(Catalogue *catalogue, const Id *storage)
{
    Row *row = g_hash_table_lookup(catalogue->rows, storage);
    if (row)
        return row;
    row = g_new0(Row, 1);
    row->catalogue = catalogue;
    row->storage = *storage;
    row->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    row->whole = TRUE;
    g_hash_table_insert(catalogue->rows, &row->storage, row);
    return row;
}

static void
begin_round(Row *row, View *view, guint64 vms, guint64 disks)
{
    row->vms = vms;
    row->disks = disks;
    row->view = view_ref(view);
    row->busy = TRUE;
    workers_push(row->catalogue->workers, run_round, row);
}

static void
look(Catalogue *catalogue, View *view)
{
    guint64 vms = view_type_serial(view, &vm_type), disks = view_type_serial(view, &disk_type);
    GHashTableIter iter;
    Row *row;
    g_hash_table_iter_init(&iter, catalogue->rows);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &row))
        row->wanted = FALSE;
    ViewWalk walk = view_walk(view, &storage_domain_type);
    for (const StorageDomain *storage; (storage = view_next(&walk));) {
        if (!is_kept_up(view, storage))
            continue;
        row = row_of(catalogue, &storage->object.id);
        row->wanted = TRUE;
        gboolean news = row->whole || row->vms != vms || row->disks != disks;
        if (news && !row->busy && clock_tick() >= row->rest)
            begin_round(row, view, vms, disks);
    }
    g_hash_table_iter_init(&iter, catalogue->rows);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &row)) {
        if (!row->wanted && !row->busy)
            g_hash_table_iter_remove(&iter);
    }
}

static gboolean
anybody_rests(const Catalogue *catalogue)
{
    GHashTableIter iter;
    const Row *row;
    g_hash_table_iter_init(&iter, catalogue->rows);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &row)) {
        if (row->rest > 0)
            return TRUE;
    }
    return FALSE;
}

/* Until something happened, or where somebody RESTS a while has passed; and a while, so that what comes together is written together. FALSE: it is over. */
static gboolean
wait_for_news(Catalogue *catalogue, gboolean rests)
{
    LOCK_HOLD(&catalogue->door);
    while (!catalogue->woken && !catalogue->stopped) {
        if (!rests)
            condition_wait(&catalogue->changed, &catalogue->door);
        else if (!condition_wait_until(&catalogue->changed, &catalogue->door, clock_tick() + catalogue->parts.pause))
            break;
    }
    for (Tick until = clock_tick() + catalogue->parts.pause; !catalogue->stopped && clock_tick() < until;)
        condition_wait_until(&catalogue->changed, &catalogue->door, until);
    catalogue->woken = FALSE;
    return !catalogue->stopped;
}

static gpointer
run(gpointer data)
{
    Catalogue *catalogue = data;
    gboolean rests = FALSE;
    while (wait_for_news(catalogue, rests)) {
        g_autoptr(View) view = inventory_view(catalogue->parts.inventory);
        LOCK_HOLD(&catalogue->lock);
        look(catalogue, view);
        rests = anybody_rests(catalogue);
    }
    return NULL;
}

/* --- parts ------------------------------------------------------------------------------------------------------------------------------------ */

Catalogue *
catalogue_new(const CatalogueParts *parts)
{
    Catalogue *catalogue = g_new0(Catalogue, 1);
    catalogue->parts = *parts;
    catalogue->parts.pause = parts->pause > 0 ? parts->pause : CLOCK_SECOND;
    catalogue->woken = TRUE;
    lock_init(&catalogue->lock);
    lock_init(&catalogue->door);
    condition_init(&catalogue->changed);
    catalogue->rows = g_hash_table_new_full(id_hash, id_equal_key, NULL, row_free);
    catalogue->workers = workers_new("catalogue", WRITERS);
    catalogue->follower = feed_follow(parts->feed, wake, catalogue);
    catalogue->thread = thread_new("catalogue look", run, catalogue);
    return catalogue;
}

void
catalogue_stop(Catalogue *catalogue)
{
    if (!catalogue || !catalogue->thread)
        return;
    feed_unfollow(catalogue->parts.feed, catalogue->follower);
    lock_take(&catalogue->door);
    catalogue->stopped = TRUE;
    condition_signal(&catalogue->changed);
    lock_drop(&catalogue->door);
    thread_join(catalogue->thread);
    catalogue->thread = NULL;
    catalogue->hung = !workers_stop(catalogue->workers, clock_tick() + LEAVE);
}

void
catalogue_free(Catalogue *catalogue)
{
    if (!catalogue)
        return;
    catalogue_stop(catalogue);
    if (catalogue->hung)
        return;                     /* a round hangs in a call and may come back to what it knows: that stays */
    g_hash_table_unref(catalogue->rows);
    condition_clear(&catalogue->changed);
    lock_clear(&catalogue->door);
    lock_clear(&catalogue->lock);
    g_free(catalogue);
}
