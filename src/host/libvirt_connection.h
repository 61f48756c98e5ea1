/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One connection to a host's libvirtd over a wire of ours. Opening it, every call on it and closing it end: at the limit
 * set, or when it is cut. Knows nothing of what is asked over it, and is not locked: who shares one agrees on its limit. */
#pragma once

#include "base/clock.h"

#include <libvirt/libvirt.h>

/* Where a host's libvirtd is, from its URI. */
typedef struct {
    char *path;             /* of its unix socket */
    char *inner;            /* "/system" */
    gboolean local;         /* this machine's: its files are ours to see */
} LibvirtPlace;

gboolean libvirt_place_parse(const char *uri, LibvirtPlace *ret_place, GError **error);
void libvirt_place_clear(LibvirtPlace *place);

typedef struct LibvirtConnection LibvirtConnection;

/* The wire first, quickly (until DEADLINE only if libvirtd's queue is full); then, once whoever may want to cut it knows
 * the connection, the opening itself. */
LibvirtConnection *libvirt_connection_new(const LibvirtPlace *place, Tick deadline, GError **error);
gboolean libvirt_connection_open(LibvirtConnection *connection, Tick deadline, GError **error);
void libvirt_connection_close(LibvirtConnection *connection);      /* cuts first; never hangs; frees */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LibvirtConnection, libvirt_connection_close)
virConnectPtr libvirt_connection_get(const LibvirtConnection *connection);     /* borrowed; NULL before it is open */
void libvirt_connection_limit(LibvirtConnection *connection, Tick deadline);   /* 0: none */
void libvirt_connection_cut(LibvirtConnection *connection);
gboolean libvirt_connection_is_dead(LibvirtConnection *connection);
gboolean libvirt_connection_is_overdue(LibvirtConnection *connection);         /* dead by its limit: something was asked and not answered */
