/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Memory beside its size: the room for more of it while the guest runs, and the pages it is made of. Room is a number of slots and one cell of
 * NUMA, as libvirt plugs memory into cells; a machine without them gets none while it runs. */
#include "host/domain_xml_group.h"

#define SLOTS 16
#define MOST_ROOM (1ll << 39)           /* beside more than that a processor that was not told so has no addresses */

/* --- room for more ---------------------------------------------------------------------------------------------------------------- */

gint64
memory_room(const Vm *vm)
{
    gint64 most = MIN(vm->memory_policy.max, MAX(vm->memory, MOST_ROOM)) / LIVE_MEMORY_BLOCK * LIVE_MEMORY_BLOCK;
    return most >= vm->memory + LIVE_MEMORY_BLOCK ? most : 0;
}

static void
add_room(Build *build)
{
    gint64 room = build->architecture == ARCHITECTURE_X86_64 ? memory_room(build->vm) : 0;
    if (room > 0)
        build_format(build, 1, "<maxMemory slots='%d' unit='KiB'>%" G_GINT64_FORMAT "</maxMemory>", SLOTS, room / 1024);
}

void
build_cell(Build *build)
{
    if (build->architecture != ARCHITECTURE_X86_64 || memory_room(build->vm) == 0)
        return;
    build_line(build, 2, "<numa>");
    build_format(build, 3, "<cell id='0' memory='%" G_GINT64_FORMAT "' unit='KiB'/>", (build->vm->memory + 1023) / 1024);
    build_line(build, 2, "</numa>");
}

/* --- pages ------------------------------------------------------------------------------------------------------------------------ */

static char *
pages_of(const char *value)
{
    if (g_str_equal(value, "0"))
        return g_strdup("<hugepages/>");
    return g_strdup_printf("<hugepages>\n  <page size='%s' unit='KiB'/>\n</hugepages>", value);
}

static void
add_memory(Build *build)
{
    const char *value = vm_property(build->vm, VM_HUGEPAGES);
    add_room(build);
    if (!value)
        return;
    g_autofree char *pages = pages_of(value);
    build_line(build, 1, "<memoryBacking>");
    build_lines(build, 2, pages);
    build_line(build, 1, "</memoryBacking>");
}

static void
read_pages(Reading *reading)
{
    const ScanDoc *doc = reading->doc;
    const ScanNode *pages = scan_path(doc, doc->root, "memoryBacking/hugepages"), *page = scan_child(doc, pages, "page");
    gint64 bytes = 0;
    if (!pages)
        return;
    if (page)
        reading_size(doc, page, "size", &bytes);
    CustomProperty *property = g_new0(CustomProperty, 1);
    property->name = g_strdup(VM_HUGEPAGES);
    property->value = g_strdup_printf("%" G_GINT64_FORMAT, bytes / 1024);
    list_add(&reading->vm->custom_properties, property);
}

static void
set_pages(Patch *patch, const char *value)
{
    const ScanDoc *doc = patch->now->doc;
    const ScanNode *backing = scan_child(doc, doc->root, "memoryBacking"), *pages = scan_child(doc, backing, "hugepages");
    g_autofree char *fragment = pages_of(value);
    g_auto(GStrv) lines = g_strsplit(fragment, "\n", -1);
    g_autofree char *inner = g_strjoinv("\n  ", lines);
    g_autofree char *whole = g_strdup_printf("<memoryBacking>\n  %s\n</memoryBacking>", inner);
    if (pages)
        splice_replace(&patch->splices, pages, fragment);
    else if (backing)
        splice_insert(&patch->splices, backing, NULL, fragment);
    else
        patch_insert(patch, doc->root, "memory", whole);
}

/* With nothing else in it the backing goes too. */
static void
forget_pages(Patch *patch)
{
    const ScanNode *backing = scan_child(patch->now->doc, patch->now->doc->root, "memoryBacking");
    const ScanNode *pages = scan_child(patch->now->doc, backing, "hugepages");
    if (pages)
        splice_remove(&patch->splices, backing->first == backing->last ? backing : pages);
}

static gboolean
patch_memory(Patch *patch, GError **error)
{
    (void) error;
    const char *now = vm_property(patch->now->vm, VM_HUGEPAGES), *wished = vm_property(patch->vm, VM_HUGEPAGES);
    if (g_strcmp0(now, wished) == 0)
        return TRUE;
    if (wished)
        set_pages(patch, wished);
    else
        forget_pages(patch);
    return TRUE;
}

const DomainGroup group_memory = { .machine = add_memory, .read = read_pages, .patch = patch_memory };
