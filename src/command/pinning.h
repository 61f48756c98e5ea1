/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What of a VM is bound to which CPUs of its host: what may be wished, which cores are chosen where somebody wants so many, and how a guest that runs gets
 * it at once. Used by the verbs that bind, and by adding and editing VMs, where oVirt has it. */
#pragma once

#include "command/definition.h"
#include "licence/plan.h"
#include "model/places.h"

#define PINNING_NONE "none"
#define PINNING_MANUAL "manual"

typedef struct {
    PlanMode mode;
    gint64 cores;                   /* so many, whatever the VM's vCPUs; 0: as many as they need */
    gint64 most_sockets;            /* 0: any number */
    const char *reserved;           /* CPUs nobody may have; NULL: none */
    const char *policy;             /* as which it is kept */
} PinningWish;

/* check: chooses cores of HOST that no other VM is bound to, into marks. Claims the host's cores, so that two do not choose the same. */
gboolean pinning_choose(Work *work, const Vm *vm, const Host *host, const PinningWish *wish, GError **error);
/* check: nothing is bound any more. */
void pinning_choose_none(Work *work);

/* check, of what was sent of a VM: EDITED as it would be on HOST; NOW as it is, NULL where it is new. What follows from it stands in marks. */
gboolean pinning_check(Work *work, const Vm *now, const Vm *edited, const Host *host, GError **error);
/* edit: what was chosen, or what was sent in its plain spelling, upon a VM that has the draft already. By draft and marks alone. */
void pinning_settle(const Work *work, Vm *vm);
gboolean pinning_is_chosen(const Work *work);           /* do marks say what is bound where? */
gint64 pinning_threads(const Work *work);               /* so many vCPUs, neighbours, share a core by that choice */

/* Steps: what runs is bound as the definition is. */
gboolean pinning_look(Work *work, GError **error);      /* without effect: where its threads may run before */
gboolean pinning_bind(Work *work, GError **error);
Probe pinning_bound(Work *work, GError **error);
gboolean pinning_bind_back(Work *work, GError **error);

/* For plans: which cores of HOST, and who sits there. */
void pinning_tell(GString *text, const Work *work, const Vm *vm, const Host *host);
