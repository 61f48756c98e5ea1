/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where a new disk goes and how large it may be. A storage domain that is not named is chosen if it must be clear to a
 * person which: the one with most room that the host reaches. */
#include "command/new_disk.h"

#include "command/guards.h"
#include "command/refs.h"

#define SECTOR 512
#define SIZE_MOST ((gint64) 64 << 40)           /* 64 TiB */
#define GIB ((gint64) 1 << 30)

gboolean
new_disk_size(const char *disk, gint64 sent, gint64 *ret_size, GError **error)
{
    if (sent < 1 || sent > SIZE_MOST) {
        g_autofree char *size = g_strdup_printf("%" G_GINT64_FORMAT, sent);
        return fault_set(error, MSG_DISK_SIZE_OUT_OF_RANGE, "disk", disk, "size", size, NULL);
    }
    *ret_size = (sent + SECTOR - 1) / SECTOR * SECTOR;
    return TRUE;
}

gboolean
new_disk_fits(const StorageDomain *storage, const char *disk, gint64 bytes, GError **error)
{
    gint64 kept = storage->critical_space_action_blocker * GIB;
    gboolean said = storage->available || storage->used;        /* one that has just been attached: its host has not */
    if (!said || storage->available - kept >= bytes)
        return TRUE;
    g_autofree char *wanted = g_format_size_full((guint64) bytes, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *free = g_format_size_full((guint64) MAX(storage->available - kept, 0), G_FORMAT_SIZE_IEC_UNITS);
    return fault_set(error, MSG_LOW_DISK_SPACE, "disk", disk, "storage_domain", storage->name, "wanted", wanted, "free", free, NULL);
}

/* --- where ---------------------------------------------------------------------------------------------------------------- */

static const Id *
sent_storage(const Draft *draft)
{
    const Disk *sent = draft->record;
    if (draft_has(draft, "storage_domain") && !id_is_null(&sent->storage_domain.id))
        return &sent->storage_domain.id;
    const StorageDomainRef *first = sent->storage_domains.count > 0 ? sent->storage_domains.items[0] : NULL;
    return first && !id_is_null(&first->storage_domain.id) ? &first->storage_domain.id : NULL;
}

static const StorageDomain *
roomiest(const Work *work)
{
    const StorageDomain *best = NULL;
    ViewWalk walk = view_walk(work->view, &storage_domain_type);
    Id host;
    gboolean bound = work_mark_id(work, "host", &host);
    for (const StorageDomain *storage; (storage = view_next(&walk));) {
        if (storage->type != STORAGE_USE_DATA || storage->status != STORAGE_ACTIVE)
            continue;
        if (bound && !id_is_null(&storage->host.id) && !id_equal(&storage->host.id, &host))
            continue;
        if (!best || storage->available > best->available)
            best = storage;
    }
    return best;
}

static gboolean
host_reaches(Work *work, const StorageDomain *storage, const Id *storage_host, const char *disk, GError **error)
{
    Id host;
    if (!work_mark_id(work, "host", &host)) {
        work_set_mark_id(work, "host", storage_host);
        return TRUE;
    }
    if (id_is_null(&storage->host.id) || id_equal(&storage->host.id, &host))
        return TRUE;
    const Host *there = view_find(work->view, &host_type, &storage->host.id);
    const Host *here = view_find(work->view, &host_type, &host);
    return fault_set(error, MSG_DISK_ELSEWHERE, "disk", disk, "storage_domain", storage->name, "there", there ? there->name : "",
                     "host", here ? here->name : "", NULL);
}

static const StorageDomain *
choose_storage(Work *work, const Draft *draft, const char *disk, GError **error)
{
    Id host;
    const Id *sent = sent_storage(draft);
    const StorageDomain *chosen = sent ? NULL : roomiest(work);
    if (!sent && !chosen) {
        fault_set(error, MSG_NO_STORAGE, "disk", disk, NULL);
        return NULL;
    }
    const StorageDomain *storage = guard_storage(work, sent ? sent : &chosen->object.id, &host, error);
    if (!storage || !host_reaches(work, storage, &host, disk, error))
        return NULL;
    work_set_mark_id(work, "storage", &storage->object.id);
    return storage;
}

const StorageDomain *
new_disk_storage(const Work *work)
{
    Id id;
    return work_mark_id(work, "storage", &id) ? view_find(work->view, &storage_domain_type, &id) : NULL;
}

/* --- what ----------------------------------------------------------------------------------------------------------------- */

static gboolean
check_sent(const Draft *draft, GError **error)
{
    const Disk *sent = draft->record;
    if (!draft_has(draft, "provisioned_size"))
        return fault_set(error, MSG_DISK_INCOMPLETE, NULL);
    const char *alias = draft_has(draft, "alias") ? sent->alias : draft_has(draft, "name") ? sent->name : NULL;
    if (alias && *alias && !guard_name("disk", "alias", alias, error))
        return FALSE;
    if (draft_has(draft, "storage_type") && sent->storage_type != DISK_STORAGE_IMAGE)
        return fault_set(error, MSG_DISK_KIND_NOT_BUILT, "kind", names_get(&disk_storage_type_names, sent->storage_type), NULL);
    if (sent->shareable && sent->format == DISK_FORMAT_COW)
        return fault_set(error, MSG_SHAREABLE_COW, NULL);
    return guard_texts(draft, error);
}

gboolean
new_disk_check(Work *work, const Draft *draft, GError **error)
{
    const Disk *sent = draft->record;
    gint64 size;
    if (!check_sent(draft, error))
        return FALSE;
    const char *disk = sent->alias ? sent->alias : sent->name ? sent->name : "";
    if (!new_disk_size(disk, sent->provisioned_size, &size, error))
        return FALSE;
    const StorageDomain *storage = choose_storage(work, draft, disk, error);
    gboolean whole = draft_has(draft, "sparse") && !sent->sparse;
    return storage && new_disk_fits(storage, disk, whole ? size : 0, error);
}

Disk *
new_disk_make(const Work *work, const Draft *draft, const Id *id, const char *alias)
{
    const StorageDomain *storage = new_disk_storage(work);
    const Disk *sent = draft->record;
    Disk *disk = object_new(&disk_type);
    disk->sparse = TRUE;
    disk->format = sent->shareable ? DISK_FORMAT_RAW : DISK_FORMAT_COW;
    disk->storage_type = DISK_STORAGE_IMAGE;
    disk->content_type = DISK_CONTENT_DATA;
    draft_apply(draft, disk, ADD);
    disk->object.id = *id;
    disk_set_image(disk, id);
    disk->status = DISK_LOCKED;
    const char *name = disk->alias && *disk->alias ? disk->alias : disk->name && *disk->name ? disk->name : alias;
    g_autofree char *copy = g_strdup(name);
    text_set(&disk->alias, copy);
    text_set(&disk->name, copy);
    new_disk_size(copy, disk->provisioned_size, &disk->provisioned_size, NULL);
    Disk none = { .storage_domains = { NULL, 0 } };
    field_assign(type_find(&disk_type, "storage_domains"), disk, &none);    /* where it really goes, and once */
    StorageDomainRef *in = g_new0(StorageDomainRef, 1);
    in->storage_domain.id = storage->object.id;
    list_add(&disk->storage_domains, in);
    disk->storage_domain.id = id_null;
    return disk;
}
