/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A guest is root in the folder it has: it can put links there. So a folder within one that a VM has is given to nobody, and where a path really
 * leads is looked at again when the VM starts. */
#include "command/shared_folders.h"

#include "base/text.h"
#include "command/guards.h"
#include "model/machines.h"
#include "model/storage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TAG_MOST 36             /* what virtio has room for */
#define PATH_MOST 1024

static const Host *
home_of(const Work *work, const Vm *vm)
{
    return view_find(work->view, &host_type, &vm->home.id);
}

static gboolean
refuse(MessageCode code, const Work *work, const Vm *vm, const SharedFolder *folder, GError **error)
{
    const Host *host = home_of(work, vm);
    return fault_set(error, code, "vm", vm->name, "path", folder->path, "folder", folder->name, "host", host ? host->name : "", NULL);
}

/* --- words ------------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_tag(const char *name)
{
    gsize length = strlen(name);
    return length > 0 && length <= TAG_MOST && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == length;
}

/* virtiofsd takes what stands behind a comma for another option. */
static gboolean
is_straight(const char *path)
{
    if (path[0] != '/' || strlen(path) > PATH_MOST)
        return FALSE;
    g_auto(GStrv) parts = g_strsplit(path + 1, "/", -1);
    for (char **part = parts; *part; part++) {
        if (!text_is_name(*part) || strchr(*part, ','))
            return FALSE;
    }
    return parts[0] != NULL;
}

static gboolean
check_words(const Vm *vm, const SharedFolder *folder, GError **error)
{
    if (!folder->name || !is_tag(folder->name))
        return fault_set(error, MSG_FOLDER_NAME, "vm", vm->name, "folder", folder->name ? folder->name : "", "most", G_STRINGIFY(TAG_MOST), NULL);
    gboolean straight = folder->path && is_straight(folder->path);
    return straight || fault_set(error, MSG_FOLDER_PATH, "vm", vm->name, "path", folder->path ? folder->path : "", NULL);
}

/* --- places ------------------------------------------------------------------------------------------------------------------------ */

/* The folder around PATH that HOST gives; yours; NULL. */
static char *
root_of(const Host *host, const char *path)
{
    g_auto(GStrv) roots = machines_dup_all(host ? host->machines : NULL, MACHINES_SHARE);
    for (guint i = 0; roots[i]; i++) {
        if (shared_folder_lies_in(path, roots[i]))
            return g_strdup(roots[i]);
    }
    return NULL;
}

static gboolean
check_host(const Work *work, const Vm *vm, const SharedFolder *folder, GError **error)
{
    const Host *host = home_of(work, vm);
    g_auto(GStrv) roots = machines_dup_all(host ? host->machines : NULL, MACHINES_SHARE);
    g_autofree char *all = g_strjoinv(", ", roots), *root = root_of(host, folder->path);
    if (!*all)
        return refuse(MSG_FOLDERS_NONE, work, vm, folder, error);
    if (!root)
        return fault_set(error, MSG_FOLDER_OUTSIDE, "vm", vm->name, "path", folder->path, "host", host->name, "folders", all, NULL);
    return machines_has(host->machines, MACHINES_VIRTIOFS, "yes") || refuse(MSG_FOLDERS_NO_VIRTIOFSD, work, vm, folder, error);
}

/* Disks of others lie there, and the guest would read and write them. */
static gboolean
check_storage(const Work *work, const Vm *vm, const SharedFolder *folder, GError **error)
{
    ViewWalk walk = view_walk(work->view, &storage_domain_type);
    for (const StorageDomain *storage; (storage = view_next(&walk));) {
        const char *path = storage->storage.path;
        if (path && *path == '/' && (shared_folder_lies_in(folder->path, path) || shared_folder_lies_in(path, folder->path)))
            return fault_set(error, MSG_FOLDER_STORAGE, "vm", vm->name, "path", folder->path, "storage_domain", storage->name, NULL);
    }
    return TRUE;
}

