/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Read from the newest to the oldest, until there is enough. */
#include "host/log_pieces.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECES_MOST 100

/* Puts the end of PATH, a plain file, before what is there, MOST bytes in all. 0 or errno. */
static int
read_piece(const char *path, GByteArray *bytes, gsize most)
{
    struct stat info;
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return errno;
    gsize length = fstat(file, &info) == 0 && S_ISREG(info.st_mode) ? MIN((gsize) info.st_size, most - bytes->len) : 0;
    g_autofree guint8 *block = g_malloc(length + 1);
    gssize done = length > 0 ? pread(file, block, length, info.st_size - (off_t) length) : 0;
    int why = done < 0 ? errno : 0;
    if (done > 0)
        g_byte_array_prepend(bytes, block, (guint) done);
    close(file);
    return why;
}

static int
read_pieces(const char *path, GByteArray *bytes, gsize most)
{
    int why = read_piece(path, bytes, most);
    for (guint i = 0; i < PIECES_MOST && (why == 0 || (why == ENOENT && i == 0)) && bytes->len < most; i++) {
        g_autofree char *piece = g_strdup_printf("%s.%u", path, i);
        why = read_piece(piece, bytes, most);
    }
    return why == ENOENT ? 0 : why;
}

GBytes *
log_pieces_read(const char *path, gsize most, int *ret_why)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    int why = read_pieces(path, bytes, most);
    if (why == 0)
        return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
    *ret_why = why;
    return NULL;
}

/* NAME itself, or a piece of it. */
static gboolean
is_piece(const char *entry, const char *name)
{
    gsize length = strlen(name);
    if (strncmp(entry, name, length) != 0)
        return FALSE;
    const char *rest = entry + length;
    return *rest == '\0' || (*rest == '.' && rest[1] && strspn(rest + 1, "0123456789") == strlen(rest + 1));
}

static int
drop_pieces(DIR *folder, const char *name)
{
    int why = 0;
    for (struct dirent *entry; !why && (entry = readdir(folder));) {
        if (is_piece(entry->d_name, name) && unlinkat(dirfd(folder), entry->d_name, 0) != 0 && errno != ENOENT)
            why = errno;
    }
    return why;
}

int
log_pieces_drop(const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path), *name = g_path_get_basename(path);
    DIR *folder = opendir(dir);
    if (!folder)
        return errno == ENOENT ? 0 : errno;
    int why = drop_pieces(folder, name);
    closedir(folder);
    return why;
}
