/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Answers domain_xml's questions. A disk that this very job makes may not stand in the view yet (?plan=1): its marks answer
 * then. Writes no XML and asks no host. */
#include "command/world.h"

#include "command/guards.h"
#include "command/paths.h"
#include "command/volumes.h"
#include "host/volume_name.h"

static gboolean
unmanaged_disk(const Disk *disk, char **ret_path, GError **error)
{
    if (!disk->path)
        return fault_set(error, MSG_DISK_NOWHERE, "disk", disk->alias, NULL);
    if (*disk->path != '/')
        return fault_set(error, MSG_DISK_NO_FILE, "disk", disk->alias, "path", disk->path, NULL);
    *ret_path = g_strdup(disk->path);
    return TRUE;
}

/* A local storage domain is of use on its own host only. */
static gboolean
reaches(const Work *work, const Disk *disk, const StorageDomain *storage, GError **error)
{
    Id host;
    if (id_is_null(&storage->host.id) || !work_mark_id(work, "host", &host) || id_equal(&host, &storage->host.id))
        return TRUE;
    const Host *there = view_find(work->view, &host_type, &storage->host.id);
    const Host *here = view_find(work->view, &host_type, &host);
    return fault_set(error, MSG_DISK_ELSEWHERE, "disk", disk->alias, "storage_domain", storage->name, "there", there ? there->name : "",
                     "host", here ? here->name : "", NULL);
}

static gboolean
known_disk(const Work *work, const Disk *disk, char **ret_path, GError **error)
{
    Id image = disk_image(disk);
    const StorageDomain *storage = guard_disk_storage(work->view, disk);
    if (storage && storage->type == STORAGE_USE_UNMANAGED)
        return unmanaged_disk(disk, ret_path, error);
    if (!storage || !storage->storage.path)
        return fault_set(error, MSG_DISK_NOWHERE, "disk", disk->alias, NULL);
    if (!reaches(work, disk, storage, error))
        return FALSE;
    *ret_path = volume_name_path(storage->storage.path, &disk->object.id, &image);
    return TRUE;
}

static gboolean
find_disk(gpointer data, const Id *id, char **ret_path, int *ret_format, gboolean *ret_shareable, GError **error)
{
    const Work *work = data;
    char text[ID_TEXT_SIZE];
    const Disk *disk = view_find(work->view, &disk_type, id);
    Volume volume;
    if (!disk && volumes_find(work, id, &volume)) {
        *ret_path = volume_name_path(volume.path, &volume.disk, &volume.image);
        *ret_format = volume.format;
        *ret_shareable = volume.shareable;
        return TRUE;
    }
    if (!disk)
        return fault_set(error, MSG_NO_SUCH_DISK, "id", id_format(id, ID_UUID, text), NULL);
    if (!known_disk(work, disk, ret_path, error))
        return FALSE;
    *ret_format = disk->format;
    *ret_shareable = disk->shareable;
    return TRUE;
}

static char *
find_iso(gpointer data, const char *file_id, GError **error)
{
    const Work *work = data;
    return paths_iso(work->view, file_id, error);
}

const char *
world_network_source(const View *view, const Id *network)
{
    const Network *found = view_find(view, &network_type, network);
    return found ? found->source : NULL;
}

const Network *
world_profile_network(const View *view, const Id *profile)
{
    const VnicProfile *found = view_find(view, &vnic_profile_type, profile);
    return found ? view_find(view, &network_type, &found->network.id) : NULL;
}

/* What it is plugged into now wins: a NIC of an adopted VM has no profile. */
static const char *
find_nic_source(gpointer data, const Nic *nic)
{
    const Work *work = data;
    if (nic->source)
        return nic->source;
    const Network *network = id_is_null(&nic->vnic_profile.id) ? NULL : world_profile_network(work->view, &nic->vnic_profile.id);
    return network ? network->source : NULL;
}

gboolean
world_init(World *ret, const Work *work, GError **error)
{
    Id id;
    const Host *host = work_mark_id(work, "host", &id) ? view_find(work->view, &host_type, &id) : NULL;
    if (!host)
        return fault_set(error, MSG_HOST_GONE, NULL);
    id_format(&work->job, ID_UUID, ret->job);
    ret->domain = (DomainWorld) { host, ret->job, find_disk, find_iso, find_nic_source, (gpointer) work };
    return TRUE;
}
