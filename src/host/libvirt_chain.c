/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Chains of images of VMs that do not run: read, merged, set upon others. Reading goes out of turn, and also while a guest writes. */
#include "host/libvirt_files.h"

#include "host/volume_merge.h"
#include "host/volume_turn.h"

/* --- reading ------------------------------------------------------------------------------------------------------------------------------ */

static void
links_free(gpointer data)
{
    volume_chain_clear(data);
    g_free(data);
}

static void
images_free(gpointer data)
{
    volume_chain_clear_images(data);
    g_free(data);
}

static gboolean
work_chain(LibvirtCall *call, GError **error)
{
    List links = { 0 };
    const HostVolume volume = libvirt_files_volume(call);
    g_auto(VolumeFile) file = { .dir = -1 };
    if (!libvirt_files_open(call, &volume, &file, error) || !volume_chain_read(&file, 0, &links, error))
        return FALSE;
    call->result = g_memdup2(&links, sizeof(links));
    call->free_result = links_free;
    return TRUE;
}

static gboolean
work_above(LibvirtCall *call, GError **error)
{
    List images = { 0 };
    const VolumePatience patience = libvirt_files_patience(call);
    const HostVolume volume = libvirt_files_volume(call);
    g_auto(VolumeFile) file = { .dir = -1 };
    if (!libvirt_files_open(call, &volume, &file, error) || !volume_chain_above(&file, &patience, &images, error))
        return FALSE;
    call->result = g_memdup2(&images, sizeof(images));
    call->free_result = images_free;
    return TRUE;
}

static gboolean
ask(HostLink *link, const LibvirtVerb *verb, const HostVolume *volume, List *ret, Tick deadline, GError **error)
{
    g_autoptr(LibvirtCall) call = libvirt_files_call(link, verb, volume, deadline);
    if (!libvirt_call_run(call, error))
        return FALSE;
    *ret = *(List *) call->result;
    *(List *) call->result = (List) { 0 };
    return TRUE;
}

gboolean
libvirt_chain_read(HostLink *link, const HostVolume *volume, List *ret_links, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_chain, "look at", FALSE, TRUE, FALSE };
    return ask(link, &verb, volume, ret_links, deadline, error);
}

gboolean
libvirt_chain_above(HostLink *link, const HostVolume *volume, List *ret_images, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_above, "look at", FALSE, TRUE, FALSE };
    return ask(link, &verb, volume, ret_images, deadline, error);
}

/* --- merging ------------------------------------------------------------------------------------------------------------------------------- */

/* Alone with the one beneath, too. */
static gboolean
fold_file(LibvirtCall *call, const VolumeFile *file, GError **error)
{
    const VolumePatience patience = libvirt_files_patience(call);
    const VolumeFile base = volume_chain_beside(file, &call->id, &call->from.image);
    g_autofree char *path = volume_file_path(&base, base.name);
    if (!volume_turn_take(path, patience.deadline))
        return fault_set(error, MSG_VOLUME_BUSY, "disk", base.name, NULL);
    gboolean well = volume_merge_fold(file, &call->from.image, &patience, error);
    volume_turn_drop(path);
    return well;
}

static gboolean
work_fold(LibvirtCall *call, GError **error)
{
    return libvirt_files_in_turn(call, fold_file, error);
}

gboolean
libvirt_chain_fold(HostLink *link, const HostVolume *volume, const Id *base, const gint *cancelled, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_fold, "merge", TRUE, TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_files_call(link, &verb, volume, deadline);
    call->from.image = *base;
    call->cancelled = cancelled;
    gboolean well = libvirt_call_run(call, error);
    call->cancelled = NULL;
    return well;
}

static gboolean
stand_file(LibvirtCall *call, const VolumeFile *file, GError **error)
{
    const VolumePatience patience = libvirt_files_patience(call);
    return volume_merge_stand(file, &call->from.image, &patience, error);
}

static gboolean
work_stand(LibvirtCall *call, GError **error)
{
    return libvirt_files_in_turn(call, stand_file, error);
}

gboolean
libvirt_chain_stand(HostLink *link, const HostVolume *volume, const Id *base, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_stand, "rebase", TRUE, TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_files_call(link, &verb, volume, deadline);
    call->from.image = *base;
    return libvirt_call_run(call, error);
}
