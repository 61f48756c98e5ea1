/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What share of the processors a domain has, and which of them: the pins of its vCPUs, of the emulator and of threads for I/O, the CPUs of all that have
 * no pin, and the nodes its memory comes from. What else stands in <cputune> and <numatune> stays. */
#include "host/domain_xml_group.h"

#define MOST_NUMBER 4096

/* An element of <cputune> for each thread of a kind. */
typedef struct {
    const char *element, *attribute;
} PinRow;

static const PinRow vcpu_row = { "vcpupin", "vcpu" }, io_row = { "iothreadpin", "iothread" };

/* --- reading ---------------------------------------------------------------------------------------------------------------------- */

/* NULL where nothing is said. */
static char *
set_of(const ScanDoc *doc, const ScanNode *node, const char *attribute)
{
    g_autofree char *set = scan_get(doc, node, attribute);
    return set && *g_strstrip(set) ? g_steal_pointer(&set) : NULL;
}

static void
read_pins(const ScanDoc *doc, const ScanNode *tune, const PinRow *row, CpuTune *ret)
{
    gint64 number;
    for (const ScanNode *pin = scan_child(doc, tune, row->element); pin; pin = scan_next(doc, pin)) {
        g_autofree char *set = set_of(doc, pin, "cpuset");
        if (!set || !scan_get_number(doc, pin, row->attribute, &number) || number >= MOST_NUMBER)
            continue;
        if (row == &vcpu_row)
            cpu_tune_pin_vcpu(ret, number, set);
        else
            cpu_tune_pin_io_thread(ret, number, set);
    }
}

static gboolean
is_strict(const ScanDoc *doc, const ScanNode *memory)
{
    return !scan_attribute(doc, memory, "mode") || scan_has(doc, memory, "mode", "strict");
}

static void
read_tune(Reading *reading)
{
    const ScanDoc *doc = reading->doc;
    const ScanNode *tune = scan_child(doc, doc->root, "cputune"), *vcpu = scan_child(doc, doc->root, "vcpu");
    const ScanNode *memory = scan_path(doc, doc->root, "numatune/memory");
    Vm *vm = reading->vm;
    CpuTune *out = &vm->cpu.cpu_tune;
    vm->cpu_shares = reading_number(reading, "cputune/shares");
    read_pins(doc, tune, &vcpu_row, out);
    read_pins(doc, tune, &io_row, out);
    out->emulator_cpu_set = set_of(doc, scan_child(doc, tune, "emulatorpin"), "cpuset");
    out->cpu_set = scan_has(doc, vcpu, "placement", "auto") ? NULL : set_of(doc, vcpu, "cpuset");
    out->memory_node_set = is_strict(doc, memory) ? set_of(doc, memory, "nodeset") : NULL;
    if (!vm->cpu_pinning_policy && out->vcpu_pins.count > 0)
        vm->cpu_pinning_policy = g_strdup("manual");
    if (vm->cpu_pinning_policy && out->vcpu_pins.count == 0)
        text_set(&vm->cpu_pinning_policy, "none");
}

/* --- writing ---------------------------------------------------------------------------------------------------------------------- */

static char *
pin_element(const PinRow *row, gint64 number, const char *set)
{
    g_auto(Text) out = TEXT_EMPTY;
    text_printf(&out, "<%s %s='%" G_GINT64_FORMAT "' cpuset='", row->element, row->attribute, number);
    splice_add_value(&out, set);
    text_add_literal(&out, "'/>");
    return text_take(&out);
}

static char *
set_element(const char *element, const char *set)
{
    g_auto(Text) out = TEXT_EMPTY;
    text_printf(&out, "<%s cpuset='", element);
    splice_add_value(&out, set);
    text_add_literal(&out, "'/>");
    return text_take(&out);
}

static char *
memory_element(const char *set)
{
    g_auto(Text) out = TEXT_EMPTY;
    text_add_literal(&out, "<memory mode='strict' nodeset='");
    splice_add_value(&out, set);
    text_add_literal(&out, "'/>");
    return text_take(&out);
}

static void
add_line(GString *text, char *take_element)
{
    g_string_append_printf(text, "  %s\n", take_element);
    g_free(take_element);
}

