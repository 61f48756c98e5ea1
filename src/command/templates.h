/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Templates and what is made by them: which disks and cards a VM gets of its template, and a template of its VM. Disks of a template are written by nobody
 * any more; a thin VM's stand on them (decision 0047). Pure, and marks; the files are volumes.c's. */
#pragma once

#include "job/command.h"
#include "model/template.h"

/* The template, if it is there and whole. NULL with the reason. */
const Template *templates_find(const Work *work, const Id *id, GError **error);
/* The first version; itself where it is that. */
const Id *templates_base(const Template *template);
/* A VM that is made by it, and not by a copy of it; NULL. */
const Vm *templates_user(const View *view, const Id *template);

/* What comes of ORIGINAL, a disk, by this job: chosen by the mark that `check` sets. */
void templates_choose(Work *work);
Id templates_disk_id(const Work *work, const Id *original);

/* What a VM gets: cards (unless it was sent others) and disks; then the disks' objects and files. WHOLE: copies, else thin ones. */
void templates_give(const Work *work, const Template *template, gboolean cards, Vm *vm);
/* Bytes that copies of all those of ATTACHMENTS may need that lie in STORAGE. */
gint64 templates_room(const View *view, const List *attachments, const StorageDomain *storage);
/* May they be made, on the host of mark "host", and where the draft says? */
gboolean templates_check_disks(Work *work, const Template *template, gboolean whole, GError **error);
/* Is DRAFT, of an attachment of the new VM, about a disk it gets of TEMPLATE (NULL: no)? What it says of the attachment is taken. */
gboolean templates_takes(const Work *work, const Template *template, const Draft *draft, Vm *vm);
void templates_stage(Work *work, Changes *changes, const Template *template, const Vm *vm, gboolean whole);
/* finish and revert: the disks that this job made are whole, or are not there any more. ATTACHMENTS of a VM or a template. */
void templates_free_disks(const Work *work, Changes *changes, const List *attachments);
void templates_drop_disks(const Work *work, Changes *changes, const List *attachments);
