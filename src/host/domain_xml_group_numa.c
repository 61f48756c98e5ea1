/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * NUMA nodes that a VM was given by hand. One cell alone, without a node of the host, is what memory is plugged into (domain_xml_group_memory.c)
 * and no node; nodes that are not the whole machine yet stand in our mark. */
#include "host/domain_xml_group.h"

#include <string.h>

/* --- reading ---------------------------------------------------------------------------------------------------------------------- */

/* "0-3,8", of those below MOST: processors that may still be plugged in are put into the first cell by libvirt. */
static void
read_range(const char *text, gint64 most, List *ret)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", 1024);
    for (guint i = 0; parts[i]; i++) {
        char *end;
        gint64 first = g_ascii_strtoll(parts[i], &end, 10);
        gint64 last = *end == '-' ? g_ascii_strtoll(end + 1, NULL, 10) : first;
        for (gint64 index = MAX(first, 0); index <= MIN(last, most - 1); index++)
            virtual_node_add(ret, index);
    }
}

static const ScanNode *
find_memnode(const ScanDoc *doc, gint64 index)
{
    gint64 cell;
    const ScanNode *node = scan_path(doc, doc->root, "numatune/memnode");
    while (node && !(scan_get_number(doc, node, "cellid", &cell) && cell == index))
        node = scan_next(doc, node);
    return node;
}

static void
read_pins(const ScanDoc *doc, VirtualNode *node)
{
    const ScanNode *memnode = find_memnode(doc, node->index);
    g_autofree char *set = scan_get(doc, memnode, "nodeset"), *mode = scan_get(doc, memnode, "mode");
    if (set)
        read_range(set, 4096, &node->numa_node_pins);
    if (memnode)
        node->numa_tune_mode = names_find(&numa_tune_names, mode ? mode : "strict");
}

static void
read_cell(Reading *reading, const ScanNode *cell, gint64 position)
{
    const ScanDoc *doc = reading->doc;
    VirtualNode *node = object_new(&virtual_node_type);
    gint64 bytes = 0;
    g_autofree char *cpus = scan_get(doc, cell, "cpus");
    if (!scan_get_number(doc, cell, "id", &node->index))
        node->index = position;
    node->object.id = virtual_node_id(&reading->id, node->index);
    reading_size(doc, cell, "memory", &bytes);
    node->memory = bytes >> 20;
    if (cpus)
        read_range(cpus, vm_cpus(reading->vm), &node->cpu.cores);
    else if (position == 0 && !scan_next(doc, cell))
        for (gint64 index = 0; index < vm_cpus(reading->vm); index++)
            virtual_node_add(&node->cpu.cores, index);
    read_pins(doc, node);
    list_add(&reading->vm->numa_nodes, node);
}

static void
read_nodes(Reading *reading)
{
    const ScanDoc *doc = reading->doc;
    const ScanNode *first = scan_path(doc, doc->root, "cpu/numa/cell");
    gboolean by_hand = first && (scan_next(doc, first) || find_memnode(doc, 0));
    gint64 position = 0;
    if (by_hand)
        text_set(&reading->vm->numa_draft, NULL);
    for (const ScanNode *cell = by_hand ? first : NULL; cell && position < VIRTUAL_NODES_MOST; cell = scan_next(doc, cell))
        read_cell(reading, cell, position++);
    if (!by_hand && reading->vm->numa_draft)
        virtual_nodes_read(reading->vm->numa_draft, &reading->id, &reading->vm->numa_nodes);
}

/* --- writing ---------------------------------------------------------------------------------------------------------------------- */

static char *
indexes_text(const List *indexes)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < indexes->count; i++)
        g_string_append_printf(text, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "", ((const NodeIndex *) indexes->items[i])->index);
    return g_strdup(text->str);
}

static const VirtualNode *
node_at(const Vm *vm, gint64 index)
{
    for (guint i = 0; i < vm->numa_nodes.count; i++) {
        if (((const VirtualNode *) vm->numa_nodes.items[i])->index == index)
            return vm->numa_nodes.items[i];
    }
    return NULL;
}

static char *
cells_of(const Vm *vm)
{
    g_autoptr(GString) text = g_string_new("<numa>\n");
    for (guint i = 0; i < vm->numa_nodes.count; i++) {
        const VirtualNode *node = node_at(vm, i);
        g_autofree char *cpus = node ? indexes_text(&node->cpu.cores) : NULL;
        if (node)
            g_string_append_printf(text, "  <cell id='%u' cpus='%s' memory='%" G_GINT64_FORMAT "' unit='KiB'/>\n", i, cpus, node->memory * 1024);
    }
    g_string_append(text, "</numa>");
    return g_strdup(text->str);
}

