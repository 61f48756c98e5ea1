/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * No program is asked: it would open what a header names to tell of it. An image's format is what the one above says of it, since that one
 * was written by QEMU at our word, while what a raw image begins with is its guest's. */
#include "host/volume_chain.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void
volume_chain_clear(List *links)
{
    for (guint i = 0; i < links->count; i++)
        volume_link_free(links->items[i]);
    g_free(links->items);
    *links = (List) { 0 };
}

void
volume_chain_clear_images(List *images)
{
    for (guint i = 0; i < images->count; i++)
        g_free(images->items[i]);
    g_free(images->items);
    *images = (List) { 0 };
}

VolumeFile
volume_chain_beside(const VolumeFile *file, const Id *disk, const Id *image)
{
    VolumeFile other = *file;
    volume_name_format(disk, image, other.name);
    return other;
}

gboolean
volume_chain_resolve(const VolumeFile *file, const char *backing, Id *ret_disk, Id *ret_image)
{
    gsize length = strlen(file->path);
    while (length > 1 && file->path[length - 1] == '/')
        length--;
    if (strncmp(backing, file->path, length) == 0 && backing[length] == '/')
        backing += length + 1;
    return volume_name_parse(backing, ret_disk, ret_image);
}

/* As QEMU spells them; 0: another, or none. */
static int
format_named(const char *word)
{
    return g_str_equal(word, "qcow2") ? DISK_FORMAT_COW : g_str_equal(word, "raw") ? DISK_FORMAT_RAW : 0;
}

/* --- down ---------------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_sound(const VolumeFile *file, int said, const VolumeLook *look, GError **error)
{
    if (look->state != VOLUME_WHOLE)
        return fault_set(error, MSG_VOLUME_NO_FILE, "disk", file->name, "path", file->path, NULL);
    if (said && look->noted && look->noted != said)
        return fault_set(error, MSG_VOLUME_CHAIN_FORMAT, "image", file->name, "path", file->path, NULL);
    if (look->broken)
        return fault_set(error, MSG_VOLUME_BROKEN, "disk", file->name, "path", file->path, NULL);
    return !look->names_data || fault_set(error, MSG_VOLUME_NAMES_FILES, "disk", file->name, NULL);
}

/* Of FILE, whose format SAID is by the one above it; 0: by nobody. *RET_BELOW: what it says of the one beneath. NULL with a fault. */
static VolumeLink *
read_link(const VolumeFile *file, int said, int *ret_below, GError **error)
{
    VolumeLook look;
    if (!volume_file_look(file, &look, error))
        return NULL;
    if (said && look.state == VOLUME_WHOLE)
        volume_file_take_as(&look, said);
    if (!is_sound(file, said, &look, error))
        return NULL;
    VolumeLink *link = g_new0(VolumeLink, 1);
    volume_name_parse(file->name, &link->disk, &link->image);
    link->format = look.format;
    link->size = look.size;
    link->allocation = look.allocation;
    link->path = volume_file_path(file, file->name);
    link->backing = look.stands ? g_strdup(look.header.backing) : NULL;
    *ret_below = format_named(look.header.format);
    return link;
}

static VolumeLink *
stranger(const char *backing, int format)
{
    VolumeLink *link = g_new0(VolumeLink, 1);
    link->format = format;
    link->path = g_utf8_make_valid(backing, -1);
    return link;
}

static gboolean
is_among(const List *links, const char *path)
{
    for (guint i = 0; i < links->count; i++) {
        if (g_str_equal(((const VolumeLink *) links->items[i])->path, path))
            return TRUE;
    }
    return FALSE;
}

/* Has the chain come back to where it was, or does it not end? */
static gboolean
may_go_on(const VolumeFile *top, const VolumeFile *next, const List *links, GError **error)
{
    g_autofree char *path = volume_file_path(next, next->name);
    if (is_among(links, path))
        return fault_set(error, MSG_VOLUME_CHAIN_LOOP, "image", top->name, "path", top->path, "again", next->name, NULL);
    if (links->count < VOLUME_CHAIN_MOST)
        return TRUE;
    return fault_set(error, MSG_VOLUME_CHAIN_DEEP, "image", top->name, "path", top->path, "most", G_STRINGIFY(VOLUME_CHAIN_MOST), NULL);
}

static gboolean
walk(const VolumeFile *file, int format, List *links, GError **error)
{
    VolumeFile at = *file;
    for (int said = format, below = 0;; said = below) {
        VolumeLink *link = read_link(&at, said, &below, error);
        Id disk, image;
        if (!link)
            return FALSE;
        list_add(links, link);
        if (!link->backing)
            return TRUE;
        if (!below || !volume_chain_resolve(file, link->backing, &disk, &image)) {
            list_add(links, stranger(link->backing, below));
            return TRUE;
        }
        at = volume_chain_beside(file, &disk, &image);
        if (!may_go_on(file, &at, links, error))
            return FALSE;
    }
}

gboolean
volume_chain_read(const VolumeFile *file, int format, List *ret_links, GError **error)
{
    List links = { 0 };
    if (!walk(file, format, &links, error)) {
        volume_chain_clear(&links);
        return FALSE;
    }
    *ret_links = links;
    return TRUE;
}

