/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What several verbs ask before they agree: is it there, is it free, is it down, does its host answer. Each says no with a
 * sentence of its own. Pure; called by `check` in the writer. */
#pragma once

#include "job/command.h"

/* The VM, if it is there and no job is making or removing it. Borrowed from the view; NULL with the reason. */
const Vm *guard_vm(const Work *work, const Id *id, GError **error);
/* Is it down? If it runs the refusal is RUNNING, with {vm} and {status}. */
gboolean guard_down(const Vm *vm, MessageCode running, GError **error);
/* Does the host that holds its definition answer? Sets the marks "host" and "vm". */
gboolean guard_reach(Work *work, const Vm *vm, GError **error);
/* The same, and claims the VM. */
gboolean guard_home(Work *work, const Vm *vm, GError **error);
/* The disk, if it is there, not locked by a job, and (unless ILLEGAL_TOO) whole. NULL with the reason. */
const Disk *guard_disk(const Work *work, const Id *id, gboolean illegal_too, GError **error);
/* A storage domain that can be written: its directory on RET_HOST, which answers. RET_HOST may be NULL. */
const StorageDomain *guard_storage(const Work *work, const Id *id, Id *ret_host, GError **error);
/* The host whose directory it is; of one that lies on all, any that answers. NULL. */
const Host *guard_host_of_storage(const View *view, const StorageDomain *storage);
/* The storage domain a disk lies in; NULL if its object names none that is known. */
const StorageDomain *guard_disk_storage(const View *view, const Disk *disk);
gboolean guard_is_unmanaged(const View *view, const Disk *disk);
/* The VM whose own disk (of the unmanaged domain) is the very file of DISK: somebody gave it to a domain outside the manager. NULL: none. */
const Vm *guard_file_user(const View *view, const Disk *disk);
/* FALSE with a sentence if there is one: before the file is deleted or grown. */
gboolean guard_file_is_alone(const View *view, const Disk *disk, GError **error);
/* Claims a word, such as "The name 'web1'": two jobs that would make it true twice exclude each other. It begins the refusal's sentence. */
void guard_claim_word(Work *work, const char *format, const char *word);
/* Is TEXT a name a person may give? FIELD names the row in the refusal. */
gboolean guard_name(const char *type, const char *field, const char *text, GError **error);
/* Texts people write (descriptions, comments): valid, no control characters but line ends and tabs, at most 4 KiB. NULL is fine. */
gboolean guard_is_prose(const char *text, gsize most);      /* the same of one text, with another bound */
gboolean guard_texts(const Draft *draft, GError **error);
