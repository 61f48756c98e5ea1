/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Checks go from the root of the file system down, so that the sentence names the first part that bars the way. Whether QEMU's
 * user may pass is asked of the kernel as that user, in a child: modes alone would miss access lists. */
#include "host/volume_store.h"

#include "base/log.h"
#include "base/text.h"
#include "host/volume_child.h"
#include "host/volume_mark.h"
#include "host/volume_name.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MOST_FILES 1000
#define MOST_ENTRIES 20000      /* looked at */

/* --- may it be used ---------------------------------------------------------------------------------------------------------------- */

static gboolean
is_straight(const char *path)
{
    if (path[0] != '/' || path[1] == '\0' || strlen(path) >= PATH_MAX)
        return FALSE;
    g_auto(GStrv) parts = g_strsplit(path + 1, "/", -1);
    for (char **part = parts; *part; part++) {
        gboolean last = !part[1];
        if (g_str_equal(*part, ".") || g_str_equal(*part, "..") || (!text_is_name(*part) && !(last && !**part)))
            return FALSE;
    }
    return TRUE;
}

/* "/a", "/a/b", …; yours. */
static GPtrArray *
parts_of(const char *path)
{
    GPtrArray *parts = g_ptr_array_new_with_free_func(g_free);
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/'))
        g_ptr_array_add(parts, g_strndup(path, (gsize) (slash - path)));
    g_ptr_array_add(parts, g_strdup(path));
    return parts;
}

/* Who may write to a directory on the way may put another in its place; the sticky bit stops that. */
static gboolean
check_part(const char *path, const char *part, const VolumeReach *reach, GError **error)
{
    struct stat info;
    if (stat(part, &info) != 0)
        return fault_set(error, MSG_STORE_MISSING, "path", path, "host", reach->host, "reason", g_strerror(errno), NULL);
    if (info.st_mode & S_IWOTH && !(info.st_mode & S_ISVTX))
        return fault_set(error, MSG_STORE_OPEN_TO_ALL, "path", path, "host", reach->host, "part", part, NULL);
    if (info.st_uid == 0 || info.st_uid == geteuid() || info.st_uid == reach->user)
        return TRUE;
    g_autofree char *owner = g_strdup_printf("%u", (unsigned) info.st_uid);
    return fault_set(error, MSG_STORE_FOREIGN, "path", path, "host", reach->host, "part", part, "owner", owner, NULL);
}

/* As QEMU's user: may it pass through PATH? Where that cannot be tried libvirt says it when the VM starts. */
static gboolean
may_pass(const char *path, const VolumeReach *reach)
{
    struct passwd entry, *found = NULL;
    char room[4096];
    g_autofree char *user = g_strdup_printf("--reuid=%u", (unsigned) reach->user);
    g_autofree char *group = g_strdup_printf("--regid=%u", (unsigned) reach->group);
    gboolean known = getpwuid_r(reach->user, &entry, room, sizeof(room), &found) == 0 && found;
    const char *argv[] = { "setpriv", user, group, known ? "--init-groups" : "--clear-groups", "test", "-x", path, NULL };
    g_auto(ChildResult) result = { 0 };
    volume_child_run(argv, reach->wake, reach->deadline, &result);
    if (result.end == CHILD_FAILED && result.status == 1 && !result.words[0])
        return FALSE;
    if (result.end != CHILD_DONE)
        log_warn("host %s: whether QEMU's user reaches %s cannot be tried: %s", reach->host, path, result.words);
    return TRUE;
}

static gboolean
check_reach(const char *path, const char *real, GPtrArray *parts, const VolumeReach *reach, GError **error)
{
    if (reach->user == 0 || geteuid() != 0 || may_pass(real, reach))
        return TRUE;
    for (guint i = 0; i < parts->len; i++) {
        if (!may_pass(parts->pdata[i], reach))
            return fault_set(error, MSG_STORE_OUT_OF_REACH, "path", path, "host", reach->host, "part", parts->pdata[i], NULL);
    }
    return TRUE;
}

gboolean
volume_store_check(const char *path, const VolumeReach *reach, GError **error)
{
    if (!path || !is_straight(path))
        return fault_set(error, MSG_STORE_PATH_BAD, "path", path ? path : "", NULL);
    g_autofree char *real = realpath(path, NULL);
    struct stat info;
    if (!real || stat(real, &info) != 0)
        return fault_set(error, MSG_STORE_MISSING, "path", path, "host", reach->host, "reason", g_strerror(errno), NULL);
    if (!S_ISDIR(info.st_mode))
        return fault_set(error, MSG_STORE_MISSING, "path", path, "host", reach->host, "reason", g_strerror(ENOTDIR), NULL);
    g_autoptr(GPtrArray) parts = parts_of(real);
    for (guint i = 0; i < parts->len; i++) {
        if (!check_part(path, parts->pdata[i], reach, error))
            return FALSE;
    }
    if (faccessat(AT_FDCWD, real, W_OK | X_OK, AT_EACCESS) != 0)
        return fault_set(error, MSG_STORE_NOT_WRITABLE, "path", path, "host", reach->host, "reason", g_strerror(errno), NULL);
    return check_reach(path, real, parts, reach, error);
}

