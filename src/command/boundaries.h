/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What licence boundaries allow: a VM with a licensed product runs on the boundary's cores and nowhere else. Asked by every verb that could let one run
 * elsewhere. What is refused is told by the engine as an event, which the evidence ledger keeps. Pure. */
#pragma once

#include "job/command.h"
#include "licence/topology.h"
#include "model/licence_boundary.h"
#include "model/places.h"

const LicenceBoundary *boundaries_of(const View *view, const Vm *vm);      /* NULL: it is in none */
/* May VM run as it is here? FALSE with the rule, and what it would cost. */
gboolean boundaries_allow(const Work *work, const Vm *vm, GError **error);
/* May NOW become EDITED? What is outside already and does not run may be edited: it is not started. */
gboolean boundaries_allow_edit(const Work *work, const Vm *now, const Vm *edited, GError **error);
/* CPUs of HOST that VM must not be bound to: outside of its own boundary, or inside of another that keeps others off. Joined to RET. */
void boundaries_reserve(const View *view, const Vm *vm, const Host *host, const Topology *topology, Cpus *ret_reserved);

/* For the verbs upon boundaries: name, host, product and set as they would be. */
gboolean boundaries_check(Work *work, const LicenceBoundary *edited, GError **error);
