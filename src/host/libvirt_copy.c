/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Copies of images, as work on this machine's files: what a guest reads through all that lies beneath one, as an image that stands alone. A
 * copy is made by qemu-img under a name of its own and appears when it is whole; nobody may write its original meanwhile. */
#include "host/libvirt_files.h"

#include "host/volume_turn.h"

#include <unistd.h>

typedef struct {
    const VolumeFile *source;
    int format;             /* the source's */
    gint64 size, room;      /* what a guest reads, and what at most it takes */
} Original;

static gint64
room_of(const List *links, gint64 size)
{
    gint64 allocation = 0;
    for (guint i = 0; i < links->count; i++)
        allocation += ((const VolumeLink *) links->items[i])->allocation;
    return MIN(allocation, size + size / 1024 + (1 << 20));
}

/* What a raw disk holds is its guest's; a header is looked at only where the manager made the file with one. */
static gboolean
may_copy(const LibvirtCall *call, const VolumeFile *source, Original *ret, GError **error)
{
    List links = { 0 };
    if (!volume_chain_read(source, call->from_format, &links, error))
        return FALSE;
    const VolumeLink *top = links.items[0];
    *ret = (Original) { source, top->format, top->size, room_of(&links, top->size) };
    gboolean well = volume_chain_is_ours(source, &links, error) && volume_chain_is_quiet(source, &links, error);
    volume_chain_clear(&links);
    return well;
}

static gboolean
convert(LibvirtCall *call, const VolumeFile *file, const char *half, gconstpointer data, GError **error)
{
    const Original *original = data;
    const VolumePatience patience = libvirt_files_patience(call);
    const VolumeTool tool = { file, "copied", MSG_VOLUME_TOO_SLOW, &patience };
    const VolumeSpec spec = { .volume = libvirt_files_volume(call), .format = call->format, .size = call->size, .sparse = call->flag };
    return volume_tool_copy(original->source, original->format, file, half, &spec, &patience, error) &&
           (call->size <= original->size || volume_tool_grow(&tool, half, call->format, call->size, !call->flag, error));
}

static gboolean
copy_file(LibvirtCall *call, const VolumeFile *source, const VolumeFile *file, GError **error)
{
    Original original;
    if (!may_copy(call, source, &original, error))
        return FALSE;
    if ((call->flag ? original.room : MAX(call->size, original.size)) > volume_file_room(file))
        return volume_file_full(file, error);
    int kept = volume_file_keep_writers_out(source);
    gboolean well = libvirt_files_make(call, file, convert, &original, error);
    if (kept >= 0)
        close(kept);
    return well;
}

/* Alone with both: the copy's turn first, which nobody else takes second. */
static gboolean
work_copy(LibvirtCall *call, GError **error)
{
    const HostVolume volume = libvirt_files_volume(call);
    Tick deadline = libvirt_files_patience(call).deadline;
    g_auto(VolumeFile) source = { .dir = -1 }, file = { .dir = -1 };
    if (!libvirt_files_open(call, &call->from, &source, error) || !libvirt_files_open(call, &volume, &file, error))
        return FALSE;
    g_autofree char *from = volume_file_path(&source, source.name), *to = volume_file_path(&file, file.name);
    if (!volume_turn_take(to, deadline))
        return fault_set(error, MSG_VOLUME_BUSY, "disk", file.name, NULL);
    gboolean turn = volume_turn_take(from, deadline);
    gboolean well = turn ? copy_file(call, &source, &file, error) : fault_set(error, MSG_VOLUME_BUSY, "disk", source.name, NULL);
    if (turn)
        volume_turn_drop(from);
    volume_turn_drop(to);
    return well;
}

gboolean
libvirt_volume_copy(HostLink *link, const VolumeSpec *spec, const HostVolume *from, const gint *cancelled, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_copy, "copy", TRUE, TRUE, FALSE };
    char name[VOLUME_NAME_SIZE];
    g_autoptr(LibvirtCall) call = libvirt_files_call(link, &verb, &spec->volume, deadline);
    g_autofree char *about = g_strdup_printf("disk %s", volume_name_format(&from->disk, &from->image, name));
    libvirt_call_name(call, about);
    call->from = *from;
    call->from.store.path = g_strdup(from->store.path);
    call->from_format = spec->from_format;
    call->size = spec->size;
    call->format = spec->format;
    call->flag = spec->sparse;
    call->mark = g_strdup(spec->job);
    call->cancelled = cancelled;
    gboolean well = libvirt_call_run(call, error);
    call->cancelled = NULL;
    return well;
}
