/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Plans of machines made by chance: whatever is asked, nothing taken is taken again, no core is counted that is not used, and the same question has the same
 * answer. What the rules say of particular machines stands in tests/golden/licence/vectors. */
#include "base/fault.h"
#include "licence/plan.h"

#define ROUNDS 4000

/* A machine of up to 4 sockets, 4 nodes in each, 1 to 3 threads a core, some CPUs offline, numbers in one of two orders. */
static Topology *
random_machine(GRand *chance)
{
    guint sockets = (guint) g_rand_int_range(chance, 1, 5), nodes = (guint) g_rand_int_range(chance, 1, 5), cores = (guint) g_rand_int_range(chance, 1, 7), threads = (guint) g_rand_int_range(chance, 1, 4);
    guint all = sockets * nodes * cores;
    gboolean mixed = g_rand_boolean(chance), lame = g_rand_boolean(chance);
    GArray *cpus = g_array_new(FALSE, TRUE, sizeof(TopologyCpu));
    for (guint core = 0; core < all; core++) {
        guint node = mixed ? core % (sockets * nodes) : core / cores;
        for (guint thread = 0; thread < threads; thread++) {
            TopologyCpu cpu = { .id = core + thread * all, .socket = node / nodes, .node = node, .core = core, .online = thread == 0 || !lame || g_rand_int_range(chance, 0, 4) };
            for (guint other = 0; other < threads; other++)
                cpus_add(&cpu.siblings, core + other * all);
            g_array_append_val(cpus, cpu);
        }
    }
    return topology_build(cpus, NULL);
}

static void
add_some(GRand *chance, const Topology *topology, Cpus *cpus, int odds)
{
    for (int cpu = -1; (cpu = cpus_next(&topology->online, cpu)) >= 0;) {
        if (!g_rand_int_range(chance, 0, odds))
            cpus_add(cpus, (guint) cpu);
    }
}

static void
check_plan(const Topology *topology, const PlanNeed *need, const Plan *plan)
{
    g_auto(Cpus) pinned = CPUS_EMPTY, cores = CPUS_EMPTY, sockets = CPUS_EMPTY;
    guint cells = 0;
    for (guint i = 0; i < plan->n_vcpus; i++) {
        g_assert_false(cpus_has(&pinned, plan->pins[i]));
        cpus_add(&pinned, plan->pins[i]);
        cpus_add(&cores, topology->cores[topology_core(topology, plan->pins[i])].first);
        cpus_add(&sockets, topology->cores[topology_core(topology, plan->pins[i])].socket);
    }
    g_assert_cmpuint(cpus_count(&pinned), ==, need->vcpus);
    g_assert_cmpuint(cpus_count(&cores), ==, plan->n_cores);       /* no core that nobody sits on */
    g_assert_cmpuint(cpus_count(&sockets), ==, plan->n_sockets);
    g_assert_true(!need->most_sockets || plan->n_sockets <= need->most_sockets);
    for (int cpu = -1; (cpu = cpus_next(&plan->cpus, cpu)) >= 0;) {
        g_assert_false(cpus_has(&need->busy, (guint) cpu) || cpus_has(&need->reserved, (guint) cpu));
        g_assert_true(cpus_has(&pinned, (guint) cpu) != cpus_has(&plan->blocked, (guint) cpu));
        g_assert_true(cpus_has(&cores, topology->cores[topology_core(topology, (guint) cpu)].first));
    }
    for (guint i = 0; i < plan->n_cells; i++)
        cells += plan->cells[i].count;
    g_assert_cmpuint(cells, ==, need->vcpus);
    g_assert_cmpuint(plan->n_vcpus % plan->threads, ==, 0);
    g_assert_true(!plan->advice_cores || plan->advice_cores < plan->n_cores);
    if (need->mode == PLAN_CORES)
        g_assert_cmpuint(plan->n_cores, ==, need->vcpus);
}

static void
test_random(void)
{
    g_autoptr(GRand) chance = g_rand_new_with_seed(20260105);
    guint planned = 0, refused = 0;
    for (guint round = 0; round < ROUNDS; round++) {
        g_autoptr(Topology) topology = random_machine(chance);
        g_auto(Cpus) busy = CPUS_EMPTY, reserved = CPUS_EMPTY;
        g_autoptr(GError) error = NULL;
        add_some(chance, topology, &busy, 4);
        add_some(chance, topology, &reserved, 12);
        PlanNeed need = { .vcpus = (guint) g_rand_int_range(chance, 1, 20), .mode = g_rand_boolean(chance) ? PLAN_CORES : PLAN_THREADS, .busy = busy, .reserved = reserved,
            .most_sockets = (guint) g_rand_int_range(chance, 0, 4) };
        g_autoptr(Plan) plan = plan_choose(topology, &need, &error);
        if (!plan) {
            refused++;
            g_assert_error(error, SHIKIRI_FAULT, FAULT_CONFLICT);
            continue;
        }
        planned++;
        check_plan(topology, &need, plan);
        g_autoptr(Plan) again = plan_choose(topology, &need, NULL);
        g_assert_true(cpus_equal(&plan->cpus, &again->cpus) && memcmp(plan->pins, again->pins, plan->n_vcpus * sizeof(guint)) == 0);
    }
    g_assert_cmpuint(planned, >, ROUNDS / 5);
    g_assert_cmpuint(refused, >, ROUNDS / 20);
}

/* One VM after the other until nothing is free: none overlaps another. */
static void
test_filling(void)
{
    g_autoptr(GRand) chance = g_rand_new_with_seed(7);
    for (guint round = 0; round < 200; round++) {
        g_autoptr(Topology) topology = random_machine(chance);
        g_auto(Cpus) busy = CPUS_EMPTY;
        guint before = 0;
        for (;;) {
            PlanNeed need = { .vcpus = (guint) g_rand_int_range(chance, 1, 5), .mode = g_rand_boolean(chance) ? PLAN_CORES : PLAN_THREADS, .busy = busy };
            g_autoptr(Plan) plan = plan_choose(topology, &need, NULL);
            if (!plan)
                break;
            cpus_join(&busy, &plan->cpus);
            g_assert_cmpuint(cpus_count(&busy), ==, before + cpus_count(&plan->cpus));
            before = cpus_count(&busy);
        }
    }
}

static void
test_refusals(void)
{
    g_autoptr(Topology) topology = topology_even(12, 2, 2, 2);
    g_auto(Cpus) strange = CPUS_EMPTY;
    g_autoptr(GError) error = NULL, full = NULL, narrow = NULL;
    cpus_add(&strange, 24);
    PlanNeed need = { .vcpus = 2, .busy = strange };
    g_assert_null(plan_choose(topology, &need, &error));
    g_assert_error(error, SHIKIRI_FAULT, FAULT_BAD_REQUEST);
    g_assert_nonnull(strstr(error->message, "'busy' names CPU 24"));
    need = (PlanNeed) { .vcpus = 30 };
    g_assert_null(plan_choose(topology, &need, &full));
    g_assert_nonnull(strstr(full->message, "15 free cores are needed and 12 are there; missing: 3"));
    need = (PlanNeed) { .vcpus = 14, .most_sockets = 1 };
    g_assert_null(plan_choose(topology, &need, &narrow));
    g_assert_nonnull(strstr(narrow->message, "7 free cores are needed, and the sockets with the most have 6; missing: 1"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/random", test_random);
    g_test_add_func("/plan/filling", test_filling);
    g_test_add_func("/plan/refusals", test_refusals);
    return g_test_run();
}
