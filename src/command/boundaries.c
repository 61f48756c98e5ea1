/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rule, in one place: every vCPU of a VM in a boundary has a set, and that lies within the boundary's. What else a vCPU could touch would have to be
 * licensed: the whole host, as it is counted (licence/footprint.h). */
#include "command/boundaries.h"

#include "command/cores.h"
#include "command/guards.h"
#include "licence/cpus.h"

#include <string.h>

#define PRODUCT_MOST 64
#define LICENCES_MOST (1 << 20)

const LicenceBoundary *
boundaries_of(const View *view, const Vm *vm)
{
    return id_is_null(&vm->licence_boundary.id) ? NULL : view_find(view, &licence_boundary_type, &vm->licence_boundary.id);
}

static gboolean
is_excepted(const LicenceBoundary *boundary, const Vm *vm)
{
    for (guint i = 0; i < boundary->exceptions.count; i++) {
        const BoundaryException *exception = boundary->exceptions.items[i];
        if (id_equal(&exception->vm.id, &vm->object.id) && exception->until > clock_wall())
            return TRUE;
    }
    return FALSE;
}

/* The first vCPU that could run outside; -1: none. */
static gint64
outside(const LicenceBoundary *boundary, const Vm *vm)
{
    g_auto(Cpus) within = CPUS_EMPTY;
    if (!boundary->cpu_set || !cpus_parse(boundary->cpu_set, strlen(boundary->cpu_set), &within))
        return 0;
    for (gint64 vcpu = 0; vcpu < vm_cpus(vm); vcpu++) {
        g_auto(Cpus) pin = CPUS_EMPTY;
        const char *set = cpu_tune_vcpu(&vm->cpu.cpu_tune, vcpu);
        if (!set || !cpus_parse(set, strlen(set), &pin) || !cpus_is_within(&pin, &within))
            return vcpu;
    }
    return -1;
}

static gboolean
holds(const LicenceBoundary *boundary, const Vm *vm)
{
    return id_equal(&vm->home.id, &boundary->host.id) && outside(boundary, vm) < 0;
}

static guint
cores_in(const Topology *topology, const char *set)
{
    guint count = 0;
    g_auto(Cpus) cpus = CPUS_EMPTY;
    if (!set || !cpus_parse(set, strlen(set), &cpus))
        return 0;
    for (guint i = 0; i < topology->n_cores; i++) {
        gboolean any = FALSE;
        for (guint t = 0; t < topology->cores[i].n_threads; t++)
            any |= cpus_has(&cpus, topology->cores[i].threads[t]);
        count += any;
    }
    return count;
}

static gboolean
refuse(const Work *work, const LicenceBoundary *boundary, const Vm *vm, GError **error)
{
    const Host *host = view_find(work->view, &host_type, &boundary->host.id);
    g_autoptr(Topology) topology = host ? cores_topology(host, NULL) : NULL;
    gint64 vcpu = outside(boundary, vm);
    const char *set = vcpu >= 0 ? cpu_tune_vcpu(&vm->cpu.cpu_tune, vcpu) : NULL, *name = host ? host->name : "";
    g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, vcpu), *all = g_strdup_printf("%u", topology ? topology->n_cores : 0);
    g_autofree char *inside = g_strdup_printf("%u", topology ? cores_in(topology, boundary->cpu_set) : 0);
    if (!id_equal(&vm->home.id, &boundary->host.id))
        return fault_set(error, MSG_BOUNDARY_OTHER_HOST, "vm", vm->name, "boundary", boundary->name, "product", boundary->product, "host", name, NULL);
    return fault_set(error, set ? MSG_BOUNDARY_OUTSIDE : MSG_BOUNDARY_UNBOUND, "vm", vm->name, "boundary", boundary->name, "product", boundary->product, "vcpu", number,
                     "seen", set ? set : "", "set", boundary->cpu_set, "host", name, "cores", all, "inside", inside, NULL);
}

gboolean
boundaries_allow(const Work *work, const Vm *vm, GError **error)
{
    const LicenceBoundary *boundary = boundaries_of(work->view, vm);
    return !boundary || holds(boundary, vm) || is_excepted(boundary, vm) || refuse(work, boundary, vm, error);
}

gboolean
boundaries_allow_edit(const Work *work, const Vm *now, const Vm *edited, GError **error)
{
    const LicenceBoundary *before = boundaries_of(work->view, now);
    gboolean same = before && id_equal(&now->licence_boundary.id, &edited->licence_boundary.id);
    gboolean matters = vm_is_running((VmStatus) now->status) || (same && holds(before, now));
    return !matters || boundaries_allow(work, edited, error);
}