/* --- what is in it ----------------------------------------------------------------------------------------------------------------- */

static int
by_name(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const File *const *) a)->name, (*(const File *const *) b)->name);
}

/* Is NAME ours? What it says alone. */
static gboolean
is_ours(const char *name, VolumeSeen *ret)
{
    VolumeSeen seen = { .kind = SEEN_IMAGE };
    if (volume_name_parse(name, &seen.disk, &seen.image)) {
        *ret = seen;
        return TRUE;
    }
    seen.kind = volume_name_parse_half(name, &seen.disk, &seen.image) ? SEEN_HALF : SEEN_MEMORY;
    if (seen.kind == SEEN_MEMORY && !volume_name_parse_memory(name, &seen.image))
        return FALSE;
    *ret = seen;
    return TRUE;
}

static gboolean
is_iso(const char *name)
{
    gsize length = strlen(name);
    return length > 4 && strcasecmp(name + length - 4, ".iso") == 0;
}

static File *
file_new(const Id *storage, const char *name)
{
    File *file = object_new(&file_type);
    file->object.id = id_named(storage, name);
    file->name = g_strdup(name);
    file->type = is_iso(name) ? g_strdup("iso") : NULL;
    return file;
}

typedef struct {
    const Id *storage;
    GPtrArray *files;           /* File */
    StorageFacts *facts;
} Listing;

static void
list_entry(Listing *listing, const char *name, const struct stat *info)
{
    VolumeSeen seen;
    StorageFacts *facts = listing->facts;
    if (is_ours(name, &seen)) {
        seen.length = info->st_size;
        seen.allocation = (gint64) info->st_blocks * 512;
        g_array_append_val(facts->volumes, seen);
    } else if (listing->files->len >= MOST_FILES) {
        facts->more = TRUE;
    } else if (text_is_name(name)) {
        g_ptr_array_add(listing->files, file_new(listing->storage, name));
    }
}

static int
by_image(gconstpointer a, gconstpointer b)
{
    const VolumeSeen *x = a, *y = b;
    int order = id_compare(&x->disk, &y->disk);
    return order ? order : id_compare(&x->image, &y->image);
}

/* A look at each name, and at no content: it is done again and again. */
static void
list_files(DIR *dir, const Id *storage, StorageFacts *facts)
{
    struct stat info;
    g_autoptr(GPtrArray) files = g_ptr_array_new();
    Listing listing = { storage, files, facts };
    struct dirent *entry = NULL;
    facts->volumes = g_array_new(FALSE, FALSE, sizeof(VolumeSeen));
    for (guint entries = 0; entries < MOST_ENTRIES && (entry = readdir(dir)); entries++) {
        if (entry->d_name[0] != '.' && fstatat(dirfd(dir), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode))
            list_entry(&listing, entry->d_name, &info);
    }
    facts->more |= entry != NULL;
    g_array_sort(facts->volumes, by_image);
    g_ptr_array_sort(files, by_name);
    for (guint i = 0; i < files->len; i++)
        list_add(&facts->files, files->pdata[i]);
}

StorageFacts *
volume_store_lost(const HostStore *store, const char *why)
{
    StorageFacts *facts = g_new0(StorageFacts, 1);
    facts->storage_domain = store->storage_domain;
    facts->why = g_strdup(why);
    return facts;
}

/* What reading it failed for, as facts; takes the fault. */
static StorageFacts *
lost_for(const HostStore *store, GError *take)
{
    g_autofree char *why = message_encode(fault_message(take));
    StorageFacts *facts = volume_store_lost(store, why);
    g_error_free(take);
    return facts;
}

StorageFacts *
volume_store_read(const HostStore *store, const char *host)
{
    struct statvfs space;
    GError *error = NULL;
    DIR *dir = opendir(store->path);
    if (!dir || fstatvfs(dirfd(dir), &space) != 0)
        fault_set(&error, MSG_STORE_MISSING, "path", store->path, "host", host, "reason", g_strerror(errno), NULL);
    if (error || !volume_mark_verify(store->path, host, &store->storage_domain, &error)) {
        if (dir)
            closedir(dir);
        return lost_for(store, error);
    }
    StorageFacts *facts = g_new0(StorageFacts, 1);
    facts->storage_domain = store->storage_domain;
    facts->available = (gint64) (space.f_bavail * space.f_frsize);
    facts->used = (gint64) ((space.f_blocks - space.f_bfree) * space.f_frsize);
    facts->reachable = TRUE;
    list_files(dir, &store->storage_domain, facts);
    closedir(dir);
    return facts;
}
