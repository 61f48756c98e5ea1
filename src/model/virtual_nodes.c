/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rows of a VM's NUMA nodes, and whether they are the whole of it. */
#include "model/virtual_nodes.h"

#include "model/vm.h"

NAMES_TABLE(numa_tune_names, NUMA_TUNE);

/* clang-format off */
static const Type core_type = { .one = "core", .many = "cores", .size = sizeof(NodeIndex), .fields = (const Field[]) {
    INT(NodeIndex, index, ADD | SET, "Its number, from 0 on."),
    { 0 } } };

static const Type node_cpu_type = { .one = "cpu", .many = "cpus", .size = sizeof(NodeCpu), .fields = (const Field[]) {
    LIST(NodeCpu, cores, core_type, ADD | SET, "Processors of the VM."),
    { 0 } } };

static const Type pin_type = { .one = "numa_node_pin", .many = "numa_node_pins", .size = sizeof(NodeIndex), .fields = (const Field[]) {
    INT(NodeIndex, index, ADD | SET, "The number of a NUMA node of the host."),
    { 0 } } };

const Type virtual_node_type = { .one = "vm_numa_node", .many = "vm_numa_nodes", .path = "numanodes", .size = sizeof(VirtualNode), .parent = &vm_type,
    .help = "A NUMA node of a VM.", .fields = (const Field[]) {
    TEXT (VirtualNode, name,        0,                       "Its name."),
    TEXT (VirtualNode, description, 0,                       "For people."),
    TEXT (VirtualNode, comment,     0,                       "For people."),
    INT  (VirtualNode, index,  ADD | SHOW,                   "Its number, from 0 on."),
    SIZE (VirtualNode, memory, "MiB", ADD | SET | SHOW | NEED, "MiB."),
    GROUP(VirtualNode, cpu, node_cpu_type, ADD | SET | SHOW, "Its processors."),
    LIST (VirtualNode, numa_node_pins, pin_type, ADD | SET | SHOW, "Nodes of the host that its memory comes from."),
    ENUM (VirtualNode, numa_tune_mode, numa_tune_names, ADD | SET | SHOW, "How strictly: strict, preferred, interleave."),
    { 0 } } };
/* clang-format on */

Id
virtual_node_id(const Id *vm, gint64 index)
{
    g_autofree char *name = g_strdup_printf("numa:%" G_GINT64_FORMAT, index);
    return id_named(vm, name);
}

gboolean
virtual_node_has(const List *indexes, gint64 index)
{
    for (guint i = 0; i < indexes->count; i++) {
        if (((const NodeIndex *) indexes->items[i])->index == index)
            return TRUE;
    }
    return FALSE;
}

void
virtual_node_add(List *indexes, gint64 index)
{
    NodeIndex *added = g_new0(NodeIndex, 1);
    added->index = index;
    list_add(indexes, added);
}

/* --- as text ------------------------------------------------------------------------------------------------------------------------- */

static int
compare_numbers(gconstpointer a, gconstpointer b)
{
    gint64 one = *(const gint64 *) a, other = *(const gint64 *) b;
    return one < other ? -1 : one > other;
}

static void
add_indexes(GString *text, const List *indexes)
{
    g_autoptr(GArray) sorted = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (guint i = 0; i < indexes->count; i++)
        g_array_append_val(sorted, ((const NodeIndex *) indexes->items[i])->index);
    g_array_sort(sorted, compare_numbers);
    for (guint i = 0; i < sorted->len; i++)
        g_string_append_printf(text, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "", g_array_index(sorted, gint64, i));
}

static const VirtualNode *
find_index(const List *nodes, gint64 index)
{
    for (guint i = 0; i < nodes->count; i++) {
        if (((const VirtualNode *) nodes->items[i])->index == index)
            return nodes->items[i];
    }
    return NULL;
}

char *
virtual_nodes_text(const List *nodes)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (gint64 index = 0; index < VIRTUAL_NODES_MOST; index++) {
        const VirtualNode *node = find_index(nodes, index);
        if (!node)
            continue;
        g_string_append_printf(text, "%s%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT ":", text->len > 0 ? ";" : "", node->index, node->memory);
        add_indexes(text, &node->cpu.cores);
        g_string_append_c(text, ':');
        add_indexes(text, &node->numa_node_pins);
        g_string_append_printf(text, ":%s", names_get(&numa_tune_names, node->numa_tune_mode));
    }
    return text->len > 0 ? g_strdup(text->str) : NULL;
}

static void
read_indexes(const char *text, List *ret)
{
    g_auto(GStrv) words = g_strsplit(text, ",", 4096);
    for (guint i = 0; words[i] && *words[i]; i++)
        virtual_node_add(ret, g_ascii_strtoll(words[i], NULL, 10));
}

void
virtual_nodes_read(const char *text, const Id *vm, List *ret_nodes)
{
    g_auto(GStrv) parts = g_strsplit(text, ";", VIRTUAL_NODES_MOST);
    for (guint i = 0; parts[i]; i++) {
        g_auto(GStrv) words = g_strsplit(parts[i], ":", 5);
        if (g_strv_length(words) != 5)
            continue;
        VirtualNode *node = object_new(&virtual_node_type);
        node->index = g_ascii_strtoll(words[0], NULL, 10);
        node->object.id = virtual_node_id(vm, node->index);
        node->memory = g_ascii_strtoll(words[1], NULL, 10);
        read_indexes(words[2], &node->cpu.cores);
        read_indexes(words[3], &node->numa_node_pins);
        node->numa_tune_mode = names_find(&numa_tune_names, words[4]);
        list_add(ret_nodes, node);
    }
}

/* --- the whole ------------------------------------------------------------------------------------------------------------------------ */

gint64
virtual_nodes_memory(const List *nodes)
{
    gint64 memory = 0;
    for (guint i = 0; i < nodes->count; i++)
        memory += ((const VirtualNode *) nodes->items[i])->memory;
    return memory;
}

gint64
virtual_nodes_cpus(const List *nodes)
{
    gint64 cpus = 0;
    for (guint i = 0; i < nodes->count; i++)
        cpus += ((const VirtualNode *) nodes->items[i])->cpu.cores.count;
    return cpus;
}

gboolean
virtual_nodes_are_whole(const List *nodes, gint64 memory, gint64 cpus)
{
    for (guint i = 0; i < nodes->count; i++) {
        if (!find_index(nodes, i))
            return FALSE;
    }
    return nodes->count > 0 && virtual_nodes_memory(nodes) == memory && virtual_nodes_cpus(nodes) == cpus;
}
