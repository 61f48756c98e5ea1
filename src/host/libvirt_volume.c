/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The volume operations of host.h, as work on this machine's files in the host's pool: no connection is needed, and libvirt's
 * storage pools, which lock and refresh whole directories, are not used. qemu-img makes and resizes, always told the format.
 * A host that is not this machine has no volumes yet (its URI is refused before). */
#include "host/libvirt_call.h"

#include "host/volume_child.h"
#include "host/volume_file.h"
#include "host/volume_mark.h"
#include "host/volume_turn.h"

#include <string.h>

/* --- before and after ---------------------------------------------------------------------------------------------------------------- */

static LibvirtCall *
call_new(HostLink *link, const LibvirtVerb *verb, const HostVolume *volume, Tick deadline)
{
    char name[VOLUME_NAME_SIZE];
    LibvirtCall *call = libvirt_call_new(link, verb, &volume->disk, deadline);
    g_autofree char *about = g_strdup_printf("disk %s", volume_name_format(&volume->disk, &volume->image, name));
    libvirt_call_name(call, about);
    call->text = g_strdup(volume->store.path);
    call->store = volume->store.storage_domain;
    call->image = volume->image;
    return call;
}

static HostVolume
volume_of(const LibvirtCall *call)
{
    return (HostVolume) { { call->store, call->text, FALSE }, call->id, call->image };
}

/* Waiting ends, and a child is ended, before the caller goes, so that it hears what became of it. */
static Tick
early_deadline(const LibvirtCall *call)
{
    return call->deadline - MIN(CLOCK_SECOND, MAX(call->deadline - clock_tick(), 0) / 4);
}

typedef gboolean (*FileWork)(LibvirtCall *call, VolumeFile *file, GError **error);

/* WORK alone with the disk. Where the storage domain is not, its disks are not gone. */
static gboolean
in_turn(LibvirtCall *call, FileWork work, GError **error)
{
    const HostVolume volume = volume_of(call);
    g_auto(VolumeFile) file = { .dir = -1 };
    if (!volume_mark_verify(call->text, call->host->link.name, &call->store, error) ||
        !volume_file_open(&file, call->host->link.name, &volume, error))
        return FALSE;
    g_autofree char *path = volume_file_path(&file, file.name);
    if (!volume_turn_take(path, early_deadline(call)))
        return fault_set(error, MSG_VOLUME_BUSY, "disk", file.name, NULL);
    gboolean well = work(call, &file, error);
    volume_turn_drop(path);
    return well;
}

/* qemu-img's words as a sentence of ours. */
static gboolean
child_failed(const VolumeFile *file, const char *verb, const ChildResult *result, GError **error)
{
    if (result->end == CHILD_ABSENT)
        return fault_set(error, MSG_VOLUME_NO_TOOL, "host", file->host, NULL);
    if (strstr(result->words, "No space left on device") || strstr(result->words, "Disk quota exceeded"))
        return volume_file_full(file, error);
    if (strstr(result->words, "\"write\" lock") || strstr(result->words, "\"resize\" lock"))
        return fault_set(error, MSG_VOLUME_USED, "disk", file->name, NULL);
    g_autofree char *reason = result->words[0] ? g_strdup(result->words) : g_strdup_printf("qemu-img ended with status %d", result->status);
    return fault_set(error, MSG_VOLUME_FAILED, "disk", file->name, "verb", verb, "path", file->path, "host", file->host, "reason", reason, NULL);
}

static const char *
format_word(int format)
{
    return format == DISK_FORMAT_COW ? "qcow2" : "raw";
}

/* --- creating ------------------------------------------------------------------------------------------------------------------------- */

static gboolean
fill(LibvirtCall *call, VolumeFile *file, const char *name, GError **error)
{
    g_auto(ChildResult) result = { 0 };
    g_autofree char *path = volume_file_path(file, name);
    g_autofree char *size = g_strdup_printf("%" G_GINT64_FORMAT, call->size);
    const char *options = call->flag ? "preallocation=off" : "preallocation=falloc";
    const char *argv[] = { "qemu-img", "create", "-q", "-f", format_word(call->format), "-o", options, path, size, NULL };
    volume_child_run(argv, call->host->wake, early_deadline(call), &result);
    if (result.end == CHILD_DONE)
        return TRUE;
    if (result.end == CHILD_KILLED)
        return fault_set(error, MSG_VOLUME_TOO_SLOW, "path", file->path, "host", file->host, "disk", file->name, NULL);
    return child_failed(file, "made", &result, error);
}

/* Flushing may have taken longer than the caller waited: what nobody waits for any more must not appear. */
static gboolean
make_whole(LibvirtCall *call, VolumeFile *file, const char *name, GError **error)
{
    lock_take(&call->host->lock);
    uid_t user = call->host->qemu_user;
    gid_t group = call->host->qemu_group;
    lock_drop(&call->host->lock);
    if (!fill(call, file, name, error) || !volume_file_settle(file, name, call->format, user, group, error))
        return FALSE;
    if (!libvirt_call_is_wanted(call))
        return fault_set(error, MSG_VOLUME_TOO_SLOW, "path", file->path, "host", file->host, "disk", file->name, NULL);
    return volume_file_publish(file, name, error);
}

static gboolean
create_file(LibvirtCall *call, VolumeFile *file, GError **error)
{
    if (!call->flag && call->size > volume_file_room(file))
        return volume_file_full(file, error);
    g_autofree char *name = volume_file_begin(file, call->mark, error);
    if (!name)
        return FALSE;
    if (make_whole(call, file, name, error))
        return TRUE;
    volume_file_drop(file, name);
    return FALSE;
}

