/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Images of the estate's disks. Each holds what was written into itself, a character a cell; what a guest reads is the topmost one that says
 * something, as in a real chain. So a test sees when one is merged twice, or into the wrong one. */
#include "estate_parts.h"

#include "host/domain_xml.h"

#include <string.h>

typedef struct {
    Id domain;
    char *target, *top, *base;
    gboolean active;
} Merge;

static GPtrArray *merges;               /* QEMU's */

static void
merge_free(gpointer data)
{
    Merge *merge = data;
    g_free(merge->target);
    g_free(merge->top);
    g_free(merge->base);
    g_free(merge);
}

static char *
path_of(const Id *disk, const Id *image)
{
    return volume_name_path(STORAGE_PATH, disk, image);
}

static Volume *
beneath(const Volume *volume)
{
    g_autofree char *path = id_is_null(&volume->backing) ? NULL : path_of(&volume->disk, &volume->backing);
    return path ? estate_volume(path) : NULL;
}

static gboolean
stands_on(const Volume *upper, const HostVolume *volume)
{
    return id_equal(&upper->disk, &volume->disk) && id_equal(&upper->backing, &volume->image);
}

static void
pour(const Volume *upper, Volume *lower)
{
    for (guint i = 0; i < ESTATE_CELLS; i++) {
        if (upper->cells[i] != '.')
            lower->cells[i] = upper->cells[i];
    }
}

/* --- looking ------------------------------------------------------------------------------------------------------------------------ */

gboolean
estate_volume_chain(G_GNUC_UNUSED HostLink *link, const HostVolume *volume, List *ret_links, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    g_autofree char *path = volume_name_path(volume->store.path, &volume->disk, &volume->image);
    if (!estate_answers(error))
        return FALSE;
    for (const Volume *at = estate_volume(path); at; at = beneath(at)) {
        VolumeLink *found = g_new0(VolumeLink, 1);
        char name[VOLUME_NAME_SIZE];
        *found = (VolumeLink) { .disk = at->disk, .image = at->image, .format = at->format, .size = at->size, .path = g_strdup(at->path) };
        if (!id_is_null(&at->backing))
            found->backing = g_strdup(volume_name_format(&at->disk, &at->backing, name));
        list_add(ret_links, found);
    }
    return ret_links->count > 0 || fault_set(error, MSG_INTERNAL, "text", "no such image", NULL);
}

gboolean
estate_volume_above(G_GNUC_UNUSED HostLink *link, const HostVolume *volume, List *ret_links, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    if (!estate_answers(error))
        return FALSE;
    const Volume *upper;
    for (guint i = 0; (upper = estate_volume_at(i)); i++) {
        if (stands_on(upper, volume))
            list_add(ret_links, g_memdup2(&upper->image, sizeof(Id)));
    }
    return TRUE;
}

/* --- by nobody who runs ------------------------------------------------------------------------------------------------------------- */

gboolean
estate_volume_fold(G_GNUC_UNUSED HostLink *link, const HostVolume *volume, const Id *base, G_GNUC_UNUSED const gint *cancelled, G_GNUC_UNUSED Tick deadline,
                   GError **error)
{
    LOCK_HOLD(&estate_lock);
    gboolean silent;
    g_autofree char *path = volume_name_path(volume->store.path, &volume->disk, &volume->image), *lower = path_of(&volume->disk, base);
    if (!estate_may_change(&silent, error))
        return FALSE;
    g_assert_true(id_equal(&estate_volume(path)->backing, base));
    for (guint i = 0; estate_volume_at(i); i++) {
        const Volume *other = estate_volume_at(i);
        gboolean stands = id_equal(&other->disk, &volume->disk) && id_equal(&other->backing, base);
        g_assert_true(!stands || id_equal(&other->image, &volume->image));      /* it would read what comes into BASE */
    }
    pour(estate_volume(path), estate_volume(lower));
    return estate_end_change(silent, error);
}

