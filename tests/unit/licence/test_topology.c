/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Machines of all kinds (tests/golden/licence/machines), as what is understood of them: FILE.facts beside each, REGENERATE=1 writes them. And what
 * is refused, by the name of the field. */
#include "base/fault.h"
#include "licence/topology.h"

#include <stdlib.h>

static char *folder;

static void
describe(Text *out, const Topology *topology)
{
    g_autofree char *online = cpus_text(&topology->online);
    text_printf(out, "online %s\ncores %u, sockets %u, nodes %u\n", online, topology->n_cores, topology->n_sockets, topology->n_nodes);
    text_printf(out, "processor %s %s %s\n", topology->arch ? topology->arch : "-", topology->vendor ? topology->vendor : "-", topology->model ? topology->model : "-");
    for (guint doubt = 1; doubt <= TOPOLOGY_MODULES; doubt <<= 1) {
        if (topology->doubts & doubt)
            text_printf(out, "doubt: %s\n", topology_doubt(doubt));
    }
    for (guint i = 0; i < topology->n_cores; i++) {
        const TopologyCore *core = &topology->cores[i];
        text_printf(out, "core %u: socket %u node %u threads", core->first, topology->sockets[core->socket], topology->nodes[core->node]);
        for (guint t = 0; t < core->n_threads; t++)
            text_printf(out, " %u", core->threads[t]);
        text_add_literal(out, "\n");
    }
}

/* Every CPU that is online is in exactly one core, and cores stand in order. */
static void
check_invariants(const Topology *topology)
{
    g_auto(Cpus) seen = CPUS_EMPTY;
    for (guint i = 0; i < topology->n_cores; i++) {
        const TopologyCore *core = &topology->cores[i];
        g_assert_cmpuint(core->n_threads, >, 0);
        g_assert_cmpuint(core->first, ==, core->threads[0]);
        g_assert_true(!i || topology->cores[i - 1].first < core->first);
        g_assert_true(core->socket < topology->n_sockets && core->node < topology->n_nodes);
        for (guint t = 0; t < core->n_threads; t++) {
            g_assert_false(cpus_has(&seen, core->threads[t]));
            g_assert_cmpint(topology_core(topology, core->threads[t]), ==, (int) i);
            cpus_add(&seen, core->threads[t]);
        }
    }
    g_assert_true(cpus_equal(&seen, &topology->online));
}

static void
test_machine(gconstpointer name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL), *facts = g_strconcat(path, ".facts", NULL), *bytes = NULL, *wanted = NULL;
    g_autoptr(GError) error = NULL;
    g_auto(Text) out = TEXT_EMPTY;
    gsize length;
    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    g_autoptr(Topology) topology = topology_read(bytes, length, &error);
    g_assert_no_error(error);
    check_invariants(topology);
    describe(&out, topology);
    g_autofree char *said = text_take(&out);
    if (g_getenv("REGENERATE"))
        g_assert_true(g_file_set_contents(facts, said, -1, NULL));
    g_file_get_contents(facts, &wanted, NULL, NULL);
    g_assert_cmpstr(said, ==, wanted);
}

static void
test_even(void)
{
    g_autoptr(Topology) topology = topology_even(12, 2, 2, 4);
    check_invariants(topology);
    g_assert_cmpuint(topology->n_cores, ==, 12);
    g_assert_cmpuint(topology->n_sockets, ==, 2);
    g_assert_cmpuint(topology->n_nodes, ==, 4);
    g_assert_cmpuint(topology->cores[5].threads[1], ==, 17);
    g_assert_cmpuint(topology->cores[5].socket, ==, 0);
    g_assert_cmpuint(topology->cores[6].socket, ==, 1);
    g_assert_cmpuint(topology->cores[3].node, ==, 1);
}

