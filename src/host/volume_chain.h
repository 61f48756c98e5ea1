/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which image stands on which, as the files say (decision 0042): walked name by name within one directory, header by header. A name that
 * is none of ours is told and never opened. What is said here of a chain must be said before a program opens it. */
#pragma once

#include "host/volume_child.h"
#include "host/volume_file.h"

#define VOLUME_CHAIN_MOST 200           /* images, as libvirt has it */

/* The chain from FILE down, of VolumeLink into an empty list. FORMAT: FILE's; 0: as it says itself. */
gboolean volume_chain_read(const VolumeFile *file, int format, List *ret_links, GError **error);
void volume_chain_clear(List *links);
void volume_chain_clear_images(List *images);          /* of volume_chain_above */
/* May a program open FILE, whose chain LINKS is? Not where something in it is none of ours; */
gboolean volume_chain_is_ours(const VolumeFile *file, const List *links, GError **error);
/* and not to read what is being written: FILE itself and all beneath it. */
gboolean volume_chain_is_quiet(const VolumeFile *file, const List *links, GError **error);
/* All three, where nobody wants the links. */
gboolean volume_chain_check(const VolumeFile *file, int format, GError **error);
/* Every image of the directory that stands on FILE, of Id into an empty list; null: of a file whose name is none of ours. Giving up
 * is a fault. */
gboolean volume_chain_above(const VolumeFile *file, const VolumePatience *patience, List *ret_images, GError **error);
/* Does none stand on FILE? FALSE with the sentence, also where that cannot be known. */
gboolean volume_chain_is_top(const VolumeFile *file, const VolumePatience *patience, GError **error);
/* The sentence that the image ABOVE, null: a file of a foreign name, stands on FILE. FALSE. */
gboolean volume_chain_stood_on(const VolumeFile *file, const Id *above, GError **error);
/* FILE beside another, in the same directory; borrows its directory, so it is not closed. */
VolumeFile volume_chain_beside(const VolumeFile *file, const Id *disk, const Id *image);
/* The name of ours that BACKING is, as it stands in an image of FILE's directory. */
gboolean volume_chain_resolve(const VolumeFile *file, const char *backing, Id *ret_disk, Id *ret_image);
