/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Copies of disks, as work on this machine's files. A copy is made by qemu-img under a name of its own and appears when it is
 * whole; while it is made its original is held as by a QEMU that reads. */
#include "host/libvirt_call.h"

#include "host/volume_child.h"
#include "host/volume_file.h"
#include "host/volume_mark.h"
#include "host/volume_turn.h"

#include <string.h>

/* Waiting ends, and a child is ended, before the caller goes, so that it hears what became of it. */
static Tick
early_deadline(const LibvirtCall *call)
{
    return call->deadline - MIN(CLOCK_SECOND, MAX(call->deadline - clock_tick(), 0) / 4);
}

static gboolean
is_wanted(gpointer call)
{
    return libvirt_call_is_wanted(call);
}

static gboolean
too_slow(const VolumeFile *file, GError **error)
{
    return fault_set(error, MSG_VOLUME_TOO_SLOW, "path", file->path, "host", file->host, "disk", file->name, NULL);
}

/* What a raw disk holds is its guest's; a header is looked at only where the manager made the file with one. */
static gboolean
may_copy(const LibvirtCall *call, const VolumeFile *source, VolumeLook *look, GError **error)
{
    if (!volume_file_look(source, look, error))
        return FALSE;
    if (look->state != VOLUME_WHOLE)
        return fault_set(error, MSG_VOLUME_NO_FILE, "disk", source->name, "path", source->path, NULL);
    if (call->format == DISK_FORMAT_COW && (look->broken || look->format != DISK_FORMAT_COW))
        return fault_set(error, MSG_VOLUME_BROKEN, "disk", source->name, "path", source->path, NULL);
    if (call->format == DISK_FORMAT_COW && look->names_files)
        return fault_set(error, MSG_VOLUME_NAMES_FILES, "disk", source->name, NULL);
    return volume_file_is_free(source, error);
}

static gboolean
convert(LibvirtCall *call, const VolumeFile *source, const VolumeFile *file, const char *name, GError **error)
{
    g_auto(ChildResult) result = { 0 };
    g_autofree char *from = volume_file_path(source, source->name), *to = volume_file_path(file, name);
    const char *format = call->format == DISK_FORMAT_COW ? "qcow2" : "raw";
    const char *options = call->flag ? "preallocation=off" : "preallocation=falloc";
    const char *argv[] = { "qemu-img", "convert", "-q", "-f", format, "-O", format, "-o", options, from, to, NULL };
    volume_child_run_while(argv, call->host->wake, early_deadline(call), is_wanted, call, &result);
    if (result.end == CHILD_DONE)
        return TRUE;
    if (result.end == CHILD_KILLED)
        return too_slow(file, error);
    if (result.end == CHILD_ABSENT)
        return fault_set(error, MSG_VOLUME_NO_TOOL, "host", file->host, NULL);
    if (strstr(result.words, "No space left on device") || strstr(result.words, "Disk quota exceeded"))
        return volume_file_full(file, error);
    if (strstr(result.words, "\"write\" lock"))
        return fault_set(error, MSG_VOLUME_USED, "disk", source->name, NULL);
    return fault_set(error, MSG_VOLUME_FAILED, "disk", file->name, "verb", "copied", "path", file->path, "host", file->host,
                     "reason", result.words[0] ? result.words : "qemu-img failed", NULL);
}

static gboolean
make_whole(LibvirtCall *call, const VolumeFile *source, const VolumeFile *file, const char *name, GError **error)
{
    lock_take(&call->host->lock);
    uid_t user = call->host->qemu_user;
    gid_t group = call->host->qemu_group;
    lock_drop(&call->host->lock);
    if (!convert(call, source, file, name, error) || !volume_file_settle(file, name, call->format, user, group, error))
        return FALSE;
    return libvirt_call_is_wanted(call) ? volume_file_publish(file, name, error) : too_slow(file, error);
}

static gboolean
copy_file(LibvirtCall *call, const VolumeFile *source, const VolumeFile *file, GError **error)
{
    VolumeLook look;
    if (!may_copy(call, source, &look, error))
        return FALSE;
    if ((call->flag ? look.allocation : call->size) > volume_file_room(file))
        return volume_file_full(file, error);
    g_autofree char *name = volume_file_begin(file, call->mark, error);
    if (!name)
        return FALSE;
    if (make_whole(call, source, file, name, error))
        return TRUE;
    volume_file_drop(file, name);
    return FALSE;
}

/* Alone with both: the copy's turn first, which nobody else takes second. */
static gboolean
work_copy(LibvirtCall *call, GError **error)
{
    const HostVolume volume = { { call->store, call->text, FALSE }, call->id, call->image };
    g_auto(VolumeFile) source = { .dir = -1 }, file = { .dir = -1 };
    const char *host = call->host->link.name;
    if (!volume_mark_verify(call->text, host, &call->store, error) ||
        !volume_mark_verify(call->from.store.path, host, &call->from.store.storage_domain, error) ||
        !volume_file_open(&source, host, &call->from, error) || !volume_file_open(&file, host, &volume, error))
        return FALSE;
    g_autofree char *from = volume_file_path(&source, source.name), *to = volume_file_path(&file, file.name);
    if (!volume_turn_take(to, early_deadline(call)))
        return fault_set(error, MSG_VOLUME_BUSY, "disk", file.name, NULL);
    gboolean turn = volume_turn_take(from, early_deadline(call));
    gboolean well = turn ? copy_file(call, &source, &file, error) : fault_set(error, MSG_VOLUME_BUSY, "disk", source.name, NULL);
    if (turn)
        volume_turn_drop(from);
    volume_turn_drop(to);
    return well;
}

gboolean
libvirt_volume_copy(HostLink *link, const VolumeSpec *spec, const HostVolume *from, const gint *cancelled, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_copy, "copy", TRUE, TRUE };
    char name[VOLUME_NAME_SIZE];
    g_autoptr(LibvirtCall) call = libvirt_call_new(link, &verb, &spec->volume.disk, deadline);
    g_autofree char *about = g_strdup_printf("disk %s", volume_name_format(&from->disk, &from->image, name));
    libvirt_call_name(call, about);
    call->text = g_strdup(spec->volume.store.path);
    call->store = spec->volume.store.storage_domain;
    call->image = spec->volume.image;
    call->from = *from;
    call->from.store.path = g_strdup(from->store.path);
    call->size = spec->size;
    call->format = spec->format;
    call->flag = spec->sparse;
    call->mark = g_strdup(spec->job);
    call->cancelled = cancelled;
    gboolean well = libvirt_call_run(call, error);
    call->cancelled = NULL;
    return well;
}
