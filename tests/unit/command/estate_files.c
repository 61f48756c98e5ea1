/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The files on the estate's host: those of disks, of firmwares' variables, and of what serial consoles print. */
#include "estate_parts.h"

#include "host/domain_xml.h"
#include "host/image.h"
#include "host/volume_name.h"

#include <string.h>
#include <unistd.h>

static GPtrArray *volumes;
static GPtrArray *images;               /* char *: files whose content was opened */

static void
volume_free(gpointer data)
{
    g_free(((Volume *) data)->path);
    g_clear_pointer(&((Volume *) data)->bytes, g_bytes_unref);
    g_free(data);
}

static char *
volume_path(const HostVolume *volume)
{
    return volume_name_path(volume->store.path, &volume->disk, &volume->image);
}

static Volume *
find_volume(const char *path)
{
    for (guint i = 0; i < volumes->len; i++) {
        Volume *volume = volumes->pdata[i];
        if (g_str_equal(volume->path, path))
            return volume;
    }
    return NULL;
}

static void
put_volume(char *take_path, int format, gint64 size)
{
    Volume *volume = g_new0(Volume, 1);
    *volume = (Volume) { .path = take_path, .format = format, .size = size };
    memset(volume->cells, '.', ESTATE_CELLS);
    g_ptr_array_add(volumes, volume);
}

static Volume *
put_image(const HostVolume *image, int format, gint64 size)
{
    put_volume(volume_path(image), format, size);
    Volume *volume = volumes->pdata[volumes->len - 1];
    volume->disk = image->disk;
    volume->image = image->image;
    return volume;
}

Volume *
estate_volume(const char *path)
{
    return find_volume(path);
}

const Volume *
estate_volume_at(guint number)
{
    return number < volumes->len ? volumes->pdata[number] : NULL;
}

void
estate_files_open(void)
{
    volumes = g_ptr_array_new_with_free_func(volume_free);
    images = g_ptr_array_new_with_free_func(g_free);
}

void
estate_files_close(void)
{
    for (guint i = 0; i < images->len; i++)
        unlink(images->pdata[i]);
    g_ptr_array_unref(images);
    g_ptr_array_unref(volumes);
}

void
estate_files_drop(const char *path)
{
    if (find_volume(path))
        g_ptr_array_remove(volumes, find_volume(path));
}

void
estate_files_picture(GPtrArray *lines)
{
    for (guint i = 0; i < volumes->len; i++) {
        const Volume *volume = volumes->pdata[i];
        char text[ID_TEXT_SIZE] = "";
        if (!id_is_null(&volume->backing))
            id_format(&volume->backing, ID_UUID, text);
        g_ptr_array_add(lines, g_strdup_printf("%s %d %" G_GINT64_FORMAT " %s %s", volume->path, volume->format, volume->size, volume->cells, text));
    }
}

/* --- operations ----------------------------------------------------------------------------------------------------------------- */

gboolean
estate_volume_create(G_GNUC_UNUSED HostLink *link, const VolumeSpec *spec, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    gboolean silent;
    g_autofree char *path = volume_path(&spec->volume);
    if (!estate_may_change(&silent, error))
        return FALSE;
    if (find_volume(path))
        return fault_set(error, MSG_INTERNAL, "text", "the file exists", NULL);
    put_image(&spec->volume, spec->format, spec->size)->backing = spec->backing;
    return estate_end_change(silent, error);
}

gboolean
estate_volume_copy(HostLink *link, const VolumeSpec *spec, const HostVolume *from, G_GNUC_UNUSED const gint *cancelled, Tick deadline, GError **error)
{
    g_autofree char *path = volume_path(from);
    lock_take(&estate_lock);
    g_assert_nonnull(find_volume(path));
    lock_drop(&estate_lock);
    return estate_volume_create(link, spec, deadline, error);
}

/* Files of a firmware's variables are volumes like others; their size is what is in them. */
gboolean
estate_variables_find(G_GNUC_UNUSED HostLink *link, const char *xml, char **ret_path, G_GNUC_UNUSED Tick deadline, GError **error)
{
    g_autoptr(DomainFacts) facts = domain_facts_new();
    g_assert_true(domain_xml_read(xml, facts, NULL));
    *ret_path = estate_answers(error) ? g_strdup_printf(ESTATE_VARIABLES "/%s_VARS.fd", facts->config->name) : NULL;
    return *ret_path != NULL;
}

gboolean
estate_variables_look(G_GNUC_UNUSED HostLink *link, const char *path, gboolean *ret_there, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    *ret_there = find_volume(path) != NULL;
    return estate_answers(error);
}

