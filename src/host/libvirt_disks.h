/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The disks of a domain that runs, as its libvirt tells them now: the file each writes, and where it is being mirrored to. Asked anew each
 * time: nothing is remembered that a libvirtd which was restarted would not know. Included by host/libvirt_*.c alone. */
#pragma once

#include "host/libvirt_call.h"

typedef struct {
    char *target;               /* "vda" */
    char *path, *format;        /* NULL: it has no file (an empty drive, another kind of source) */
    BlockJobKind mirrors;       /* what writes to a second file, too; NONE: nothing */
    char *mirror;               /* that file */
    gboolean ready;             /* it has caught up, and waits for its end */
} LiveDisk;

/* LiveDisk, of a domain that runs; NULL with libvirt's error. */
GPtrArray *libvirt_disks_read(virDomainPtr domain);
const LiveDisk *libvirt_disks_find(const GPtrArray *disks, const char *target);
/* The one at TARGET, or the sentence that there is none. */
const LiveDisk *libvirt_disks_need(LibvirtCall *call, virDomainPtr domain, const GPtrArray *disks, const char *target, GError **error);
