/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The thread that keeps: on whole tens of seconds of the wall clock it takes the newest sheets and the newest view, finds out
 * which disk and which NIC of the model each device is, stages and commits. Objects that the inventory no longer has lose their
 * slots, after they were missed twice. */
#include "metrics/metrics_parts.h"

#include "base/log.h"
#include "model/places.h"
#include "model/storage.h"

#include <errno.h>
#include <math.h>

#define STEP 10                             /* seconds: that of the first level */
#define SWEEP 600                           /* seconds between two looks for what is gone */

/* --- staging ------------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    Metrics *metrics;
    View *view;
    gint64 now;
    GHashTable *disks;                      /* of disks several VMs have: id → DiskNumbers so far */
    GError *error;                          /* the first */
} Step;

static void
stage(Step *step, KeptKind kind, const Id *id, const double *values)
{
    ring_stage(step->metrics->rings[kind], id, values, step->now, step->error ? NULL : &step->error);
}

static double
unless(guint missing, double value)
{
    return missing ? NAN : value;
}

static void
stage_host(Step *step, const HostNumbers *host)
{
    double values[METRIC_MOST] = { host->fresh ? NAN : host->cpu_user, host->fresh ? NAN : host->cpu_system, host->load, (double) host->memory_used,
        (double) host->memory_total, (double) host->swap_used, host->fresh ? NAN : (double) host->net_rx, host->fresh ? NAN : (double) host->net_tx };
    if (view_find(step->view, &host_type, &host->id))
        stage(step, KEPT_HOST, &host->id, values);
}

static void
stage_vm(Step *step, const VmNumbers *vm)
{
    double values[METRIC_MOST] = {
        unless(vm->missing & MISSING_CPU, vm->cpu_total),
        unless(vm->missing & MISSING_CPU, vm->cpu_guest),
        unless(vm->missing & MISSING_MEMORY, (double) vm->memory_used),
        unless(vm->missing & MISSING_MEMORY, (double) vm->memory_installed),
        unless(vm->missing & MISSING_DISKS, (double) vm->disk_read),
        unless(vm->missing & MISSING_DISKS, (double) vm->disk_write),
        unless(vm->missing & MISSING_NICS, (double) vm->net_rx),
        unless(vm->missing & MISSING_NICS, (double) vm->net_tx),
    };
    stage(step, KEPT_VM, &vm->id, values);
}

static void
put_disk(Step *step, const Id *id, const DiskNumbers *disk)
{
    double values[METRIC_MOST] = { disk->read, disk->write, disk->read_ops, disk->write_ops,
        disk->read_ops > 0 ? disk->read_latency : NAN, disk->write_ops > 0 ? disk->write_latency : NAN };
    stage(step, KEPT_DISK, id, values);
}

/* A disk that several running VMs have does what all of them do with it; of latencies the longest is kept. */
static void
stage_disk(Step *step, const Disk *disk, const DiskNumbers *numbers)
{
    const Id *id = &disk->object.id;
    if (!disk->shareable) {
        put_disk(step, id, numbers);
        return;
    }
    DiskNumbers *all = g_hash_table_lookup(step->disks, id);
    if (!all) {
        all = g_memdup2(numbers, sizeof(*numbers));
        g_hash_table_insert(step->disks, (gpointer) id, all);
    } else {
        all->read += numbers->read;
        all->write += numbers->write;
        all->read_ops += numbers->read_ops;
        all->write_ops += numbers->write_ops;
        all->read_latency = fmax(all->read_latency, numbers->read_latency);
        all->write_latency = fmax(all->write_latency, numbers->write_latency);
    }
    put_disk(step, id, all);
}

static void
stage_disks(Step *step, const Vm *vm, const Sheet *sheet)
{
    guint count;
    const DiskNumbers *disks = sheet_disks(sheet, &vm->object.id, &count);
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        const Disk *disk = count ? view_find(step->view, &disk_type, &attachment->disk.id) : NULL;
        for (guint k = 0; disk && k < count; k++) {
            if (!disks[k].fresh && g_strcmp0(disks[k].target, attachment->target) == 0)
                stage_disk(step, disk, &disks[k]);
        }
    }
}

