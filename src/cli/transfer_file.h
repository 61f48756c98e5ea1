/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The file at this end of an upload or download: where it has data, and what kind of image it is. */
#pragma once

#include "cli/image.h"

typedef struct {
    int descriptor;                 /* -1: not open */
    gint64 size;                    /* of the file */
    gint64 guest_size;              /* of the disk it is an image of; of a raw one its own, in whole sectors */
    gint64 whole;                   /* of the disk it goes to */
    gboolean cow;                   /* it is a qcow2 image */
} TransferFile;

gboolean transfer_file_open(TransferFile *file, const char *path, GError **error);
/* What of it is to be sent: its data, and zeros where it has holes, and behind its end as far as the disk reaches. OWN: bytes of an image, which
 * end where the file does. */
GArray *transfer_file_extents(const TransferFile *file, gboolean own);        /* of ImageExtent; yours */
gboolean transfer_file_is_free(const char *path, GError **error);       /* nothing is at PATH */
/* A new one, as long as EXTENTS reach, all of it a hole. */
gboolean transfer_file_make(TransferFile *file, const char *path, const GArray *extents, GError **error);
void transfer_file_clear(TransferFile *file);
