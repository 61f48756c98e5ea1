/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The files of disks, as steps: those a job makes and those it deletes. Everything about them is chosen in `stage` and stands
 * in the marks, so that the functions here need no model and find their files after a crash. */
#pragma once

#include "job/command.h"

typedef struct {
    Id disk, image, storage;
    int format;
    gint64 size;
    gboolean sparse, shareable;
    const char *path;               /* the storage domain's directory; borrowed from the marks */
} Volume;

/* stage: this job makes the file of DISK, in STORAGE. */
void volumes_plan(Work *work, const Disk *disk, const StorageDomain *storage);
/* The same, as a copy of the disk FROM: of what its VM sees. */
void volumes_plan_copy(Work *work, const Disk *disk, const StorageDomain *storage, const Disk *from);
/* An empty image of DISK that stands on another of it. */
typedef struct { Id image; int format; gint64 size; } VolumeBeneath;
void volumes_plan_overlay(Work A thin one, empty, on the image of BASE, which lies there too and which nobody writes. */
void volumes_plan_thin(Work *work, const Disk *disk, const StorageDomain *storage, const Id *image, const VolumeBeneath *beneath);
Disk *base);
/* The planned volume of that disk; FALSE if this job makes none. */
gboolean volumes_find(const Work *work, const Id *disk, Volume *ret);

/* Steps. Look first: a file that is there already is nobody's mistake to delete; only after this look a file counts as ours. */
gboolean volumes_look(Work *work, GError **error);
gboolean volumes_create(Work *work, GError **error);
Probe volumes_created(Work *work, GError **error);
gboolean volumes_undo(Work *work, GError **error);
gboolean volumes_undo_overlays(Work *work, GError **error);    /* but for those that the domain of mark "vm" names */

/* stage: this job deletes the file of DISK; all its images, once the step before all that cannot be undone has looked for them. */
void volumes_doom(Work *work, const Disk *disk, const StorageDomain *storage);
gboolean volumes_gather(Work *work, GError **error);
/* Or one image alone, upon which nothing stands. */
void volumes_doom_image(Work *work, const Disk *disk, const StorageDomain *storage, const Id *image);
/* The file of one that the domain still names; NULL: none. Yours. */
char *volumes_doomed_in(const Work *work, const DomainFacts *facts);
void volumes_tell_doomed(GString *text, const Work *work);      /* for plans */
gboolean volumes_is_doomed(const Work *work, const Id *disk);
/* stage and revert: the disk is shown as locked, and again as it was. */
void volumes_lock(Work *work, Changes *changes, const Id *disk);
void volumes_unlock(Work *work, Changes *changes, const Id *disk);
/* Step, FORWARD, behind another that is. */
gboolean volumes_delete(Work *work, GError **error);
Probe volumes_deleted(Work *work, GError **error);
/* Or this one before it: where the first cannot go nothing has gone, and all can be taken back. */
gboolean volumes_delete_first(Work *work, GError **error);
Probe volumes_first_deleted(Work *work, GError **error);

/* stage: this job grows the file of DISK to SIZE. Step, FORWARD; nothing where nothing grows. */
void volumes_plan_growth(Work *work, const Disk *disk, const StorageDomain *storage, gint64 size);
gboolean volumes_grow(Work *work, GError **error);
Probe volumes_grown(Work *work, GError **error);
/* The size DISK has when this job is done; 0 if it does not grow. */
gint64 volumes_growth(const Work *work);

/* Is the file of DISK there and whole, on the host of mark "host"? */
gboolean volumes_check(Work *work, const Disk *disk, const StorageDomain *storage, GError **error);
