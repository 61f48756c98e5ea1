/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Counting. A VM whose state is not known is counted where it was last: taking its memory twice is worse than refusing. */
#include "placement/capacity.h"

static const Id *
place_of(const Vm *vm)
{
    return id_is_null(&vm->host.id) ? &vm->home.id : &vm->host.id;
}

static Load *
load_of(GHashTable *loads, const Id *host)
{
    Load *load = g_hash_table_lookup(loads, host);
    if (!load) {
        load = g_new0(Load, 1);
        load->host = *host;
        g_hash_table_insert(loads, &load->host, load);
    }
    return load;
}

GHashTable *
capacity_loads(const View *view, const Id *except)
{
    GHashTable *loads = g_hash_table_new_full(id_hash, id_equal_key, NULL, g_free);
    ViewWalk walk = view_walk(view, &vm_type);
    for (const Vm *vm; (vm = view_next(&walk));) {
        if (!vm_is_running(vm->status) || id_is_null(place_of(vm)) || id_equal(&vm->object.id, except))
            continue;
        Load *load = load_of(loads, place_of(vm));
        load->memory += capacity_needed(vm);
        load->cpus += vm_cpus(vm);
    }
    return loads;
}

gint64
capacity_needed(const Vm *vm)
{
    gint64 guaranteed = vm->memory_policy.guaranteed;
    return guaranteed > 0 ? guaranteed : MAX(vm->memory, 0);
}

gint64
capacity_total(const Host *host)
{
    return host->max_scheduling_memory > 0 ? host->max_scheduling_memory : host->memory;
}

gint64
capacity_free(const Host *host, const Load *load)
{
    return MAX(capacity_total(host) - (load ? load->memory : 0), 0);
}

gint64
capacity_cpus(const Host *host)
{
    const CpuTopology *topology = &host->cpu.topology;
    if (topology->sockets <= 0)
        return host->cpu_units.count;
    return topology->sockets * MAX(topology->cores, 1) * MAX(topology->threads, 1);
}

/* --- telling ----------------------------------------------------------------------------------------------------------------------- */

static const struct {
    gint64 bytes;
    const char *name;
} units[] = { { 1ll << 40, "TiB" }, { 1ll << 30, "GiB" }, { 1ll << 20, "MiB" }, { 1ll << 10, "KiB" }, { 1, "bytes" } };

/* With one digit behind the point, where it is not 0. */
static char *
tell(gint64 bytes, guint unit, gboolean up)
{
    gint64 whole = bytes / units[unit].bytes, rest = bytes % units[unit].bytes;
    gint64 tenths = units[unit].bytes == 1 ? 0 : (gint64) ((double) rest * 10 / (double) units[unit].bytes);
    if (up && units[unit].bytes > 1 && (double) tenths * (double) units[unit].bytes / 10 < (double) rest)
        tenths++;
    whole += tenths / 10;
    if (tenths % 10 == 0)
        return g_strdup_printf("%" G_GINT64_FORMAT " %s", whole, units[unit].name);
    return g_strdup_printf("%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT " %s", whole, tenths % 10, units[unit].name);
}

static guint
unit_of(gint64 bytes)
{
    for (guint unit = 0; unit < G_N_ELEMENTS(units); unit++) {
        if (bytes >= units[unit].bytes)
            return unit;
    }
    return 1;
}

void
capacity_tell(gint64 available, gint64 needed, char **ret_available, char **ret_needed)
{
    for (guint unit = unit_of(available), other = unit_of(needed);; unit++, other++) {
        unit = MIN(unit, G_N_ELEMENTS(units) - 1);
        other = MIN(other, G_N_ELEMENTS(units) - 1);
        g_autofree char *has = tell(available, unit, FALSE), *needs = tell(needed, other, TRUE);
        if (available == needed || !g_str_equal(has, needs) || units[unit].bytes == 1) {
            *ret_available = g_steal_pointer(&has);
            *ret_needed = g_steal_pointer(&needs);
            return;
        }
    }
}
