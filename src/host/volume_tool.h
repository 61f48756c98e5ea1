/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * qemu-img upon one image, and its words as sentences of ours. What may be done to the image, and whether what it names may be opened, was
 * asked before. */
#pragma once

#include "host/volume_child.h"
#include "host/volume_file.h"

typedef struct {
    const VolumeFile *file;
    const char *verb;               /* "made", for "Disk … cannot be {verb}" */
    MessageCode ended;              /* the sentence where we ended it: it knows the disk, the path and the host */
    const VolumePatience *patience;
} VolumeTool;

/* ARGV as for volume_child_run. */
gboolean volume_tool_run(const VolumeTool *tool, const char *const *argv, GError **error);
const char *volume_tool_format(int format);     /* of a DiskFormat: "qcow2" */

/* NAME, a half of FILE, becomes an empty image as SPEC says. */
gboolean volume_tool_make(const VolumeFile *file, const char *name, const VolumeSpec *spec, const VolumePatience *patience, GError **error);
/* NAME, a half of FILE, gets what a guest reads from FROM, whose format is said; SPEC has that of the copy. */
gboolean volume_tool_copy(const VolumeFile *from, int from_format, const VolumeFile *file, const char *name, const VolumeSpec *spec, const VolumePatience *patience, GError **error);
/* NAME, FILE's own or a half of it, sees SIZE bytes; WHOLE: what is added has its room at once. ENDED as above. */
gboolean volume_tool_grow(const VolumeTool *tool, const char *name, int format, gint64 size, gboolean whole, GError **error);
