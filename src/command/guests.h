/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What verbs share that ask the agent in the guest of a running VM. They claim nothing unless they say so: whatever a guest does, its VM
 * can be stopped meanwhile. */
#pragma once

#include "job/command.h"

/* The VM of the work, whose guest can be asked; its host is kept as mark. NULL with NEEDS_UP ({vm}, {status}) or another reason. */
const Vm *guests_check(Work *work, MessageCode needs_up, GError **error);
/* Whole seconds that were sent, between 1 and MOST; OTHERWISE where nothing was. FALSE with the reason. */
gboolean guests_seconds(const Draft *draft, gint64 sent, gint64 otherwise, gint64 most, gint64 *ret_seconds, GError **error);
/* For the step of a request that is made once: whether it was heard or certainly refused becomes a mark. TAKE_REFUSAL NULL: heard. */
gboolean guests_note(Work *work, GError *take_refusal, GError **error);
Probe guests_noted(Work *work, GError **error);
