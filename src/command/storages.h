/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the verbs of storage domains share: which may be changed, whether anything is in use, and the steps on the directory. A storage domain
 * goes UNATTACHED → (attach) ACTIVE ⇄ (deactivate, activate) MAINTENANCE → (detach) UNATTACHED; who holds it stands on the storage itself (note
 * "domain"), so that two managers cannot both believe it theirs. */
#pragma once

#include "job/command.h"

typedef struct { gboolean async; } StorageParams;
extern const Type storage_params_type;          /* of actions that take nothing */

/* check: the storage domain, if people may change it and no job does; claims it. NULL with the reason. */
const StorageDomain *storages_check(Work *work, const Id *id, GError **error);
/* Its host answers: sets the marks "host", "storage", "path", "name", "use". */
gboolean storages_reach(Work *work, const StorageDomain *storage, GError **error);
void storages_mark(Work *work, const StorageDomain *storage, const Id *host);
/* No VM that runs has a disk or a medium of it, and no job works on its disks. FALSE with a sentence. */
gboolean storages_is_idle(const Work *work, const StorageDomain *storage, GError **error);
gboolean storages_is_empty(const Work *work, const StorageDomain *storage, GError **error);      /* the same of disks at all */
/* Is the name free, claimed by this job? EXCEPT: the one that is renamed; NULL. */
gboolean storages_name_is_free(Work *work, const char *name, const Id *except, GError **error);

/* Does everything VM would open lie where it may be used? FALSE with a sentence. */
gboolean storages_serve(const Work *work, const Vm *vm, GError **error);

/* stage: it is shown as locked. finish: as what it is now. revert: as it was. */
void storages_lock(const Work *work, Changes *changes);
void storages_settle(const Work *work, Changes *changes, StorageStatus status);
void storages_return(const Work *work, Changes *changes);
/* finish: one of a data center's active data domains is its master. */
void storages_choose_master(const Work *work, Changes *changes);

/* Steps, of what the marks say. */
gboolean storages_read(Work *work, GError **error);         /* who holds it? Refused if that is another manager, but with mark "force" */
gboolean storages_take(Work *work, GError **error);         /* it is ours */
Probe storages_taken(Work *work, GError **error);
gboolean storages_give_back(Work *work, GError **error);    /* to whom it was before */
gboolean storages_begin_leaving(Work *work, GError **error);        /* it is ours, and its VMs are being taken out. FORWARD */
Probe storages_leaving(Work *work, GError **error);
gboolean storages_let_go(Work *work, GError **error);       /* it is nobody's. FORWARD */
Probe storages_is_free(Work *work, GError **error);
gboolean storages_ready(Work *work, GError **error);        /* it can be used, and is reported; where it cannot, not even that */
gboolean storages_leave(Work *work, GError **error);        /* reported no more; also where its host is away */
HostStore storages_store(const Work *work);                 /* borrowed from the marks */

/* What the note "domain" says, for one that is imported. FALSE: it is none of ours. */
typedef struct { char *name, *holder, *manager; int use; } StorageNote;
gboolean storages_parse_note(const char *text, StorageNote *ret);
void storages_note_clear(StorageNote *note);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(StorageNote, storages_note_clear)

#define STORAGES_NOTE "domain"
#define STORAGES_NAME_CLAIM "The storage domain name '%s'"
