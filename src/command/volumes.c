/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Makes, grows and deletes the files of disks. A file is ours to undo only if the look before found nothing in its place
 * (mark "volumes.clear"); deleting is never undone, only finished. Chooses nothing: ids, sizes and directories are marks. */
#include "command/volumes.h"

#include "command/guards.h"

#include <string.h>

#define MAKE "volume."              /* volume.0, volume.1 …: "DISK STORAGE FORMAT SIZE SPARSE SHAREABLE /path" */
#define FROM ".from"                /* volume.0.from: the disk it is a copy of */
#define DOOM "doomed."
#define GROW "grow"
#define CLEAR "volumes.clear"
#define WAS "disk.was."             /* with the disk's id: its status before it was locked */

#define SLOWEST (20 * 1024 * 1024)  /* bytes per second a preallocated file is surely written at */
#define COPY_LEAST (60 * CLOCK_SECOND)

/* --- marks ---------------------------------------------------------------------------------------------------------------- */

static gboolean
parse(const char *mark, Volume *ret)
{
    g_auto(GStrv) words = mark ? g_strsplit(mark, " ", 7) : NULL;
    const char *path = mark ? strchr(mark, '/') : NULL;
    if (!words || g_strv_length(words) != 7 || !path)
        return FALSE;
    if (!id_parse(words[0], ID_UUID, &ret->disk) || !id_parse(words[1], ID_UUID, &ret->storage))
        return FALSE;
    ret->format = names_find(&disk_format_names, words[2]);
    ret->size = g_ascii_strtoll(words[3], NULL, 10);
    ret->sparse = g_str_equal(words[4], "sparse");
    ret->shareable = g_str_equal(words[5], "shareable");
    ret->path = path;
    return TRUE;
}

static void
set(Work *work, const char *mark, const Disk *disk, const StorageDomain *storage, gint64 size)
{
    char disk_text[ID_TEXT_SIZE], storage_text[ID_TEXT_SIZE];
    g_autofree char *words = g_strdup_printf("%s %s %s %" G_GINT64_FORMAT " %s %s %s", id_format(&disk->object.id, ID_UUID, disk_text),
                                             id_format(&storage->object.id, ID_UUID, storage_text), names_get(&disk_format_names, disk->format), size,
                                             disk->sparse ? "sparse" : "whole", disk->shareable ? "shareable" : "exclusive", storage->storage.path);
    work_set_mark(work, mark, words);
}

static gboolean
get(const Work *work, const char *prefix, guint number, Volume *ret)
{
    g_autofree char *mark = g_strdup_printf("%s%u", prefix, number);
    return parse(work_mark(work, mark), ret);
}

static guint
append(Work *work, const char *prefix, const Disk *disk, const StorageDomain *storage)
{
    Volume there;
    guint number = 0;
    while (get(work, prefix, number, &there))
        number++;
    g_autofree char *mark = g_strdup_printf("%s%u", prefix, number);
    set(work, mark, disk, storage, disk->provisioned_size);
    return number;
}

static gboolean
find_in(const Work *work, const char *prefix, const Id *disk, Volume *ret)
{
    for (guint i = 0; get(work, prefix, i, ret); i++) {
        if (id_equal(&ret->disk, disk))
            return TRUE;
    }
    return FALSE;
}

void
volumes_plan(Work *work, const Disk *disk, const StorageDomain *storage)
{
    append(work, MAKE, disk, storage);
}

static char *
from_mark(guint number)
{
    return g_strdup_printf(MAKE "%u" FROM, number);
}

void
volumes_plan_copy(Work *work, const Disk *disk, const StorageDomain *storage, const Id *from)
{
    g_autofree char *mark = from_mark(append(work, MAKE, disk, storage));
    work_set_mark_id(work, mark, from);
}

gboolean
volumes_find(const Work *work, const Id *disk, Volume *ret)
{
    return find_in(work, MAKE, disk, ret);
}

void
volumes_doom(Work *work, const Disk *disk, const StorageDomain *storage)
{
    append(work, DOOM, disk, storage);
}

gboolean
volumes_is_doomed(const Work *work, const Id *disk)
{
    Volume volume;
    return find_in(work, DOOM, disk, &volume);
}

