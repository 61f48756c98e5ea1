/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the estate's host share. Included by estate_host.c and estate_files.c alone. */
#pragma once

#include "estate.h"

#include "base/lock.h"
#include "host/volume_name.h"

extern Lock estate_lock;        /* the host's calls come from several workers at once */

/* estate_host.c: faults; lock held. Before an effect: shall it be? *RET_SILENT: and shall its outcome be unknown? */
gboolean estate_may_change(gboolean *ret_silent, GError **error);
gboolean estate_end_change(gboolean silent, GError **error);
gboolean estate_answers(GError **error);

/* estate_files.c; lock held */
#define ESTATE_CELLS 8
typedef struct {
    char *path;
    int format;
    gint64 size;
    GBytes *bytes;                  /* of what a serial console printed; else NULL */
    Id disk, image, backing;        /* of a disk's; BACKING null: it stands alone */
    char cells[ESTATE_CELLS + 1];   /* what was written into this image itself; '.': nothing */
} Volume;
Volume *estate_volume(const char *path);        /* NULL */
const Volume *estate_volume_at(guint number);   /* NULL behind the last */
void estate_files_open(void);
void estate_files_close(void);
void estate_files_drop(const char *path);
void estate_files_picture(GPtrArray *lines);

/* estate_stores.c; lock held */
void estate_stores_open(void);
void estate_stores_close(void);
void estate_stores_picture(GPtrArray *lines);

/* estate_host.c; lock held */
void estate_set_live(const Id *vm, const char *xml);

/* Its operations. */
gboolean estate_volume_chain(HostLink *link, const HostVolume *volume, List *ret_links, Tick deadline, GError **error);
gboolean estate_volume_above(HostLink *link, const HostVolume *volume, List *ret_links, Tick deadline, GError **error);
gboolean estate_volume_fold(HostLink *link, const HostVolume *volume, const Id *base, const gint *cancelled, Tick deadline, GError **error);
gboolean estate_volume_stand(HostLink *link, const HostVolume *volume, const Id *base, Tick deadline, GError **error);
gboolean estate_snapshot_take(HostLink *link, const Id *domain, const DiskSwitch *disks, guint count, const char *memory, Tick deadline, GError **error);
gboolean estate_memory_start(HostLink *link, const Id *domain, const char *memory, const char *xml, gboolean paused, Tick deadline, GError **error);
gboolean estate_memory_drop(HostLink *link, const HostStore *store, const Id *snapshot, Tick deadline, GError **error);
gboolean estate_block_commit(HostLink *link, const Id *domain, const char *target, const char *top, const char *base, gboolean active, Tick deadline, GError **error);
gboolean estate_block_job(HostLink *link, const Id *domain, const char *target, BlockJob *ret_job, Tick deadline, GError **error);
gboolean estate_block_end(HostLink *link, const Id *domain, const char *target, gboolean pivot, Tick deadline, GError **error);
void estate_images_close(void);
gboolean estate_store_ready(HostLink *link, const HostStore *store, Tick deadline, GError **error);
gboolean estate_store_leave(HostLink *link, const Id *storage, Tick deadline, GError **error);
gboolean estate_store_look(HostLink *link, const HostStore *store, Id *ret_id, Tick deadline, GError **error);
gboolean estate_store_mark(HostLink *link, const HostStore *store, Tick deadline, GError **error);
gboolean estate_store_clear(HostLink *link, const HostStore *store, Tick deadline, GError **error);
gboolean estate_note_read(HostLink *link, const HostStore *store, const char *name, char **ret_text, Tick deadline, GError **error);
gboolean estate_note_write(HostLink *link, const HostStore *store, const char *name, const char *text, Tick deadline, GError **error);
char **estate_note_list(HostLink *link, const HostStore *store, Tick deadline, GError **error);
gboolean estate_volume_create(HostLink *link, const VolumeSpec *spec, Tick deadline, GError **error);
gboolean estate_volume_copy(HostLink *link, const VolumeSpec *spec, const HostVolume *from, const gint *cancelled, Tick deadline, GError **error);
gboolean estate_variables_find(HostLink *link, const char *xml, char **ret_path, Tick deadline, GError **error);
gboolean estate_variables_look(HostLink *link, const char *path, gboolean *ret_there, Tick deadline, GError **error);
gboolean estate_variables_copy(HostLink *link, const char *from, const char *to, Tick deadline, GError **error);
GBytes *estate_log_read(HostLink *link, const char *path, gsize most, Tick deadline, GError **error);
gboolean estate_variables_drop(HostLink *link, const char *path, Tick deadline, GError **error);
gboolean estate_volume_resize(HostLink *link, const HostVolume *volume, gint64 size, Tick deadline, GError **error);
gboolean estate_volume_delete(HostLink *link, const HostVolume *volume, Tick deadline, GError **error);
HostImage *estate_image_open(HostLink *link, const ImageSpec *spec, Tick deadline, GError **error);
gboolean estate_image_settle(HostLink *link, const ImageSpec *spec, gint64 end, Tick deadline, GError **error);
gboolean estate_volume_read(HostLink *link, const HostVolume *volume, VolumeFacts *ret, Tick deadline, GError **error);
