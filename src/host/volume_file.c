/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A raw disk's content is its guest's, who may write anything to its beginning; so the format is what the manager noted when
 * it made the file (a trusted attribute, which only root sets). A file system without such attributes leaves the header,
 * which can then lie to the guest's own harm alone: nothing it names is ever opened. */
#include "host/volume_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define FORMAT_NOTE "trusted.shikiri.format"

/* QEMU's image locks: a byte for each right it uses, and one for each it refuses to others. */
#define LOCKS_FROM 100
#define LOCKS_LENGTH 200
#define LOCK_WRITES 101
#define LOCK_RESIZES 103
#define LOCK_NO_WRITERS 201

/* --- the directory ----------------------------------------------------------------------------------------------------------------- */

gboolean
volume_file_open(VolumeFile *file, const char *host, const HostVolume *volume, GError **error)
{
    const char *path = volume->store.path;
    *file = (VolumeFile) { .host = host, .path = path, .dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
    volume_name_format(&volume->disk, &volume->image, file->name);
    return file->dir >= 0 || fault_set(error, MSG_STORE_MISSING, "path", path, "host", host, "reason", g_strerror(errno), NULL);
}

void
volume_file_close(VolumeFile *file)
{
    if (file->path && file->dir >= 0)
        close(file->dir);
    file->dir = -1;
}

char *
volume_file_path(const VolumeFile *file, const char *name)
{
    return g_build_filename(file->path, name, NULL);
}

gint64
volume_file_room(const VolumeFile *file)
{
    struct statvfs space;
    return fstatvfs(file->dir, &space) == 0 ? (gint64) (space.f_bavail * space.f_frsize) : 0;
}

gboolean
volume_file_full(const VolumeFile *file, GError **error)
{
    g_autofree char *room = g_strdup_printf("%" G_GINT64_FORMAT, volume_file_room(file));
    return fault_set(error, MSG_VOLUME_NO_ROOM, "path", file->path, "host", file->host, "disk", file->name, "free", room, NULL);
}

gboolean
volume_file_fail(const VolumeFile *file, const char *verb, int why, GError **error)
{
    if (why == ENOSPC || why == EDQUOT)
        return volume_file_full(file, error);
    return fault_set(error, MSG_VOLUME_FAILED, "disk", file->name, "verb", verb, "path", file->path, "host", file->host, "reason", g_strerror(why), NULL);
}

/* "<its name>.<mark>.part"; no mark has a point, so those of a disk's other images are none of its first one's. */
static gboolean
is_half(const VolumeFile *file, const char *name)
{
    gsize length = strlen(file->name);
    const char *point = strncmp(name, file->name, length) == 0 && name[length] == '.' ? strchr(name + length + 1, '.') : NULL;
    return point && g_str_equal(point, VOLUME_NAME_HALF);
}

/* The names of all halves; yours. NULL with a fault. */
static GPtrArray *
list_halves(const VolumeFile *file, const char *verb, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    int copy = openat(file->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    if (!dir) {
        volume_file_fail(file, verb, errno, error);
        return NULL;
    }
    errno = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (is_half(file, entry->d_name))
            g_ptr_array_add(names, g_strdup(entry->d_name));
    }
    int why = errno;
    closedir(dir);
    if (why == 0)
        return g_steal_pointer(&names);
    volume_file_fail(file, verb, why, error);
    return NULL;
}

/* --- looking ----------------------------------------------------------------------------------------------------------------------- */

/* DISK_FORMAT_NONE_: nobody noted it. */
static int
noted_format(int descriptor)
{
    char word[16] = "";
    ssize_t length = fgetxattr(descriptor, FORMAT_NOTE, word, sizeof(word) - 1);
    return length > 0 ? names_find(&disk_format_names, word) : 0;
}

void
volume_file_take_as(VolumeLook *look, int format)
{
    look->format = format;
    look->size = format == DISK_FORMAT_RAW ? look->length : look->header.size;
    look->broken = format != DISK_FORMAT_RAW && (!look->header.cow || look->header.broken);
    look->names_data = format != DISK_FORMAT_RAW && look->header.names_data;
    look->stands = format != DISK_FORMAT_RAW && look->header.stands;
}

static gboolean
look_inside(int descriptor, const struct stat *info, VolumeLook *look)
{
    if (!volume_header_read(descriptor, &look->header))
        return FALSE;
    look->state = VOLUME_WHOLE;
    look->length = info->st_size;
    look->allocation = (gint64) info->st_blocks * 512;
    look->noted = noted_format(descriptor);
    volume_file_take_as(look, look->noted ? look->noted : look->header.cow ? DISK_FORMAT_COW : DISK_FORMAT_RAW);
    return TRUE;
}

static gboolean
look_for_halves(const VolumeFile *file, VolumeLook *ret, GError **error)
{
    struct stat info;
    g_autoptr(GPtrArray) halves = list_halves(file, "read", error);
    if (!halves)
        return FALSE;
    VolumeLook look = { .state = halves->len > 0 ? VOLUME_PARTIAL : VOLUME_ABSENT };
    for (guint i = 0; i < halves->len; i++) {
        if (fstatat(file->dir, halves->pdata[i], &info, AT_SYMLINK_NOFOLLOW) == 0)
            look.allocation += (gint64) info.st_blocks * 512;
    }
    *ret = look;
    return TRUE;
}

static gboolean
not_plain(const VolumeFile *file, GError **error)
{
    g_autofree char *path = volume_file_path(file, file->name);
    return fault_set(error, MSG_VOLUME_NOT_PLAIN, "path", path, NULL);
}

/* -1: there is none, and errno ENOENT; or a fault is set. A FIFO must not hold us, a symbolic link not lead us away. */
static int
open_plain(const VolumeFile *file, struct stat *ret_info, const char *verb, GError **error)
{
    int descriptor = openat(file->dir, file->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int why = errno;
    if (descriptor >= 0 && fstat(descriptor, ret_info) == 0 && S_ISREG(ret_info->st_mode))
        return descriptor;
    if (descriptor >= 0)
        close(descriptor);
    if (descriptor >= 0 || why == ELOOP || why == ENXIO)
        not_plain(file, error);
    else if (why != ENOENT)
        volume_file_fail(file, verb, why, error);
    errno = descriptor >= 0 ? EINVAL : why;
    return -1;
}

gboolean
volume_file_look(const VolumeFile *file, VolumeLook *ret, GError **error)
{
    struct stat info;
    VolumeLook look = { 0 };
    int descriptor = open_plain(file, &info, "read", error);
    if (descriptor < 0)
        return errno == ENOENT && look_for_halves(file, ret, error);
    gboolean well = look_inside(descriptor, &info, &look);
    int why = errno;
    close(descriptor);
    if (!well)
        return volume_file_fail(file, "read", why, error);
    *ret = look;
    return TRUE;
}

gboolean
volume_file_glance(const VolumeFile *file, const char *name, VolumeLook *ret)
{
    struct stat info;
    VolumeLook look = { 0 };
    int descriptor = openat(file->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0)
        return FALSE;
    gboolean well = fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode) && look_inside(descriptor, &info, &look);
    close(descriptor);
    if (well)
        *ret = look;
    return well;
}

/* Only what is not there, or has no such lock, is free of them: what cannot be seen may be in use. */
static gboolean
has_no_lock(const VolumeFile *file, off_t from, off_t length, GError **error)
{
    struct stat info;
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = from, .l_len = length };
    int descriptor = open_plain(file, &info, "read", error);
    if (descriptor < 0)
        return errno == ENOENT;
    gboolean seen = fcntl(descriptor, F_OFD_GETLK, &lock) == 0;
    int why = errno;
    close(descriptor);
    if (!seen)
        return fault_set(error, MSG_VOLUME_USE_UNSEEN, "disk", file->name, "path", file->path, "host", file->host, "reason", g_strerror(why), NULL);
    return lock.l_type == F_UNLCK || fault_set(error, MSG_VOLUME_USED, "disk", file->name, NULL);
}