static void
stage_nics(Step *step, const Vm *vm, const Sheet *sheet)
{
    guint count;
    const NicNumbers *nics = sheet_nics(sheet, &vm->object.id, &count);
    for (guint i = 0; i < vm->nics.count; i++) {
        const Nic *nic = vm->nics.items[i];
        for (guint k = 0; nic->mac.address && k < count; k++) {
            double values[METRIC_MOST] = { nics[k].rx, nics[k].tx, nics[k].rx_packets, nics[k].tx_packets, nics[k].drops, nics[k].errors };
            if (!nics[k].fresh && g_ascii_strcasecmp(nics[k].mac, nic->mac.address) == 0)
                stage(step, KEPT_NIC, &nic->object.id, values);
        }
    }
}

static void
stage_sheet(Step *step, const Sheet *sheet)
{
    guint count;
    const VmNumbers *vms = sheet_vms(sheet, &count);
    stage_host(step, sheet_host(sheet));
    for (guint i = 0; i < count; i++) {
        const Vm *vm = view_find(step->view, &vm_type, &vms[i].id);
        if (!vm)
            continue;
        stage_vm(step, &vms[i]);
        stage_disks(step, vm, sheet);
        stage_nics(step, vm, sheet);
    }
}

/* --- what is gone ----------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    GHashTable *there, *missed, *missing;   /* ids: in the inventory; missed last time; missed now */
} Sweep;

static void
collect_ids(const View *view, Sweep *sweep)
{
    static const Type *const types[] = { &vm_type, &disk_type, &host_type };
    gpointer object;
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        for (ViewWalk walk = view_walk(view, types[i]); (object = (gpointer) view_next(&walk));)
            g_hash_table_add(sweep->there, &((Object *) object)->id);
    }
    for (ViewWalk walk = view_walk(view, &vm_type); (object = (gpointer) view_next(&walk));) {
        const Vm *vm = object;
        for (guint i = 0; i < vm->nics.count; i++)
            g_hash_table_add(sweep->there, &((Object *) vm->nics.items[i])->id);
    }
}

/* Missed for the second time. */
static gboolean
is_gone(gpointer data, const Id *id)
{
    Sweep *sweep = data;
    if (g_hash_table_contains(sweep->there, id))
        return FALSE;
    if (g_hash_table_contains(sweep->missed, id))
        return TRUE;
    g_hash_table_add(sweep->missing, g_memdup2(id, sizeof(*id)));
    return FALSE;
}

static void
sweep_rings(Step *step)
{
    Metrics *metrics = step->metrics;
    Sweep sweep = { .there = g_hash_table_new(id_hash, id_equal_key), .missed = metrics->missed };
    sweep.missing = g_hash_table_new_full(id_hash, id_equal_key, g_free, NULL);
    collect_ids(step->view, &sweep);
    for (guint kind = 0; kind < N_KEPT; kind++)
        ring_sweep(metrics->rings[kind], is_gone, &sweep, step->error ? NULL : &step->error);
    g_hash_table_unref(sweep.there);
    g_hash_table_unref(metrics->missed);
    metrics->missed = sweep.missing;
    metrics->swept = step->now;
}

/* --- one step --------------------------------------------------------------------------------------------------------------------------------- */

/* Once when it begins and once when it ends. */
static void
tell(Metrics *metrics, const GError *error)
{
    if (error && !metrics->ails)
        log_warn("%s", error->message);
    else if (!error && metrics->ails)
        log_info("numbers of the past are kept again");
    metrics->ails = error != NULL;
}

