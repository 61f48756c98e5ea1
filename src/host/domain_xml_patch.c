/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Editing a domain: what the VM says otherwise than its XML becomes splices of that XML, and nothing else does. The result
 * is read again and patched again; if that would still change anything the edit is refused rather than half done. */
#include "host/domain_xml_patch.h"

#include "host/domain_xml_firmware.h"
#include "host/domain_xml_group.h"

#include <string.h>

#define MOST_XML_MEMORY (1ll << 60)

/* --- small edits ---------------------------------------------------------------------------------------------------------------- */

static gboolean
same_text(const char *a, const char *b)
{
    return g_strcmp0(a ? a : "", b ? b : "") == 0;
}

void
patch_insert(Patch *patch, const ScanNode *parent, const char *name, const char *fragment)
{
    const ScanNode *last = NULL;
    for (const ScanNode *node = scan_child(patch->now->doc, parent, name); node; node = scan_next(patch->now->doc, node))
        last = node;
    splice_insert(&patch->splices, parent, last, fragment);
}

/* The child element NAME of PARENT says VALUE; none where VALUE is NULL or empty. */
static void
set_child(Patch *patch, const ScanNode *parent, const char *name, const char *value, const char *behind)
{
    const ScanNode *node = scan_child(patch->now->doc, parent, name);
    if (node && value && *value) {
        splice_text(&patch->splices, node, value);
    } else if (node) {
        splice_remove(&patch->splices, node);
    } else if (value && *value) {
        g_auto(Text) fragment = TEXT_EMPTY;
        text_printf(&fragment, "<%s>", name);
        splice_add_value(&fragment, value);
        text_printf(&fragment, "</%s>", name);
        g_autofree char *text = text_take(&fragment);
        patch_insert(patch, parent, behind, text);
    }
}

void
patch_child_number(Patch *patch, const ScanNode *parent, const char *name, gint64 value)
{
    g_autofree char *text = value > 0 ? g_strdup_printf("%" G_GINT64_FORMAT, value) : NULL;
    set_child(patch, parent, name, text, name);
}

void
patch_remove_each(Patch *patch, const ScanNode *parent, const char *name)
{
    for (const ScanNode *node = scan_child(patch->now->doc, parent, name); node; node = scan_next(patch->now->doc, node))
        splice_remove(&patch->splices, node);
}

void
patch_switch(Patch *patch, gboolean now, gboolean wished, const char *name, const char *fragment)
{
    if (!now == !wished)
        return;
    if (wished)
        patch_insert(patch, patch->now->devices, name, fragment);
    else
        patch_remove_each(patch, patch->now->devices, name);
}

/* Whole KiB, as libvirt counts. The unit that stands there is kept if it divides. */
static void
set_bytes(Patch *patch, const ScanNode *node, gint64 bytes)
{
    gint64 now = 0, number = 0;
    reading_bytes(patch->now->doc, node, &now);
    scan_number(patch->now->doc, node, &number);
    gint64 unit = number > 0 ? now / number : 0;
    if (unit <= 0 || bytes % unit != 0) {
        unit = 1024;
        splice_attribute(&patch->splices, node, "unit", "KiB");
    }
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, bytes / unit);
    splice_text(&patch->splices, node, text);
}

static guint
count_cells(const Patch *patch)
{
    guint count = 0;
    const ScanDoc *doc = patch->now->doc;
    for (const ScanNode *cell = scan_path(doc, doc->root, "cpu/numa/cell"); cell; cell = scan_next(doc, cell))
        count++;
    return count;
}

static gboolean
check_cells(const Patch *patch, const char *what, GError **error)
{
    g_autofree char *cells = g_strdup_printf("%u", count_cells(patch));
    return count_cells(patch) <= 1 || fault_set(error, MSG_DOMAIN_XML_CELLS, "what", what, "vm", patch->vm->name, "cells", cells, NULL);
}

/* --- name, description -------------------------------------------------------------------------------------------------------------- */

static gboolean
patch_words(Patch *patch, GError **error)
{
    const Vm *now = patch->now->vm, *vm = patch->vm;
    const ScanNode *root = patch->now->doc->root;
    if (vm->name && *vm->name && !same_text(vm->name, now->name))
        set_child(patch, root, "name", vm->name, "name");
    if (!same_text(vm->description, now->description))
        set_child(patch, root, "description", vm->description, scan_child(patch->now->doc, root, "title") ? "title" : "uuid");
    return TRUE;
}

/* --- memory ---------------------------------------------------------------------------------------------------------------------- */