gboolean
volume_file_is_free(const VolumeFile *file, GError **error)
{
    return has_no_lock(file, LOCKS_FROM, LOCKS_LENGTH, error);
}

gboolean
volume_file_is_quiet(const VolumeFile *file, GError **error)
{
    return has_no_lock(file, LOCK_WRITES, 1, error) && has_no_lock(file, LOCK_RESIZES, 1, error);
}

int
volume_file_keep_writers_out(const VolumeFile *file)
{
    struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = LOCK_NO_WRITERS, .l_len = 1 };
    int descriptor = openat(file->dir, file->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor >= 0)
        fcntl(descriptor, F_OFD_SETLK, &lock);
    return descriptor;
}

/* --- making ------------------------------------------------------------------------------------------------------------------------ */

/* The job's mark as part of a file's name, whatever it holds. */
static char *
half_name(const VolumeFile *file, const char *mark)
{
    g_autofree char *word = g_strndup(mark && mark[0] ? mark : "unmarked", 64);
    g_strcanon(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", '_');
    return g_strdup_printf("%s.%s" VOLUME_NAME_HALF, file->name, word);
}

char *
volume_file_begin(const VolumeFile *file, const char *mark, GError **error)
{
    struct stat info;
    g_autofree char *name = half_name(file, mark);
    if (fstatat(file->dir, file->name, &info, AT_SYMLINK_NOFOLLOW) == 0) {
        fault_set(error, MSG_VOLUME_THERE, "disk", file->name, "path", file->path, NULL);
        return NULL;
    }
    unlinkat(file->dir, name, 0);
    int descriptor = openat(file->dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        volume_file_fail(file, "made", errno, error);
        return NULL;
    }
    close(descriptor);
    return g_steal_pointer(&name);
}

/* Libvirt gives a file to QEMU's user when it starts the VM; where it is told not to, the file is that user's from the beginning. */
static gboolean
settle(int descriptor, int format, uid_t owner, gid_t group)
{
    const char *word = names_get(&disk_format_names, format);
    fsetxattr(descriptor, FORMAT_NOTE, word, strlen(word), 0);      /* not every file system can */
    if (owner != 0 && fchown(descriptor, owner, group) != 0 && errno != EPERM)
        return FALSE;
    return fsync(descriptor) == 0;
}

gboolean
volume_file_settle(const VolumeFile *file, const char *name, int format, uid_t owner, gid_t group, GError **error)
{
    int descriptor = openat(file->dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    gboolean well = descriptor >= 0 && settle(descriptor, format, owner, group);
    int why = errno;
    if (descriptor >= 0)
        close(descriptor);
    return well || volume_file_fail(file, "made", why, error);
}

/* A file system that cannot rename without replacing can link without. */
static int
rename_to_nothing(int dir, const char *from, const char *to)
{
    if (renameat2(dir, from, dir, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    if (linkat(dir, from, dir, to, 0) != 0)
        return errno;
    unlinkat(dir, from, 0);
    return 0;
}

gboolean
volume_file_publish(const VolumeFile *file, const char *name, GError **error)
{
    int why = rename_to_nothing(file->dir, name, file->name);
    if (why == EEXIST)
        return fault_set(error, MSG_VOLUME_THERE, "disk", file->name, "path", file->path, NULL);
    if (why == 0 && fsync(file->dir) != 0)
        why = errno;
    return why == 0 || volume_file_fail(file, "made", why, error);
}

void
volume_file_drop(const VolumeFile *file, const char *name)
{
    unlinkat(file->dir, name, 0);
}

gboolean
volume_file_sync(const VolumeFile *file, const char *verb, GError **error)
{
    struct stat info;
    int descriptor = open_plain(file, &info, verb, error);
    if (descriptor < 0)
        return errno == ENOENT && volume_file_fail(file, verb, ENOENT, error);
    gboolean well = fsync(descriptor) == 0;
    int why = errno;
    close(descriptor);
    return well || volume_file_fail(file, verb, why, error);
}

/* --- deleting ---------------------------------------------------------------------------------------------------------------------- */

static gboolean
unlink_if_there(const VolumeFile *file, const char *name, GError **error)
{
    return unlinkat(file->dir, name, 0) == 0 || errno == ENOENT || volume_file_fail(file, "deleted", errno, error);
}

gboolean
volume_file_delete(const VolumeFile *file, GError **error)
{
    struct stat info;
    g_autoptr(GPtrArray) halves = list_halves(file, "deleted", error);
    if (!halves)
        return FALSE;
    if (fstatat(file->dir, file->name, &info, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(info.st_mode))
        return not_plain(file, error);
    for (guint i = 0; i < halves->len; i++) {
        if (!unlink_if_there(file, halves->pdata[i], error))
            return FALSE;
    }
    if (!unlink_if_there(file, file->name, error))
        return FALSE;
    return fsync(file->dir) == 0 || volume_file_fail(file, "deleted", errno, error);
}
