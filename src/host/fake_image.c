/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The content of fake hosts' disks, which is real as soon as somebody moves it: a file beside the state file, made when it is first
 * asked for, and served and judged as a real host's. Disks whose content nobody moves stay a line in the state file. */
#include "host/fake_parts.h"

#include "host/image_file.h"
#include "host/volume_child.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the content of VOLUME really is. */
static HostVolume
kept_in(char *folder, const HostVolume *volume)
{
    return (HostVolume) { { volume->store.storage_domain, folder, FALSE }, volume->disk, volume->image };
}

static char *
folder_of(const Fake *fake)
{
    return g_strconcat(fake->state, ".images", NULL);
}

/* PATH: of the volume, as the state file has it. */
void
fake_image_drop(const Fake *fake, const char *path)
{
    g_autofree char *folder = folder_of(fake), *name = g_path_get_basename(path);
    g_autofree char *file = g_build_filename(folder, name, NULL);
    unlink(file);
}

/* Is there such a disk, and is the call obeyed? Then its folder and format. Takes the lock. */
static gboolean
ask(FakeHost *host, const char *operation, const ImageSpec *spec, Tick deadline, char **ret_folder, GError **error)
{
    char name[VOLUME_NAME_SIZE];
    g_autofree char *path = volume_name_path(spec->volume.store.path, &spec->volume.disk, &spec->volume.image);
    LOCK_HOLD(&host->fake->lock);
    FakeCall call = { .host = host, .operation = operation, .id = &spec->volume.disk };
    if (!fake_begin(&call, deadline, error))
        return FALSE;
    const FakeVolume *volume = g_hash_table_lookup(host->fake->volumes, path);
    if (!volume || volume->partial)
        return fault_set(error, MSG_VOLUME_NO_FILE, "disk", volume_name_format(&spec->volume.disk, &spec->volume.image, name), "path", spec->volume.store.path, NULL);
    *ret_folder = folder_of(host->fake);
    return !(call.late || call.silent) || fake_unknown(&call, error);
}

static gboolean
run_tool(FakeHost *host, const char *verb, const ImageSpec *spec, const char *file, Tick deadline, GError **error)
{
    g_auto(ChildResult) result = { 0 };
    g_autofree char *size = g_strdup_printf("%" G_GINT64_FORMAT, spec->size);
    const char *argv[] = { "qemu-img", verb, "-q", "-f", spec->format == DISK_FORMAT_COW ? "qcow2" : "raw", file, size, NULL };
    volume_child_run(argv, -1, deadline, &result);
    if (result.end == CHILD_DONE)
        return TRUE;
    if (result.end == CHILD_ABSENT)
        return fault_set(error, MSG_VOLUME_NO_TOOL, "host", host->name, NULL);
    return fault_set(error, MSG_FAKE_FILE, "file", file, "reason", result.words, NULL);
}

/* The file as a host would have it: there, and as large as its disk. */
static gboolean
make_file(FakeHost *host, const VolumeFile *file, const ImageSpec *spec, Tick deadline, GError **error)
{
    VolumeLook look;
    g_autofree char *path = volume_file_path(file, file->name);
    if (!volume_file_look(file, &look, error))
        return FALSE;
    if (look.state != VOLUME_WHOLE)
        return run_tool(host, "create", spec, path, deadline, error);
    gboolean grows = !(spec->own && spec->write) && !look.broken && look.size < spec->size;
    return !grows || run_tool(host, "resize", spec, path, deadline, error);
}

HostImage *
fake_image_open(HostLink *link, const ImageSpec *spec, Tick deadline, GError **error)
{
    FakeHost *host = FAKE_HOST(link);
    g_autofree char *folder = NULL, *served = NULL;
    g_auto(VolumeFile) file = { .dir = -1 };
    if (!ask(host, "image_open", spec, deadline, &folder, error))
        return NULL;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        fault_set(error, MSG_FAKE_FILE, "file", folder, "reason", g_strerror(errno), NULL);
        return NULL;
    }
    const HostVolume kept = kept_in(folder, &spec->volume);
    if (!volume_file_open(&file, host->name, &kept, error) || !make_file(host, &file, spec, deadline, error) ||
        !image_file_prepare(&file, spec, &served, error))
        return NULL;
    return image_file_serve(host->name, served, spec, error);
}

gboolean
fake_image_settle(HostLink *link, const ImageSpec *spec, gint64 end, Tick deadline, GError **error)
{
    FakeHost *host = FAKE_HOST(link);
    g_autofree char *folder = NULL;
    g_auto(VolumeFile) file = { .dir = -1 };
    if (!ask(host, "image_settle", spec, deadline, &folder, error))
        return FALSE;
    const HostVolume kept = kept_in(folder, &spec->volume);
    return volume_file_open(&file, host->name, &kept, error) && image_file_settle(&file, spec, end, -1, deadline, error);
}
