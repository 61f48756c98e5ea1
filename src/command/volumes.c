/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Makes, grows and deletes the files of disks. A file is ours to undo only if the look before found nothing in its place
 * (mark "volumes.clear"); deleting is never undone, only finished. Chooses nothing: ids, sizes and directories are marks. */
#include "command/volumes.h"

#include "command/chains.h"
#include "command/definition.h"
#include "command/devices.h"
#include "command/guards.h"
#include "command/plan.h"
#include "host/volume_name.h"

#include <string.h>

#define MAKE "volume."              /* volume.0, volume.1 …: "FILE STORAGE FORMAT SIZE SPARSE SHAREABLE /path", the file's name as volume_name.h has it */
#define FROM ".from"                /* volume.0.from: the name of the file it is a copy of, and "STORAGE /path" where it lies elsewhere; */
#define BENEATH ".beneath"          /* or of the one it stands on: "IMAGE FORMAT", and "DISK" where that is another's */
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
    if (!volume_name_parse(words[0], &ret->disk, &ret->image) || !id_parse(words[1], ID_UUID, &ret->storage))
        return FALSE;
    ret->format = names_find(&disk_format_names, words[2]);
    ret->size = g_ascii_strtoll(words[3], NULL, 10);
    ret->sparse = g_str_equal(words[4], "sparse");
    ret->shareable = g_str_equal(words[5], "shareable");
    ret->path = path;
    return TRUE;
}

