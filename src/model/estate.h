/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is there before anybody made anything. Two parts: the estate, staged once into an empty store (data center and cluster
 * Default, this machine as host, its storage domain, network ovirtmgmt with its profile, template Blank, admin@internal); and the
 * fixed objects, which belong to the program and are put into the inventory at every start, never stored (operating systems, cluster
 * levels, roles with their permits, the MAC pool's and policies' defaults, network filters, the internal domain, tag root). Pure. */
#pragma once

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
    Wall now;
} EstateWishes;

/* Stages what is missing; nothing where nothing is. Idempotent. */
void estate_stage(Changes *changes, const EstateWishes *wishes);
/* VIEW with the fixed objects put in. Yours. */
View *estate_fixed(const View *view, Inventory *inventory);

/* Ids that clients know by heart. */
extern const Id estate_blank_template, estate_admin, estate_internal_domain, estate_data_center, estate_cluster, estate_storage_domain,
    estate_unmanaged_domain, estate_network, estate_vnic_profile;