gboolean
estate_volume_stand(G_GNUC_UNUSED HostLink *link, const HostVolume *volume, const Id *base, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    gboolean silent;
    g_autofree char *path = volume_name_path(volume->store.path, &volume->disk, &volume->image);
    if (!estate_may_change(&silent, error))
        return FALSE;
    estate_volume(path)->backing = *base;
    return estate_end_change(silent, error);
}

gboolean
estate_memory_drop(G_GNUC_UNUSED HostLink *link, const HostStore *store, const Id *snapshot, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    gboolean silent;
    g_autofree char *path = volume_name_memory_path(store->path, snapshot);
    if (!estate_may_change(&silent, error))
        return FALSE;
    estate_files_drop(path);
    return estate_end_change(silent, error);
}

/* --- by QEMU ------------------------------------------------------------------------------------------------------------------------ */

/* What runs, and its definition, as libvirt does. */
static void
switch_file(const Id *domain, const char *target, const char *path, int format)
{
    g_autofree char *live = domain_xml_with_file(estate_live(domain), target, path, format);
    g_autofree char *xml = domain_xml_with_file(estate_xml(domain), target, path, format);
    g_assert_true(live && xml);
    estate_set_live(domain, live);
    estate_set_xml(domain, xml);
}

gboolean
estate_snapshot_take(G_GNUC_UNUSED HostLink *link, const Id *domain, const DiskSwitch *disks, guint count, const char *memory, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    gboolean silent;
    if (!estate_may_change(&silent, error))
        return FALSE;
    g_assert_nonnull(estate_live(domain));
    for (guint i = 0; i < count; i++) {
        g_assert_nonnull(estate_volume(disks[i].path));
        switch_file(domain, disks[i].target, disks[i].path, DISK_FORMAT_COW);
    }
    if (memory)
        estate_put_variables(memory);
    return estate_end_change(silent, error);
}

gboolean
estate_memory_start(HostLink *link, const Id *domain, const char *memory, const char *xml, gboolean paused, Tick deadline, GError **error)
{
    g_autoptr(DomainFacts) facts = domain_facts_new();
    lock_take(&estate_lock);
    g_assert_nonnull(estate_volume(memory));
    lock_drop(&estate_lock);
    g_assert_true(domain_xml_read(xml, facts, NULL) && id_equal(&facts->id, domain));
    return link->ops->start(link, domain, paused, deadline, error);
}

static Merge *
find_merge(const Id *domain, const char *target)
{
    for (guint i = 0; merges && i < merges->len; i++) {
        Merge *merge = merges->pdata[i];
        if (id_equal(&merge->domain, domain) && g_str_equal(merge->target, target))
            return merge;
    }
    return NULL;
}

gboolean
estate_block_commit(G_GNUC_UNUSED HostLink *link, const Id *domain, const char *target, const char *top, const char *base, gboolean active,
                    G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    gboolean silent;
    if (!estate_may_change(&silent, error))
        return FALSE;
    g_assert_nonnull(estate_live(domain));
    if (!merges)
        merges = g_ptr_array_new_with_free_func(merge_free);
    if (!find_merge(domain, target)) {
        Merge *merge = g_new0(Merge, 1);
        *merge = (Merge) { *domain, g_strdup(target), g_strdup(top), g_strdup(base), active };
        g_ptr_array_add(merges, merge);
    }
    return estate_end_change(silent, error);
}

/* One further down ends by itself: it is through when somebody looks for the second time. */
static void
end_below(Merge *merge)
{
    const Volume *upper = estate_volume(merge->top);
    Volume *lower = estate_volume(merge->base);
    pour(upper, lower);
    for (guint i = 0; estate_volume_at(i); i++) {
        Volume *above = (Volume *) estate_volume_at(i);
        gboolean written = strstr(estate_live(&merge->domain), above->path) != NULL;
        if (written && id_equal(&above->disk, &upper->disk) && id_equal(&above->backing, &upper->image))
            above->backing = lower->image;
    }
    g_ptr_array_remove(merges, merge);
}

