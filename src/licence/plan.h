/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which cores a VM is to be bound to: the fewest, from one NUMA node if it can be, else from one socket, and from the place where the least is left over, so
 * that large blocks and whole sockets stay free. Pure: the same question has the same answer. Called by the CLI and, with what is
 * free on a host, by the command that binds. */
#pragma once

#include "licence/topology.h"

typedef enum {
    PLAN_THREADS,                   /* a vCPU a thread: siblings are filled */
    PLAN_CORES,                     /* a vCPU a core: its other threads stay blocked */
} PlanMode;

typedef struct {
    guint vcpus;                    /* 1 to CPUS_MOST */
    PlanMode mode;
    Cpus busy, reserved;            /* borrowed: CPUs of exclusively bound VMs; of the host itself */
    guint most_sockets;             /* 0: any number */
} PlanNeed;

typedef struct {
    guint node;                     /* its number */
    guint first, count;             /* vCPUs that sit there: a guest NUMA cell */
} PlanCell;

typedef struct {
    guint n_vcpus, *pins;           /* by vCPU: the CPU it is bound to */
    Cpus blocked;                   /* threads of the cores that nobody may use */
    Cpus cpus;                      /* all threads of the cores: cpuset, emulator and I/O threads */
    guint n_cores;                  /* all that are touched, which is what licences are counted for */
    guint *cores;                   /* their first threads, ascending by node */
    guint threads;                  /* of a core, as the guest is to see it */
    guint n_cells;
    PlanCell *cells;
    guint n_sockets, *sockets;      /* numbers, ascending */
    guint doubts;                   /* of the topology: HP-15 */
    Cpus advice;                    /* were these reserved too, fewer cores would do: they have fewer threads than others; empty: no */
    guint advice_cores;             /* how many */
} Plan;

/* NULL with a fault that names how many cores are missing, and where how many are free. */
Plan *plan_choose(const Topology *topology, const PlanNeed *need, GError **error);
void plan_free(Plan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_free)
