/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One connection to the content of a disk, by imageio's protocol over libcurl. Each thread has its own. What fails may be tried
 * again: it says how far it came. */
#pragma once

#include "base/fault.h"

#include <glib.h>

typedef struct Image Image;

/* URL: with the ticket; CA: a file, or NULL. Both outlive it. */
Image *image_open(const char *url, const char *ca);
void image_close(Image *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Image, image_close)

/* COUNT bytes of FILE from OFFSET on, to the same place; MOVED (atomic) grows as they go, and shrinks again where they did not arrive. */
gboolean image_put(Image *image, int file, gint64 offset, gint64 count, gint64 *moved, GError **error);
/* COUNT bytes from OFFSET on, to the same place in FILE. RET_DONE: those that were written there, also when it fails. */
gboolean image_get(Image *image, int file, gint64 offset, gint64 count, gint64 *moved, gint64 *ret_done, GError **error);
gboolean image_zero(Image *image, gint64 offset, gint64 count, GError **error);
gboolean image_flush(Image *image, GError **error);
/* What is in it, in order; RET of ImageExtent, yours. */
typedef struct { gint64 offset, count; gboolean zero; } ImageExtent;
gboolean image_extents(Image *image, GArray **ret_extents, GError **error);
