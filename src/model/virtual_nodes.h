/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The NUMA nodes of a VM: which of its memory and processors are near each other, and near which node of its host. Clients give them one after the
 * other, so that there are nodes that do not make up the whole machine yet: those are a draft, which nothing starts with. */
#pragma once

#include "schema/type.h"

#define NUMA_TUNE(N, E) N(E, INTERLEAVE, "interleave") N(E, PREFERRED, "preferred") N(E, STRICT, "strict")
NAMES_ENUM(NumaTuneMode, NUMA_TUNE, NUMA);
extern const Names numa_tune_names;

#define VIRTUAL_NODES_MOST 128

typedef struct { gint64 index; } NodeIndex;     /* of a processor of the VM, or of a node of its host */
typedef struct { List cores; } NodeCpu;         /* NodeIndex */
typedef struct {
    Object object;                      /* id: named after the VM's and the index */
    char *name, *description, *comment;
    gint64 index, memory;               /* MiB */
    NodeCpu cpu;
    List numa_node_pins;                /* NodeIndex: nodes of the host its memory comes from; none: from any */
    int numa_tune_mode;                 /* NumaTuneMode; 0 without pins */
} VirtualNode;

extern const Type virtual_node_type;

Id virtual_node_id(const Id *vm, gint64 index);
gboolean virtual_node_has(const List *indexes, gint64 index);
void virtual_node_add(List *indexes, gint64 index);
/* "0:512:0,1:0:strict;1:512:2,3::", sorted by index; NULL: none. Yours. And back, into an empty list. */
char *virtual_nodes_text(const List *nodes);
void virtual_nodes_read(const char *text, const Id *vm, List *ret_nodes);
/* Is all memory (MiB) and every processor of a machine in one of them, and each index from 0 on? */
gboolean virtual_nodes_are_whole(const List *nodes, gint64 memory, gint64 cpus);
gint64 virtual_nodes_memory(const List *nodes);         /* MiB in all of them */
gint64 virtual_nodes_cpus(const List *nodes);
