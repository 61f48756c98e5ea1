/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * NICs of VMs: what may be sent, and what becomes of it. Used by nic_add, nic_update and vm_add. Pure. */
#pragma once

#include "job/command.h"

/* Is what was sent a NIC that VM can have? SELF is the NIC being edited; NULL for a new one. */
gboolean nics_check(Work *work, const Vm *vm, const Draft *draft, const Id *self, GError **error);
/* A new one of that id, with the defaults (virtio, plugged, linked), a name and an address free in VM and view. Yours. */
Nic *nics_make(const View *view, const Vm *vm, const Draft *draft, const Id *id);
/* What was sent, copied; the network follows the profile, or the profile the network, and the host's source both. */
void nics_apply(const View *view, const Draft *draft, Nic *nic, guint mask);