/* What it was, under its id. */
static char *
status_mark(const Id *disk)
{
    char text[ID_TEXT_SIZE];
    return g_strconcat(WAS, id_format(disk, ID_UUID, text), NULL);
}

void
volumes_lock(Work *work, Changes *changes, const Id *id)
{
    g_autofree char *mark = status_mark(id);
    Disk *disk = changes_edit(changes, &disk_type, id);
    if (!disk)
        return;
    work_set_mark(work, mark, names_get(&disk_status_names, disk->status));
    disk->status = DISK_LOCKED;
}

void
volumes_unlock(Work *work, Changes *changes, const Id *id)
{
    g_autofree char *mark = status_mark(id);
    const char *was = work_mark(work, mark);
    Disk *disk = was ? changes_edit(changes, &disk_type, id) : NULL;
    if (disk)
        disk->status = names_find(&disk_status_names, was);
}

void
volumes_plan_growth(Work *work, const Disk *disk, const StorageDomain *storage, gint64 size)
{
    set(work, GROW, disk, storage, size);
}

gint64
volumes_growth(const Work *work)
{
    Volume volume;
    return parse(work_mark(work, GROW), &volume) ? volume.size : 0;
}

/* --- what is there -------------------------------------------------------------------------------------------------------- */

/* Its first image. */
static HostVolume
file_of(const Volume *volume)
{
    return (HostVolume) { { volume->storage, (char *) volume->path, FALSE }, volume->disk, volume->disk };
}

static gboolean
read_volume(Work *work, HostLink *link, const Volume *volume, VolumeFacts *ret, GError **error)
{
    HostVolume file = file_of(volume);
    *ret = (VolumeFacts) { VOLUME_ABSENT, 0, 0, 0 };
    return link->ops->volume_read(link, &file, ret, work->deadline, error);
}

/* Do all volumes of PREFIX stand as WANTED? UNKNOWN where the host cannot say. */
static Probe
all_are(Work *work, const char *prefix, VolumeState wanted, GError **error)
{
    Volume volume;
    VolumeFacts facts;
    g_autoptr(HostLink) link = get(work, prefix, 0, &volume) ? work_host(work, error) : NULL;
    if (!link)
        return get(work, prefix, 0, &volume) ? PROBE_UNKNOWN : PROBE_DONE;
    for (guint i = 0; get(work, prefix, i, &volume); i++) {
        if (!read_volume(work, link, &volume, &facts, error))
            return PROBE_UNKNOWN;
        if (facts.state != wanted)
            return PROBE_NOT_DONE;
    }
    return PROBE_DONE;
}

/* --- making --------------------------------------------------------------------------------------------------------------- */

static gboolean
is_free(Work *work, HostLink *link, const Volume *volume, GError **error)
{
    char text[ID_TEXT_SIZE];
    VolumeFacts facts;
    HostVolume file = file_of(volume);
    if (!link->ops->store_ready(link, &file.store, work->deadline, error) || !read_volume(work, link, volume, &facts, error))
        return FALSE;
    if (facts.state == VOLUME_ABSENT)
        return TRUE;
    g_autofree char *path = g_build_filename(volume->path, id_format(&volume->disk, ID_UUID, text), NULL);
    return fault_set(error, MSG_VOLUME_EXISTS, "path", path, "id", text, NULL);
}

gboolean
volumes_look(Work *work, GError **error)
{
    Volume volume;
    if (!get(work, MAKE, 0, &volume))
        return TRUE;
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link)
        return FALSE;
    for (guint i = 0; get(work, MAKE, i, &volume); i++) {
        if (!is_free(work, link, &volume, error))
            return FALSE;
    }
    work_set_mark(work, CLEAR, "yes");
    return TRUE;
}

/* Writing all bytes of a preallocated file takes its time. */
static Tick
patience(const Work *work, const Volume *volume)
{
    Tick most = volume->sparse ? 0 : volume->size / SLOWEST * CLOCK_SECOND;
    return work->deadline + most;
}

