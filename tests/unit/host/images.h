/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Images for tests, in a directory of their own: made by the real tools, or byte by byte as no tool would. */
#pragma once

#include "host/volume_chain.h"

#define IMAGES_SIZE (4ll << 20)

extern char *images_dir;                        /* of the test that runs */
void images_open(void);
void images_close(void);                        /* with all that is in it */

void images_run(const char *command, ...) G_GNUC_PRINTF(1, 2);         /* by the shell, in the directory; it must succeed */
gboolean images_try(const char *command, ...) G_GNUC_PRINTF(1, 2);
/* The file of an image, opened. */
VolumeFile images_file(const Id *disk, const Id *image);
char *images_name(const Id *disk, const Id *image);                     /* yours */
/* The beginning of a qcow2 image of SIZE, that stands on BACKING (NULL: nothing) and says FORMAT of it (NULL: nothing). */
void images_put(const char *name, gint64 size, const char *backing, const char *format);
void images_patch(const char *name, gint64 at, guint bytes, guint64 value);     /* big-endian */
void images_fails(gboolean well, GError **error, MessageCode code);
