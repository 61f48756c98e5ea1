/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The cores of a host as the inventory has them, and which of them VMs are bound to: what the planning of cores (licence/plan.h) is asked with. Pure. */
#pragma once

#include "base/fault.h"
#include "licence/topology.h"
#include "model/inventory.h"
#include "model/places.h"

/* NULL with a fault: the host has not said which processors it has. */
Topology *cores_topology(const Host *host, GError **error);
/* CPUs that other VMs with this home are bound to, whether they run or not: all of their vCPUs, and to a part of what there is. Into an empty set. */
void cores_busy(const View *view, const Host *host, const Id *except, const Topology *topology, Cpus *ret_busy);
/* CPUs of the NUMA nodes whose memory other VMs are bound to, so that less than NEEDED bytes are left. Into an empty set. */
void cores_short_of_memory(const View *view, const Host *host, const Id *except, gint64 needed, Cpus *ret_cpus);
/* Bytes of the memory of NODES of HOST that no other VM is bound to; what is bound to several nodes counts in each. */
gint64 cores_memory_left(const View *view, const Host *host, const Id *except, const Cpus *nodes);
/* The threads of CPU's core, all of them. */
void cores_join(const Topology *topology, guint cpu, Cpus *cpus);
/* "0-3,8" in one spelling; NULL: it is no set. Yours. */
char *cores_plain(const char *set);
