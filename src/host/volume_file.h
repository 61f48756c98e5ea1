/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The file of one image in a storage's directory: DIR/<its name> (host/volume_name.h), and DIR/<its name>.<job>.part while it is made, so that whole
 * and half are told apart after any crash. Looks, publishes, deletes; never follows a symbolic link and never believes what
 * stands in an image further than its size. What runs qemu-img is libvirt_volume.c. */
#pragma once

#include "host/host.h"
#include "host/volume_header.h"
#include "host/volume_name.h"

typedef struct {
    const char *host, *path;    /* borrowed, for sentences: the host's name, the directory */
    char name[VOLUME_NAME_SIZE];        /* the file's; in sentences it is the disk */
    int dir;                    /* -1: not open */
} VolumeFile;

typedef struct {
    VolumeState state;
    int format;
    gint64 size, allocation;
    gboolean broken;            /* its header is damaged, or says that the image is */
    gboolean names_data;        /* its header says that its data lies in another file */
    gboolean stands;            /* and that it stands on another */
    int noted;                  /* the format the manager noted when it made the file; DISK_FORMAT_NONE_ where it could not */
    gint64 length;              /* of the file */
    VolumeHeader header;        /* as it stands there, whatever the format */
} VolumeLook;

gboolean volume_file_open(VolumeFile *file, const char *host, const HostVolume *volume, GError **error);     /* borrows its path */
void volume_file_close(VolumeFile *file);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VolumeFile, volume_file_close)
char *volume_file_path(const VolumeFile *file, const char *name);       /* DIR/NAME; yours */

gboolean volume_file_look(const VolumeFile *file, VolumeLook *ret, GError **error);
/* NAME beside it, whosever it is. FALSE: there is no plain file of that name, or it cannot be read. */
gboolean volume_file_glance(const VolumeFile *file, const char *name, VolumeLook *ret);
/* Who knows the format better than the file says it. */
void volume_file_take_as(VolumeLook *look, int format);
/* Has no running QEMU (or qemu-img) it open? By the locks they hold. FALSE with a sentence, also where that cannot be seen. */
gboolean volume_file_is_free(const VolumeFile *file, GError **error);
/* Has nobody it open to write? It may be open to read, as what a running VM's image stands on is. */
gboolean volume_file_is_quiet(const VolumeFile *file, GError **error);
/* Who opens a raw file to read lets others write to it. Closing the descriptor lets them again; -1: not kept. */
int volume_file_keep_writers_out(const VolumeFile *file);
gint64 volume_file_room(const VolumeFile *file);                        /* bytes free in the directory's file system; 0 if not known */

/* Making: an empty NAME of its own first; NAME is "<its name>.<mark>.part", yours. What a former attempt of the same mark left goes. */
char *volume_file_begin(const VolumeFile *file, const char *mark, GError **error);
/* Makes NAME durable, OWNER's, and known by its format. It is not the disk yet. */
gboolean volume_file_settle(const VolumeFile *file, const char *name, int format, uid_t owner, gid_t group, GError **error);
gboolean volume_file_publish(const VolumeFile *file, const char *name, GError **error);     /* now it is; never over another */
void volume_file_drop(const VolumeFile *file, const char *name);
gboolean volume_file_sync(const VolumeFile *file, const char *verb, GError **error);    /* its content, after a change; VERB as below */
gboolean volume_file_delete(const VolumeFile *file, GError **error);    /* with all halves of it; nothing there is fine */
/* The sentence for errno WHY of what could not be VERB ("made", "resized", "deleted", "read"). FALSE. */
gboolean volume_file_fail(const VolumeFile *file, const char *verb, int why, GError **error);
gboolean volume_file_full(const VolumeFile *file, GError **error);      /* the sentence that there is no room. FALSE */
