/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the verbs of a VM's NUMA nodes share: what nodes may be, and whether they are a draft. */
#pragma once

#include "job/command.h"

/* May VM have NODES of this one's kind, NODE among them? FALSE with a sentence. */
gboolean numa_check(const Work *work, const Vm *vm, const VirtualNode *node, GError **error);
/* Behind every change of VM's nodes: are they the whole of it? */
void numa_settle(Vm *vm);
/* start: they are, or there are none. */
gboolean numa_is_whole(const Vm *vm, GError **error);
/* update: VM's memory and processors stay, or it has no nodes. */
gboolean numa_fits(const Vm *vm, const Vm *edited, GError **error);
