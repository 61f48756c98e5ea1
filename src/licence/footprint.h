/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a VM's pins touch on a host: cores and sockets, or why it is not bound at all. Worked out once for each pins, topology and number of vCPUs.
 * Called by count. */
#pragma once

#include "licence/history.h"

typedef enum {
    BOUND,                          /* every vCPU to a proper part of the host's CPUs, all of which are there */
    UNBOUND_VCPU,                   /* one has no pin and no cpuset */
    UNBOUND_ALL,                    /* one may run on every CPU of the host */
    UNBOUND_STRANGE,                /* a pin names a CPU that is not there, or is offline */
} Binding;

typedef struct {
    Binding binding;
    guint vcpu;                     /* the first that is not bound */
    guint n_cores, *cores;          /* first threads, ascending: what the bound vCPUs touch; of an unbound VM all of the host */
    guint n_sockets, *sockets;      /* indexes in the topology */
    Cpus core_set, socket_set;      /* the same: by first thread, by the socket's number */
    Cpus cpus;                      /* that pins name, of a bound VM */
    gboolean partial;               /* a core of which not all threads are named */
} Footprint;

typedef struct Footprints Footprints;

Footprints *footprints_new(void);
void footprints_free(Footprints *footprints);
/* Borrowed, as long as FOOTPRINTS. PINS and CPUSET may be NULL. */
const Footprint *footprints_find(Footprints *footprints, const Topology *topology, int vcpus, const CpuList *pins, const CpuList *cpuset);
