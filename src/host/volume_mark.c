/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Everything lies in DIR/.shikiri, which belongs to the manager alone: a guest's QEMU may write into DIR, and must not say there which disks a
 * storage domain has. Texts are written under another name, flushed, and renamed; the mark is linked, so that of two who write it one wins. */
#include "host/volume_mark.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOX ".shikiri"
#define MARK "id"
#define NOTES_MOST 200000       /* of a storage domain: more are nobody's honest work */
#define HALF ".half"                /* of what is being written; a leftover is of a process that died */

typedef struct {
    const char *path, *host;
    int dir;                        /* of BOX; -1: there is none */
} Box;

static gboolean
fail(const Box *box, int why, GError **error)
{
    return fault_set(error, MSG_STORE_MARK_FAILED, "path", box->path, "host", box->host, "reason", g_strerror(why), NULL);
}

static void
box_clear(Box *box)
{
    if (box->dir >= 0)
        close(box->dir);
    box->dir = -1;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Box, box_clear)

/* Nobody else may put anything into it. */
static gboolean
is_private(int dir)
{
    struct stat info;
    return fstat(dir, &info) == 0 && (info.st_uid == geteuid() || info.st_uid == 0) && !(info.st_mode & (S_IWGRP | S_IWOTH));
}

/* Made where MAKE says so. A box that is not there is no fault. */
static gboolean
box_open(Box *box, const char *path, const char *host, gboolean make, GError **error)
{
    *box = (Box) { path, host, -1 };
    int outer = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (outer < 0)
        return fault_set(error, MSG_STORE_MISSING, "path", path, "host", host, "reason", g_strerror(errno), NULL);
    if (make && mkdirat(outer, BOX, 0700) != 0 && errno != EEXIST) {
        fail(box, errno, error);
        close(outer);
        return FALSE;
    }
    box->dir = openat(outer, BOX, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int why = errno;
    if (make && box->dir >= 0)
        fsync(outer);
    close(outer);
    if (box->dir < 0)
        return (why == ENOENT && !make) || fail(box, why, error);
    return is_private(box->dir) || fault_set(error, MSG_STORE_MARK_OPEN, "path", path, "host", host, NULL);
}

/* --- texts ---------------------------------------------------------------------------------------------------------------------------- */

static gboolean
read_all(int file, char *text, gsize length)
{
    for (gsize done = 0; done < length;) {
        gssize got = read(file, text + done, length - done);
        if (got <= 0 && !(got < 0 && errno == EINTR))
            return FALSE;
        done += got > 0 ? (gsize) got : 0;
    }
    return TRUE;
}

static gboolean
read_text(const Box *box, const char *name, char **ret_text, GError **error)
{
    struct stat info;
    *ret_text = NULL;
    int file = box->dir >= 0 ? openat(box->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
    if (file < 0)
        return box->dir < 0 || errno == ENOENT || fail(box, errno, error);
    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > VOLUME_NOTE_MOST) {
        close(file);
        return fail(box, EFBIG, error);
    }
    char *text = g_malloc0((gsize) info.st_size + 1);
    gboolean whole = read_all(file, text, (gsize) info.st_size);
    int why = errno;
    close(file);
    if (whole) {
        *ret_text = text;
        return TRUE;
    }
    g_free(text);
    return fail(box, why ? why : EIO, error);
}

static gboolean
write_all(int file, const char *text, gsize length)
{
    while (length > 0) {
        gssize put = write(file, text, length);
        if (put < 0 && errno != EINTR)
            return FALSE;
        text += MAX(put, 0);
        length -= (gsize) MAX(put, 0);
    }
    return TRUE;
}

/* TEXT as HALF, durable. */
static gboolean
write_half(const Box *box, const char *text, GError **error)
{
    unlinkat(box->dir, HALF, 0);
    int file = openat(box->dir, HALF, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    gboolean well = file >= 0 && write_all(file, text, strlen(text)) && fsync(file) == 0;
    int why = errno;
    if (file >= 0)
        close(file);
    if (well)
        return TRUE;
    unlinkat(box->dir, HALF, 0);
    return fail(box, why, error);
}

/* --- the mark -------------------------------------------------------------------------------------------------------------------------- */

static gboolean
read_mark(const Box *box, Id *ret_id, GError **error)
{
    g_autofree char *text = NULL;
    *ret_id = id_null;
    if (!read_text(box, MARK, &text, error))
        return FALSE;
    if (text && !id_parse(g_strstrip(text), ID_UUID, ret_id))
        return fault_set(error, MSG_STORE_MARK_STRANGE, "path", box->path, "host", box->host, NULL);
    return TRUE;
}

gboolean
volume_mark_read(const char *path, const char *host, Id *ret_id, GError **error)
{
    g_auto(Box) box = { path, host, -1 };
    *ret_id = id_null;
    return box_open(&box, path, host, FALSE, error) && read_mark(&box, ret_id, error);
}

static gboolean
refuse_other(const Box *box, const Id *other, GError **error)
{
    char text[ID_TEXT_SIZE];
    return fault_set(error, MSG_STORE_MARKED, "path", box->path, "host", box->host, "id", id_format(other, ID_UUID, text), NULL);
}

gboolean
volume_mark_write(const char *path, const char *host, const Id *id, GError **error)
{
    char text[ID_TEXT_SIZE];
    Id there;
    g_auto(Box) box = { path, host, -1 };
    if (!box_open(&box, path, host, TRUE, error) || !read_mark(&box, &there, error))
        return FALSE;
    if (!id_is_null(&there))
        return id_equal(&there, id) || refuse_other(&box, &there, error);
    g_autofree char *line = g_strconcat(id_format(id, ID_UUID, text), "\n", NULL);
    if (!write_half(&box, line, error))
        return FALSE;
    int why = linkat(box.dir, HALF, box.dir, MARK, 0) == 0 ? 0 : errno;
    unlinkat(box.dir, HALF, 0);
    if (why && why != EEXIST)
        return fail(&box, why, error);
    fsync(box.dir);
    if (!why)
        return TRUE;
    return read_mark(&box, &there, error) && (id_equal(&there, id) || refuse_other(&box, &there, error));
}

gboolean
volume_mark_verify(const char *path, const char *host, const Id *id, GError **error)
{
    char text[ID_TEXT_SIZE];
    Id there;
    if (!volume_mark_read(path, host, &there, error))
        return FALSE;
    if (id_is_null(&there))
        return fault_set(error, MSG_STORE_UNMARKED, "path", path, "host", host, NULL);
    return id_equal(&there, id) || fault_set(error, MSG_STORE_OF_OTHER, "path", path, "host", host, "id", id_format(&there, ID_UUID, text), NULL);
}

/* Notes first: while the mark is there it is known whose they are. */
static void
drop_notes(const Box *box)
{
    int copy = openat(box->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (!g_str_equal(entry->d_name, MARK))
            unlinkat(box->dir, entry->d_name, 0);
    }
    if (dir)
        closedir(dir);
    else if (copy >= 0)
        close(copy);
}

gboolean
volume_mark_clear(const char *path, const char *host, const Id *id, GError **error)
{
    Id there;
    g_auto(Box) box = { path, host, -1 };
    if (!box_open(&box, path, host, FALSE, error) || !read_mark(&box, &there, error))
        return FALSE;
    if (box.dir < 0)
        return TRUE;
    if (!id_is_null(&there) && !id_equal(&there, id))
        return refuse_other(&box, &there, error);
    drop_notes(&box);
    if (unlinkat(box.dir, MARK, 0) != 0 && errno != ENOENT)
        return fail(&box, errno, error);
    fsync(box.dir);
    g_autofree char *inner = g_build_filename(path, BOX, NULL);
    rmdir(inner);                   /* one that is not empty holds somebody else's */
    return TRUE;
}

/* --- notes ------------------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_note(const char *name)
{
    return *name && strlen(name) < 100 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name) && !g_str_equal(name, MARK);
}

gboolean
volume_note_read(const char *path, const char *host, const char *name, char **ret_text, GError **error)
{
    g_auto(Box) box = { path, host, -1 };
    *ret_text = NULL;
    if (!box_open(&box, path, host, FALSE, error))
        return FALSE;
    return is_note(name) ? read_text(&box, name, ret_text, error) : fail(&box, EINVAL, error);
}

gboolean
volume_note_write(const char *path, const char *host, const char *name, const char *text, GError **error)
{
    g_auto(Box) box = { path, host, -1 };
    if (!box_open(&box, path, host, text != NULL, error))
        return FALSE;
    if (!is_note(name))
        return fail(&box, EINVAL, error);
    if (!text && box.dir < 0)
        return TRUE;
    if (!text && unlinkat(box.dir, name, 0) != 0 && errno != ENOENT)
        return fail(&box, errno, error);
    if (text && (!write_half(&box, text, error) || (renameat(box.dir, HALF, box.dir, name) != 0 && !fail(&box, errno, error))))
        return FALSE;
    return fsync(box.dir) == 0 || fail(&box, errno, error);
}

char **
volume_note_list(const char *path, const char *host, GError **error)
{
    g_auto(Box) box = { path, host, -1 };
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    if (!box_open(&box, path, host, FALSE, error))
        return NULL;
    int copy = box.dir >= 0 ? openat(box.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    if (box.dir >= 0 && !dir) {
        fail(&box, errno, error);
        if (copy >= 0)
            close(copy);
        return NULL;
    }
    for (struct dirent *entry; dir && names->len < NOTES_MOST && (entry = readdir(dir));) {
        if (is_note(entry->d_name))
            g_ptr_array_add(names, g_strdup(entry->d_name));
    }
    if (dir)
        closedir(dir);
    g_ptr_array_add(names, NULL);
    return (char **) g_ptr_array_steal(names, NULL);
}
