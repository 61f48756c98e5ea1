/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Two names of one image would be two files of it: what is read must be what would be written. */
#include "host/volume_name.h"

#include <string.h>

#define ID_LENGTH (ID_TEXT_SIZE - 1)
#define MEMORY ".memory"

char *
volume_name_format(const Id *disk, const Id *image, char ret_name[VOLUME_NAME_SIZE])
{
    id_format(disk, ID_UUID, ret_name);
    if (id_equal(disk, image))
        return ret_name;
    ret_name[ID_LENGTH] = '.';
    id_format(image, ID_UUID, ret_name + ID_TEXT_SIZE);
    return ret_name;
}

gboolean
volume_name_parse(const char *name, Id *ret_disk, Id *ret_image)
{
    Id disk, image;
    char head[ID_TEXT_SIZE] = "", again[VOLUME_NAME_SIZE];
    gsize length = strlen(name);
    if (length != ID_LENGTH && (length != 2 * ID_LENGTH + 1 || name[ID_LENGTH] != '.'))
        return FALSE;
    memcpy(head, name, ID_LENGTH);
    if (!id_parse(head, ID_UUID, &disk) || !id_parse(length == ID_LENGTH ? head : name + ID_TEXT_SIZE, ID_UUID, &image))
        return FALSE;
    if (id_is_null(&disk) || id_is_null(&image) || !g_str_equal(volume_name_format(&disk, &image, again), name))
        return FALSE;
    *ret_disk = disk;
    *ret_image = image;
    return TRUE;
}

gboolean
volume_name_parse_memory(const char *name, Id *ret_snapshot)
{
    Id disk, snapshot;
    g_autofree char *head = g_str_has_suffix(name, MEMORY) ? g_strndup(name, strlen(name) - strlen(MEMORY)) : NULL;
    if (!head || strlen(head) != ID_LENGTH || !volume_name_parse(head, &disk, &snapshot))
        return FALSE;
    *ret_snapshot = snapshot;
    return TRUE;
}

char *
volume_name_format_memory(const Id *snapshot, char ret_name[VOLUME_NAME_SIZE])
{
    id_format(snapshot, ID_UUID, ret_name);
    g_strlcat(ret_name, MEMORY, VOLUME_NAME_SIZE);
    return ret_name;
}

char *
volume_name_memory_path(const char *dir, const Id *snapshot)
{
    char name[VOLUME_NAME_SIZE];
    return g_build_filename(dir, volume_name_format_memory(snapshot, name), NULL);
}

/* No mark has a point. */
gboolean
volume_name_parse_half(const char *name, Id *ret_disk, Id *ret_image)
{
    g_autofree char *head = g_str_has_suffix(name, VOLUME_NAME_HALF) ? g_strndup(name, strlen(name) - strlen(VOLUME_NAME_HALF)) : NULL;
    char *point = head ? strrchr(head, '.') : NULL;
    if (!point)
        return FALSE;
    *point = '\0';
    return volume_name_parse(head, ret_disk, ret_image);
}

char *
volume_name_path(const char *dir, const Id *disk, const Id *image)
{
    char name[VOLUME_NAME_SIZE];
    return g_build_filename(dir, volume_name_format(disk, image, name), NULL);
}