static const struct { const char *bytes, *field; } refused[] = {
    { "", "JSON" },
    { "[]", "an object" },
    { "{}", "'cpus'" },
    { "{\"cpus\":[]}", "no CPU" },
    { "{\"cpus\":[{\"id\":0}],\"cpus\":[]}", "'cpus'" },
    { "{\"cpus\":[{}]}", "'cpus[0].id'" },
    { "{\"cpus\":[{\"id\":\"0\"}]}", "'cpus[0].id'" },
    { "{\"cpus\":[{\"id\":-1}]}", "'cpus[0].id'" },
    { "{\"cpus\":[{\"id\":16384}]}", "'cpus[0].id'" },
    { "{\"cpus\":[{\"id\":1.5}]}", "'cpus[0].id'" },
    { "{\"cpus\":[{\"id\":0},{\"id\":0}]}", "CPU 0" },
    { "{\"cpus\":[{\"id\":0,\"siblings\":[0,99999]}]}", "'cpus[0].siblings[1]'" },
    { "{\"cpus\":[{\"id\":0,\"siblings\":\"0,1\"}]}", "'cpus[0].siblings'" },
    { "{\"cpus\":[{\"id\":0,\"colour\":1}]}", "'cpus[0].colour'" },
    { "{\"cpus\":[{\"id\":0,\"online\":false}]}", "no CPU" },
    { "{\"cpus\":[{\"id\":0,\"online\":1}]}", "'cpus[0].online'" },
    { "{\"cpus\":[{\"id\":0}]} x", "its end" },
    { "{\"cpus\":[{\"id\":0}", "too early" },
    { "{\"cpus\":[{\"id\":0 \"x\"", "'}'" },
    { "{\"cpus\":[[[[[[[[[[[[[[[[[[[[", "an object" },
    { "{\"cp\\u0000us\":1}", "escape" },
    { "{\"arch\":\"\xff\",\"cpus\":[{\"id\":0}]}", "UTF-8" },
    { "<a/>", "'a'" },
    { "<capabilities/>", "'host.topology.cells'" },
    { "<capabilities><host><topology><cells num='0'/></topology></host></capabilities>", "no CPU" },
    { "<!DOCTYPE x [<!ENTITY a 'b'>]><capabilities/>", "DOCTYPE" },
    { "<capabilities><host><topology><cells><cell><cpus/></cell></cells></topology></host></capabilities>", "'cell.id'" },
    { "<capabilities><host><topology><cells><cell id='0'><cpus><cpu/></cpus></cell></cells></topology></host></capabilities>", "'cpu.id'" },
    { "<capabilities><host><topology><cells><cell id='0'><cpus><cpu id='x'/></cpus></cell></cells></topology></host></capabilities>", "'cpu.id'" },
    { "<capabilities><host><topology><cells><cell id='0'><cpus><cpu id='0' siblings='0-99999'/></cpus></cell></cells></topology></host></capabilities>", "'cpu.siblings'" },
    { "<capabilities><host><topology><cells><cell id='0'><cpus><cpu id='0' siblings='0-100'/></cpus></cell></cells></topology></host></capabilities>", "64 siblings" },
    { "<capabilities><host><topology><cells><cell id='0'><cpus><cpu id='0' siblings='0'/><cpu id='0' siblings='0'/></cpus></cell></cells></topology></host></capabilities>", "CPU 0" },
    { "<capabilities>", "XML" },
    { "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>", "'a'" },
};

static void
test_refused(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Topology) topology = topology_read(refused[i].bytes, strlen(refused[i].bytes), &error);
        if (topology)
            g_error("'%s' was taken", refused[i].bytes);
        g_assert_true(error->domain == SHIKIRI_FAULT);
        if (!strstr(error->message, refused[i].field))
            g_error("'%s': \"%s\" does not name %s", refused[i].bytes, error->message, refused[i].field);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = g_test_build_filename(G_TEST_DIST, "tests", "golden", "licence", "machines", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        if (!g_str_has_suffix(name, ".xml") && !g_str_has_suffix(name, ".json"))
            continue;
        g_ptr_array_add(names, g_strdup(name));
        g_autofree char *test = g_strconcat("/topology/", name, NULL);
        g_test_add_data_func(test, names->pdata[names->len - 1], test_machine);
    }
    g_assert_cmpuint(names->len, >, 10);
    g_test_add_func("/topology/even", test_even);
    g_test_add_func("/topology/refused", test_refused);
    int status = g_test_run();
    g_free(folder);
    return status;
}
