/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is there before anybody made anything and may be changed, staged once into an empty store: data center and cluster Default,
 * this machine as host, its storage domain, network ovirtmgmt with its profile, admin@internal with its role. What nobody may
 * change is of model/fixed.h. Pure. */
#pragma once

#include "base/clock.h"
#include "model/changes.h"

typedef struct { const char *name, *uri; } EstateHost;      /* "localhost's name", "qemu:///system" or the fake's name */

typedef struct {
    const EstateHost *hosts;        /* those that shall be there; one that is not is added (fakes grow so), none is removed */
    guint n_hosts;
    const char *storage_path;       /* directory of the data storage domain: DATA_DIR/storage */
    /* The first administrator's password lies in a file changed at ADMIN_WHEN. Its hash is asked for (it is slow to make) only
     * where there is no such user yet or the file has changed since (User.password_time). NULL: it stays as it is. Yours. */
    char *(*admin_hash)(gpointer data);
    gpointer data;
    Wall admin_when;
    Id installation;                /* random: taken where this installation has nothing yet to be told apart by */
} EstateWishes;

/* Stages what is missing, also in objects that an older program made; nothing where nothing is. Idempotent. */
void estate_stage(Changes *changes, const EstateWishes *wishes);
/* What tells this installation apart from others, from its first start on; the null id where nothing was ever staged. */
Id estate_installation(const View *view);