/* The first VM that has a folder around PATH, or, if AROUND is FALSE, within it. */
static const Vm *
find_other(const Work *work, const char *path, gboolean around, const char **ret_path)
{
    ViewWalk walk = view_walk(work->view, &vm_type);
    for (const Vm *other; (other = view_next(&walk));) {
        for (guint i = 0; i < other->shared_folders.count; i++) {
            const char *its = ((const SharedFolder *) other->shared_folders.items[i])->path;
            *ret_path = its;
            if (its && *its == '/' && !g_str_equal(its, path) && (around ? shared_folder_lies_in(path, its) : shared_folder_lies_in(its, path)))
                return other;
        }
    }
    return NULL;
}

/* No guest may have a folder around it. */
static gboolean
check_around(const Work *work, const Vm *vm, const SharedFolder *folder, GError **error)
{
    const char *path;
    const Vm *other = find_other(work, folder->path, TRUE, &path);
    return !other || fault_set(error, MSG_FOLDER_OF_GUEST, "vm", vm->name, "path", folder->path, "other", other->name, "around", path, NULL);
}

static gboolean
check_within(const Work *work, const Vm *vm, const SharedFolder *folder, GError **error)
{
    const char *path;
    const Vm *other = find_other(work, folder->path, FALSE, &path);
    return !other || fault_set(error, MSG_FOLDER_AROUND, "vm", vm->name, "path", folder->path, "other", other->name, "within", path, NULL);
}

gboolean
shared_folders_may(const Work *work, const Vm *vm, const SharedFolder *folder, GError **error)
{
    if (!check_words(vm, folder, error))
        return FALSE;
    Id id = shared_folder_id(&vm->object.id, folder->name);
    if (list_find(&vm->shared_folders, &id))
        return refuse(MSG_FOLDER_THERE, work, vm, folder, error);
    return check_host(work, vm, folder, error) && check_storage(work, vm, folder, error) && check_around(work, vm, folder, error) &&
           check_within(work, vm, folder, error);
}

/* --- where it leads ---------------------------------------------------------------------------------------------------------------- */

/* The administrator's own folder may be a link; what lies in it may not be one, nor be behind one. */
gboolean
shared_folders_look(const Work *work, const Vm *vm, const SharedFolder *folder, GError **error)
{
    g_autofree char *root = root_of(home_of(work, vm), folder->path);
    g_autofree char *real_root = root ? realpath(root, NULL) : NULL;
    if (root && !check_around(work, vm, folder, error))
        return FALSE;               /* it has become so since */
    if (!real_root)
        return TRUE;                /* not on this machine */
    while (strlen(root) > 1 && g_str_has_suffix(root, "/"))
        root[strlen(root) - 1] = '\0';
    g_autofree char *wanted = g_strconcat(g_str_equal(real_root, "/") ? "" : real_root, folder->path + (g_str_equal(root, "/") ? 0 : strlen(root)), NULL), *real = realpath(folder->path, NULL);
    if (!real)
        return fault_set(error, MSG_FOLDER_MISSING, "vm", vm->name, "path", folder->path, "reason", g_strerror(errno), NULL);
    if (!g_str_equal(real, *wanted ? wanted : "/"))
        return refuse(MSG_FOLDER_LEADS_OUT, work, vm, folder, error);
    return g_file_test(real, G_FILE_TEST_IS_DIR) || fault_set(error, MSG_FOLDER_MISSING, "vm", vm->name, "path", folder->path, "reason", g_strerror(ENOTDIR), NULL);
}

gboolean
shared_folders_ready(const Work *work, const Vm *vm, GError **error)
{
    for (guint i = 0; i < vm->shared_folders.count; i++) {
        const SharedFolder *folder = vm->shared_folders.items[i];
        gboolean ours = g_strcmp0(folder->driver, SHARED_VIRTIOFS) == 0 && folder->path && *folder->path == '/';
        if (ours && !shared_folders_look(work, vm, folder, error))
            return FALSE;
    }
    return TRUE;
}

const Vm *
shared_folders_check(Work *work, GError **error)
{
    const Vm *vm = guard_vm(work, &work->parent, error);
    if (!vm || !guard_down(vm, MSG_FOLDERS_NEED_DOWN, error) || !guard_home(work, vm, error))
        return NULL;
    work_set_about(work, "name", vm->name);
    work_set_about(work, "fields", work->command->on->many);
    return vm;
}
