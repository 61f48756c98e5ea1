/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Objects of the inventory as facts of the ledger: VMs by their id, since names change and are given again; what runs as it runs. */
#include "evidence/evidence_parts.h"

#include <string.h>

#define MOST_VCPUS 4096

gboolean
facts_is_bound(const Vm *vm)
{
    return !id_is_null(&vm->licence_boundary.id) || !cpu_tune_is_empty(&vm->cpu.cpu_tune) || (vm->running_pins && *vm->running_pins);
}

/* --- rows ------------------------------------------------------------------------------------------------------------------------- */

static LedgerFact *
add_row(Facts *facts, const char *name, LedgerFactKind kind)
{
    guint count = 0;
    while (facts->rows[count].name)
        count++;
    g_assert(count + 1 < G_N_ELEMENTS(facts->rows));
    if (!facts->owned)
        facts->owned = g_ptr_array_new_with_free_func(g_free);
    facts->rows[count] = (LedgerFact) { .name = name, .kind = kind };
    return &facts->rows[count];
}

static char *
keep(Facts *facts, char *take)
{
    g_ptr_array_add(facts->owned, take);
    return take;
}

void
facts_add(Facts *facts, const char *name, const char *text)
{
    LedgerFact *row = add_row(facts, name, LEDGER_TEXT);
    row->text = text ? keep(facts, g_strdup(text)) : NULL;
}

void
facts_add_number(Facts *facts, const char *name, gint64 number)
{
    add_row(facts, name, LEDGER_NUMBER)->number = number;
}

static void
add_flag(Facts *facts, const char *name, gboolean flag)
{
    add_row(facts, name, LEDGER_FLAG)->number = flag;
}

void
facts_clear(Facts *facts)
{
    g_clear_pointer(&facts->owned, g_ptr_array_unref);
    memset(facts->rows, 0, sizeof(facts->rows));
}

/* --- VMs -------------------------------------------------------------------------------------------------------------------------- */

typedef const char *(*SetOf)(const CpuTune *tune, gint64 number);

/* COUNT sets, from the thread with the number FIRST on. */
static void
add_sets(Facts *facts, const char *name, const CpuTune *tune, SetOf set_of, gint64 first, gint64 count)
{
    LedgerFact *row = add_row(facts, name, LEDGER_TEXTS);
    const char **sets = g_new0(const char *, MAX(count, 1));
    for (gint64 i = 0; i < count; i++) {
        const char *set = set_of(tune, first + i);
        sets[i] = set ? keep(facts, g_strdup(set)) : NULL;
    }
    g_ptr_array_add(facts->owned, sets);
    row->texts = sets;
    row->count = (guint) count;
}

/* Its own pin alone: what all threads inherit is told beside it. */
static const char *
own_pin(const CpuTune *tune, gint64 vcpu)
{
    for (guint i = 0; i < tune->vcpu_pins.count; i++) {
        const VcpuPin *pin = tune->vcpu_pins.items[i];
        if (pin->vcpu == vcpu)
            return pin->cpu_set;
    }
    return NULL;
}

static void
add_policy(Facts *facts, const char *policy)
{
    static const char *const known[] = { "none", "manual", "dedicated", "isolate_threads", NULL };
    facts_add(facts, "policy", policy && g_strv_contains(known, policy) ? policy : "none");
}

void
facts_of_vm(Facts *facts, const Vm *vm)
{
    char id[ID_TEXT_SIZE];
    g_auto(CpuTune) now = { 0 };
    gboolean runs = vm_is_running((VmStatus) vm->status) && vm->running_pins;
    const CpuTune *tune = runs ? &now : &vm->cpu.cpu_tune;
    gint64 vcpus = MIN(vm_cpus(vm), MOST_VCPUS);
    cpu_tune_read(vm->running_pins, &now);
    facts_add(facts, "vm", id_format(&vm->object.id, ID_UUID, id));
    facts_add(facts, "name", vm->name);
    facts_add_number(facts, "vcpus", vcpus);
    add_sets(facts, "pins", tune, own_pin, 0, vcpus);
    facts_add(facts, "cpuset", tune->cpu_set);
    facts_add(facts, "emulator", cpu_tune_emulator(tune));
    add_sets(facts, "iothreads", tune, cpu_tune_io_thread, 1, MIN(vm->io.threads, MOST_VCPUS));
    add_flag(facts, "migratable", g_strcmp0(vm->placement_policy.affinity, "pinned") != 0);
    add_flag(facts, "ha", vm->high_availability.enabled);
    add_policy(facts, vm->cpu_pinning_policy);
}

