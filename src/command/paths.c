/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Two looks at every path: first at its text, in the writer, where no disk may be touched; then, on a worker, at where it
 * really leads. Disks need neither: their files are named by the manager after their ids. */
#include "command/paths.h"

#include "base/text.h"
#include "host/volume_name.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define SCHEME "iso://"

/* The rest of PATH behind directory DIR and its slashes; NULL if it does not lie below it. */
static const char *
behind(const char *dir, const char *path)
{
    gsize length = strlen(dir);
    while (length > 1 && dir[length - 1] == '/')
        length--;
    if (strncmp(path, dir, length) != 0 || path[length] != '/')
        return NULL;
    return path + length + 1;
}

/* No "", "." or ".." among its parts, and nothing but names. */
static gboolean
goes_down(const char *rest)
{
    g_auto(GStrv) parts = g_strsplit(rest, "/", -1);
    for (char **part = parts; *part; part++) {
        if (!text_is_name(*part) || g_str_equal(*part, ".") || g_str_equal(*part, ".."))
            return FALSE;
    }
    return parts[0] != NULL;
}

static gboolean
holds_files(const StorageDomain *storage)
{
    gboolean use = storage->type == STORAGE_USE_DATA || storage->type == STORAGE_USE_ISO;
    return use && !id_is_null(&storage->data_center.id) && storage->storage.path && *storage->storage.path == '/';
}

/* The file of a VM's disk is no medium and no kernel: reading it would be reading that VM's secrets, and locks it out of its own disk. So
 * are the halves beside it, "ID.….part", and the memory a snapshot has kept. */
static gboolean
is_disk_file(const View *view, const char *rest)
{
    Id id;
    g_autofree char *stem = g_strndup(rest, strcspn(rest, "."));
    if (volume_name_parse_memory(rest, &id))
        return TRUE;
    const Disk *disk = id_parse(stem, ID_UUID, &id) ? view_find(view, &disk_type, &id) : NULL;
    return disk && disk->content_type != DISK_CONTENT_ISO;
}

static const StorageDomain *
storage_around(const View *view, const char *path)
{
    ViewWalk walk = view_walk(view, &storage_domain_type);
    for (const StorageDomain *storage; (storage = view_next(&walk));) {
        const char *rest = holds_files(storage) ? behind(storage->storage.path, path) : NULL;
        if (rest && goes_down(rest) && !is_disk_file(view, rest))
            return storage;
    }
    return NULL;
}

typedef struct {
    const StorageDomain *storage;
    const File *file;
} Found;

/* The listed file of that id or name. */
static Found
find_file(const View *view, const char *given)
{
    char text[ID_TEXT_SIZE];
    ViewWalk walk = view_walk(view, &storage_domain_type);
    for (const StorageDomain *storage; (storage = view_next(&walk));) {
        for (guint i = 0; holds_files(storage) && i < storage->files.count; i++) {
            const File *file = storage->files.items[i];
            if (g_strcmp0(file->name, given) == 0 || g_ascii_strcasecmp(id_format(&file->object.id, ID_UUID, text), given) == 0)
                return (Found) { storage, file };
        }
    }
    return (Found) { NULL, NULL };
}

static char *
path_of(const Found *found)
{
    if (!found->file || !found->file->name || !goes_down(found->file->name))
        return NULL;
    return g_build_filename(found->storage->storage.path, found->file->name, NULL);
}

/* The storage domains' directories, for a hint. Yours. */
static char *
directories(const View *view)
{
    GString *text = g_string_new(NULL);
    ViewWalk walk = view_walk(view, &storage_domain_type);
    for (const StorageDomain *storage; (storage = view_next(&walk));) {
        if (holds_files(storage))
            g_string_append_printf(text, "%s%s ('%s')", text->len ? ", " : "", storage->storage.path, storage->name);
    }
    return g_string_free(text, FALSE);
}

static char *
refuse(const View *view, MessageCode code, const char *field, const char *given, GError **error)
{
    g_autofree char *dirs = directories(view);
    g_autofree char *clean = g_utf8_make_valid(given, (gssize) MIN(strlen(given), 200));
    fault_set(error, code, "field", field, "path", clean, "directories", dirs, NULL);
    return NULL;
}

/* QEMU reads an initrd beside some kernels as a list of files, each up to a blank or a comma. */
static gboolean
is_one_file(const char *field, const char *rest)
{
    return !g_str_has_suffix(field, "initrd") || !strpbrk(rest, " ,");
}

char *
paths_boot_file(const View *view, const char *field, const char *given, GError **error)
{
    const char *name = g_str_has_prefix(given, SCHEME) ? given + strlen(SCHEME) : given;
    gboolean whole = *name == '/' && name == given;
    Found found = whole ? (Found) { storage_around(view, name), NULL } : find_file(view, name);
    g_autofree char *path = !whole ? path_of(&found) : found.storage ? g_strdup(name) : NULL;
    if (!path)
        return refuse(view, whole ? MSG_PATH_OUTSIDE : MSG_NO_SUCH_FILE, field, given, error);
    if (!is_one_file(field, behind(found.storage->storage.path, path)))
        return refuse(view, MSG_PATH_SEVERAL, field, given, error);
    return g_steal_pointer(&path);
}