/* What memory is plugged into once there are no nodes. */
static char *
lone_cell(const Patch *patch)
{
    const ScanDoc *doc = patch->now->doc;
    if (!scan_child(doc, doc->root, "maxMemory"))
        return NULL;
    return g_strdup_printf("<numa>\n  <cell id='0' memory='%" G_GINT64_FORMAT "' unit='KiB'/>\n</numa>", (patch->vm->memory + 1023) / 1024);
}

static void
put_cells(Patch *patch, const char *cells)
{
    const ScanDoc *doc = patch->now->doc;
    const ScanNode *cpu = scan_child(doc, doc->root, "cpu"), *numa = scan_child(doc, cpu, "numa");
    if (numa && cells) {
        splice_replace(&patch->splices, numa, cells);
    } else if (numa) {
        splice_remove(&patch->splices, numa);
    } else if (cells && cpu) {
        splice_insert(&patch->splices, cpu, NULL, cells);
    } else if (cells) {
        g_auto(GStrv) lines = g_strsplit(cells, "\n", -1);
        g_autofree char *inner = g_strjoinv("\n  ", lines);
        g_autofree char *whole = g_strdup_printf("<cpu>\n  %s\n</cpu>", inner);
        patch_insert(patch, doc->root, "vcpu", whole);
    }
}

static void
add_pins(GString *text, const Vm *vm)
{
    for (guint i = 0; i < vm->numa_nodes.count; i++) {
        const VirtualNode *node = node_at(vm, i);
        g_autofree char *set = node && node->numa_node_pins.count > 0 ? indexes_text(&node->numa_node_pins) : NULL;
        if (set)
            g_string_append_printf(text, "%s<memnode cellid='%u' mode='%s' nodeset='%s'/>", text->len > 0 ? "\n" : "", i,
                                   names_get(&numa_tune_names, node->numa_tune_mode ? node->numa_tune_mode : NUMA_STRICT), set);
    }
}

/* What else stands in <numatune> stays. */
static void
put_pins(Patch *patch, const Vm *wished)
{
    const ScanDoc *doc = patch->now->doc;
    const ScanNode *tune = scan_child(doc, doc->root, "numatune"), *memory = scan_child(doc, tune, "memory");
    g_autoptr(GString) text = g_string_new(NULL);
    if (wished)
        add_pins(text, wished);
    if (tune && !memory && text->len == 0) {
        splice_remove(&patch->splices, tune);
        return;
    }
    patch_remove_each(patch, tune, "memnode");
    if (text->len > 0 && tune)
        splice_insert(&patch->splices, tune, NULL, text->str);
    if (text->len == 0 || tune)
        return;
    g_auto(GStrv) lines = g_strsplit(text->str, "\n", -1);
    g_autofree char *inner = g_strjoinv("\n  ", lines);
    g_autofree char *whole = g_strdup_printf("<numatune>\n  %s\n</numatune>", inner);
    patch_insert(patch, doc->root, "vcpu", whole);
}

/* A cell with more to it than we write (shared memory, distances) would lose that. */
static gboolean
check_plain(const Patch *patch, GError **error)
{
    static const char *const known[] = { "id", "cpus", "memory", "unit" };
    const ScanDoc *doc = patch->now->doc;
    for (const ScanNode *cell = scan_path(doc, doc->root, "cpu/numa/cell"); cell; cell = scan_next(doc, cell)) {
        guint count = 0;
        for (guint i = 0; i < G_N_ELEMENTS(known); i++)
            count += scan_attribute(doc, cell, known[i]) != NULL;
        if (cell->n_attributes > count || cell->first)
            return fault_set(error, MSG_DOMAIN_XML_CELL_MORE, "vm", patch->vm->name, NULL);
    }
    return TRUE;
}

static gboolean
patch_nodes(Patch *patch, GError **error)
{
    const Vm *now = patch->now->vm, *wished = patch->vm;
    g_autofree char *was = now->numa_draft ? NULL : virtual_nodes_text(&now->numa_nodes);
    g_autofree char *then = wished->numa_draft ? NULL : virtual_nodes_text(&wished->numa_nodes);
    if (g_strcmp0(was, then) == 0)
        return TRUE;
    if (!check_plain(patch, error))
        return FALSE;
    g_autofree char *cells = then ? cells_of(wished) : lone_cell(patch);
    put_cells(patch, cells);
    put_pins(patch, then ? wished : NULL);
    return TRUE;
}

const DomainGroup group_numa = { .read = read_nodes, .patch = patch_nodes };
