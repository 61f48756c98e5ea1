/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * All links by host id. Made by daemon, read by job and command steps from workers. */
#pragma once

#include "host/host.h"

typedef struct Hosts Hosts;
Hosts *hosts_new(void);
void hosts_free(Hosts *hosts);                                  /* stops every link, all at once */
void hosts_add(Hosts *hosts, HostLink *take);
void hosts_remove(Hosts *hosts, const Id *id);
HostLink *hosts_find(Hosts *hosts, const Id *id, GError **error);   /* yours to unref; a sentence if unknown or not connected */
HostLink *hosts_peek(Hosts *hosts, const Id *id);               /* the same, connected or not; NULL if unknown */
