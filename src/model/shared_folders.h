/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Folders of a host that a VM has as file systems of its own. Beyond oVirt. */
#pragma once

#include "schema/type.h"

#define SHARED_VIRTIOFS "virtiofs"

typedef struct {                        /* id: named after the VM's and the name */
    Object object;
    char *name, *description, *comment; /* the tag by which the guest mounts it */
    char *path;                         /* on the host; of somebody else's, whatever its definition names */
    char *driver;                       /* virtiofs; of somebody else's 9p, block … */
} SharedFolder;

extern const Type shared_folder_type;

Id shared_folder_id(const Id *vm, const char *name);
/* Is PATH the folder ROOT, or below it? By their text. */
gboolean shared_folder_lies_in(const char *path, const char *root);
