/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What lies in a storage domain without anybody knowing it, from its notes to VMs and disks of this manager. Notes are anybody's words: what
 * comes of one passes every rule that a client's wish passes, files are only those of the storage domain, and the definition is made anew.
 * Bound to the host it was on, and so left out: devices and folders of that host, pins, boot files and CDs that are not here. */
#pragma once

#include "catalogue/note.h"
#include "job/command.h"

typedef struct { char *name; } RegisterName;
typedef struct { char *source_network_name, *source_network_profile_name; Ref target_vnic_profile; } ProfileMapping;
typedef struct {
    gboolean async, clone, allow_partial_import, reassign_bad_macs;
    char *id;
    RegisterName vm;
    Ref cluster;
    List vnic_profile_mappings;         /* ProfileMapping */
} RegisterVmParams;

typedef struct {
    Work *work;
    const StorageDomain *storage;
    const Host *host;
    HostLink *link;
    const RegisterVmParams *sent;       /* what was wished; never NULL */
    Id told;                            /* under which id the note stands */
    NoteVm note;
    Vm *vm;                             /* as it will be */
    GPtrArray *disks;                   /* of Disk: those that are new here */
    GString *left;                      /* words for what was left out */
} Registration;

/* check: TEXT is the id of something in an active storage domain, the work's target; sets the marks "note" and of storages_mark. NULL with the reason. */
const StorageDomain *registration_check(Work *work, const Type *type, const char *text, GError **error);

/* Steps, plan: opens with the note read; registration_close in any case. */
gboolean registration_open(Registration *ret, Work *work, GError **error);
void registration_close(Registration *registration);
void registration_leave_out(Registration *registration, const char *what, const char *which);   /* WHICH: NULL */
/* The text of a note; NULL with the reason. Yours. */
char *registration_note(Work *work, HostLink *link, const Type *type, const Id *id, GError **error);

/* registration_disk.c */
gboolean registration_disks(Registration *registration, GError **error);        /* fills DISKS, and the VM's attachments with those that there are */
/* DISK as it will be in STORAGE, whose host LINK is. FALSE with the reason; its file is there, whole, and leads nowhere else. */
gboolean registration_settle_disk(Work *work, HostLink *link, const StorageDomain *storage, Disk *disk, GError **error);
Disk *registration_find_new(const Registration *registration, const Id *disk);

/* registration_vm.c */
gboolean registration_vm(Registration *registration, GError **error);           /* fills VM from the note: before its disks */
gboolean registration_rules(Registration *registration, GError **error);        /* behind them: what any new VM must be */
char *registration_xml(Registration *registration, GError **error);             /* its definition; yours */