/* A thread that is not there has no pin: libvirt would not start. */
static void
add_lines(GString *text, const PinRow *row, const List *pins, gint64 below)
{
    for (guint i = 0; i < pins->count; i++) {
        const VcpuPin *pin = pins->items[i];            /* of either kind: a number and a set */
        if (pin->vcpu < below && pin->cpu_set)
            add_line(text, pin_element(row, pin->vcpu, pin->cpu_set));
    }
}

/* The whole element; NULL: there is nothing to say. */
static char *
tune_element(const Vm *vm)
{
    const CpuTune *tune = &vm->cpu.cpu_tune;
    g_autoptr(GString) text = g_string_new(NULL);
    if (vm->cpu_shares > 0)
        add_line(text, g_strdup_printf("<shares>%" G_GINT64_FORMAT "</shares>", vm->cpu_shares));
    add_lines(text, &vcpu_row, &tune->vcpu_pins, MOST_NUMBER);
    if (tune->emulator_cpu_set)
        add_line(text, set_element("emulatorpin", tune->emulator_cpu_set));
    add_lines(text, &io_row, &tune->io_thread_pins, vm->io.threads + 1);
    return text->len > 0 ? g_strdup_printf("<cputune>\n%s</cputune>", text->str) : NULL;
}

static char *
memory_whole(const Vm *vm)
{
    const char *set = vm->cpu.cpu_tune.memory_node_set;
    g_autofree char *memory = set ? memory_element(set) : NULL;
    return memory ? g_strdup_printf("<numatune>\n  %s\n</numatune>", memory) : NULL;
}

static void
add_tune(Build *build)
{
    g_autofree char *tune = tune_element(build->vm), *memory = memory_whole(build->vm);
    if (tune)
        build_lines(build, 1, tune);
    if (memory)
        build_lines(build, 1, memory);
}

/* --- patching --------------------------------------------------------------------------------------------------------------------- */

static const VcpuPin *
find_pin(const List *pins, gint64 number)
{
    for (guint i = 0; i < pins->count; i++) {
        const VcpuPin *pin = pins->items[i];
        if (pin->vcpu == number && pin->cpu_set)
            return pin;
    }
    return NULL;
}

/* Those that stand there are changed or go, and what is missing comes behind them. */
static void
put_pins(Patch *patch, const ScanNode *tune, const PinRow *row, const List *wished, gint64 below)
{
    const ScanDoc *doc = patch->now->doc;
    g_autoptr(GHashTable) there = g_hash_table_new(NULL, NULL);
    gint64 number;
    for (const ScanNode *node = scan_child(doc, tune, row->element); node; node = scan_next(doc, node)) {
        gboolean known = scan_get_number(doc, node, row->attribute, &number) && number < below;
        const VcpuPin *pin = known ? find_pin(wished, number) : NULL;
        if (pin && g_hash_table_add(there, GINT_TO_POINTER(number + 1)))
            splice_attribute(&patch->splices, node, "cpuset", pin->cpu_set);
        else
            splice_remove(&patch->splices, node);
    }
    for (guint i = 0; i < wished->count; i++) {
        const VcpuPin *pin = wished->items[i];
        if (pin->vcpu >= below || !pin->cpu_set || g_hash_table_contains(there, GINT_TO_POINTER(pin->vcpu + 1)))
            continue;
        g_autofree char *element = pin_element(row, pin->vcpu, pin->cpu_set);
        patch_insert(patch, tune, row->element, element);
    }
}

static gboolean
same_pins(const List *a, const List *b)
{
    for (guint i = 0; a->count == b->count && i < a->count; i++) {
        const VcpuPin *one = a->items[i], *other = b->items[i];
        if (one->vcpu != other->vcpu || g_strcmp0(one->cpu_set, other->cpu_set) != 0)
            return FALSE;
    }
    return a->count == b->count;
}

