/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the operations on files of images share: their calls, and work on one file at a time. Included by host/libvirt_*.c alone. */
#pragma once

#include "host/libvirt_call.h"

#include "host/volume_chain.h"
#include "host/volume_tool.h"

/* About VOLUME, with texts of its own: the work may outlive who asked. */
LibvirtCall *libvirt_files_call(HostLink *link, const LibvirtVerb *verb, const HostVolume *volume, Tick deadline);
HostVolume libvirt_files_volume(const LibvirtCall *call);       /* borrows of CALL */
/* Waiting ends, and a child is ended, before the caller goes, so that it hears what became of it. */
VolumePatience libvirt_files_patience(LibvirtCall *call);
/* The file of VOLUME, where its storage domain is: its images are not gone because that is not mounted. */
gboolean libvirt_files_open(const LibvirtCall *call, const HostVolume *volume, VolumeFile *ret, GError **error);

typedef gboolean (*LibvirtFileWork)(LibvirtCall *call, const VolumeFile *file, GError **error);
/* WORK alone with the image the call is about. */
gboolean libvirt_files_in_turn(LibvirtCall *call, LibvirtFileWork work, GError **error);
/* WORK upon a half of FILE, which then is durable and the image; what WORK leaves when it fails goes. */
typedef gboolean (*LibvirtHalfWork)(LibvirtCall *call, const VolumeFile *file, const char *half, gconstpointer data, GError **error);
gboolean libvirt_files_make(LibvirtCall *call, const VolumeFile *file, LibvirtHalfWork work, gconstpointer data, GError **error);
