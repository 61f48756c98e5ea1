/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The format is always said, never guessed. A new image names what it stands on by its bare name, and that is not opened for it: it may be
 * what a running guest writes. */
#include "host/volume_tool.h"

#include <string.h>

const char *
volume_tool_format(int format)
{
    return format == DISK_FORMAT_COW ? "qcow2" : "raw";
}

static gboolean
refused(const VolumeFile *file, const char *verb, const ChildResult *result, GError **error)
{
    if (result->end == CHILD_ABSENT)
        return fault_set(error, MSG_VOLUME_NO_TOOL, "host", file->host, NULL);
    if (strstr(result->words, "No space left on device") || strstr(result->words, "Disk quota exceeded"))
        return volume_file_full(file, error);
    if (strstr(result->words, "\"write\" lock") || strstr(result->words, "\"resize\" lock") || strstr(result->words, "\"consistent read\" lock"))
        return fault_set(error, MSG_VOLUME_USED, "disk", file->name, NULL);
    g_autofree char *reason = result->words[0] ? g_strdup(result->words) : g_strdup_printf("qemu-img ended with status %d", result->status);
    return fault_set(error, MSG_VOLUME_FAILED, "disk", file->name, "verb", verb, "path", file->path, "host", file->host, "reason", reason, NULL);
}

gboolean
volume_tool_run(const VolumeTool *tool, const char *const *argv, GError **error)
{
    g_auto(ChildResult) result = { 0 };
    const VolumePatience *patience = tool->patience;
    const VolumeFile *file = tool->file;
    volume_child_run_while(argv, patience->wake, patience->deadline, patience->wanted, patience->data, &result);
    if (result.end == CHILD_DONE)
        return TRUE;
    if (result.end == CHILD_KILLED)
        return fault_set(error, tool->ended, "path", file->path, "host", file->host, "disk", file->name, NULL);
    return refused(file, tool->verb, &result, error);
}

/* One that stands on another takes no room beforehand: what is beneath must shine through. */
static const char *
room_option(const VolumeSpec *spec)
{
    return spec->sparse || !id_is_null(&spec->backing) ? "preallocation=off" : "preallocation=falloc";
}

gboolean
volume_tool_make(const VolumeFile *file, const char *name, const VolumeSpec *spec, const VolumePatience *patience, GError **error)
{
    const VolumeTool tool = { file, "made", MSG_VOLUME_TOO_SLOW, patience };
    char backing[VOLUME_NAME_SIZE];
    const Id *backing_disk = id_is_null(&spec->backing_disk) ? &spec->volume.disk : &spec->backing_disk;
    g_autofree char *path = volume_file_path(file, name), *size = g_strdup_printf("%" G_GINT64_FORMAT, spec->size);
    const char *format = volume_tool_format(spec->format);
    const char *alone[] = { "qemu-img", "create", "-q", "-f", format, "-o", room_option(spec), path, size, NULL };
    const char *upon[] = { "qemu-img", "create", "-q", "-f", format, "-o", room_option(spec), "-u", "-b", volume_name_format(backing_disk, &spec->backing, backing),
                           "-F", volume_tool_format(spec->backing_format), path, size, NULL };
    return volume_tool_run(&tool, id_is_null(&spec->backing) ? alone : upon, error);
}

gboolean
volume_tool_copy(const VolumeFile *from, int from_format, const VolumeFile *file, const char *name, const VolumeSpec *spec, const VolumePatience *patience, GError **error)
{
    const VolumeTool tool = { file, "copied", MSG_VOLUME_TOO_SLOW, patience };
    g_autofree char *source = volume_file_path(from, from->name), *path = volume_file_path(file, name);
    const char *room = spec->sparse ? "preallocation=off" : "preallocation=falloc";
    const char *argv[] = { "qemu-img", "convert", "-q", "-f", volume_tool_format(from_format), "-O", volume_tool_format(spec->format), "-o", room, source, path, NULL };
    return volume_tool_run(&tool, argv, error);
}

gboolean
volume_tool_grow(const VolumeTool *tool, const char *name, int format, gint64 size, gboolean whole, GError **error)
{
    g_autofree char *path = volume_file_path(tool->file, name), *bytes = g_strdup_printf("%" G_GINT64_FORMAT, size);
    const char *how = whole ? "--preallocation=falloc" : "--preallocation=off";
    const char *argv[] = { "qemu-img", "resize", "-q", "-f", volume_tool_format(format), how, path, bytes, NULL };
    return volume_tool_run(tool, argv, error);
}