static void
put_emulator(Patch *patch, const ScanNode *tune, const char *set)
{
    const ScanNode *node = scan_child(patch->now->doc, tune, "emulatorpin");
    g_autofree char *element = set ? set_element("emulatorpin", set) : NULL;
    if (node && set)
        splice_attribute(&patch->splices, node, "cpuset", set);
    else if (node)
        splice_remove(&patch->splices, node);
    else if (element)
        patch_insert(patch, tune, "vcpupin", element);
}

static void
put_tune(Patch *patch, const ScanNode *tune)
{
    const Vm *now = patch->now->vm, *vm = patch->vm;
    const CpuTune *was = &now->cpu.cpu_tune, *then = &vm->cpu.cpu_tune;
    gboolean threads_change = now->io.threads != vm->io.threads;
    if (vm->cpu_shares != now->cpu_shares && vm->cpu_shares >= 0)
        patch_child_number(patch, tune, "shares", vm->cpu_shares);
    if (!same_pins(&was->vcpu_pins, &then->vcpu_pins))
        put_pins(patch, tune, &vcpu_row, &then->vcpu_pins, MOST_NUMBER);
    if (g_strcmp0(was->emulator_cpu_set, then->emulator_cpu_set) != 0)
        put_emulator(patch, tune, then->emulator_cpu_set);
    if (threads_change || !same_pins(&was->io_thread_pins, &then->io_thread_pins))
        put_pins(patch, tune, &io_row, &then->io_thread_pins, vm->io.threads + 1);
}

static void
put_cpu_set(Patch *patch)
{
    const ScanDoc *doc = patch->now->doc;
    const ScanNode *vcpu = scan_child(doc, doc->root, "vcpu");
    const char *was = patch->now->vm->cpu.cpu_tune.cpu_set, *set = patch->vm->cpu.cpu_tune.cpu_set;
    if (!vcpu || g_strcmp0(was, set) == 0)
        return;
    if (set && scan_has(doc, vcpu, "placement", "auto"))
        splice_attribute(&patch->splices, vcpu, "placement", "static");
    splice_attribute(&patch->splices, vcpu, "cpuset", set);
}

/* Memory that comes from anywhere says nothing; where cells have nodes of their own that stays. */
static void
put_memory(Patch *patch)
{
    const ScanDoc *doc = patch->now->doc;
    const ScanNode *tune = scan_child(doc, doc->root, "numatune"), *memory = scan_child(doc, tune, "memory");
    const char *set = patch->vm->cpu.cpu_tune.memory_node_set;
    g_autofree char *element = set ? memory_element(set) : NULL, *whole = memory_whole(patch->vm);
    if (g_strcmp0(patch->now->vm->cpu.cpu_tune.memory_node_set, set) == 0)
        return;
    if (memory && element)
        splice_replace(&patch->splices, memory, element);
    else if (memory)
        splice_remove(&patch->splices, scan_child(doc, tune, "memnode") ? memory : tune);
    else if (tune && element)
        splice_insert(&patch->splices, tune, NULL, element);
    else if (whole)
        patch_insert(patch, doc->root, "vcpu", whole);
}

/* Is there nothing in it but what is ours to say? */
static gboolean
is_all_ours(const ScanDoc *doc, const ScanNode *tune)
{
    static const char *const ours[] = { "shares", "vcpupin", "emulatorpin", "iothreadpin", NULL };
    for (const ScanNode *child = tune->first; child; child = child->next) {
        g_autofree char *name = scan_local_name(doc, child);
        if (!g_strv_contains(ours, name))
            return FALSE;
    }
    return TRUE;
}

static gboolean
patch_tune(Patch *patch, GError **error)
{
    (void) error;
    const ScanDoc *doc = patch->now->doc;
    const ScanNode *tune = scan_child(doc, doc->root, "cputune");
    g_autofree char *whole = tune_element(patch->vm), *was = tune_element(patch->now->vm);
    if (tune && was && !whole && is_all_ours(doc, tune))
        splice_remove(&patch->splices, tune);
    else if (tune)
        put_tune(patch, tune);
    else if (whole)
        patch_insert(patch, doc->root, "vcpu", whole);
    put_cpu_set(patch);
    put_memory(patch);
    return TRUE;
}

const DomainGroup group_pins = { .machine = add_tune, .read = read_tune, .patch = patch_tune };