/* Copies are made one after the other, each in its time. */
static gboolean
make(Work *work, HostLink *link, guint number, const VolumeSpec *spec, const Volume *volume, GError **error)
{
    HostVolume from = spec->volume;
    g_autofree char *mark = from_mark(number);
    if (!work_mark_id(work, mark, &from.disk))
        return link->ops->volume_create(link, spec, patience(work, volume), error);
    Tick deadline = clock_tick() + COPY_LEAST + volume->size / SLOWEST * CLOCK_SECOND;
    from.image = from.disk;
    return link->ops->volume_copy(link, spec, &from, &work->cancelled, MAX(work->deadline, deadline), error);
}

gboolean
volumes_create(Work *work, GError **error)
{
    char job[ID_TEXT_SIZE];
    Volume volume;
    g_autoptr(HostLink) link = get(work, MAKE, 0, &volume) ? work_host(work, error) : NULL;
    if (!link)
        return !get(work, MAKE, 0, &volume);
    id_format(&work->job, ID_UUID, job);
    for (guint i = 0; get(work, MAKE, i, &volume); i++) {
        VolumeSpec spec = {
            .volume = file_of(&volume), .format = volume.format, .size = volume.size, .sparse = volume.sparse, .job = job,
            .from_format = volume.format,
        };
        if (!make(work, link, i, &spec, &volume, error))
            return FALSE;
    }
    return TRUE;
}

Probe
volumes_created(Work *work, GError **error)
{
    Volume volume;
    if (get(work, MAKE, 0, &volume) && !work_mark(work, CLEAR))
        return PROBE_NOT_DONE;
    return all_are(work, MAKE, VOLUME_WHOLE, error);
}

static gboolean
delete_all(Work *work, const char *prefix, GError **error)
{
    Volume volume;
    g_autoptr(HostLink) link = get(work, prefix, 0, &volume) ? work_host(work, error) : NULL;
    if (!link)
        return !get(work, prefix, 0, &volume);
    for (guint i = 0; get(work, prefix, i, &volume); i++) {
        HostVolume file = file_of(&volume);
        if (!link->ops->volume_delete(link, &file, work->deadline, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
volumes_undo(Work *work, GError **error)
{
    return !work_mark(work, CLEAR) || delete_all(work, MAKE, error);
}

/* --- deleting ------------------------------------------------------------------------------------------------------------- */

gboolean
volumes_delete(Work *work, GError **error)
{
    return delete_all(work, DOOM, error);
}

Probe
volumes_deleted(Work *work, GError **error)
{
    return all_are(work, DOOM, VOLUME_ABSENT, error);
}

/* --- growing -------------------------------------------------------------------------------------------------------------- */

gboolean
volumes_grow(Work *work, GError **error)
{
    Volume volume;
    VolumeFacts facts;
    if (!parse(work_mark(work, GROW), &volume))
        return TRUE;
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link || !read_volume(work, link, &volume, &facts, error))
        return FALSE;
    if (facts.size >= volume.size)
        return TRUE;
    HostVolume file = file_of(&volume);
    return link->ops->volume_resize(link, &file, volume.size, patience(work, &volume), error);
}

Probe
volumes_grown(Work *work, GError **error)
{
    Volume volume;
    VolumeFacts facts;
    if (!parse(work_mark(work, GROW), &volume))
        return PROBE_DONE;
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link || !read_volume(work, link, &volume, &facts, error))
        return PROBE_UNKNOWN;
    return facts.state == VOLUME_WHOLE && facts.size >= volume.size ? PROBE_DONE : PROBE_NOT_DONE;
}

/* --- before use ----------------------------------------------------------------------------------------------------------- */

gboolean
volumes_check(Work *work, const Disk *disk, const StorageDomain *storage, GError **error)
{
    Volume volume = { .disk = disk->object.id, .storage = storage->object.id, .path = storage->storage.path };
    HostVolume file = file_of(&volume);
    VolumeFacts facts;
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link || !link->ops->store_ready(link, &file.store, work->deadline, error) || !read_volume(work, link, &volume, &facts, error))
        return FALSE;
    if (facts.state == VOLUME_WHOLE)
        return TRUE;
    return fault_set(error, MSG_VOLUME_MISSING, "disk", disk->alias, "storage_domain", storage->name, NULL);
}
