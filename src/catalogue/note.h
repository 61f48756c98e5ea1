/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a storage domain says of one VM or one disk, as the text of a note: enough to have it again where no database is. What is read
 * may come from anybody's disk: it is bounded, compared with its own checksum, and names nothing outside the storage domain. Pure. */
#pragma once

#include "base/fault.h"
#include "model/storage.h"
#include "model/vm.h"
#include "model/inventory.h"

#define NOTE_MOST (1 << 20)             /* bytes */

typedef struct { Id nic; char *network, *profile; } NoteNic;   /* what it was plugged into, by name; "" nothing */

typedef struct {
    Vm *vm;                             /* as the store keeps it; nothing of where it was is in it */
    GPtrArray *disks;                   /* of Disk: of all its attachments, those elsewhere too */
    GPtrArray *nics;                    /* of NoteNic */
    char *xml;                          /* its definition, for people; NULL */
    gboolean variables;                 /* its firmware's variables lie beside the note */
} NoteVm;
void note_vm_clear(NoteVm *note);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NoteVm, note_vm_clear)

/* "vm-<id>", "disk-<id>"; yours. */
char *note_name(const Type *type, const Id *id);
gboolean note_parse_name(const char *name, const Type **ret_type, Id *ret_id);
/* Same object, same text. Yours. */
char *note_write_vm(const View *view, const Vm *vm, const char *xml, gboolean variables);
char *note_write_disk(const Disk *disk);
/* ID: the one its name says. RET is to be cleared in any case. */
gboolean note_read_vm(const char *text, const Id *id, NoteVm *ret, GError **error);
Disk *note_read_disk(const char *text, const Id *id, GError **error);        /* yours to object_unref */