/* A balloon that stood at the old size follows; one that stood lower stays. */
static void
set_current_memory(Patch *patch, gint64 bytes)
{
    const ScanNode *node = scan_child(patch->now->doc, patch->now->doc->root, "currentMemory");
    gint64 current;
    if (!node || !reading_bytes(patch->now->doc, node, &current))
        return;
    if (current == patch->now->vm->memory || current > bytes)
        set_bytes(patch, node, bytes);
}

static void
set_cell_memory(Patch *patch, gint64 bytes)
{
    const ScanDoc *doc = patch->now->doc;
    const ScanNode *cell = scan_path(doc, doc->root, "cpu/numa/cell");
    gint64 plugged = 0, size;
    for (const ScanNode *dimm = scan_child(doc, patch->now->devices, "memory"); dimm; dimm = scan_next(doc, dimm))
        plugged += reading_bytes(doc, scan_path(doc, dimm, "target/size"), &size) ? size : 0;
    g_autofree char *kib = g_strdup_printf("%" G_GINT64_FORMAT, MAX(bytes - plugged, 1 << 20) / 1024);
    if (!scan_attribute(patch->now->doc, cell, "memory"))
        return;
    splice_attribute(&patch->splices, cell, "memory", kib);
    splice_attribute(&patch->splices, cell, "unit", "KiB");
}

static gboolean
patch_memory(Patch *patch, GError **error)
{
    const ScanDoc *doc = patch->now->doc;
    const ScanNode *memory = scan_child(doc, doc->root, "memory"), *most = scan_child(doc, doc->root, "maxMemory");
    const MemoryPolicy *policy = &patch->vm->memory_policy;
    gint64 bytes = patch->vm->memory, now = patch->now->vm->memory;
    if (bytes > 0 && bytes < MOST_XML_MEMORY && bytes != now)
        bytes = (bytes + 1023) / 1024 * 1024;
    gint64 room = MAX(memory_room(patch->vm), (patch->vm->memory + 1023) / 1024 * 1024), had = 0;
    reading_bytes(doc, most, &had);
    gboolean told = policy->max > 0 && policy->max != patch->now->vm->memory_policy.max, full = bytes != now && had <= MAX(bytes, now);
    if (most && (told || full))
        set_bytes(patch, most, room);
    if (bytes <= 0 || bytes >= MOST_XML_MEMORY || bytes == now)
        return TRUE;
    if (!check_cells(patch, "memory", error))
        return FALSE;
    g_autofree char *fragment = g_strdup_printf("<memory unit='KiB'>%" G_GINT64_FORMAT "</memory>", bytes / 1024);
    if (memory)
        set_bytes(patch, memory, bytes);
    else
        patch_insert(patch, doc->root, "uuid", fragment);
    set_current_memory(patch, bytes);
    set_cell_memory(patch, bytes);
    return TRUE;
}

/* --- processors -------------------------------------------------------------------------------------------------------------------- */

static gint64
part_of(const ScanDoc *doc, const ScanNode *topology, const char *name)
{
    gint64 value;
    return scan_get_number(doc, topology, name, &value) && value > 0 ? value : 1;
}

/* More or fewer sockets of a domain with room for hotplug: only the present number changes. FALSE where that is not the case. */
static gboolean
set_current_processors(Patch *patch, const CpuTopology *wished, gint64 count)
{
    const ScanDoc *doc = patch->now->doc;
    const ScanNode *vcpu = scan_child(doc, doc->root, "vcpu"), *topology = scan_path(doc, doc->root, "cpu/topology");
    gint64 most, cores = part_of(doc, topology, "cores") * part_of(doc, topology, "dies") * part_of(doc, topology, "clusters");
    if (!scan_attribute(doc, vcpu, "current") || !scan_number(doc, vcpu, &most) || count > most)
        return FALSE;
    if (wished->cores != cores || wished->threads != part_of(doc, topology, "threads"))
        return FALSE;
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, count);
    splice_attribute(&patch->splices, vcpu, "current", text);
    return TRUE;
}

