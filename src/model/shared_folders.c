/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rows of folders that a VM has of its host. */
#include "model/shared_folders.h"

#include "model/vm.h"

#include <string.h>

/* clang-format off */
const Type shared_folder_type = { .one = "shared_folder", .many = "shared_folders", .path = "sharedfolders", .size = sizeof(SharedFolder), .parent = &vm_type,
    .help = "A folder of its host that a VM has as a file system of its own.", .fields = (const Field[]) {
    TEXT(SharedFolder, name,        ADD | SHOW | NEED, "The tag by which its guest mounts it: mount -t virtiofs NAME /mnt."),
    TEXT(SharedFolder, description, 0,                 "For people."),
    TEXT(SharedFolder, comment,     0,                 "For people."),
    TEXT(SharedFolder, path,        ADD | SHOW | NEED, "The folder on the host, in one that the host gives to VMs (its shared_folders)."),
    TEXT(SharedFolder, driver,      SHOW,              "virtiofs; of somebody else's 9p, block …"),
    { 0 } } };
/* clang-format on */

Id
shared_folder_id(const Id *vm, const char *name)
{
    g_autofree char *key = g_strconcat("folder:", name, NULL);
    return id_named(vm, key);
}

gboolean
shared_folder_lies_in(const char *path, const char *root)
{
    gsize length = strlen(root);
    while (length > 1 && root[length - 1] == '/')
        length--;
    return strncmp(path, root, length) == 0 && (path[length] == '\0' || path[length] == '/' || length == 1);
}
