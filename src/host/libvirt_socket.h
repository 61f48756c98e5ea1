/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The wire between libvirt's client library and a host's libvirtd, which we hold so that we can cut it. A call into libvirt
 * whose wire is cut ends at once, virConnectOpen included; nothing else ends one that libvirtd does not answer
 * (docs/decisions/0003). We connect to libvirtd ourselves and hand libvirt a name to connect to; one thread for all hosts
 * relays, descriptors that travel beside the bytes included. Knows nothing of what it carries. */
#pragma once

#include "base/clock.h"

typedef struct LibvirtSocket LibvirtSocket;

void libvirt_socket_hold(void);         /* the relay's thread: the first hold starts it, the last release ends it */
void libvirt_socket_release(void);

/* Connects to the unix socket PATH; a libvirtd whose queue is full is asked again until DEADLINE. -1 and a fault. */
int libvirt_socket_connect(const char *path, Tick deadline, GError **error);

/* A wire to TAKE_UPSTREAM (a connected socket, owned from here). libvirt connects to its name once. */
LibvirtSocket *libvirt_socket_new(int take_upstream, GError **error);
void libvirt_socket_free(LibvirtSocket *socket);            /* cuts it */
const char *libvirt_socket_name(const LibvirtSocket *socket);   /* for `?socket=`: "@…", an abstract name nobody else may use */
void libvirt_socket_limit(LibvirtSocket *socket, Tick deadline);    /* it is cut at DEADLINE unless the limit is moved; 0: none */
void libvirt_socket_cut(LibvirtSocket *socket);             /* any thread, any number of times */
gboolean libvirt_socket_is_cut(LibvirtSocket *socket);      /* by us, or because either side closed */
gboolean libvirt_socket_is_overdue(LibvirtSocket *socket);  /* cut by its limit */
