/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cluster levels: which CPU types a cluster of that level may have, and which permits there are. */
#pragma once

#include "model/vm.h"

typedef struct { char *name; gint64 level; int architecture; } CpuType;     /* architecture: Architecture */

typedef struct {                        /* id: ID_WORD, "4.7" */
    Object object;
    char *name, *description, *comment;
    List cpu_types;                     /* CpuType */
    List permits;                       /* RolePermit children */
} ClusterLevel;

extern const Type cluster_level_type;

#define LEVELS_NEWEST_MAJOR 4
#define LEVELS_NEWEST_MINOR 7

void levels_add_fixed(GPtrArray *objects);      /* every level; owned by OBJECTS. See fixed.h */
