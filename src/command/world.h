/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the writer of domain XML must know beside the VM, answered from a work's view and marks: which file a disk is, where
 * an ISO lies, what a NIC is plugged into. Pure. */
#pragma once

#include "host/domain_xml.h"
#include "job/command.h"

typedef struct {
    DomainWorld domain;
    char job[ID_TEXT_SIZE];
} World;

/* RET points into itself and borrows WORK: it must not be copied and lives no longer. The host is the mark "host". */
gboolean world_init(World *ret, const Work *work, GError **error);
/* What a network is on a host: "network:default"; NULL if it is nowhere. Borrowed. */
const char *world_network_source(const View *view, const Id *network);
/* What is behind a vNIC profile. Borrowed. */
const Network *world_profile_network(const View *view, const Id *profile);
