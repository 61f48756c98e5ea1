/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * NUMA nodes given by hand: what is refused, what is a draft, and what the definition says of the whole. */
#include "estate.h"

#include <string.h>

#define NODE(index, memory, cores, more) \
    "<vm_numa_node><index>" index "</index><memory>" memory "</memory><cpu><cores>" cores "</cores></cpu>" more "</vm_numa_node>"
#define CORE(index) "<core><index>" index "</index></core>"
#define PIN(index) "<numa_node_pins><numa_node_pin><index>" index "</index></numa_node_pin></numa_node_pins>"
#define ADD_NODE(...) estate_child_work(&numa_node_add, &estate.hello, NULL, NODE(__VA_ARGS__))

static void
open_pair(void)
{
    estate_open();
    estate_do(estate_work(&vm_update, &estate.hello, "<vm><cpu><topology><sockets>2</sockets></topology></cpu></vm>"));
}

static void
test_refusals(void)
{
    open_pair();
    Id nobody = id_random();
    estate_refused(estate_child_work(&numa_node_add, &estate.hello, NULL, "<vm_numa_node><memory>1</memory></vm_numa_node>"), "VmNumaNode [index] required for add.");
    estate_refused(ADD_NODE("128", "64", CORE("0"), ""), "VM 'hello' cannot have a NUMA node 128. | The index is a number from 0 on, below 128.");
    estate_refused(ADD_NODE("0", "257", CORE("0"), ""), "cannot have 257 MiB: of the VM's memory 256 MiB are in no other node.");
    estate_refused(ADD_NODE("0", "0", CORE("0"), ""), "VmNumaNode [memory] required for add.");
    estate_refused(ADD_NODE("0", "64", "", ""), "needs at least one processor.");
    estate_refused(ADD_NODE("0", "64", CORE("2"), ""), "VM 'hello' has no processor 2. | Its processors are 0 to 1.");
    estate_refused(ADD_NODE("0", "64", CORE("1") CORE("1"), ""), "Processor 1 of VM 'hello' would be in two NUMA nodes, or in one twice.");
    estate_refused(ADD_NODE("0", "64", CORE("0"), PIN("1")), "cannot stand on node 1 of host 'n1': the host has no such node.");
    estate_refused(ADD_NODE("0", "64", CORE("0"), "<numa_tune_mode>strict</numa_tune_mode>"), "has a mode and no node of the host.");
    estate_do(ADD_NODE("0", "64", CORE("0"), ""));
    estate_refused(ADD_NODE("0", "64", CORE("1"), ""), "VM 'hello' has a NUMA node 0 already.");
    estate_refused(ADD_NODE("1", "193", CORE("1"), ""), "of the VM's memory 192 MiB are in no other node.");
    estate_refused(ADD_NODE("1", "64", CORE("0"), ""), "Processor 0 of VM 'hello'");
    estate_refused(estate_work(&vm_start, &estate.hello, NULL), "Cannot run VM 'hello': its NUMA nodes have 64 of its 256 MiB and 1 of its 2 processors.");
    estate_refused(estate_work(&vm_update, &estate.hello, "<vm><memory>536870912</memory></vm>"), "they are divided between its NUMA nodes. | Remove its NUMA nodes first.");
    estate_refused(estate_child_work(&numa_node_update, &estate.hello, &nobody, "<vm_numa_node><memory>1</memory></vm_numa_node>"), "VM 'hello' has no such NUMA node.");
    estate_refused(estate_child_work(&numa_node_remove, &estate.hello, &nobody, NULL), "VM 'hello' has no such NUMA node.");
    estate_close();
}

static gboolean
says(const char *text)
{
    return strstr(estate_xml(&estate.hello), text) != NULL;
}

/* The definition is divided only when the nodes are the whole of it; without nodes it is as before. */
static void
test_whole(void)
{
    open_pair();
    g_autofree char *before = g_strdup(strstr(estate_xml(&estate.hello), "<os"));
    estate_do(ADD_NODE("1", "96", CORE("1"), PIN("0")));
    g_assert_false(says("<memnode"));
    g_assert_cmpuint(estate_vm(&estate.hello)->numa_nodes.count, ==, 1);
    estate_do(ADD_NODE("0", "160", CORE("0"), ""));
    g_assert_true(says("<cell id='0' cpus='0' memory='163840' unit='KiB'/>"));
    g_assert_true(says("<cell id='1' cpus='1' memory='98304' unit='KiB'/>"));
    g_assert_true(says("<memnode cellid='1' mode='strict' nodeset='0'/>"));
    g_assert_null(estate_vm(&estate.hello)->numa_draft);
    estate_do(estate_work(&vm_start, &estate.hello, NULL));
    estate_do(estate_work(&vm_stop, &estate.hello, NULL));
    for (gint64 index = 1; index >= 0; index--) {
        Id id = virtual_node_id(&estate.hello, index);
        estate_do(estate_child_work(&numa_node_remove, &estate.hello, &id, NULL));
    }
    g_assert_false(says("memnode") || says("numatune"));
    g_assert_cmpstr(strstr(estate_xml(&estate.hello), "<os"), ==, before);
    estate_do(estate_work(&vm_update, &estate.hello, "<vm><memory>536870912</memory></vm>"));
    estate_close();
}

/* One that is the whole machine says where its memory comes from, or nothing. */
static void
test_alone(void)
{
    open_pair();
    estate_do(ADD_NODE("0", "256", CORE("0") CORE("1"), ""));
    g_assert_nonnull(estate_vm(&estate.hello)->numa_draft);
    estate_do(estate_work(&vm_start, &estate.hello, NULL));
    estate_do(estate_work(&vm_stop, &estate.hello, NULL));
    Id id = virtual_node_id(&estate.hello, 0);
    estate_do(estate_child_work(&numa_node_update, &estate.hello, &id, "<vm_numa_node>" PIN("0") "</vm_numa_node>"));
    g_assert_true(says("<memnode cellid='0' mode='strict' nodeset='0'/>"));
    g_assert_null(estate_vm(&estate.hello)->numa_draft);
    estate_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/numa/refusals", test_refusals);
    g_test_add_func("/numa/whole", test_whole);
    g_test_add_func("/numa/alone", test_alone);
    return g_test_run();
}
