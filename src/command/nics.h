/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * NICs of VMs: what may be sent, and what becomes of it, which is pure; and what the rows with an `edit` of one NIC share. Used by the verbs of
 * NICs and vm_add. */
#pragma once

#include "job/command.h"

/* Is what was sent a NIC that VM can have? SELF is the NIC being edited; NULL for a new one. */
gboolean nics_check(Work *work, const Vm *vm, const Draft *draft, const Id *self, GError **error);
/* A new one of that id, with the defaults (virtio, plugged, linked), a name and an address free in VM and view. Yours. */
Nic *nics_make(const View *view, const Vm *vm, const Draft *draft, const Id *id);
/* What was sent, copied; the network follows the profile, or the profile the network, and the host's source both. */
void nics_apply(const View *view, const Draft *draft, Nic *nic, guint mask);

/* Around the row's `edit` of work->target: the step without effect before it is written or done in a guest that runs, the end, and the plan. */
gboolean nics_prepare(Work *work, GError **error);
void nics_finish(Work *work, Changes *changes);
char *nics_plan(Work *work, GError **error);
