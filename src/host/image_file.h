/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The file behind a served image: may it be served, and, once it was written, is it what it should be? A stranger's image is
 * opened by nothing before its header was judged here. Of this machine; used by libvirt's hosts and by fake ones. */
#pragma once

#include "host/host.h"
#include "host/image.h"
#include "host/volume_file.h"

/* Looks, and makes the file ready for SPEC. RET_FILE: what image_serve is told; yours. No other place of this asks where a disk's file is. */
gboolean image_file_prepare(const VolumeFile *file, const ImageSpec *spec, char **ret_file, GError **error);
/* Ends what was written; WAKE and DEADLINE as for volume_child_run. */
gboolean image_file_settle(const VolumeFile *file, const ImageSpec *spec, gint64 end, int wake, Tick deadline, GError **error);
/* Of the beginning of a qcow2 image of a stranger's, FILE bytes long: is it one that stands alone, of SIZE? MSG code of what is wrong, 0: nothing. */
MessageCode image_file_judge(const guint8 *head, gsize length, gint64 size, gint64 file);
/* Serves it in the thread that calls. */
HostImage *image_file_serve(const char *host, const char *path, const ImageSpec *spec, GError **error);
