/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The processors of a host as licences are counted: cores. A core is a set of sibling threads and nothing else: numbers of cores that the
 * firmware gives collide on many machines. Read from `virsh capabilities` or from JSON, or made of four numbers. Immutable once read. */
#pragma once

#include "licence/cpus.h"
#include "licence/reader.h"

#define TOPOLOGY_MOST_SOCKETS 1024
#define TOPOLOGY_MOST_NODES 4096
#define TOPOLOGY_MOST_THREADS 64            /* of a core */
#define TOPOLOGY_MOST_BYTES (16u << 20)     /* of a file */

typedef struct {
    guint first;                    /* its lowest CPU: by that a core is called */
    guint n_threads;
    const guint *threads;           /* ascending; only those that are online */
    guint socket, node;             /* indexes into Topology.sockets, .nodes */
} TopologyCore;

/* Why it is not certain what a core is here (HP-15). */
typedef enum {
    TOPOLOGY_SIBLINGS = 1 << 0,     /* a CPU names a sibling that does not name it */
    TOPOLOGY_TWO_CORES = 1 << 1,    /* siblings have different core numbers */
    TOPOLOGY_COLLISION = 1 << 2,    /* CPUs that are no siblings have the same socket, die and core number */
    TOPOLOGY_SPLIT = 1 << 3,        /* siblings in different sockets or NUMA nodes */
    TOPOLOGY_MODULES = 1 << 4,      /* a processor of AMD whose siblings are the halves of a module */
} TopologyDoubt;

typedef struct {
    Cpus online;
    guint n_cores, n_sockets, n_nodes;
    TopologyCore *cores;            /* by FIRST, ascending */
    guint *sockets, *nodes;         /* their numbers, ascending */
    int *core_of;                   /* by CPU number, CORE_OF_COUNT of them: index of its core, -1: none that is online */
    guint core_of_count;
    guint *threads;                 /* what the cores point into */
    guint doubts;                   /* TopologyDoubt bits */
    char *arch, *vendor, *model;    /* of the processor, NULL where nothing says it */
    guint socket_capacity;          /* sockets that the board has, occupied or not; 0: not known */
} Topology;

/* FILE's content: XML if it begins with '<', else JSON: {"cpus":[{"id":0,"siblings":[0,12],"socket":0,"node":0},…]}. */
Topology *topology_read(const char *bytes, gsize length, GError **error);
/* The JSON object that READER stands at. */
Topology *topology_read_object(Reader *reader, GError **error);
/* CORES cores of THREADS threads: CPU c + i * CORES is thread i of core c; sockets and nodes split the cores evenly, in order. All > 0, THREADS at most TOPOLOGY_MOST_THREADS, CORES * THREADS at most CPUS_MOST. */
Topology *topology_even(guint cores, guint threads, guint sockets, guint nodes);
void topology_free(Topology *topology);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Topology, topology_free)

const char *topology_doubt(guint doubts);       /* the first of them as a phrase of the table of words; "" */
/* The index of CPU's core; -1: there is no such CPU, or it is offline. */
int topology_core(const Topology *topology, guint cpu);

/* --- for the readers ------------------------------------------------------------------------------------------------------ */

typedef struct {
    gint64 id, socket, die, cluster, core, node;      /* CORE -1: not told */
    gboolean online;
    Cpus siblings;                  /* owned; empty: itself alone */
} TopologyCpu;

/* CPUS: an array of TopologyCpu with what they own, taken over. NULL with ERROR if none is online or one is there twice. */
Topology *topology_build(GArray *take_cpus, GError **error);
/* In topology_xml.c. */
Topology *topology_read_xml(const char *bytes, gsize length, GError **error);
