/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What verbs share that ask the agent in the guest of a running VM. They claim nothing unless they say so: whatever a guest does, its VM
 * can be stopped meanwhile. Who asks holds a thread of the engine until the guest answers or its time is over: so one request is made of a guest
 * at a time and few in all, and some room is kept for thawing. */
#pragma once

#include "job/command.h"

/* The VM of the work, whose guest can be asked; its host is kept as mark. NULL with NEEDS_UP ({vm}, {status}) or another reason. */
const Vm *guests_check(Work *work, MessageCode needs_up, GError **error);
/* Whole seconds that were sent, between 1 and MOST; OTHERWISE where nothing was. FALSE with the reason. */
gboolean guests_seconds(const Draft *draft, gint64 sent, gint64 otherwise, gint64 most, gint64 *ret_seconds, GError **error);
/* For the step of a request that is made once: whether it was heard or certainly refused becomes a mark. TAKE_REFUSAL NULL: heard. */
gboolean guests_note(Work *work, GError *take_refusal, GError **error);
Probe guests_noted(Work *work, GError **error);
/* In a step: REQUEST, upon the host of the VM of the work, when there is room for it. FALSE with the reason. */
typedef gboolean (*GuestRequest)(Work *work, HostLink *link, GError **error);
gboolean guests_ask(Work *work, GuestRequest request, GError **error);
/* The same for what a frozen guest needs, beside whatever else it is asked. */
gboolean guests_thaw(Work *work, GError **error);
gboolean guests_is_frozen(Work *work, gboolean *ret_frozen, GError **error);
