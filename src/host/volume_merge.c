/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The last look before what nobody can undo: the chain as the files say it, who stands on what, who has what open. */
#include "host/volume_merge.h"

#include "host/volume_tool.h"

/* --- into the one beneath ---------------------------------------------------------------------------------------------------------------- */

static gboolean
is_beneath(const VolumeFile *file, const List *links, const Id *base, GError **error)
{
    char name[VOLUME_NAME_SIZE];
    const VolumeLink *link = links->items[0], *next = links->count > 1 ? links->items[1] : NULL;
    if (next && id_equal(&next->image, base) && id_equal(&next->disk, &link->disk))
        return TRUE;
    return fault_set(error, MSG_VOLUME_NOT_BENEATH, "image", file->name, "path", file->path, "base", volume_name_format(&link->disk, base, name), NULL);
}

/* Its guest would lose what lies behind. */
static gboolean
is_long_enough(const VolumeFile *file, const List *links, GError **error)
{
    const VolumeLink *link = links->items[0], *base = links->items[1];
    g_autofree char *was = g_strdup_printf("%" G_GINT64_FORMAT, base->size), *size = g_strdup_printf("%" G_GINT64_FORMAT, link->size);
    return link->size >= base->size || fault_set(error, MSG_VOLUME_SHRINK, "disk", file->name, "was", was, "size", size, NULL);
}

/* Whatever else stands on BASE would read what comes into it. */
static gboolean
is_alone(const VolumeFile *file, const VolumeFile *base, const VolumePatience *patience, GError **error)
{
    Id disk, image;
    List above = { 0 };
    const Id *other = NULL;
    volume_name_parse(file->name, &disk, &image);
    if (!volume_chain_above(base, patience, &above, error))
        return FALSE;
    for (guint i = 0; i < above.count && !other; i++)
        other = id_equal(above.items[i], &image) ? NULL : above.items[i];
    gboolean alone = !other || volume_chain_stood_on(base, other, error);
    volume_chain_clear_images(&above);
    return alone;
}

static gboolean
may_fold(const VolumeFile *file, const VolumeFile *base, const List *links, const VolumePatience *patience, GError **error)
{
    return volume_chain_is_ours(file, links, error) && is_long_enough(file, links, error) && volume_file_is_free(file, error) &&
           volume_file_is_free(base, error) && volume_chain_is_quiet(file, links, error) && is_alone(file, base, patience, error);
}

/* It goes into the one right beneath, and FILE is not emptied: it may be read until it goes. */
static gboolean
commit(const VolumeFile *file, const VolumeFile *base, const VolumePatience *patience, GError **error)
{
    const VolumeTool tool = { file, "merged", MSG_VOLUME_FOLD_ENDED, patience };
    g_autofree char *path = volume_file_path(file, file->name);
    const char *argv[] = { "qemu-img", "commit", "-q", "-f", "qcow2", "-d", path, NULL };
    return volume_tool_run(&tool, argv, error) && volume_file_sync(base, "merged", error);
}

gboolean
volume_merge_fold(const VolumeFile *file, const Id *base_image, const VolumePatience *patience, GError **error)
{
    Id disk, image;
    List links = { 0 };
    if (!volume_name_parse(file->name, &disk, &image) || !volume_chain_read(file, 0, &links, error))
        return FALSE;
    VolumeFile base = volume_chain_beside(file, &disk, base_image);
    gboolean well = is_beneath(file, &links, base_image, error) && may_fold(file, &base, &links, patience, error) && commit(file, &base, patience, error);
    volume_chain_clear(&links);
    return well;
}

/* --- upon another ----------------------------------------------------------------------------------------------------------------------- */

/* What the chain that stands there says of BASE's format is known better than what BASE begins with; 0: it is not in it. */
static int
format_in_chain(const VolumeFile *file, const VolumeFile *base)
{
    List links = { 0 };
    int format = 0;
    g_autofree char *path = volume_file_path(base, base->name);
    if (!volume_chain_read(file, 0, &links, NULL))
        return 0;
    for (guint i = 0; i < links.count; i++) {
        const VolumeLink *link = links.items[i];
        format = !id_is_null(&link->image) && g_str_equal(link->path, path) ? link->format : format;
    }
    volume_chain_clear(&links);
    return format;
}

static gboolean
find_base(const VolumeFile *file, const Id *image, VolumeFile *ret_base, GError **error)
{
    Id disk, own;
    VolumeLook look;
    volume_name_parse(file->name, &disk, &own);
    VolumeFile base = volume_chain_beside(file, &disk, image);
    if (!volume_file_look(&base, &look, error))
        return FALSE;
    if (look.state != VOLUME_WHOLE)
        base = volume_chain_beside(file, image, image);
    *ret_base = base;
    return TRUE;
}

/* Would FILE stand on itself? */
static gboolean
is_below_alone(const VolumeFile *file, const VolumeFile *base, const List *links, GError **error)
{
    g_autofree char *path = volume_file_path(file, file->name);
    for (guint i = 0; i < links->count; i++) {
        if (g_str_equal(((const VolumeLink *) links->items[i])->path, path))
            return fault_set(error, MSG_VOLUME_CHAIN_LOOP, "image", base->name, "path", file->path, "again", file->name, NULL);
    }
    return TRUE;
}

static gboolean
judge_base(const VolumeFile *file, const VolumeFile *base, int *ret_format, GError **error)
{
    List links = { 0 };
    if (!volume_chain_read(base, format_in_chain(file, base), &links, error))
        return FALSE;
    gboolean well = volume_chain_is_ours(base, &links, error) && is_below_alone(file, base, &links, error);
    *ret_format = ((const VolumeLink *) links.items[0])->format;
    volume_chain_clear(&links);
    return well;
}

static gboolean
may_stand(const VolumeFile *file, GError **error)
{
    VolumeLook look;
    if (!volume_file_look(file, &look, error))
        return FALSE;
    if (look.state != VOLUME_WHOLE)
        return fault_set(error, MSG_VOLUME_NO_FILE, "disk", file->name, "path", file->path, NULL);
    if (look.format != DISK_FORMAT_COW || look.broken)
        return fault_set(error, MSG_VOLUME_BROKEN, "disk", file->name, "path", file->path, NULL);
    if (look.names_data)
        return fault_set(error, MSG_VOLUME_NAMES_FILES, "disk", file->name, NULL);
    return volume_file_is_free(file, error);
}

gboolean
volume_merge_stand(const VolumeFile *file, const Id *base_image, const VolumePatience *patience, GError **error)
{
    const VolumeTool tool = { file, "rebased", MSG_VOLUME_STAND_ENDED, patience };
    VolumeFile base = *file;
    int format = 0;
    gboolean alone = id_is_null(base_image);
    if (!may_stand(file, error) || (!alone && (!find_base(file, base_image, &base, error) || !judge_base(file, &base, &format, error))))
        return FALSE;
    g_autofree char *path = volume_file_path(file, file->name);
    const char *on_nothing[] = { "qemu-img", "rebase", "-q", "-u", "-f", "qcow2", "-b", "", path, NULL };
    const char *on_base[] = { "qemu-img", "rebase", "-q", "-u", "-f", "qcow2", "-b", base.name, "-F", volume_tool_format(format), path, NULL };
    return volume_tool_run(&tool, alone ? on_nothing : on_base, error) && volume_file_sync(file, "rebased", error);
}
