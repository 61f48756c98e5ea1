/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The conditions a host must meet, as one table in the order they are asked. A host refused by a later row was closer. */
#pragma once

#include "placement/capacity.h"
#include "placement/placement.h"

/* What is asked. */
typedef struct {
    const View *view;
    const Vm *vm;
    PlacementPurpose purpose;
    GHashTable *loads;              /* of capacity_loads */
} Ask;

typedef struct {
    gboolean for_add;               /* asked when a VM is only defined, too */
    Message *(*refuse)(const Ask *ask, const Host *host);           /* NULL: it may; yours */
    gint64 (*nearness)(const Ask *ask, const Host *host);           /* of hosts refused here, the highest is the closest; NULL: all alike */
    Message *(*tell)(const Ask *ask, const Host *closest);          /* none is left, and CLOSEST fell here */
} Filter;

extern const Filter filters[];
extern const guint n_filters;

gboolean filters_has_home(const Ask *ask);                          /* may it run only where its definition lies? */
Message *filters_refuse_make(const Host *host, const Vm *vm);       /* what VM is made of alone: architecture, firmware, TPM; NULL: it may */
Message *filters_tell_empty(const Ask *ask);                        /* there is no host at all */
