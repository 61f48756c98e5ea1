/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Images of a stopped VM that become one, and images that come to stand on another. At every moment of a merge the upper one reads the
 * same bytes, whatever was already copied: one that was killed is begun again. Nothing is done to a file that somebody has open, or that
 * another image would miss. */
#pragma once

#include "host/volume_chain.h"

/* What stands in FILE alone goes into the image beneath it, which is BASE, of the same disk. FILE stays as it is. */
gboolean volume_merge_fold(const VolumeFile *file, const Id *base, const VolumePatience *patience, GError **error);
/* FILE says that it stands on BASE: of the same disk, or the first image of another; null: on nothing. */
gboolean volume_merge_stand(const VolumeFile *file, const Id *base, const VolumePatience *patience, GError **error);