static void
set_topology(Patch *patch, const CpuTopology *wished)
{
    const ScanDoc *doc = patch->now->doc;
    const ScanNode *cpu = scan_child(doc, doc->root, "cpu"), *topology = scan_child(doc, cpu, "topology");
    const struct {
        const char *name;
        gint64 value;
    } parts[] = { { "sockets", wished->sockets }, { "dies", 1 }, { "clusters", 1 }, { "cores", wished->cores }, { "threads", wished->threads } };
    for (guint i = 0; topology && i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, parts[i].value);
        if (parts[i].value != 1 || scan_attribute(doc, topology, parts[i].name))
            splice_attribute(&patch->splices, topology, parts[i].name, text);
    }
    if (topology || wished->cores * wished->threads == 1)
        return;
    g_autofree char *line = g_strdup_printf("<topology sockets='%" G_GINT64_FORMAT "' cores='%" G_GINT64_FORMAT "' threads='%" G_GINT64_FORMAT "'/>",
                                            wished->sockets, wished->cores, wished->threads);
    g_autofree char *whole = g_strdup_printf("<cpu>\n  %s\n</cpu>", line);
    if (cpu)
        splice_insert(&patch->splices, cpu, NULL, line);
    else
        patch_insert(patch, doc->root, "vcpu", whole);
}

static void
set_processors(Patch *patch, const CpuTopology *wished, gint64 count)
{
    const ScanDoc *doc = patch->now->doc;
    const ScanNode *vcpu = scan_child(doc, doc->root, "vcpu"), *each = scan_child(doc, doc->root, "vcpus");
    const ScanNode *cell = scan_path(doc, doc->root, "cpu/numa/cell");
    patch_child_number(patch, doc->root, "vcpu", count);
    if (vcpu)
        splice_attribute(&patch->splices, vcpu, "current", NULL);
    if (each)
        splice_remove(&patch->splices, each);
    g_autofree char *range = count > 1 ? g_strdup_printf("0-%" G_GINT64_FORMAT, count - 1) : g_strdup("0");
    if (scan_attribute(doc, cell, "cpus"))
        splice_attribute(&patch->splices, cell, "cpus", range);
    set_topology(patch, wished);
}

static gboolean
patch_processors(Patch *patch, GError **error)
{
    const CpuTopology *now = &patch->now->vm->cpu.topology, *vm = &patch->vm->cpu.topology;
    CpuTopology wished = { .cores = MAX(vm->cores, 1), .sockets = MAX(vm->sockets, 1), .threads = MAX(vm->threads, 1) };
    gboolean said = vm->cores > 0 || vm->sockets > 0 || vm->threads > 0;
    if (!said || (wished.cores == now->cores && wished.sockets == now->sockets && wished.threads == now->threads))
        return TRUE;
    if (!check_cells(patch, "processors", error))
        return FALSE;
    if (!set_current_processors(patch, &wished, vm_cpus(patch->vm)))
        set_processors(patch, &wished, vm_cpus(patch->vm));
    return TRUE;
}

/* --- machine and firmware ------------------------------------------------------------------------------------------------------- */

static const char *
chipset(const char *machine)
{
    return reading_is_i440fx(machine) ? "i440fx" : strstr(machine, "q35") ? "q35" : machine;
}

static gboolean
patch_machine(Patch *patch, GError **error)
{
    const char *wished = patch->vm->custom_emulated_machine, *now = patch->now->machine;
    if (!wished || !*wished || same_text(wished, patch->now->vm->custom_emulated_machine) || g_str_equal(wished, now))
        return TRUE;
    const ScanNode *type = scan_child(patch->now->doc, patch->now->os, "type");
    gboolean both_virt = g_str_has_prefix(wished, "virt") && g_str_has_prefix(now, "virt");
    if (!type || (!both_virt && !g_str_equal(chipset(wished), chipset(now))))
        return fault_set(error, MSG_DOMAIN_XML_MACHINE, "vm", patch->vm->name, "from", now, "to", wished, NULL);
    splice_attribute(&patch->splices, type, "machine", wished);
    return TRUE;
}

static void
ask_for_uefi(Patch *patch, gboolean secure)
{
    const ScanNode *os = patch->now->os;
    g_auto(Text) nvram = TEXT_EMPTY;
    g_autofree char *path = firmware_variables(patch->world ? patch->world->host : NULL, &patch->now->id, secure);
    patch_insert(patch, os, "type", firmware_wish(secure));
    if (!path)
        return;
    text_add_literal(&nvram, "<nvram>");
    splice_add_value(&nvram, path);
    text_add_literal(&nvram, "</nvram>");
    g_autofree char *element = text_take(&nvram);
    patch_insert(patch, os, "type", element);
}

/* libvirt chooses the files by what is asked of them; those it chose before go. Each kind keeps variables of its own: those of a firmware that
 * checks signatures have keys in them that the other's lack. */
