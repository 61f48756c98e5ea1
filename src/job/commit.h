/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The one door: every change set goes through here, in order. Seal, move the writer's head at once, let the store write,
 * and on its answer publish to readers, tell the feed, call back. Sets that only hold facts (LIVE) skip the store but keep
 * their place in the row. Writer only; nothing here waits. */
#pragma once

#include "base/loop.h"
#include "model/feed.h"
#include "store/store.h"

typedef struct Commit Commit;

typedef struct {
    Loop *loop;
    Inventory *inventory;
    Feed *feed;
    Store *store;
    void (*sealed)(gpointer data, const Changes *changes);  /* a set moved the head: indexes follow */
    void (*lost)(gpointer data);    /* the store failed: the head fell back to what is published; facts must be derived anew */
    gpointer data;
} CommitParts;

Commit *commit_new(const CommitParts *parts);       /* the head is the inventory's published view */
void commit_free(Commit *commit);
View *commit_head(Commit *commit);                  /* borrowed until the next put */
Changes *commit_begin(Commit *commit);              /* an empty set upon the head */

/* What was loaded: a sealed set that was stored before, published without a word to the feed. Before the first put. */
void commit_seed(Commit *commit, const Changes *sealed);

/* Puts a set in the row. FALSE: it was refused at once (against an invariant; or it needs the store and the store cannot write), DONE is
 * never called. Else DONE is called once, in the order of the puts: after publication with NULL, or with why the store failed. It may be
 * called before this returns, if nothing has to be waited for. DONE may be NULL. */
typedef void (*CommitDone)(gpointer data, const GError *error);
gboolean commit_put(Commit *commit, Changes *take, CommitDone done, gpointer data, GError **error);

/* May what needs the store be tried now? FALSE with the sentence of the store. */
gboolean commit_can_store(Commit *commit, GError **error);
guint commit_waiting(const Commit *commit);         /* sets not yet published */
/* At the end: waits until the store has answered for all it was given. FALSE: it has not by DEADLINE, and the commit must not be freed. */
gboolean commit_settle(Commit *commit, Tick deadline);
