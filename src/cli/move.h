/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * All bytes of a file to an image, or of an image to a file: in pieces, over several connections, each tried again where it fails. What an
 * upload was told to be written counts as kept only once it was flushed behind it: a manager that is killed forgets what was not. */
#pragma once

#include "cli/image.h"

#define MOVE_CONNECTIONS 4

typedef struct {
    const char *url, *ca;               /* of the image */
    int file;
    gboolean upload;
    gint64 size;                        /* of the whole */
    const GArray *extents;              /* ImageExtent: what to move. Of a download zeros are holes already */
    /* Called in the caller's thread: some times a second; and when a piece has failed: may it be tried again? */
    void (*progress)(gpointer data, gint64 moved, gint64 of);
    gboolean (*mend)(gpointer data, GError **error);
    gpointer data;
} Move;

gboolean move_run(const Move *move, GError **error);