static void
set_firmware(Patch *patch, BiosType wished)
{
    const ScanNode *os = patch->now->os;
    splice_attribute(&patch->splices, os, "firmware", wished == BIOS_Q35_SEA_BIOS ? NULL : "efi");
    patch_remove_each(patch, os, "loader");
    patch_remove_each(patch, os, "nvram");
    patch_remove_each(patch, os, "firmware");
    if (firmware_is_uefi((int) wished))
        ask_for_uefi(patch, wished == BIOS_Q35_SECURE_BOOT);
}

static gboolean
patch_firmware(Patch *patch, GError **error)
{
    const ScanDoc *doc = patch->now->doc;
    BiosType said = patch->vm->bios.type, now = reading_firmware(patch->now);
    BiosType wished = said == BIOS_CLUSTER_DEFAULT && reading_is_x86(patch->now) ? BIOS_Q35_SEA_BIOS : said;
    if (said == 0 || (int) said == patch->now->vm->bios.type || wished == now)
        return TRUE;
    if (!reading_is_x86(patch->now))
        return fault_set(error, MSG_DOMAIN_XML_FIXED, "field", "bios.type", "vm", patch->vm->name, NULL);
    if (now == BIOS_I440FX_SEA_BIOS || wished == BIOS_I440FX_SEA_BIOS)
        return fault_set(error, MSG_DOMAIN_XML_MACHINE, "vm", patch->vm->name, "from", names_get(&bios_type_names, now), "to",
                         names_get(&bios_type_names, wished), NULL);
    if (scan_child(doc, patch->now->os, "loader") && !scan_attribute(doc, patch->now->os, "firmware"))
        return fault_set(error, MSG_DOMAIN_XML_FIRMWARE, "vm", patch->vm->name, NULL);
    set_firmware(patch, wished);
    return TRUE;
}

static gboolean
patch_direct_boot(Patch *patch, GError **error)
{
    const OperatingSystem *now = &patch->now->vm->os, *vm = &patch->vm->os;
    const ScanNode *os = patch->now->os, *menu = scan_child(patch->now->doc, os, "bootmenu");
    gboolean wants_menu = patch->vm->bios.boot_menu.enabled;
    if (!same_text(vm->kernel, now->kernel))
        set_child(patch, os, "kernel", vm->kernel, "type");
    if (!same_text(vm->initrd, now->initrd))
        set_child(patch, os, "initrd", vm->initrd, "kernel");
    if (!same_text(vm->cmdline, now->cmdline))
        set_child(patch, os, "cmdline", vm->cmdline, "initrd");
    if (!wants_menu == !patch->now->vm->bios.boot_menu.enabled)
        return TRUE;
    if (menu)
        splice_attribute(&patch->splices, menu, "enable", wants_menu ? "yes" : "no");
    else
        splice_insert(&patch->splices, os, NULL, "<bootmenu enable='yes'/>");
    return TRUE;
}

/* --- the groups, and what is settled ---------------------------------------------------------------------------------------------- */

static gboolean
patch_groups(Patch *patch, GError **error)
{
    for (guint i = 0; domain_groups[i]; i++) {
        if (domain_groups[i]->patch && !domain_groups[i]->patch(patch, error))
            return FALSE;
    }
    return TRUE;
}

/* What is settled when a domain is made. Saying nothing, or what is, is no change. */
static gboolean
check_fixed(Patch *patch, GError **error)
{
    static const char *const paths[] = { "cpu.architecture", "cpu.mode", "custom_cpu_model", "time_zone.name" };
    for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
        gconstpointer now, wished;
        const Field *field = type_walk(&vm_type, patch->vm, paths[i], &wished);
        type_walk(&vm_type, patch->now->vm, paths[i], &now);
        if (!field_is_absent(field, wished) && !field_equal(field, wished, now))
            return fault_set(error, MSG_DOMAIN_XML_FIXED, "field", paths[i], "vm", patch->vm->name, NULL);
    }
    return TRUE;
}

/* --- the whole -------------------------------------------------------------------------------------------------------------------- */

static gboolean
check_parts(Patch *patch, GError **error)
{
    const char *missing = !patch->now->os ? "os" : !patch->now->devices ? "devices" : NULL;
    return !missing || fault_set(error, MSG_DOMAIN_XML_NO_DEVICES, "vm", patch->vm->name, "what", missing, NULL);
}

