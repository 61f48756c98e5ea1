/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Files of the host that a person may name: a kernel, an initrd, an ISO image. QEMU reads them with its own rights, so only
 * files inside storage domains may be named, and no path may lead out of one. */
#pragma once

#include "job/command.h"

/* The absolute path of a kernel or initrd given as a path inside a storage domain, as `iso://NAME`, or as the name of a file the
 * storage domains list. Pure: only the text and the view are looked at. Yours; NULL with the reason, which names FIELD. */
char *paths_boot_file(const View *view, const char *field, const char *given, GError **error);
/* The absolute path of an ISO image by its file's id or name, an ISO disk's id, or its path. Pure. Yours; NULL with the reason. */
char *paths_iso(const View *view, const char *given, GError **error);
/* The disk with an ISO image in it that GIVEN is the id of; NULL. */
const Disk *paths_iso_disk(const View *view, const char *given);
/* The id to keep for an ISO image: what paths_iso takes, in its lasting form. NULL with the reason. Yours. */
char *paths_iso_id(const View *view, const char *given, GError **error);
/* The newest ISO image of Windows' virtio drivers (virtio-win-….iso) that the storage domains list; NULL. */
const File *paths_windows_drivers(const View *view);
gboolean paths_is_windows_drivers(const View *view, const char *given);      /* is the file of that id or name one? */
/* On a worker: does the file really lie inside a storage domain, with every symbolic link followed? A storage domain whose
 * directory is not on this machine cannot be looked at from here and is left to its host. */
gboolean paths_verify(const View *view, const char *path, GError **error);
/* On a worker: is it a file any VM may be given, an ISO image, a kernel or an ISO disk of ours? No guest may write such a one. Of a path that paths_verify
 * let through. */
gboolean paths_is_library(const View *view, const char *path);
