/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rules that others refer to: MAC pools, scheduling policies with their units, packet filters. What placement really asks stands
 * in placement/filters.c and weights.c; a unit says by `enabled` whether it is among that. */
#pragma once

#include "model/vm.h"

typedef struct { char *from, *to; } MacRange;
typedef struct {
    Object object;
    char *name, *description, *comment;
    gboolean allow_duplicates, default_pool;
    List ranges;                        /* MacRange */
} MacPool;

#define UNIT_TYPE(N, E) N(E, FILTER, "filter") N(E, WEIGHT, "weight") N(E, LOAD_BALANCING, "load_balancing")
NAMES_ENUM(UnitType, UNIT_TYPE, UNIT);
extern const Names unit_type_names;

typedef struct { char *name, *value; } Property;
typedef struct {
    Object object;
    char *name, *description, *comment;
    int type;                           /* UnitType */
    gboolean enabled, internal;         /* does placement ask it? is it of the manager itself? */
    List properties;                    /* Property */
} SchedulingPolicyUnit;

typedef struct {                        /* one unit in one policy; id: the unit's. A filter has a position, a weight a factor */
    Object object;
    char *name, *description, *comment;
    gint64 position, factor;
    Ref scheduling_policy_unit;
} PolicyPart;

typedef struct {
    Object object;
    char *name, *description, *comment;
    gboolean default_policy, locked;
    List properties;                    /* Property */
    List filters, weights, balances;    /* PolicyPart children */
} SchedulingPolicy;

typedef struct {
    Object object;
    char *name, *description, *comment;
    Version version;                    /* the cluster level since which it is there */
} NetworkFilter;

extern const Type mac_pool_type, scheduling_policy_type, scheduling_policy_unit_type, policy_filter_type, policy_weight_type, policy_balance_type,
    network_filter_type;

/* Known to clients by heart. */
#define POLICIES_DEFAULT "b4ed2332-a7ac-4d5f-9596-99a439cb2812"         /* "none" */
#define POLICIES_MAC_POOL "58ca604b-017d-0374-0220-00000000014e"        /* "Default" */
#define POLICIES_NETWORK_FILTER "d2370ab4-fee3-11e9-a310-8c1645ce738e"  /* "vdsm-no-mac-spoofing" */
/* How every address begins that the manager gives out: what is behind it comes of the NIC's id (command/devices.c). */
#define POLICIES_MAC_PREFIX "56:6f"

void policies_add_fixed(GPtrArray *objects);    /* policies, units, packet filters, the MAC pool Default; owned by OBJECTS. See fixed.h */
