/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Images made, resized, deleted and looked at. qemu-img makes and resizes; what stands upon another names it and is looked through before
 * anything is opened. */
#include "host/libvirt_files.h"

/* --- creating ------------------------------------------------------------------------------------------------------------------------- */

static VolumeSpec
spec_of(const LibvirtCall *call)
{
    return (VolumeSpec) {
        .volume = libvirt_files_volume(call), .format = call->format, .size = call->size, .sparse = call->flag, .job = call->mark,
        .backing = call->from.image, .backing_disk = call->from.disk, .backing_format = call->from_format,
    };
}

/* What is to lie beneath is there, a chain of ours, and not longer than what comes upon it. */
static gboolean
judge_backing(const VolumeFile *file, const VolumeFile *base, const VolumeSpec *spec, const List *links, GError **error)
{
    const VolumeLink *top = links->items[0];
    if (!volume_chain_is_ours(base, links, error))
        return FALSE;
    if (links->count >= VOLUME_CHAIN_MOST)
        return fault_set(error, MSG_VOLUME_CHAIN_DEEP, "image", file->name, "path", file->path, "most", G_STRINGIFY(VOLUME_CHAIN_MOST), NULL);
    g_autofree char *was = g_strdup_printf("%" G_GINT64_FORMAT, top->size), *size = g_strdup_printf("%" G_GINT64_FORMAT, spec->size);
    return spec->size >= top->size || fault_set(error, MSG_VOLUME_SHRINK, "disk", file->name, "was", was, "size", size, NULL);
}

static gboolean
may_stand(const VolumeFile *file, const VolumeSpec *spec, GError **error)
{
    List links = { 0 };
    const VolumeFile base = volume_chain_beside(file, &spec->backing_disk, &spec->backing);
    if (!volume_chain_read(&base, spec->backing_format, &links, error))
        return FALSE;
    gboolean well = judge_backing(file, &base, spec, &links, error);
    volume_chain_clear(&links);
    return well;
}

static gboolean
fill(LibvirtCall *call, const VolumeFile *file, const char *half, gconstpointer spec, GError **error)
{
    const VolumePatience patience = libvirt_files_patience(call);
    return volume_tool_make(file, half, spec, &patience, error);
}

static gboolean
create_file(LibvirtCall *call, const VolumeFile *file, GError **error)
{
    const VolumeSpec spec = spec_of(call);
    gboolean alone = id_is_null(&spec.backing);
    if (!alone && !may_stand(file, &spec, error))
        return FALSE;
    if (alone && !spec.sparse && spec.size > volume_file_room(file))
        return volume_file_full(file, error);
    return libvirt_files_make(call, file, fill, &spec, error);
}

static gboolean
work_create(LibvirtCall *call, GError **error)
{
    return libvirt_files_in_turn(call, create_file, error);
}

gboolean
libvirt_volume_create(HostLink *link, const VolumeSpec *spec, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_create, "make", TRUE, TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_files_call(link, &verb, &spec->volume, deadline);
    call->size = spec->size;
    call->format = spec->format;
    call->flag = spec->sparse;
    call->mark = g_strdup(spec->job);
    call->from.image = spec->backing;
    call->from.disk = id_is_null(&spec->backing_disk) ? spec->volume.disk : spec->backing_disk;
    call->from_format = spec->backing_format;
    return libvirt_call_run(call, error);
}

/* --- resizing ------------------------------------------------------------------------------------------------------------------------- */

static gboolean
may_resize(LibvirtCall *call, const VolumeFile *file, const VolumeLook *look, GError **error)
{
    if (look->state != VOLUME_WHOLE)
        return fault_set(error, MSG_VOLUME_NO_FILE, "disk", file->name, "path", file->path, NULL);
    if (!volume_chain_check(file, 0, error) || !volume_file_is_free(file, error))
        return FALSE;
    if (call->size >= look->size)
        return TRUE;
    g_autofree char *was = g_strdup_printf("%" G_GINT64_FORMAT, look->size), *size = g_strdup_printf("%" G_GINT64_FORMAT, call->size);
    return fault_set(error, MSG_VOLUME_SHRINK, "disk", file->name, "was", was, "size", size, NULL);
}

/* One that had all its room from the beginning gets it for what is added, too. */
static gboolean
stretch(LibvirtCall *call, const VolumeFile *file, const VolumeLook *look, GError **error)
{
    const VolumePatience patience = libvirt_files_patience(call);
    const VolumeTool tool = { file, "resized", MSG_VOLUME_RESIZE_TOO_SLOW, &patience };
    gboolean whole = look->size > 0 && look->allocation >= look->size && !look->stands;
    if (whole && call->size - look->size > volume_file_room(file))
        return volume_file_full(file, error);
    return volume_tool_grow(&tool, file->name, look->format, call->size, whole, error) && volume_file_sync(file, "resized", error);
}

static gboolean
resize_file(LibvirtCall *call, const VolumeFile *file, GError **error)
{
    VolumeLook look;
    if (!volume_file_look(file, &look, error) || !may_resize(call, file, &look, error))
        return FALSE;
    return call->size == look.size || stretch(call, file, &look, error);
}

static gboolean
work_resize(LibvirtCall *call, GError **error)
{
    return libvirt_files_in_turn(call, resize_file, error);
}

gboolean
libvirt_volume_resize(HostLink *link, const HostVolume *volume, gint64 size, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_resize, "resize", TRUE, TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_files_call(link, &verb, volume, deadline);
    call->size = size;
    return libvirt_call_run(call, error);
}

/* --- deleting and reading ---------------------------------------------------------------------------------------------------------------- */

/* The last look before what nobody can undo. */
static gboolean
delete_file(LibvirtCall *call, const VolumeFile *file, GError **error)
{
    VolumeLook look;
    const VolumePatience patience = libvirt_files_patience(call);
    if (!volume_file_look(file, &look, error) || (look.state == VOLUME_WHOLE && !volume_chain_is_top(file, &patience, error)))
        return FALSE;
    return volume_file_is_free(file, error) && volume_file_delete(file, error);
}

static gboolean
work_delete(LibvirtCall *call, GError **error)
{
    return libvirt_files_in_turn(call, delete_file, error);
}

gboolean
libvirt_volume_delete(HostLink *link, const HostVolume *volume, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_delete, "delete", TRUE, TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_files_call(link, &verb, volume, deadline);
    return libvirt_call_run(call, error);
}

/* Out of turn: it asks, and takes nothing. While a change that was given up on has not ended it is not asked at all. */
static gboolean
work_look(LibvirtCall *call, GError **error)
{
    VolumeLook look;
    const HostVolume volume = libvirt_files_volume(call);
    g_auto(VolumeFile) file = { .dir = -1 };
    if (!libvirt_files_open(call, &volume, &file, error) || !volume_file_look(&file, &look, error))
        return FALSE;
    VolumeState state = look.state == VOLUME_WHOLE && look.broken ? VOLUME_PARTIAL : look.state;
    call->volume = (VolumeFacts) { state, look.format, look.size, look.allocation };
    return TRUE;
}

gboolean
libvirt_volume_read(HostLink *link, const HostVolume *volume, VolumeFacts *ret_facts, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_look, "look at", FALSE, TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_files_call(link, &verb, volume, deadline);
    if (!libvirt_call_run(call, error))
        return FALSE;
    *ret_facts = call->volume;
    return TRUE;
}
