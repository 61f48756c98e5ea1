/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A file system that knows no holes has data everywhere. */
#include "cli/transfer_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512

static gboolean
say(const char *path, const char *reason, GError **error)
{
    return fault_set(error, MSG_CLI_FILE, "file", path, "reason", reason, NULL);
}

/* "QFI\xfb", version, …, and at 24 the size the guest sees, all with the highest byte first. */
static void
look_inside(TransferFile *file)
{
    guint8 head[32] = { 0 };
    ssize_t length = pread(file->descriptor, head, sizeof(head), 0);
    file->cow = length == sizeof(head) && memcmp(head, "QFI\xfb", 4) == 0;
    file->guest_size = (file->size + SECTOR - 1) / SECTOR * SECTOR;
    if (!file->cow)
        return;
    guint64 size = 0;
    for (guint i = 24; i < 32; i++)
        size = size << 8 | head[i];
    file->guest_size = (gint64) MIN(size, (guint64) G_MAXINT64);
}

gboolean
transfer_file_open(TransferFile *file, const char *path, GError **error)
{
    struct stat info;
    file->descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (file->descriptor < 0 || fstat(file->descriptor, &info) != 0)
        return say(path, g_strerror(errno), error);
    if (!S_ISREG(info.st_mode) || info.st_size == 0)
        return say(path, S_ISREG(info.st_mode) ? "it is empty" : "it is no file", error);
    file->size = info.st_size;
    look_inside(file);
    return TRUE;
}

static void
add(GArray *extents, gint64 from, gint64 to, gboolean zero)
{
    ImageExtent extent = { from, to - from, zero };
    if (to > from)
        g_array_append_val(extents, extent);
}

GArray *
transfer_file_extents(const TransferFile *file, gboolean own)
{
    GArray *extents = g_array_new(FALSE, FALSE, sizeof(ImageExtent));
    gint64 at = 0;
    while (at < file->size) {
        off_t data = lseek(file->descriptor, at, SEEK_DATA);
        if (data < 0)
            data = errno == ENXIO ? file->size : at;
        off_t hole = data < file->size ? lseek(file->descriptor, data, SEEK_HOLE) : file->size;
        if (hole < 0)
            hole = file->size;
        add(extents, at, data, TRUE);
        add(extents, data, hole, FALSE);
        at = hole;
    }
    if (!own)
        add(extents, file->size, file->whole, TRUE);
    return extents;
}

gboolean
transfer_file_is_free(const char *path, GError **error)
{
    return access(path, F_OK) != 0 || say(path, "it is there already, and is not overwritten", error);
}

gboolean
transfer_file_make(TransferFile *file, const char *path, const GArray *extents, GError **error)
{
    const ImageExtent *last = extents->len > 0 ? &g_array_index(extents, ImageExtent, extents->len - 1) : NULL;
    file->size = last ? last->offset + last->count : 0;
    file->descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file->descriptor >= 0 && ftruncate(file->descriptor, file->size) == 0)
        return TRUE;
    return say(path, g_strerror(errno), error);
}

void
transfer_file_clear(TransferFile *file)
{
    if (file->descriptor >= 0)
        close(file->descriptor);
    file->descriptor = -1;
}