static void
set(Work *work, const char *mark, const Disk *disk, const Id *image, const StorageDomain *storage, gint64 size)
{
    char file[VOLUME_NAME_SIZE], storage_text[ID_TEXT_SIZE];
    g_autofree char *words = g_strdup_printf("%s %s %s %" G_GINT64_FORMAT " %s %s %s", volume_name_format(&disk->object.id, image, file),
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
append(Work *work, const char *prefix, const Disk *disk, const Id *image, const StorageDomain *storage)
{
    Volume there;
    guint number = 0;
    while (get(work, prefix, number, &there))
        number++;
    g_autofree char *mark = g_strdup_printf("%s%u", prefix, number);
    set(work, mark, disk, image, storage, disk->provisioned_size);
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
    append(work, MAKE, disk, &disk->object.id, storage);
}

static char *
mark_of(guint number, const char *what)
{
    return g_strdup_printf(MAKE "%u%s", number, what);
}

void
volumes_plan_copy(Work *work, const Disk *disk, const StorageDomain *storage, const Disk *from)
{
    char file[VOLUME_NAME_SIZE];
    char text[ID_TEXT_SIZE];
    Id image = disk_image(from);
    const StorageDomain *there = guard_disk_storage(work->view, from);
    g_autofree char *mark = mark_of(append(work, MAKE, disk, &disk->object.id, storage), FROM);
    g_autofree char *words = g_strjoin(" ", volume_name_format(&from->object.id, &image, file), there && there != storage ? id_format(&there->object.id, ID_UUID, text) : NULL,
                                       there ? there->storage.path : NULL, NULL);
    work_set_mark(work, mark, words);
}

void
volumes_plan_thin(Work *work, const Disk *disk, const StorageDomain *storage, const Disk *base)
{
    char texts[2][ID_TEXT_SIZE];
    Id image = disk_image(base);
    g_autofree char *mark = mark_of(append(work, MAKE, disk, &disk->object.id, storage), BENEATH);
    g_autofree char *words = g_strdup_printf("%s %s %s", id_format(&image, ID_UUID, texts[0]), names_get(&disk_format_names, base->format), id_format(&base->object.id, ID_UUID, texts[1]));
    work_set_mark(work, mark, words);
}

void
volumes_plan_overlay(Work *work, const Disk *disk, const StorageDomain *storage, const Id *image, const VolumeBeneath *beneath)
{
    char text[ID_TEXT_SIZE];
    const Disk overlay = { .object = { .id = disk->object.id }, .format = DISK_FORMAT_COW, .provisioned_size = beneath->size, .sparse = TRUE };
    g_autofree char *mark = mark_of(append(work, MAKE, &overlay, image, storage), BENEATH);
    g_autofree char *words = g_strdup_printf("%s %s", id_format(&beneath->image, ID_UUID, text), names_get(&disk_format_names, beneath->format));
    work_set_mark(work, mark, words);
}

gboolean
volumes_find(const Work *work, const Id *disk, Volume *ret)
{
    return find_in(work, MAKE, disk, ret);
}

void
volumes_doom(Work *work, const Disk *disk, const StorageDomain *storage)
{
    Id image = disk_image(disk);
    append(work, DOOM, disk, &image, storage);
}

void
volumes_doom_image(Work *work, const Disk *disk, const StorageDomain *storage, const Id *image)
{
    append(work, DOOM, disk, image, storage);
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
    Id image = disk_image(disk);
    set(work, GROW, disk, &image, storage, size);
}

gint64
volumes_growth(const Work *work)
{
    Volume volume;
    return parse(work_mark(work, GROW), &volume) ? volume.size : 0;
}

/* --- what is there -------------------------------------------------------------------------------------------------------- */

static HostVolume
file_of(const Volume *volume)
{
    return (HostVolume) { { volume->storage, (char *) volume->path, FALSE }, volume->disk, volume->image };
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
    g_autofree char *path = volume_name_path(volume->path, &volume->disk, &volume->image);
    return fault_set(error, MSG_VOLUME_EXISTS, "path", path, "id", id_format(&volume->disk, ID_UUID, text), NULL);
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

/* FROM lies where the copy goes unless its mark says otherwise; FALSE: it is no copy. */
static gboolean
find_from(const Work *work, guint number, HostVolume *from)
{
    g_autofree char *mark = mark_of(number, FROM);
    const char *said = work_mark(work, mark);
    g_auto(GStrv) words = said ? g_strsplit(said, " ", 3) : NULL;
    if (!words || !volume_name_parse(words[0], &from->disk, &from->image))
        return FALSE;
    if (words[1] && words[2] && id_parse(words[1], ID_UUID, &from->store.storage_domain))
        from->store.path = (char *) strchr(said, '/');
    return TRUE;
}

/* Copies are made one after the other, each in its time. */
static gboolean
make(Work *work, HostLink *link, guint number, const VolumeSpec *spec, const Volume *volume, GError **error)
{
    HostVolume from = spec->volume;
    if (!find_from(work, number, &from))
        return link->ops->volume_create(link, spec, patience(work, volume), error);
    Tick deadline = clock_tick() + COPY_LEAST + volume->size / SLOWEST * CLOCK_SECOND;
    return link->ops->volume_copy(link, spec, &from, &work->cancelled, MAX(work->deadline, deadline), error);
}

static void
find_beneath(const Work *work, guint number, VolumeSpec *spec)
{
    g_autofree char *mark = mark_of(number, BENEATH);
    g_auto(GStrv) words = work_mark(work, mark) ? g_strsplit(work_mark(work, mark), " ", 3) : NULL;
    if (!words || g_strv_length(words) < 2 || !id_parse(words[0], ID_UUID, &spec->backing))
        return;
    spec->backing_format = names_find(&disk_format_names, words[1]);
    if (words[2])
        id_parse(words[2], ID_UUID, &spec->backing_disk);
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
        find_beneath(work, i, &spec);
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

/* What its domain has taken up is its own: which images those are is learnt from it. */
gboolean
volumes_undo_overlays(Work *work, GError **error)
{
    Volume volume;
    g_autoptr(DomainFacts) facts = work_mark(work, CLEAR) && get(work, MAKE, 0, &volume) ? definition_read(work, error) : NULL;
    g_autoptr(HostLink) link = facts ? work_host(work, error) : NULL;
    if (!link)
        return !work_mark(work, CLEAR) || !get(work, MAKE, 0, &volume);
    for (guint i = 0; get(work, MAKE, i, &volume); i++) {
        HostVolume file = file_of(&volume);
        g_autofree char *path = volume_name_path(volume.path, &volume.disk, &volume.image);
        if (!chains_is_in(facts, path) && !link->ops->volume_delete(link, &file, work->deadline, error))
            return FALSE;
    }
    return TRUE;
}

/* --- deleting ------------------------------------------------------------------------------------------------------------- */

static gboolean
stands_on(const Chain *chain, const gboolean *gone, const Id *image)
{
    for (guint i = 0; i < chain->images->len; i++) {
        if (!gone[i] && id_equal(&g_array_index(chain->images, ChainImage, i).beneath, image))
            return TRUE;
    }
    return FALSE;
}

/* Those upon which nothing stands any more first. */
static void
doom_all(Work *work, const Chain *chain)
{
    g_autofree gboolean *gone = g_new0(gboolean, chain->images->len);
    Id active = disk_image(chain->disk);
    for (guint done = 0, i = 0; done < chain->images->len; i = (i + 1) % chain->images->len) {
        const ChainImage *image = &g_array_index(chain->images, ChainImage, i);
        if (gone[i] || stands_on(chain, gone, &image->image))
            continue;
        gone[i] = TRUE;
        done++;
        if (!id_equal(&image->image, &active))      /* which is doomed already, and before all others */
            volumes_doom_image(work, chain->disk, chain->storage, &image->image);
    }
}

gboolean
volumes_gather(Work *work, GError **error)
{
    Volume volume;
    guint count = 0;
    while (get(work, DOOM, count, &volume))
        count++;
    for (guint i = 0; i < count && get(work, DOOM, i, &volume); i++) {
        const Disk *disk = view_find(work->view, &disk_type, &volume.disk);
        g_autoptr(GPtrArray) vms = disk ? devices_vms_of_disk(work->view, &volume.disk) : NULL;
        g_autoptr(Chain) chain = disk ? chains_read_all(work, vms->len > 0 ? vms->pdata[0] : NULL, disk, error) : NULL;
        if (disk && !chain)
            return FALSE;
        if (chain)
            doom_all(work, chain);
    }
    return TRUE;
}

char *
volumes_doomed_in(const Work *work, const DomainFacts *facts)
{
    Volume volume;
    for (guint i = 0; get(work, DOOM, i, &volume); i++) {
        g_autofree char *path = volume_name_path(volume.path, &volume.disk, &volume.image);
        if (chains_is_in(facts, path))
            return g_steal_pointer(&path);
    }
    return NULL;
}

void
volumes_tell_doomed(GString *text, const Work *work)
{
    Volume volume;
    for (guint i = 0; get(work, DOOM, i, &volume); i++) {
        char image[ID_TEXT_SIZE];
        const Disk *disk = view_find(work->view, &disk_type, &volume.disk);
        if (disk)
            plan_tell(text, MSG_PLAN_DROP_IMAGE, "disk", disk->alias, "image", id_format(&volume.image, ID_UUID, image), NULL);
    }
}

gboolean
volumes_delete(Work *work, GError **error)
{
    return delete_all(work, DOOM, error);
}

gboolean
volumes_delete_first(Work *work, GError **error)
{
    Volume volume;
    g_autoptr(HostLink) link = get(work, DOOM, 0, &volume) ? work_host(work, error) : NULL;
    if (!link)
        return !get(work, DOOM, 0, &volume);
    HostVolume file = file_of(&volume);
    return link->ops->volume_delete(link, &file, work->deadline, error);
}

Probe
volumes_first_deleted(Work *work, GError **error)
{
    Volume volume;
    VolumeFacts facts;
    g_autoptr(HostLink) link = get(work, DOOM, 0, &volume) ? work_host(work, error) : NULL;
    if (!link)
        return get(work, DOOM, 0, &volume) ? PROBE_UNKNOWN : PROBE_DONE;
    if (!read_volume(work, link, &volume, &facts, error))
        return PROBE_UNKNOWN;
    return facts.state == VOLUME_ABSENT ? PROBE_DONE : PROBE_NOT_DONE;
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
    Volume volume = { .disk = disk->object.id, .image = disk_image(disk), .storage = storage->object.id, .path = storage->storage.path };
    HostVolume file = file_of(&volume);
    VolumeFacts facts;
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link || !link->ops->store_ready(link, &file.store, work->deadline, error) || !read_volume(work, link, &volume, &facts, error))
        return FALSE;
    if (facts.state == VOLUME_WHOLE)
        return TRUE;
    return fault_set(error, MSG_VOLUME_MISSING, "disk", disk->alias, "storage_domain", storage->name, NULL);
}
