/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * How the file of an image is called in its storage's directory: "<disk id>" the first image of a disk, whose id is the disk's own, and
 * "<disk id>.<image id>" every other; and what lies beside them. Nobody else spells or reads such names. */
#pragma once

#include "base/id.h"

#define VOLUME_NAME_SIZE (2 * ID_TEXT_SIZE)
#define VOLUME_NAME_HALF ".part"        /* of what is being made */

/* Writes the name and its zero byte to RET; returns RET. */
char *volume_name_format(const Id *disk, const Id *image, char ret_name[VOLUME_NAME_SIZE]);
/* FALSE, and both untouched: no image of ours is called so. Only what volume_name_format would write is understood, to the letter. */
gboolean volume_name_parse(const char *name, Id *ret_disk, Id *ret_image);
/* Where the memory of a snapshot lies: "<snapshot id>.memory". */
gboolean volume_name_parse_memory(const char *name, Id *ret_snapshot);
char *volume_name_format_memory(const Id *snapshot, char ret_name[VOLUME_NAME_SIZE]);  /* returns RET */
char *volume_name_memory_path(const char *dir, const Id *snapshot);     /* yours */
/* What is being made, "<its name>.<a job's mark>.part": of which image? */
gboolean volume_name_parse_half(const char *name, Id *ret_disk, Id *ret_image);
/* DIR/NAME; yours. */
char *volume_name_path(const char *dir, const Id *disk, const Id *image);
