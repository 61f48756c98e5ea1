/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Work on this machine's files in the host's pool: no connection is needed, and libvirt's storage pools, which lock and refresh whole
 * directories, are not used. A host that is not this machine has no volumes yet (its URI is refused before). */
#include "host/libvirt_files.h"

#include "host/volume_mark.h"
#include "host/volume_turn.h"

LibvirtCall *
libvirt_files_call(HostLink *link, const LibvirtVerb *verb, const HostVolume *volume, Tick deadline)
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

HostVolume
libvirt_files_volume(const LibvirtCall *call)
{
    return (HostVolume) { { call->store, call->text, FALSE }, call->id, call->image };
}

static gboolean
is_wanted(gpointer call)
{
    return libvirt_call_is_wanted(call);
}

VolumePatience
libvirt_files_patience(LibvirtCall *call)
{
    Tick early = call->deadline - MIN(CLOCK_SECOND, MAX(call->deadline - clock_tick(), 0) / 4);
    return (VolumePatience) { call->host->wake, early, is_wanted, call };
}

gboolean
libvirt_files_open(const LibvirtCall *call, const HostVolume *volume, VolumeFile *ret, GError **error)
{
    const char *host = call->host->link.name;
    return volume_mark_verify(volume->store.path, host, &volume->store.storage_domain, error) && volume_file_open(ret, host, volume, error);
}

gboolean
libvirt_files_in_turn(LibvirtCall *call, LibvirtFileWork work, GError **error)
{
    const HostVolume volume = libvirt_files_volume(call);
    g_auto(VolumeFile) file = { .dir = -1 };
    if (!libvirt_files_open(call, &volume, &file, error))
        return FALSE;
    g_autofree char *path = volume_file_path(&file, file.name);
    if (!volume_turn_take(path, libvirt_files_patience(call).deadline))
        return fault_set(error, MSG_VOLUME_BUSY, "disk", file.name, NULL);
    gboolean well = work(call, &file, error);
    volume_turn_drop(path);
    return well;
}

static gboolean
settle(LibvirtCall *call, const VolumeFile *file, const char *half, GError **error)
{
    lock_take(&call->host->lock);
    uid_t user = call->host->qemu_user;
    gid_t group = call->host->qemu_group;
    lock_drop(&call->host->lock);
    return volume_file_settle(file, half, call->format, user, group, error);
}

/* Flushing may have taken longer than the caller waited: what nobody waits for any more must not appear. */
static gboolean
make_whole(LibvirtCall *call, const VolumeFile *file, const char *half, LibvirtHalfWork work, gconstpointer data, GError **error)
{
    if (!work(call, file, half, data, error) || !settle(call, file, half, error))
        return FALSE;
    if (!libvirt_call_is_wanted(call))
        return fault_set(error, MSG_VOLUME_TOO_SLOW, "path", file->path, "host", file->host, "disk", file->name, NULL);
    return volume_file_publish(file, half, error);
}

gboolean
libvirt_files_make(LibvirtCall *call, const VolumeFile *file, LibvirtHalfWork work, gconstpointer data, GError **error)
{
    g_autofree char *half = volume_file_begin(file, call->mark, error);
    if (!half)
        return FALSE;
    if (make_whole(call, file, half, work, data, error))
        return TRUE;
    volume_file_drop(file, half);
    return FALSE;
}