const Disk *
paths_iso_disk(const View *view, const char *given)
{
    Id id;
    const Disk *disk = id_parse(given, ID_UUID, &id) ? view_find(view, &disk_type, &id) : NULL;
    return disk && disk->content_type == DISK_CONTENT_ISO ? disk : NULL;
}

static char *
disk_path(const View *view, const Disk *disk)
{
    char text[ID_TEXT_SIZE];
    for (guint i = 0; i < disk->storage_domains.count; i++) {
        const StorageDomainRef *in = disk->storage_domains.items[i];
        const StorageDomain *storage = view_find(view, &storage_domain_type, &in->storage_domain.id);
        if (storage && holds_files(storage))
            return g_build_filename(storage->storage.path, id_format(&disk->object.id, ID_UUID, text), NULL);
    }
    return NULL;
}

char *
paths_iso(const View *view, const char *given, GError **error)
{
    const Disk *disk = paths_iso_disk(view, given);
    if (*given == '/')
        return storage_around(view, given) ? g_strdup(given) : refuse(view, MSG_PATH_OUTSIDE, "file", given, error);
    Found found = find_file(view, given);
    char *path = disk ? disk_path(view, disk) : path_of(&found);
    return path ? path : refuse(view, MSG_NO_SUCH_FILE, "file", given, error);
}

char *
paths_iso_id(const View *view, const char *given, GError **error)
{
    char text[ID_TEXT_SIZE];
    g_autofree char *path = paths_iso(view, given, error);
    if (!path)
        return NULL;
    Found found = find_file(view, given);
    return g_strdup(found.file ? id_format(&found.file->object.id, ID_UUID, text) : given);
}

static gboolean
names_windows_drivers(const File *file)
{
    return file && file->name && g_str_has_prefix(file->name, "virtio-win") && g_str_has_suffix(file->name, ".iso") && !strchr(file->name, '/');
}

/* As people count: 0.1.9 is older than 0.1.10. */
static gboolean
is_newer(const File *file, const File *than)
{
    g_autofree char *one = g_utf8_collate_key_for_filename(file->name, -1), *other = g_utf8_collate_key_for_filename(than->name, -1);
    return strcmp(one, other) > 0;
}

const File *
paths_windows_drivers(const View *view)
{
    const File *newest = NULL;
    ViewWalk walk = view_walk(view, &storage_domain_type);
    for (const StorageDomain *storage; (storage = view_next(&walk));) {
        for (guint i = 0; holds_files(storage) && i < storage->files.count; i++) {
            const File *file = storage->files.items[i];
            if (names_windows_drivers(file) && (!newest || is_newer(file, newest)))
                newest = file;
        }
    }
    return newest;
}

gboolean
paths_is_windows_drivers(const View *view, const char *given)
{
    return names_windows_drivers(find_file(view, given).file);
}

gboolean
paths_verify(const View *view, const char *path, GError **error)
{
    const StorageDomain *storage = storage_around(view, path);
    if (!storage) {
        refuse(view, MSG_PATH_OUTSIDE, "path", path, error);
        return FALSE;
    }
    g_autofree char *dir = realpath(storage->storage.path, NULL);
    if (!dir)
        return TRUE;                /* not on this machine */
    g_autofree char *real = realpath(path, NULL);
    if (!real)
        return fault_set(error, MSG_FILE_UNREADABLE, "path", path, "why", g_strerror(errno), NULL);
    const char *rest = behind(dir, real);
    if (!rest || is_disk_file(view, rest)) {
        refuse(view, rest ? MSG_PATH_OUTSIDE : MSG_PATH_LEADS_OUT, "path", path, error);
        return FALSE;
    }
    return TRUE;
}

/* What lies directly in a storage domain is listed, or will be; of one for ISO images all is for everybody. Asked of the place and not of the
 * list, which is a little old and has an end. */
static gboolean
is_for_all(const StorageDomain *storage, const char *dir, const char *path)
{
    const char *rest = dir && path ? behind(dir, path) : NULL;
    return rest && (storage->type == STORAGE_USE_ISO || !strchr(rest, '/'));
}

gboolean
paths_is_library(const View *view, const char *path)
{
    g_autofree char *real = realpath(path, NULL);
    ViewWalk walk = view_walk(view, &storage_domain_type);
    for (const StorageDomain *storage; (storage = view_next(&walk));) {
        g_autofree char *dir = holds_files(storage) ? realpath(storage->storage.path, NULL) : NULL;
        if (holds_files(storage) && (is_for_all(storage, storage->storage.path, path) || is_for_all(storage, dir, real)))
            return TRUE;
    }
    return FALSE;
}
