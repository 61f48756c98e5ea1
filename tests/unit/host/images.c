/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "images.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *images_dir;

void
images_open(void)
{
    images_dir = g_dir_make_tmp("shikiri-images-XXXXXX", NULL);
    g_assert_nonnull(images_dir);
}

void
images_close(void)
{
    g_autofree char *command = g_strconcat("rm -rf ", images_dir, NULL);
    g_assert_cmpint(system(command), ==, 0);
    g_clear_pointer(&images_dir, g_free);
}

static gboolean
run(const char *command, va_list list)
{
    g_autofree char *words = g_strdup_vprintf(command, list);
    g_autofree char *line = g_strdup_printf("cd %s && %s", images_dir, words);
    return system(line) == 0;
}

void
images_run(const char *command, ...)
{
    va_list list;
    va_start(list, command);
    g_assert_true(run(command, list));
    va_end(list);
}

gboolean
images_try(const char *command, ...)
{
    va_list list;
    va_start(list, command);
    gboolean well = run(command, list);
    va_end(list);
    return well;
}

VolumeFile
images_file(const Id *disk, const Id *image)
{
    GError *error = NULL;
    VolumeFile file;
    const HostVolume volume = { { id_null, images_dir, FALSE }, *disk, *image };
    volume_file_open(&file, "n1", &volume, &error);
    g_assert_no_error(error);
    return file;
}

char *
images_name(const Id *disk, const Id *image)
{
    char name[VOLUME_NAME_SIZE];
    return g_strdup(volume_name_format(disk, image, name));
}

static void
write_at(const char *name, gint64 at, gconstpointer bytes, gsize length)
{
    g_autofree char *path = g_build_filename(images_dir, name, NULL);
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    g_assert_cmpint(file, >=, 0);
    g_assert_cmpint(pwrite(file, bytes, length, at), ==, (gssize) length);
    close(file);
}

void
images_patch(const char *name, gint64 at, guint bytes, guint64 value)
{
    guint8 room[8];
    for (guint i = bytes; i > 0; i--, value >>= 8)
        room[i - 1] = (guint8) value;
    write_at(name, at, room, bytes);
}

/* As QEMU writes it: the header, the extension with the format, its end, the name. */
void
images_put(const char *name, gint64 size, const char *backing, const char *format)
{
    const gint64 extension = 104, text = 104 + 8 + 16 + 8;
    guint8 nothing[512] = { 0 };
    write_at(name, 0, nothing, sizeof(nothing));
    write_at(name, 0, "QFI\xfb", 4);
    images_patch(name, 4, 4, 3);
    images_patch(name, 20, 4, 16);
    images_patch(name, 24, 8, (guint64) size);
    images_patch(name, 36, 4, 1);
    images_patch(name, 40, 8, 0x30000);
    images_patch(name, 48, 8, 0x10000);
    images_patch(name, 56, 4, 1);
    images_patch(name, 96, 4, 4);
    images_patch(name, 100, 4, 104);
    if (format) {
        images_patch(name, extension, 4, 0xe2792aca);
        images_patch(name, extension + 4, 4, strlen(format));
        write_at(name, extension + 8, format, strlen(format));
    }
    if (backing) {
        images_patch(name, 8, 8, (guint64) text);
        images_patch(name, 16, 4, strlen(backing));
        write_at(name, text, backing, strlen(backing));
    }
}

void
images_fails(gboolean well, GError **error, MessageCode code)
{
    g_assert_false(well);
    g_assert_nonnull(*error);
    g_assert_cmpint(message_code(fault_message(*error)), ==, code);
    g_clear_error(error);
}