static void
name_devices(Patch *patch)
{
    for (guint i = 0; i < patch->nameless->len; i++) {
        const Device *device = patch->nameless->pdata[i];
        const ScanNode *node = scan_child(patch->now->doc, device->node, "alias");
        char text[ID_TEXT_SIZE];
        g_autofree char *ours = g_strconcat(PATCH_ALIAS, id_format(&device->id, ID_UUID, text), NULL);
        g_autofree char *fragment = g_strdup_printf("<alias name='%s'/>", ours);
        if (node)
            splice_attribute(&patch->splices, node, "name", ours);
        else
            splice_insert(&patch->splices, device->node, NULL, fragment);
    }
}

/* The mark comes with the first edit, and says from then on what the manager knows. */
static gboolean
patch_mark(Patch *patch, GError **error)
{
    const Reading *now = patch->now;
    const char *job = patch->world ? patch->world->job : NULL;
    const ScanNode *metadata = scan_child(now->doc, now->doc->root, "metadata");
    gboolean anyway = patch->world && patch->world->mark;
    if (now->next || (!now->ours && !anyway && !splice_any(&patch->splices)))
        return TRUE;
    name_devices(patch);
    if (now->mark) {
        mark_patch(&patch->splices, now, patch->vm, NULL, patch->marks);
        if (job && splice_any(&patch->splices))
            splice_attribute(&patch->splices, now->mark, "job", job);
        return TRUE;
    }
    g_autofree char *mark = mark_make(patch->vm, &now->id, job, patch->marks);
    if (metadata) {
        splice_insert(&patch->splices, metadata, NULL, mark);
        return TRUE;
    }
    g_auto(GStrv) lines = g_strsplit(mark, "\n", -1);
    g_autofree char *inner = g_strjoinv("\n  ", lines);
    g_autofree char *whole = g_strdup_printf("<metadata>\n  %s\n</metadata>", inner);
    patch_insert(patch, now->doc->root, "uuid", whole);
    return TRUE;
}

static gboolean (*const facets[])(Patch *patch, GError **error) = {
    check_parts,   check_fixed,    patch_words,       patch_memory, patch_processors,
    patch_machine, patch_firmware, patch_direct_boot, patch_groups, patch_mark,
};

static gboolean
run_facets(Patch *patch, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(facets); i++) {
        if (!facets[i](patch, error))
            return FALSE;
    }
    return TRUE;
}

/* NULL with a fault, or the new text; RET tells whether anything is new in it. A VM that is as it was changes nothing, however odd its
 * document: what somebody left lying about in our mark is put in order with the next edit. */
static char *
patch_once(const char *xml, const Vm *vm, const DomainWorld *world, gboolean *ret_changed, GError **error)
{
    g_autoptr(Reading) now = reading_new(xml, world ? world->next : NULL, error);
    if (!now)
        return NULL;
    Patch patch = { .now = now, .vm = vm, .world = world, .marks = g_array_new(FALSE, FALSE, sizeof(MarkDevice)), .nameless = g_ptr_array_new() };
    g_array_set_clear_func(patch.marks, mark_device_clear);
    splice_begin(&patch.splices, now->doc);
    gboolean good = (type_equal(&vm_type, vm, now->vm) && !(world && world->mark)) || run_facets(&patch, error);
    *ret_changed = good && splice_any(&patch.splices);
    char *text = !good ? NULL : *ret_changed ? splice_apply(&patch.splices) : g_strdup(xml);
    splice_end(&patch.splices);
    g_array_unref(patch.marks);
    g_ptr_array_unref(patch.nameless);
    return text;
}

static gboolean
refuse_text(const Vm *vm, const GError *why, GError **error)
{
    const char *reason = message_argument(fault_message(why), "reason");
    return fault_set(error, MSG_DOMAIN_XML_CHARACTER, "vm", vm->name, "reason", reason ? reason : why->message, NULL);
}

char *
domain_xml_patch(const char *xml, const Vm *vm, const DomainWorld *world, GError **error)
{
    gboolean changed, again;
    g_autoptr(GError) why = NULL;
    g_autofree char *text = patch_once(xml, vm, world, &changed, error);
    if (!text || !changed)
        return g_steal_pointer(&text);
    g_autoptr(ScanDoc) readable = scan_new(text, &why);
    if (!readable) {
        refuse_text(vm, why, error);
        return NULL;
    }
    g_autofree char *second = patch_once(text, vm, world, &again, &why);
    if (second && !again)
        return g_steal_pointer(&text);
    fault_set(error, MSG_DOMAIN_XML_DID_NOT_TAKE, "vm", vm->name, NULL);
    return NULL;
}