void
boundaries_reserve(const View *view, const Vm *vm, const Host *host, const Topology *topology, Cpus *ret_reserved)
{
    ViewWalk walk = view_walk(view, &licence_boundary_type);
    for (const LicenceBoundary *boundary; (boundary = view_next(&walk));) {
        gboolean own = id_equal(&boundary->object.id, &vm->licence_boundary.id);
        g_auto(Cpus) cpus = CPUS_EMPTY;
        if (!id_equal(&boundary->host.id, &host->object.id) || (!own && !boundary->keep_others_off) || !boundary->cpu_set ||
            !cpus_parse(boundary->cpu_set, strlen(boundary->cpu_set), &cpus))
            continue;
        for (int cpu = -1; (cpu = cpus_next(&topology->online, cpu)) >= 0;) {
            if (cpus_has(&cpus, (guint) cpu) != own)
                cpus_add(ret_reserved, (guint) cpu);
        }
    }
}

/* --- boundaries themselves -------------------------------------------------------------------------------------------------------- */

static gboolean
check_name(Work *work, const LicenceBoundary *edited, GError **error)
{
    if (!guard_name("licence boundary", "name", edited->name, error))
        return FALSE;
    ViewWalk walk = view_walk(work->view, &licence_boundary_type);
    for (const LicenceBoundary *other; (other = view_next(&walk));) {
        if (!id_equal(&other->object.id, &edited->object.id) && g_strcmp0(other->name, edited->name) == 0)
            return fault_set(error, MSG_BOUNDARY_NAME_TAKEN, "boundary", edited->name, NULL);
    }
    return TRUE;
}

/* Whole cores of a host that is known: a core of which a part is inside would have to be licensed all the same. */
static gboolean
check_set(const LicenceBoundary *edited, const Host *host, GError **error)
{
    g_auto(Cpus) cpus = CPUS_EMPTY;
    g_autoptr(Topology) topology = cores_topology(host, error);
    if (!topology)
        return FALSE;
    if (!edited->cpu_set || !cpus_parse(edited->cpu_set, strlen(edited->cpu_set), &cpus))
        return fault_set(error, MSG_BOUNDARY_SET, "boundary", edited->name, "set", edited->cpu_set ? edited->cpu_set : "", NULL);
    for (int cpu = -1; (cpu = cpus_next(&cpus, cpu)) >= 0;) {
        g_auto(Cpus) core = CPUS_EMPTY;
        g_autofree char *number = g_strdup_printf("%d", cpu);
        cores_join(topology, (guint) cpu, &core);
        g_autofree char *whole = cpus_text(&core);
        if (cpus_count(&core) == 0)
            return fault_set(error, MSG_BOUNDARY_NO_CPU, "boundary", edited->name, "cpu", number, "host", host->name, NULL);
        if (!cpus_is_within(&core, &cpus))
            return fault_set(error, MSG_BOUNDARY_PART, "boundary", edited->name, "cpu", number, "core", whole, NULL);
    }
    return TRUE;
}

/* Those that run, or are bound within what it was, must be within what it becomes. */
static gboolean
check_members(const Work *work, const LicenceBoundary *edited, GError **error)
{
    const LicenceBoundary *now = view_find(work->view, &licence_boundary_type, &edited->object.id);
    ViewWalk walk = view_walk(work->view, &vm_type);
    for (const Vm *vm; now && (vm = view_next(&walk));) {
        gboolean member = id_equal(&vm->licence_boundary.id, &edited->object.id);
        if (member && holds(now, vm) && !holds(edited, vm) && !is_excepted(now, vm))
            return fault_set(error, MSG_BOUNDARY_SHRINKS, "boundary", edited->name, "vm", vm->name, NULL);
    }
    return TRUE;
}

gboolean
boundaries_check(Work *work, const LicenceBoundary *edited, GError **error)
{
    const Host *host = view_find(work->view, &host_type, &edited->host.id);
    g_autofree char *most = g_strdup_printf("%d", LICENCES_MOST);
    if (!edited->product || !*edited->product || strlen(edited->product) > PRODUCT_MOST)
        return fault_set(error, MSG_BOUNDARY_PRODUCT, "boundary", edited->name, NULL);
    if (edited->licences < 0 || edited->licences > LICENCES_MOST)
        return fault_set(error, MSG_BOUNDARY_LICENCES, "boundary", edited->name, "most", most, NULL);
    return check_name(work, edited, error) && (!host || check_set(edited, host, error)) && check_members(work, edited, error);
}