static gboolean
work_create(LibvirtCall *call, GError **error)
{
    return in_turn(call, create_file, error);
}

gboolean
libvirt_volume_create(HostLink *link, const VolumeSpec *spec, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_create, "make", TRUE, TRUE };
    g_autoptr(LibvirtCall) call = call_new(link, &verb, &spec->volume, deadline);
    call->size = spec->size;
    call->format = spec->format;
    call->flag = spec->sparse;
    call->mark = g_strdup(spec->job);
    return libvirt_call_run(call, error);
}

/* --- resizing ------------------------------------------------------------------------------------------------------------------------- */

static gboolean
may_resize(LibvirtCall *call, VolumeFile *file, const VolumeLook *look, GError **error)
{
    if (look->state != VOLUME_WHOLE)
        return fault_set(error, MSG_VOLUME_NO_FILE, "disk", file->name, "path", file->path, NULL);
    if (look->broken)
        return fault_set(error, MSG_VOLUME_BROKEN, "disk", file->name, "path", file->path, NULL);
    if (look->names_files)
        return fault_set(error, MSG_VOLUME_NAMES_FILES, "disk", file->name, NULL);
    if (!volume_file_is_free(file, error))
        return FALSE;
    if (call->size >= look->size)
        return TRUE;
    g_autofree char *was = g_strdup_printf("%" G_GINT64_FORMAT, look->size), *size = g_strdup_printf("%" G_GINT64_FORMAT, call->size);
    return fault_set(error, MSG_VOLUME_SHRINK, "disk", file->name, "was", was, "size", size, NULL);
}

/* One that had all its room from the beginning gets it for what is added, too. */
static gboolean
stretch(LibvirtCall *call, VolumeFile *file, const VolumeLook *look, GError **error)
{
    g_auto(ChildResult) result = { 0 };
    gboolean whole = look->size > 0 && look->allocation >= look->size;
    if (whole && call->size - look->size > volume_file_room(file))
        return volume_file_full(file, error);
    g_autofree char *path = volume_file_path(file, file->name);
    g_autofree char *size = g_strdup_printf("%" G_GINT64_FORMAT, call->size);
    const char *how = whole ? "--preallocation=falloc" : "--preallocation=off";
    const char *argv[] = { "qemu-img", "resize", "-q", "-f", format_word(look->format), how, path, size, NULL };
    volume_child_run(argv, call->host->wake, early_deadline(call), &result);
    if (result.end == CHILD_DONE)
        return volume_file_sync(file, error);
    if (result.end == CHILD_KILLED)
        return fault_set(error, MSG_VOLUME_RESIZE_TOO_SLOW, "path", file->path, "host", file->host, "disk", file->name, NULL);
    return child_failed(file, "resized", &result, error);
}

static gboolean
resize_file(LibvirtCall *call, VolumeFile *file, GError **error)
{
    VolumeLook look;
    if (!volume_file_look(file, &look, error) || !may_resize(call, file, &look, error))
        return FALSE;
    return call->size == look.size || stretch(call, file, &look, error);
}

static gboolean
work_resize(LibvirtCall *call, GError **error)
{
    return in_turn(call, resize_file, error);
}

gboolean
libvirt_volume_resize(HostLink *link, const HostVolume *volume, gint64 size, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_resize, "resize", TRUE, TRUE };
    g_autoptr(LibvirtCall) call = call_new(link, &verb, volume, deadline);
    call->size = size;
    return libvirt_call_run(call, error);
}

/* --- deleting and reading ---------------------------------------------------------------------------------------------------------------- */

/* The last look before what nobody can undo. */
static gboolean
delete_file(LibvirtCall *call, VolumeFile *file, GError **error)
{
    return volume_file_is_free(file, error) && volume_file_delete(file, error);
}

static gboolean
work_delete(LibvirtCall *call, GError **error)
{
    return in_turn(call, delete_file, error);
}

gboolean
libvirt_volume_delete(HostLink *link, const HostVolume *volume, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_delete, "delete", TRUE, TRUE };
    g_autoptr(LibvirtCall) call = call_new(link, &verb, volume, deadline);
    return libvirt_call_run(call, error);
}

/* Out of turn: it asks, and takes nothing. While a change that was given up on has not ended it is not asked at all. */
static gboolean
work_look(LibvirtCall *call, GError **error)
{
    VolumeLook look;
    const HostVolume volume = volume_of(call);
    g_auto(VolumeFile) file = { .dir = -1 };
    if (!volume_mark_verify(call->text, call->host->link.name, &call->store, error) ||
        !volume_file_open(&file, call->host->link.name, &volume, error) || !volume_file_look(&file, &look, error))
        return FALSE;
    VolumeState state = look.state == VOLUME_WHOLE && look.broken ? VOLUME_PARTIAL : look.state;
    call->volume = (VolumeFacts) { state, look.format, look.size, look.allocation };
    return TRUE;
}

gboolean
libvirt_volume_read(HostLink *link, const HostVolume *volume, VolumeFacts *ret_facts, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_look, "look at", FALSE, TRUE };
    g_autoptr(LibvirtCall) call = call_new(link, &verb, volume, deadline);
    if (!libvirt_call_run(call, error))
        return FALSE;
    *ret_facts = call->volume;
    return TRUE;
}
