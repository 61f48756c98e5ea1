/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rows of what is bound to CPUs, and small questions about it. What a set is, and whether a host has its CPUs, others know. */
#include "model/cpu_tune.h"

#include <string.h>

#define MOST_THREADS 4096

/* clang-format off */
static const Type vcpu_pin_type = { .one = "vcpu_pin", .many = "vcpu_pins", .size = sizeof(VcpuPin), .fields = (const Field[]) {
    TEXT(VcpuPin, cpu_set, ADD | SET, "CPUs of the host it may run on, as 0-3,8 or 0-7,^2."),
    INT (VcpuPin, vcpu,    ADD | SET, "Its number, from 0 on."),
    { 0 } } };

static const Type io_thread_pin_type = { .one = "io_thread_pin", .many = "io_thread_pins", .size = sizeof(IoThreadPin), .fields = (const Field[]) {
    TEXT(IoThreadPin, cpu_set,   ADD | SET, "CPUs of the host it may run on, as 0-3,8 or 0-7,^2."),
    INT (IoThreadPin, io_thread, ADD | SET, "Its number, from 1 on."),
    { 0 } } };

const Type cpu_tune_type = { .one = "cpu_tune", .many = "cpu_tunes", .size = sizeof(CpuTune), .fields = (const Field[]) {
    TEXT(CpuTune, cpu_set,          ADD | SET, "CPUs of all its threads that have no pin of their own."),
    TEXT(CpuTune, emulator_cpu_set, ADD | SET, "CPUs of the emulator."),
    LIST(CpuTune, io_thread_pins, io_thread_pin_type, ADD | SET | OPT, "CPUs of its threads for I/O."),
    TEXT(CpuTune, memory_node_set,  ADD | SET, "NUMA nodes of the host that its memory comes from, and from no others."),
    LIST(CpuTune, vcpu_pins, vcpu_pin_type, ADD | SET | OPT, "CPUs of its vCPUs."),
    { 0 } } };
/* clang-format on */

gboolean
cpu_tune_is_empty(const CpuTune *tune)
{
    return tune->vcpu_pins.count == 0 && tune->io_thread_pins.count == 0 && !tune->cpu_set && !tune->emulator_cpu_set && !tune->memory_node_set;
}

void
cpu_tune_clear(CpuTune *tune)
{
    type_clear(&cpu_tune_type, tune);
    *tune = (CpuTune) { 0 };
}

/* --- one thread ------------------------------------------------------------------------------------------------------------------- */

static VcpuPin *
vcpu_pin(const CpuTune *tune, gint64 vcpu)
{
    for (guint i = 0; i < tune->vcpu_pins.count; i++) {
        if (((const VcpuPin *) tune->vcpu_pins.items[i])->vcpu == vcpu)
            return tune->vcpu_pins.items[i];
    }
    return NULL;
}

static IoThreadPin *
io_thread_pin(const CpuTune *tune, gint64 thread)
{
    for (guint i = 0; i < tune->io_thread_pins.count; i++) {
        if (((const IoThreadPin *) tune->io_thread_pins.items[i])->io_thread == thread)
            return tune->io_thread_pins.items[i];
    }
    return NULL;
}

const char *
cpu_tune_vcpu(const CpuTune *tune, gint64 vcpu)
{
    const VcpuPin *pin = vcpu_pin(tune, vcpu);
    return pin && pin->cpu_set ? pin->cpu_set : tune->cpu_set;
}

const char *
cpu_tune_emulator(const CpuTune *tune)
{
    return tune->emulator_cpu_set ? tune->emulator_cpu_set : tune->cpu_set;
}

const char *
cpu_tune_io_thread(const CpuTune *tune, gint64 thread)
{
    const IoThreadPin *pin = io_thread_pin(tune, thread);
    return pin && pin->cpu_set ? pin->cpu_set : tune->cpu_set;
}

/* Both kinds of pins are a number and a set, in this order. */
G_STATIC_ASSERT(sizeof(VcpuPin) == sizeof(IoThreadPin) && offsetof(VcpuPin, cpu_set) == offsetof(IoThreadPin, cpu_set));

static int
compare_pins(gconstpointer a, gconstpointer b)
{
    gint64 one = (*(const VcpuPin *const *) a)->vcpu, other = (*(const VcpuPin *const *) b)->vcpu;
    return one < other ? -1 : one > other;
}

static void
remove_pin(List *pins, const Type *type, guint at)
{
    type_clear(type, pins->items[at]);
    g_free(pins->items[at]);
    memmove(&pins->items[at], &pins->items[at + 1], (pins->count - at - 1) * sizeof(gpointer));
    if (--pins->count == 0)
        g_clear_pointer(&pins->items, g_free);
}

static void
set_pin(List *pins, const Type *type, gint64 number, const char *set)
{
    for (guint i = pins->count; i > 0; i--) {
        if (((const VcpuPin *) pins->items[i - 1])->vcpu == number)
            remove_pin(pins, type, i - 1);
    }
    if (!set)
        return;
    VcpuPin *pin = g_new0(VcpuPin, 1);
    pin->vcpu = number;
    pin->cpu_set = g_strdup(set);
    gboolean in_order = pins->count == 0 || ((const VcpuPin *) pins->items[pins->count - 1])->vcpu < number;
    list_add(pins, pin);
    if (!in_order)
        qsort(pins->items, pins->count, sizeof(gpointer), compare_pins);
}

void
cpu_tune_pin_vcpu(CpuTune *tune, gint64 vcpu, const char *set)
{
    g_autofree char *kept = g_strdup(set);      /* it may be the pin's own */
    set_pin(&tune->vcpu_pins, &vcpu_pin_type, vcpu, kept);
}

