/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Keeps what storage domains say of themselves true, in the background: follows the feed, and a second after something changed the notes of
 * the storage domains it touched are written. No command waits for it; a storage that hangs or is full holds up its own notes alone, is
 * told once, and is caught up with as soon as it answers. Wired by daemon. */
#pragma once

#include "host/hosts.h"
#include "model/feed.h"

typedef struct Catalogue Catalogue;

typedef struct {
    Inventory *inventory;
    Feed *feed;
    Hosts *hosts;
    char *(*xml)(gpointer data, const Id *vm);      /* a VM's definition as it was last read; NULL: not known. Any thread */
    /* The notes of STORAGE cannot be written, WHY; or, where that is NULL, they can again. Any thread; must only queue. */
    void (*tell)(gpointer data, const StorageDomain *storage, const GError *why);
    gpointer data;
    Tick pause;                         /* between a change and its notes; 0: a second */
} CatalogueParts;

Catalogue *catalogue_new(const CatalogueParts *parts);      /* borrows all parts; begins at once */
void catalogue_stop(Catalogue *catalogue);                  /* nothing is begun any more; rounds under way get a second. Before the hosts end. NULL is fine */
void catalogue_free(Catalogue *catalogue);                  /* after hosts_free; NULL is fine */
