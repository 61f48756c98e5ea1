/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * VMs that leave the manager with their storage domain: which may, what of them is brought into the storage domain, and how they end here. Their
 * notes are written and read back before anything goes; a VM ends only when all that it is made of stands on the storage. Also for a storage
 * domain that only rests: its notes are brought up to date before it does. Of what storages_mark() marked. */
#pragma once

#include "job/command.h"

/* check: all VMs with disks in it may leave; claims them and their disks, and says their names in the argument "vms". FALSE with a sentence that names who stays. */
gboolean leaving_check(Work *work, const StorageDomain *storage, GError **error);
/* stage, revert: they are shown as locked, and as they were. finish: they and all disks of the storage domain are forgotten. */
void leaving_stage(Work *work, Changes *changes);
void leaving_revert(Work *work, Changes *changes);
void leaving_finish(Work *work, Changes *changes);
gboolean leaving_any(const Work *work);
void leaving_tell(GString *text, const Work *work);         /* for `plan` */

/* Steps. */
gboolean leaving_look(Work *work, GError **error);          /* they stand still, and everything of them is there. No effect but that copies of an earlier time go */
gboolean leaving_note(Work *work, GError **error);          /* the notes of the storage domain say what the view says, with mark "notes" */
Probe leaving_noted(Work *work, GError **error);
gboolean leaving_note_staying(Work *work, GError **error);  /* its undo: they stay here */
gboolean leaving_copy(Work *work, GError **error);          /* the firmwares' variables are beside the notes */
Probe leaving_copied(Work *work, GError **error);
gboolean leaving_drop(Work *work, GError **error);          /* its undo */
gboolean leaving_begin(Work *work, GError **error);         /* from here on there is only forward. FORWARD */
Probe leaving_begun(Work *work, GError **error);
gboolean leaving_undefine(Work *work, GError **error);      /* FORWARD */
Probe leaving_undefined(Work *work, GError **error);

#define LEAVING_NOTES "notes"           /* mark: the storage domain can be written, and its notes are */

/* The file of the variables of a definition's firmware on the host of mark "host"; NULL without ERROR: it has none. Yours. */
char *leaving_variables(Work *work, const Id *vm, const char *name, const char *xml, GError **error);