void
cpu_tune_pin_io_thread(CpuTune *tune, gint64 thread, const char *set)
{
    g_autofree char *kept = g_strdup(set);
    set_pin(&tune->io_thread_pins, &io_thread_pin_type, thread, kept);
}

static void
free_pins(List *pins, const Type *type, const char *set)
{
    for (guint i = pins->count; i > 0; i--) {
        if (g_strcmp0(((const VcpuPin *) pins->items[i - 1])->cpu_set, set) == 0)
            remove_pin(pins, type, i - 1);
    }
}

/* A pin to all of them would go before a set for those that have none: then it stays, as it says something. */
void
cpu_tune_free_of(CpuTune *tune, const char *set)
{
    if (set && g_strcmp0(tune->cpu_set, set) == 0)
        text_set(&tune->cpu_set, NULL);
    if (!set || tune->cpu_set)
        return;
    free_pins(&tune->vcpu_pins, &vcpu_pin_type, set);
    free_pins(&tune->io_thread_pins, &io_thread_pin_type, set);
    if (g_strcmp0(tune->emulator_cpu_set, set) == 0)
        text_set(&tune->emulator_cpu_set, NULL);
}

void
cpu_tune_cut(CpuTune *tune, gint64 vcpus, gint64 io_threads)
{
    for (guint i = tune->vcpu_pins.count; i > 0; i--) {
        if (((const VcpuPin *) tune->vcpu_pins.items[i - 1])->vcpu >= vcpus)
            remove_pin(&tune->vcpu_pins, &vcpu_pin_type, i - 1);
    }
    for (guint i = tune->io_thread_pins.count; i > 0; i--) {
        if (((const IoThreadPin *) tune->io_thread_pins.items[i - 1])->io_thread > io_threads)
            remove_pin(&tune->io_thread_pins, &io_thread_pin_type, i - 1);
    }
}

/* --- all of them ------------------------------------------------------------------------------------------------------------------ */

gboolean
cpu_tune_binds_all(const CpuTune *tune, gint64 vcpus)
{
    for (gint64 vcpu = 0; vcpu < vcpus; vcpu++) {
        if (!cpu_tune_vcpu(tune, vcpu))
            return FALSE;
    }
    return vcpus > 0;
}

gboolean
cpu_tune_same_places(const CpuTune *a, const CpuTune *b, gint64 vcpus, gint64 io_threads)
{
    for (gint64 vcpu = 0; vcpu < vcpus; vcpu++) {
        if (g_strcmp0(cpu_tune_vcpu(a, vcpu), cpu_tune_vcpu(b, vcpu)) != 0)
            return FALSE;
    }
    for (gint64 thread = 1; thread <= io_threads; thread++) {
        if (g_strcmp0(cpu_tune_io_thread(a, thread), cpu_tune_io_thread(b, thread)) != 0)
            return FALSE;
    }
    return g_strcmp0(cpu_tune_emulator(a), cpu_tune_emulator(b)) == 0 && g_strcmp0(a->memory_node_set, b->memory_node_set) == 0;
}

/* --- as text ---------------------------------------------------------------------------------------------------------------------- */

static void
add_word(GString *text, const char *name, const char *set)
{
    if (set)
        g_string_append_printf(text, "%s%s=%s", text->len > 0 ? ";" : "", name, set);
}

static void
add_pins(GString *text, const char *name, const List *pins)
{
    for (guint i = 0; i < pins->count; i++) {
        const VcpuPin *pin = pins->items[i];
        g_autofree char *word = g_strdup_printf("%s%" G_GINT64_FORMAT, name, pin->vcpu);
        add_word(text, word, pin->cpu_set);
    }
}

char *
cpu_tune_text(const CpuTune *tune)
{
    GString *text = g_string_new(NULL);
    add_word(text, "all", tune->cpu_set);
    add_pins(text, "vcpu", &tune->vcpu_pins);
    add_word(text, "emulator", tune->emulator_cpu_set);
    add_pins(text, "io", &tune->io_thread_pins);
    add_word(text, "memory", tune->memory_node_set);
    return g_string_free(text, FALSE);
}

static gboolean
read_number(const char *word, const char *name, gint64 *ret_number)
{
    const char *digits = word + strlen(name);
    if (!g_str_has_prefix(word, name) || !*digits || strspn(digits, "0123456789") != strlen(digits) || strlen(digits) > 4)
        return FALSE;
    *ret_number = g_ascii_strtoll(digits, NULL, 10);
    return *ret_number < MOST_THREADS;
}

static void
read_word(const char *word, const char *set, CpuTune *ret_tune)
{
    gint64 number;
    if (g_str_equal(word, "all"))
        text_set(&ret_tune->cpu_set, set);
    else if (g_str_equal(word, "emulator"))
        text_set(&ret_tune->emulator_cpu_set, set);
    else if (g_str_equal(word, "memory"))
        text_set(&ret_tune->memory_node_set, set);
    else if (read_number(word, "vcpu", &number))
        cpu_tune_pin_vcpu(ret_tune, number, set);
    else if (read_number(word, "io", &number))
        cpu_tune_pin_io_thread(ret_tune, number, set);
}

void
cpu_tune_read(const char *text, CpuTune *ret_tune)
{
    g_auto(GStrv) words = g_strsplit(text ? text : "", ";", 2 * MOST_THREADS);
    for (guint i = 0; words[i]; i++) {
        char *equals = strchr(words[i], '=');
        if (!equals || !equals[1])
            continue;
        *equals = '\0';
        read_word(words[i], equals + 1, ret_tune);
    }
}
