/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Topologies, as XML of virsh or as JSON: refused with a sentence, or made of cores that hold every CPU once; and plans on them take what is free. */
#include "fuzz.h"

#include "licence/plan.h"

static void
check_cores(const Topology *topology)
{
    g_auto(Cpus) seen = CPUS_EMPTY;
    for (guint i = 0; i < topology->n_cores; i++) {
        const TopologyCore *core = &topology->cores[i];
        for (guint t = 0; t < core->n_threads; t++) {
            g_assert_false(cpus_has(&seen, core->threads[t]));
            cpus_add(&seen, core->threads[t]);
        }
    }
    g_assert_true(cpus_equal(&seen, &topology->online));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    g_autoptr(Topology) topology = topology_read((const char *) data, size, &error);
    if (!topology) {
        fuzz_refused(error);
        return 0;
    }
    check_cores(topology);
    for (guint vcpus = 1; vcpus < 20; vcpus += 3) {
        const PlanNeed need = { .vcpus = vcpus, .mode = vcpus % 2 ? PLAN_THREADS : PLAN_CORES, .most_sockets = vcpus % 3 };
        GError *full = NULL;
        g_autoptr(Plan) plan = plan_choose(topology, &need, &full);
        if (plan)
            g_assert_true(cpus_is_within(&plan->cpus, &topology->online));
        else
            fuzz_refused(full);
    }
    return 0;
}