void
metrics_tick(Metrics *metrics, gint64 now)
{
    Step step = { .metrics = metrics, .now = now, .view = inventory_view(metrics->inventory) };
    g_autoptr(GPtrArray) sheets = statistics_sheets(metrics->statistics);
    step.disks = g_hash_table_new_full(id_hash, id_equal_key, NULL, g_free);
    for (guint kind = 0; kind < N_KEPT; kind++)
        ring_begin(metrics->rings[kind]);
    for (guint i = 0; i < sheets->len; i++) {
        Wall age = now * CLOCK_SECOND - sheet_when(sheets->pdata[i]);
        if (age < METRICS_STALE && age > -METRICS_STALE)
            stage_sheet(&step, sheets->pdata[i]);
    }
    for (guint kind = 0; kind < N_KEPT; kind++)
        ring_commit(metrics->rings[kind], now, step.error ? NULL : &step.error);
    if (now - metrics->swept >= SWEEP || now < metrics->swept)
        sweep_rings(&step);
    tell(metrics, step.error);
    g_hash_table_unref(step.disks);
    view_unref(step.view);
    g_clear_error(&step.error);
}

/* Until the next whole step of the wall clock. FALSE: it is to end. */
static gboolean
wait_for_step(Metrics *metrics)
{
    Wall now = clock_wall(), length = STEP * CLOCK_SECOND;
    Tick until = clock_tick() + length - now % length;
    LOCK_HOLD(&metrics->lock);
    while (!metrics->stopping && clock_tick() < until)
        condition_wait_until(&metrics->wake, &metrics->lock, until);
    return !metrics->stopping;
}

static gpointer
run(gpointer data)
{
    Metrics *metrics = data;
    while (wait_for_step(metrics))
        metrics_tick(metrics, clock_wall() / CLOCK_SECOND);
    return NULL;
}

/* --- life --------------------------------------------------------------------------------------------------------------------------------------- */

static gboolean
open_rings(Metrics *metrics, const char *dir, GError **error)
{
    if (g_mkdir_with_parents(dir, 0700) < 0)
        return fault_set(error, MSG_METRICS_FILE, "file", dir, "reason", g_strerror(errno), NULL);
    for (guint kind = 0; kind < N_KEPT; kind++) {
        g_autofree char *name = g_strconcat(metric_kinds[kind].name, ".rings", NULL), *path = g_build_filename(dir, name, NULL);
        gboolean aside = FALSE;
        metrics->rings[kind] = ring_open(path, &metric_kinds[kind], &aside, error);
        if (!metrics->rings[kind])
            return FALSE;
        if (aside)
            log_warn("%s is of another format; it was put aside as %s.old and a new one begun", path, path);
    }
    return TRUE;
}

Metrics *
metrics_new(const char *dir, Inventory *inventory, Statistics *statistics, GError **error)
{
    Metrics *metrics = g_new0(Metrics, 1);
    lock_init(&metrics->lock);
    condition_init(&metrics->wake);
    metrics->inventory = inventory;
    metrics->statistics = statistics;
    metrics->swept = clock_wall() / CLOCK_SECOND;
    metrics->missed = g_hash_table_new_full(id_hash, id_equal_key, g_free, NULL);
    if (open_rings(metrics, dir, error))
        return metrics;
    metrics_free(metrics);
    return NULL;
}

void
metrics_start(Metrics *metrics)
{
    metrics->thread = thread_new("metrics", run, metrics);
}

void
metrics_free(Metrics *metrics)
{
    if (!metrics)
        return;
    lock_take(&metrics->lock);
    metrics->stopping = TRUE;
    condition_broadcast(&metrics->wake);
    lock_drop(&metrics->lock);
    if (metrics->thread)
        thread_join(metrics->thread);
    for (guint kind = 0; kind < N_KEPT; kind++)
        ring_close(metrics->rings[kind]);
    g_hash_table_unref(metrics->missed);
    condition_clear(&metrics->wake);
    lock_clear(&metrics->lock);
    g_free(metrics);
}
