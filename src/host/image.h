/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A disk's content, served: a process of its own (qemu-nbd) and connections to it that speak NBD. They are made before the process
 * begins and can be made in no other way: its socket has no name that anybody else could find. It dies with the thread that
 * started it, so with the manager too. */
#pragma once

#include "base/clock.h"

#include <glib.h>

#define IMAGE_CONNECTIONS 4

typedef struct HostImage HostImage;

/* PROGRAM serves FILE, whose format is never guessed: "raw", "qcow2". NULL with a fault: it could not be started. */
typedef struct {
    const char *host, *file, *format;
    gboolean write, discard;
    gboolean direct;                /* past the page cache: the file system can */
} ImageServing;
HostImage *image_serve(const ImageServing *serving, GError **error);
void image_keep(HostImage *image, int take_descriptor);     /* closed with it: a lock upon the file */
int image_take_socket(HostImage *image);        /* one of IMAGE_CONNECTIONS, yours; -1: all are taken */
int image_ended(const HostImage *image);        /* readable when the process has ended; -1: this kernel cannot tell */
/* Ends the process and waits for its end: in order until DEADLINE (what it holds is written), then at once. TRUE: in order. */
gboolean image_close(HostImage *take, Tick deadline);
