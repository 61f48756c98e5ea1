/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is remembered: objects as bodies, events, kept texts, in one SQLite file (WAL, synchronous FULL), written by one
 * thread that gathers waiting change sets into one transaction (group commit). Knows nothing of what it stores. */
#pragma once

#include "model/changes.h"

typedef struct Store Store;

/* Opens or makes FILE (0600). A store of a newer program is refused with a sentence; an older one is upgraded first. */
Store *store_open(const char *file, GError **error);
void store_close(Store *store);                 /* after what was given to it is written or refused */

/* Reads every object of the inventory's types, in id order a type, into CHANGES (as additions, unstored). Called once, before the first write. */
gboolean store_load(Store *store, Changes *changes, GError **error);
guint64 store_next_event(Store *store);         /* the number the next event gets (after load) */

/* Writes CHANGES (borrowed until DONE): DONE is called in the store's thread, in the order of the calls, with NULL or the
 * reason. After a failure everything still queued fails too with the same reason, until store_resume: the writer must first throw
 * away what it built on the failed set. Disk full and locked are NO_SPACE and UNAVAILABLE with sentences. */
typedef void (*StoreDone)(gpointer data, const GError *error);
void store_write(Store *store, const Changes *changes, StoreDone done, gpointer data);
void store_resume(Store *store);
/* Can it write now? NULL, or the sentence why not (tried again by itself every few seconds: a probe row). Any thread. Yours. */
Message *store_trouble(Store *store);

/* A kept text, read in the calling thread through a read connection; NULL if there is none. */
char *store_kept(Store *store, const char *space, const Id *id, GError **error);

/* The whole state as one consistent file, while it runs (sqlite backup API); 0600, fsynced, renamed into place. */
gboolean store_backup(const char *from_file, const char *to_file, GError **error);
/* Whether BACKUP is a state that can be restored: asked before anything is made for it. */
gboolean store_check_backup(const char *backup, GError **error);
/* Puts a backup in place of FILE; refused if a manager holds it, if the backup is damaged or newer than this program. The file then has
 * a kept text of the space STORE_RESTORED and the null id, for who must know that what stands there is of another time, and forgets it. */
#define STORE_RESTORED "restored"
gboolean store_restore(const char *backup, const char *file, GError **error);