/* What was not seen is not told. */
void
facts_of_look(Facts *facts, const CpuTune *seen, gint64 vcpus, gint64 io_threads)
{
    add_sets(facts, "pins", seen, own_pin, 0, MIN(vcpus, MOST_VCPUS));
    if (seen->emulator_cpu_set)
        facts_add(facts, "emulator", seen->emulator_cpu_set);
    if (seen->io_thread_pins.count > 0)
        add_sets(facts, "iothreads", seen, cpu_tune_io_thread, 1, MIN(io_threads, MOST_VCPUS));
}

/* --- hosts ------------------------------------------------------------------------------------------------------------------------ */

/* Each CPU as "id/siblings/socket/node", the siblings joined by a plus. */
static char *
cpu_text(const HostCpuUnit *unit)
{
    g_autofree char *siblings = unit->siblings.count > 0 ? NULL : g_strdup_printf("%" G_GINT64_FORMAT, unit->cpu_id);
    g_autoptr(GString) joined = g_string_new(siblings);
    for (guint i = 0; i < unit->siblings.count; i++)
        g_string_append_printf(joined, "%s%s", i > 0 ? "+" : "", unit->siblings.items[i]);
    return g_strdup_printf("%" G_GINT64_FORMAT "/%s/%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT, unit->cpu_id, joined->str, unit->socket_id, unit->node_id);
}

void
facts_of_host(Facts *facts, const Host *host)
{
    facts_add(facts, "host", host->name);
    facts_add(facts, "arch", names_get(&architecture_names, host->cpu.architecture));
    facts_add(facts, "model", host->cpu.name);
    LedgerFact *row = add_row(facts, "cpus", LEDGER_TEXTS);
    const char **cpus = g_new0(const char *, MAX(host->cpu_units.count, 1));
    for (guint i = 0; i < host->cpu_units.count; i++)
        cpus[i] = keep(facts, cpu_text(host->cpu_units.items[i]));
    g_ptr_array_add(facts->owned, cpus);
    row->texts = cpus;
    row->count = host->cpu_units.count;
}

void
facts_of_boundary(Facts *facts, const LicenceBoundary *boundary, const char *host)
{
    facts_add(facts, "boundary", boundary->name);
    facts_add(facts, "product", boundary->product);
    facts_add(facts, "host", host);
    facts_add(facts, "cpuset", boundary->cpu_set);
    facts_add_number(facts, "licences", boundary->licences);
}

/* --- comparing -------------------------------------------------------------------------------------------------------------------- */

static void
add_value(GString *text, const LedgerFact *row)
{
    if (row->kind == LEDGER_TEXT)
        g_string_append(text, row->text ? row->text : "-");
    else if (row->kind != LEDGER_TEXTS)
        g_string_append_printf(text, "%" G_GINT64_FORMAT, row->number);
    for (guint i = 0; row->kind == LEDGER_TEXTS && i < row->count; i++)
        g_string_append_printf(text, "%s;", row->texts[i] ? row->texts[i] : "-");
}

char *
facts_text(const Facts *facts)
{
    GString *text = g_string_new(NULL);
    for (const LedgerFact *row = facts->rows; row->name; row++) {
        g_string_append_printf(text, "%s=", row->name);
        add_value(text, row);
        g_string_append_c(text, '\n');
    }
    return g_string_free(text, FALSE);
}

static gboolean
is_within(const char *inner, const char *outer)
{
    g_auto(Cpus) in = CPUS_EMPTY, out = CPUS_EMPTY;
    return cpus_parse(inner, strlen(inner), &in) && cpus_parse(outer, strlen(outer), &out) && cpus_is_within(&in, &out);
}

gint64
facts_outside(const CpuTune *tune, const CpuTune *seen, gint64 vcpus)
{
    for (gint64 vcpu = 0; vcpu < MIN(vcpus, MOST_VCPUS); vcpu++) {
        const char *wished = cpu_tune_vcpu(tune, vcpu), *now = own_pin(seen, vcpu);
        if (wished && now && !is_within(now, wished))
            return vcpu;
    }
    return -1;
}
