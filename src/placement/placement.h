/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where a VM may run: a pure decision over a view. It answers with one host, or with none and the sentence why, and in
 * both cases with the reason for every host it refused. No clock, no chance, no I/O: the same view gives the same answer.
 * Called by command steps (choose a host) and by ?plan=1. Claims nothing: the caller does that. */
#pragma once

#include "base/fault.h"
#include "model/inventory.h"
#include "model/places.h"
#include "model/vm.h"

typedef enum {
    PLACEMENT_START,                /* to run now: memory must be free */
    PLACEMENT_ADD,                  /* to be defined, down: memory free now is only a wish */
} PlacementPurpose;

typedef struct {
    Id host;
    char *name;                     /* the host's */
    Message *why;
} PlacementRefusal;

typedef struct {
    Id host;                        /* null: none */
    char *name;                     /* the chosen host's; NULL: none */
    GPtrArray *refusals;            /* of PlacementRefusal, by host name; of every host that cannot take it */
    Message *why;                   /* only where there is none: "Cannot start VM 'web1': no host in cluster 'east' has 8 GiB free." */
} PlacementChoice;

/* Chooses for VM (it need not be in VIEW). A VM with a home may be started only there. Never NULL. */
PlacementChoice *placement_choose(const View *view, const Vm *vm, PlacementPurpose purpose);
/* FALSE with the choice's sentence as fault where no host was found. */
gboolean placement_check(const PlacementChoice *choice, GError **error);
/* Can HOST make what VM is made of (architecture, firmware, TPM)? For a VM that is edited where it is. */
gboolean placement_check_make(const Host *host, const Vm *vm, GError **error);
void placement_choice_free(PlacementChoice *choice);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PlacementChoice, placement_choice_free)
