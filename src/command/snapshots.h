/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What verbs upon snapshots share: which VM and which snapshot may be worked on, which image a disk goes on with, and what of that became so. */
#pragma once

#include "command/chains.h"

/* The VM, if its disks can be worked on now: down, or running where RUNNING; nothing is previewed unless PREVIEW. Its home answers, and it is claimed.
 * NULL with the reason. */
typedef enum { SNAPSHOTS_RUNNING = 1 << 0, SNAPSHOTS_PREVIEW = 1 << 1 } SnapshotsFlags;
const Vm *snapshots_check(Work *work, const Id *vm, guint flags, GError **error);
/* A regular snapshot of it. NULL with the reason; WHOLE: also where its removal was given up in the middle. */
const Snapshot *snapshots_regular(const Work *work, const Vm *vm, const Id *id, gboolean whole, GError **error);
/* A disk of a VM in a storage domain that can be written, claimed. NULL with the reason. */
const Disk *snapshots_check_disk(Work *work, const Id *id, GError **error);
/* May DISK leave VM? One that snapshots hold only together with them. */
gboolean snapshots_let_go(const Vm *vm, const Disk *disk, gboolean deleted, GError **error);
/* The snapshot in VM being edited; NULL. */
Snapshot *snapshots_edit(Vm *vm, const Id *id);

/* stage and its end: the VM is locked if it is down, and its disks that the work claimed. */
void snapshots_lock(Work *work, Changes *changes, Vm *vm);
void snapshots_unlock(Work *work, Changes *changes, Vm *vm);

/* stage: a disk goes on with another image, of FORMAT and SIZE. */
typedef struct { Id disk, from, to; int format; gint64 size; } SnapshotSwitch;
void snapshots_plan_switch(Work *work, const Disk *disk, const Id *to, int format, gint64 size);
gboolean snapshots_get_switch(const Work *work, guint number, SnapshotSwitch *ret);
/* The same with a new image that stands on what is HELD. */
void snapshots_plan_overlay(Work *work, const Disk *disk, const Id *beneath, int format, gint64 size);

/* Steps. The domain and all its disks that are switched are as the model says: what it has now becomes the mark "configuration". */
DomainFacts *snapshots_look(Work *work, GError **error);
/* XML, of its domain, where every disk has its new image. Yours. */
char *snapshots_switched_xml(Work *work, const DomainFacts *facts, const char *xml, GError **error);
/* Does the domain have them? NOT_DONE: it has none of them; UNKNOWN: it has some. */
Probe snapshots_switched(Work *work, const DomainFacts *facts);
/* finish: and so does the model. */
void snapshots_finish_switches(Work *work, Changes *changes);

/* The VM as it was when SNAPSHOT was taken. Yours; NULL: that is not known. */
Vm *snapshots_configuration(const Snapshot *snapshot);

/* For plans. */
void snapshots_tell(GString *text, const Work *work);
