/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rules that others refer to: MAC pools, scheduling policies and their units, packet filters, CPU profiles, quotas, cluster
 * levels with their CPU types. */
#pragma once

#include "model/vm.h"

typedef struct { char *from, *to; } MacRange;
typedef struct {
    Object object;
    char *name, *description, *comment;
    gboolean allow_duplicates, default_pool;
    List ranges;                        /* MacRange */
} MacPool;

typedef struct { char *name, *value; } Property;
typedef struct {
    Object object;
    char *name, *description, *comment;
    gboolean default_policy, locked;
    List properties;                    /* Property */
} SchedulingPolicy;

#define UNIT_TYPE(N, E) N(E, FILTER, "filter") N(E, WEIGHT, "weight") N(E, LOAD_BALANCING, "load_balancing")
NAMES_ENUM(UnitType, UNIT_TYPE, UNIT);
extern const Names unit_type_names;
typedef struct {
    Object object;
    char *name, *description, *comment;
    int type;                           /* UnitType */
    gboolean enabled, internal;
} SchedulingPolicyUnit;

typedef struct {
    Object object;
    char *name, *description, *comment;
    Version version;                    /* the cluster level from which it is there */
} NetworkFilter;

typedef struct {
    Object object;
    char *name, *description, *comment;
    Ref cluster;
} CpuProfile;

typedef struct {
    Object object;
    char *name, *description, *comment;
    gint64 cluster_hard_limit_pct, cluster_soft_limit_pct, storage_hard_limit_pct, storage_soft_limit_pct;
    Ref data_center;
} Quota;

typedef struct { char *name; gint64 level; int architecture; } CpuType;
typedef struct {                        /* id: ID_WORD, "4.7" */
    Object object;
    char *name, *description, *comment;
    List cpu_types;                     /* CpuType */
} ClusterLevel;

extern const Type mac_pool_type, scheduling_policy_type, scheduling_policy_unit_type, network_filter_type, cpu_profile_type, quota_type,
    cluster_level_type;
