/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What stands at the beginning of an image: enough to know what it is, and what it says is beneath it. Reads, and opens nothing: no
 * name that stands in an image is followed here. */
#pragma once

#include <glib.h>

#define VOLUME_HEADER_MOST_NAME 1023            /* bytes, as QEMU has it */

typedef struct {
    gboolean cow;               /* it begins as a qcow2 image; else the rest is zero */
    gboolean broken;            /* damaged, or it says so itself */
    gboolean names_data;        /* its data is in another file */
    gint64 size;                /* what a guest sees */
    gboolean stands;            /* on another: */
    char backing[VOLUME_HEADER_MOST_NAME + 1];  /* so it is called; "": that cannot be read */
    char format[16];            /* in the image's own word; "": it does not say */
} VolumeHeader;

/* Of the file open as DESCRIPTOR. FALSE with errno: it cannot be read. */
gboolean volume_header_read(int descriptor, VolumeHeader *ret);