/* --- before it is opened --------------------------------------------------------------------------------------------------------------- */

gboolean
volume_chain_is_ours(const VolumeFile *file, const List *links, GError **error)
{
    const VolumeLink *last = links->count > 0 ? links->items[links->count - 1] : NULL;
    if (!last || !id_is_null(&last->image))
        return TRUE;
    return fault_set(error, MSG_VOLUME_CHAIN_FOREIGN, "image", file->name, "path", file->path, "name", last->path, NULL);
}

gboolean
volume_chain_is_quiet(const VolumeFile *file, const List *links, GError **error)
{
    for (guint i = 0; i < links->count; i++) {
        const VolumeLink *link = links->items[i];
        VolumeFile beneath = volume_chain_beside(file, &link->disk, &link->image);
        if (!id_is_null(&link->image) && !volume_file_is_quiet(&beneath, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
volume_chain_check(const VolumeFile *file, int format, GError **error)
{
    List links = { 0 };
    if (!volume_chain_read(file, format, &links, error))
        return FALSE;
    gboolean well = volume_chain_is_ours(file, &links, error) && volume_chain_is_quiet(file, &links, error);
    volume_chain_clear(&links);
    return well;
}

/* --- up ---------------------------------------------------------------------------------------------------------------------------------- */

/* Does BACKING, of a file whose name is none of ours, name NAME in whatever way? "<disk>" stands in "<disk>.<image>" too, and is not meant there. */
static gboolean
mentions(const char *backing, const char *name)
{
    gsize length = strlen(name);
    for (const char *at = strstr(backing, name); at; at = strstr(at + 1, name)) {
        if (at[length] != '.' && !g_ascii_isxdigit(at[length]) && at[length] != '-')
            return TRUE;
    }
    return FALSE;
}

/* Does ENTRY stand on FILE? -1 with a fault: that cannot be known. RET_IMAGE: which it is; null where its name is none of ours. */
static int
stands_on(const VolumeFile *file, const char *entry, Id *ret_image, GError **error)
{
    Id disk, image, base_disk, base;
    VolumeLook look;
    VolumeFile other = *file;
    gboolean ours = volume_name_parse(entry, &disk, &image);
    if (!ours)
        disk = image = id_null;
    if (ours)
        g_strlcpy(other.name, entry, sizeof(other.name));
    if (ours ? !volume_file_look(&other, &look, error) : !volume_file_glance(file, entry, &look))
        return ours ? -1 : 0;
    if (look.state != VOLUME_WHOLE || !look.stands)
        return 0;
    *ret_image = image;
    if (ours && volume_chain_resolve(file, look.header.backing, &base_disk, &base)) {
        VolumeFile named = volume_chain_beside(file, &base_disk, &base);
        return g_str_equal(named.name, file->name);
    }
    return mentions(look.header.backing, file->name);
}

static gboolean
look_through(const VolumeFile *file, DIR *dir, const VolumePatience *patience, List *images, GError **error)
{
    Id image;
    errno = 0;
    for (struct dirent *entry; (entry = readdir(dir)); errno = 0) {
        if (clock_tick() >= patience->deadline || (patience->wanted && !patience->wanted(patience->data)))
            return fault_set(error, MSG_VOLUME_CHAIN_TOO_SLOW, "image", file->name, "path", file->path, "host", file->host, NULL);
        if (entry->d_name[0] == '.' || g_str_has_suffix(entry->d_name, VOLUME_NAME_HALF) || g_str_equal(entry->d_name, file->name))
            continue;
        int stands = stands_on(file, entry->d_name, &image, error);
        if (stands < 0)
            return FALSE;
        if (stands)
            list_add(images, g_memdup2(&image, sizeof(image)));
    }
    return errno == 0 || volume_file_fail(file, "read", errno, error);
}

gboolean
volume_chain_above(const VolumeFile *file, const VolumePatience *patience, List *ret_images, GError **error)
{
    List images = { 0 };
    int copy = openat(file->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    if (!dir)
        return volume_file_fail(file, "read", errno, error);
    gboolean well = look_through(file, dir, patience, &images, error);
    closedir(dir);
    if (well) {
        *ret_images = images;
        return TRUE;
    }
    volume_chain_clear_images(&images);
    return FALSE;
}

gboolean
volume_chain_stood_on(const VolumeFile *file, const Id *above, GError **error)
{
    char text[ID_TEXT_SIZE];
    if (id_is_null(above))
        return fault_set(error, MSG_VOLUME_STOOD_ON_BY_OTHER, "image", file->name, "path", file->path, NULL);
    return fault_set(error, MSG_VOLUME_STOOD_ON, "image", file->name, "path", file->path, "above", id_format(above, ID_UUID, text), NULL);
}

gboolean
volume_chain_is_top(const VolumeFile *file, const VolumePatience *patience, GError **error)
{
    List images = { 0 };
    if (!volume_chain_above(file, patience, &images, error))
        return FALSE;
    gboolean top = images.count == 0 || volume_chain_stood_on(file, images.items[0], error);
    volume_chain_clear_images(&images);
    return top;
}