gboolean
estate_block_job(G_GNUC_UNUSED HostLink *link, const Id *domain, const char *target, BlockJob *ret_job, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    if (!estate_answers(error))
        return FALSE;
    Merge *merge = find_merge(domain, target);
    *ret_job = merge ? (BlockJob) { BLOCK_JOB_COMMIT, merge->active, 1, 1 } : (BlockJob) { .kind = BLOCK_JOB_NONE };
    if (merge && !merge->active)
        end_below(merge);
    return TRUE;
}

gboolean
estate_block_end(G_GNUC_UNUSED HostLink *link, const Id *domain, const char *target, gboolean pivot, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    gboolean silent;
    if (!estate_may_change(&silent, error))
        return FALSE;
    Merge *merge = find_merge(domain, target);
    if (merge && pivot) {
        pour(estate_volume(merge->top), estate_volume(merge->base));
        switch_file(domain, target, merge->base, estate_volume(merge->base)->format);
    }
    if (merge)
        g_ptr_array_remove(merges, merge);
    return estate_end_change(silent, error);
}

void
estate_kill_jobs(void)
{
    g_clear_pointer(&merges, g_ptr_array_unref);
}

void
estate_images_close(void)
{
    estate_kill_jobs();
}

/* --- what guests do ----------------------------------------------------------------------------------------------------------------- */

/* Of whichever domain has the disk. */
static char *
written(const Id *disk)
{
    const Id *const vms[] = { &estate.hello, &estate.running, &estate.adopted };
    const Disk *known = estate_find(&disk_type, disk);
    Id image = known ? disk_image(known) : *disk;
    for (guint i = 0; i < G_N_ELEMENTS(vms); i++) {
        const char *live = estate_state(vms[i]) == DOMAIN_ABSENT ? NULL : estate_live(vms[i]), *xml = live ? live : estate_xml(vms[i]);
        for (guint at = 0; xml && estate_volume_at(at); at++) {
            const Volume *volume = estate_volume_at(at);
            g_autofree char *quoted = g_strdup_printf("'%s'", volume->path);
            if (id_equal(&volume->disk, disk) && strstr(xml, quoted))
                return g_strdup(volume->path);
        }
    }
    return path_of(disk, &image);
}

void
estate_write(const Id *disk, guint cell, char what)
{
    g_autofree char *path = written(disk);
    estate_volume(path)->cells[cell] = what;
}

static char *
read_from(const Volume *volume)
{
    char *text = g_strnfill(ESTATE_CELLS, '.');
    for (; volume; volume = beneath(volume)) {
        for (guint i = 0; i < ESTATE_CELLS; i++)
            text[i] = text[i] == '.' ? volume->cells[i] : text[i];
    }
    return text;
}

char *
estate_content(const Id *disk)
{
    g_autofree char *path = written(disk);
    return read_from(estate_volume(path));
}

char *
estate_content_at(const Id *disk, const Id *image)
{
    g_autofree char *path = path_of(disk, image);
    return read_from(estate_volume(path));
}

void
estate_lose_image(const Id *disk, const Id *image)
{
    g_autofree char *path = path_of(disk, image);
    estate_files_drop(path);
}

void
estate_stand_by_hand(const Id *disk, const Id *image)
{
    Id own = id_named(disk, "by hand");
    g_autofree char *path = path_of(disk, &own);
    estate_put_variables(path);
    Volume *volume = estate_volume(path);
    volume->disk = *disk;
    volume->image = own;
    volume->backing = *image;
}

guint
estate_images(const Id *disk)
{
    guint count = 0;
    for (guint i = 0; estate_volume_at(i); i++)
        count += id_equal(&estate_volume_at(i)->disk, disk) ? 1 : 0;
    return count;
}