gboolean
estate_variables_copy(G_GNUC_UNUSED HostLink *link, const char *from, const char *to, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    gboolean silent;
    g_assert_cmpstr(from, !=, to);
    g_assert_nonnull(find_volume(from));
    if (!estate_may_change(&silent, error))
        return FALSE;
    if (!find_volume(to))
        put_volume(g_strdup(to), 0, find_volume(from)->size);
    return estate_end_change(silent, error);
}

gboolean
estate_variables_drop(G_GNUC_UNUSED HostLink *link, const char *path, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    gboolean silent;
    if (!estate_may_change(&silent, error))
        return FALSE;
    estate_files_drop(path);
    return estate_end_change(silent, error);
}

GBytes *
estate_log_read(G_GNUC_UNUSED HostLink *link, const char *path, gsize most, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    const Volume *volume = find_volume(path);
    if (!estate_answers(error))
        return NULL;
    gsize length = volume ? g_bytes_get_size(volume->bytes) : 0, kept = MIN(length, most);
    return length > 0 ? g_bytes_new_from_bytes(volume->bytes, length - kept, kept) : g_bytes_new(NULL, 0);
}

gboolean
estate_volume_resize(G_GNUC_UNUSED HostLink *link, const HostVolume *volume, gint64 size, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    gboolean silent;
    g_autofree char *path = volume_path(volume);
    if (!estate_may_change(&silent, error))
        return FALSE;
    find_volume(path)->size = size;
    return estate_end_change(silent, error);
}

gboolean
estate_volume_delete(G_GNUC_UNUSED HostLink *link, const HostVolume *volume, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    gboolean silent;
    g_autofree char *path = volume_path(volume);
    if (!estate_may_change(&silent, error))
        return FALSE;
    for (guint i = 0; i < volumes->len; i++) {
        const Volume *upper = volumes->pdata[i];
        g_assert_false(id_equal(&upper->disk, &volume->disk) && id_equal(&upper->backing, &volume->image));     /* it would be destroyed */
    }
    estate_files_drop(path);
    return estate_end_change(silent, error);
}

gboolean
estate_volume_read(G_GNUC_UNUSED HostLink *link, const HostVolume *volume, VolumeFacts *ret, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    g_autofree char *path = volume_path(volume);
    const Volume *found = find_volume(path);
    if (!estate_answers(error))
        return FALSE;
    *ret = found ? (VolumeFacts) { VOLUME_WHOLE, found->format, found->size, 0 } : (VolumeFacts) { VOLUME_ABSENT, 0, 0, 0 };
    return TRUE;
}

/* What is in a disk is nobody's business here but that of who moves it: it is empty each time. */
HostImage *
estate_image_open(HostLink *link, const ImageSpec *spec, G_GNUC_UNUSED Tick deadline, GError **error)
{
    char path[] = "/tmp/shikiri-estate-XXXXXX";
    lock_take(&estate_lock);
    gboolean well = estate_answers(error);
    lock_drop(&estate_lock);
    int descriptor = well ? g_mkstemp(path) : -1;
    if (descriptor < 0)
        return NULL;
    g_assert_cmpint(ftruncate(descriptor, spec->size), ==, 0);
    ImageServing serving = { link->name, path, "raw", spec->write, TRUE, FALSE };
    close(descriptor);
    g_ptr_array_add(images, g_strdup(path));
    return image_serve(&serving, error);
}

gboolean
estate_image_settle(G_GNUC_UNUSED HostLink *link, G_GNUC_UNUSED const ImageSpec *spec, G_GNUC_UNUSED gint64 end, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    return estate_answers(error);
}

/* --- what tests put there ------------------------------------------------------------------------------------------------------- */

void
estate_put_volume(const Id *disk, gint64 size)
{
    HostVolume volume = { { estate.storage, (char *) STORAGE_PATH, FALSE }, *disk, *disk };
    put_image(&volume, DISK_FORMAT_COW, size);
}

void
estate_put_variables(const char *path)
{
    put_volume(g_strdup(path), 0, 1);
}

gboolean
estate_has_variables(const char *path)
{
    return find_volume(path) != NULL;
}

static char *
log_path(const Id *vm)
{
    char text[ID_TEXT_SIZE];
    return g_strdup_printf(ESTATE_LOGS "/%s.log", id_format(vm, ID_UUID, text));
}

void
estate_print(const Id *vm, const char *bytes, gsize length)
{
    char *path = log_path(vm);
    put_volume(path, 0, (gint64) length);
    find_volume(path)->bytes = g_bytes_new_static(bytes, length);
}

gboolean
estate_has_log(const Id *vm)
{
    g_autofree char *path = log_path(vm);
    return find_volume(path) != NULL;
}

gboolean
estate_has_volume(const Id *disk)
{
    HostVolume volume = { { estate.storage, (char *) STORAGE_PATH, FALSE }, *disk, *disk };
    g_autofree char *path = volume_path(&volume);
    return find_volume(path) != NULL;
}
