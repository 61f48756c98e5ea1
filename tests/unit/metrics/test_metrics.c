/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * From sheets to series and to Prometheus' text: which device is which, what is missing, hosts that are silent, objects that are
 * gone, steps that were wished. */
#include "base/fault.h"
#include "metrics/exposition.h"
#include "metrics/metrics.h"
#include "model/changes.h"
#include "model/places.h"
#include "model/storage.h"

#include <glib/gstdio.h>
#include <math.h>

#define BEGIN G_GINT64_CONSTANT(1700006400)
#define assert_near(a, b) g_assert_cmpfloat(fabs((a) - (b)), <=, fabs(b) / 1000)

typedef struct {
    char *dir;
    Inventory *inventory;
    Statistics *statistics;
    Metrics *metrics;
    Id host, vm, disk, nic;
} Fixture;

static void
publish(Fixture *f, Changes *take)
{
    g_autoptr(Changes) changes = take;
    g_assert_true(changes_seal(changes, NULL));
    changes_are_stored(changes);
    g_autoptr(View) next = changes_apply(changes);
    inventory_publish(f->inventory, next);
}

static void
add_estate(Fixture *f)
{
    g_autoptr(View) head = inventory_view(f->inventory);
    Changes *changes = changes_new(head, f->inventory);
    Host *host = object_new(&host_type);
    host->object.id = f->host = id_number(1);
    host->name = g_strdup("n1");
    host->status = HOST_UP;
    changes_add(changes, host);
    Disk *disk = object_new(&disk_type);
    disk->object.id = f->disk = id_number(2);
    disk->alias = g_strdup("root \"of\" web1");
    changes_add(changes, disk);
    Vm *vm = object_new(&vm_type);
    vm->object.id = f->vm = id_number(3);
    vm->name = g_strdup("web1");
    vm->status = VM_UP;
    vm->host.id = f->host;
    DiskAttachment *attachment = object_new(&disk_attachment_type);
    attachment->object.id = attachment->disk.id = f->disk;
    attachment->target = g_strdup("vdb");
    list_add(&vm->disk_attachments, attachment);
    Nic *nic = object_new(&nic_type);
    nic->object.id = f->nic = id_number(4);
    nic->name = g_strdup("nic1");
    nic->mac.address = g_strdup("52:54:00:AA:bb:01");
    list_add(&vm->nics, nic);
    changes_add(changes, vm);
    publish(f, changes);
}

static void
set_up(Fixture *f, gconstpointer data)
{
    (void) data;
    g_autoptr(GError) error = NULL;
    f->dir = g_dir_make_tmp("shikiri-metrics-XXXXXX", NULL);
    f->inventory = inventory_new();
    f->statistics = statistics_new();
    add_estate(f);
    f->metrics = metrics_new(f->dir, f->inventory, f->statistics, &error);
    g_assert_no_error(error);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    (void) data;
    metrics_free(f->metrics);
    statistics_free(f->statistics);
    inventory_free(f->inventory);
    for (guint kind = 0; kind < N_KEPT; kind++) {
        g_autofree char *name = g_strconcat(metric_kinds[kind].name, ".rings", NULL), *path = g_build_filename(f->dir, name, NULL);
        g_unlink(path);
    }
    g_rmdir(f->dir);
    g_free(f->dir);
}

static void
put_sheet(Fixture *f, gint64 when, double cpu, guint missing)
{
    HostNumbers host = { .id = f->host, .cpu_user = 25, .memory_used = 5000000000, .load = 1.5, .net_rx_total = 77 };
    Sheet *sheet = sheet_new(&host, when * CLOCK_SECOND, 2);
    VmNumbers *vm = sheet_add(sheet, &f->vm);
    Id stranger = id_number(50);
    vm->cpu_total = cpu;
    vm->cpu_time = 1500000000;
    vm->memory_used = 600 << 20;
    vm->missing = missing;
    sheet_add(sheet, &stranger)->cpu_total = 7;
    sheet_add_disk(sheet, &f->vm, "sda")->read = 9;         /* its CD-ROM */
    DiskNumbers *disk = sheet_add_disk(sheet, &f->vm, "vdb");
    disk->read = 1000;
    disk->read_ops = 10;
    disk->read_latency = 0.0021;
    disk->read_total = 123456789;
    disk->read_time = 2500000000;
    NicNumbers *nic = sheet_add_nic(sheet, &f->vm, "52:54:00:aa:bb:01");
    nic->rx = 2000;
    nic->rx_total = 4;
    statistics_put(f->statistics, sheet);
}

static double
one(Fixture *f, guint kind, const Id *id, const char *metric, gint64 when)
{
    SeriesWish wish = { .kind = kind, .id = *id, .metric = (guint) metric_find(&metric_kinds[kind], metric), .from = when, .to = when + 10 };
    g_auto(Series) series = { 0 };
    series_read(f->metrics, &wish, when + 10, &series);
    g_assert_cmpuint(series.count, ==, 1);
    g_assert_cmpint(series.step, ==, 10);
    return series.average[0];
}

static void
test_series(Fixture *f, gconstpointer data)
{
    (void) data;
    Id stranger = id_number(50);
    put_sheet(f, BEGIN, 42, MISSING_MEMORY);
    metrics_tick(f->metrics, BEGIN + 1);
    assert_near(one(f, KEPT_VM, &f->vm, "cpu.total", BEGIN), 42.0);
    g_assert_true(isnan(one(f, KEPT_VM, &f->vm, "memory.used", BEGIN)));
    assert_near(one(f, KEPT_DISK, &f->disk, "read", BEGIN), 1000.0);
    assert_near(one(f, KEPT_DISK, &f->disk, "read_latency", BEGIN), 0.0021);
    g_assert_true(isnan(one(f, KEPT_DISK, &f->disk, "write_latency", BEGIN)));       /* nothing was written: there is none */
    assert_near(one(f, KEPT_NIC, &f->nic, "rx", BEGIN), 2000.0);
    assert_near(one(f, KEPT_HOST, &f->host, "load", BEGIN), 1.5);
    g_assert_true(isnan(one(f, KEPT_VM, &stranger, "cpu.total", BEGIN)));
}

/* The last sheet of a host that fell silent is not kept over and over. */
static void
test_silent(Fixture *f, gconstpointer data)
{
    (void) data;
    put_sheet(f, BEGIN, 42, 0);
    metrics_tick(f->metrics, BEGIN + 20);
    assert_near(one(f, KEPT_VM, &f->vm, "cpu.total", BEGIN + 20), 42.0);
    metrics_tick(f->metrics, BEGIN + 30);
    g_assert_true(isnan(one(f, KEPT_VM, &f->vm, "cpu.total", BEGIN + 30)));
}

static void
test_steps(Fixture *f, gconstpointer data)
{
    (void) data;
    for (guint i = 0; i < 720; i++) {                       /* two hours */
        put_sheet(f, BEGIN + i * 10, i % 6 == 5 ? 60 : 0, 0);
        metrics_tick(f->metrics, BEGIN + i * 10);
    }
    gint64 now = BEGIN + 7200;
    SeriesWish wish = { .kind = KEPT_VM, .id = f->vm, .from = now - 600, .to = now, .step = 60 };
    g_auto(Series) minutes = { 0 }, odd = { 0 }, old = { 0 }, all = { 0 };
    series_read(f->metrics, &wish, now, &minutes);
    g_assert_cmpuint(minutes.count, ==, 10);
    for (guint i = 0; i < 9; i++) {
        assert_near(minutes.average[i], 10.0);
        assert_near(minutes.peak[i], 60.0);
    }
    wish.step = 25;                                         /* whole steps of what is kept: thirty seconds */
    series_read(f->metrics, &wish, now, &odd);
    g_assert_cmpint(odd.step, ==, 30);
    g_assert_cmpuint(odd.count, ==, 20);
    assert_near(odd.average[1], 20.0);
    wish.from = now - 7000;
    wish.step = 10;                                         /* tens of seconds are not kept that long */
    series_read(f->metrics, &wish, now, &old);
    g_assert_cmpint(old.step, ==, 60);
    wish.from = 0;
    wish.step = 0;
    series_read(f->metrics, &wish, now, &all);              /* a year, by hours */
    g_assert_cmpint(all.step, ==, 3600);
    g_assert_cmpuint(all.count, <=, 8761);
    assert_near(all.average[all.count - 2], 10.0);
    wish.from = now + 50;
    wish.to = now - 50;
    series_clear(&all);
    series_read(f->metrics, &wish, now, &all);
    g_assert_cmpuint(all.count, <=, 1);
}

/* Its slot is free after it was missed twice, and a disk in between is not. */
static void
test_gone(Fixture *f, gconstpointer data)
{
    (void) data;
    gint64 now = clock_wall() / CLOCK_SECOND;
    put_sheet(f, now, 42, 0);
    metrics_tick(f->metrics, now);
    g_autoptr(View) head = inventory_view(f->inventory);
    Changes *changes = changes_new(head, f->inventory);
    changes_remove(changes, &vm_type, &f->vm);
    publish(f, changes);
    for (guint i = 1; i <= 3; i++) {
        SeriesWish wish = { .kind = KEPT_VM, .id = f->vm, .from = now, .to = now + 10 };
        g_auto(Series) vm = { 0 }, disk = { 0 };
        metrics_tick(f->metrics, now + i * 600);
        series_read(f->metrics, &wish, now + 10, &vm);
        g_assert_cmpint(vm.kept, ==, i < 2);
        wish.kind = KEPT_DISK;
        wish.id = f->disk;
        series_read(f->metrics, &wish, now + 10, &disk);
        g_assert_true(disk.kept);
    }
}

/* In pieces that stay small, however much there is to tell. */
static void
write_all(Fixture *f, const View *view, Wall now, Text *out)
{
    g_autoptr(Exposition) exposition = exposition_new(view, f->statistics, now);
    for (gsize before = 0; exposition_write(exposition, out); before = out->length)
        g_assert_cmpuint(out->length - before, <, EXPOSITION_PIECE + 1024);
    g_assert_false(exposition_write(exposition, out));
    text_add_bytes(out, "", 1);
}

static void
test_text(Fixture *f, gconstpointer data)
{
    (void) data;
    g_autoptr(View) view = inventory_view(f->inventory);
    g_auto(Text) text = TEXT_EMPTY, late = TEXT_EMPTY;
    put_sheet(f, BEGIN, 42, MISSING_MEMORY);
    write_all(f, view, BEGIN * CLOCK_SECOND, &text);
#define VM "name=\"web1\",id=\"00000000-0000-0000-0000-000000000003\",host=\"n1\""
    static const char *const lines[] = {
        "# HELP shikiri_vm_cpu_seconds_total Processor time of the VM's process.\n# TYPE shikiri_vm_cpu_seconds_total counter\nshikiri_vm_cpu_seconds_total{" VM "} 1.5\n",
        "shikiri_host_up{name=\"n1\",id=\"00000000-0000-0000-0000-000000000001\"} 1\n",
        "shikiri_vm_up{" VM "} 1\n",
        "shikiri_vm_cpu_ratio{" VM "} 0.42\n",
        "shikiri_vm_disk_read_bytes_total{" VM ",disk=\"root \\\"of\\\" web1\",disk_id=\"00000000-0000-0000-0000-000000000002\",device=\"vdb\"} 123456789\n",
        "shikiri_vm_disk_read_seconds_total{" VM ",disk=\"root \\\"of\\\" web1\",disk_id=\"00000000-0000-0000-0000-000000000002\",device=\"vdb\"} 2.5\n",
        "shikiri_vm_network_receive_bytes_total{" VM ",nic=\"nic1\",mac=\"52:54:00:aa:bb:01\"} 4\n",
        "shikiri_host_cpu_ratio{name=\"n1\",id=\"00000000-0000-0000-0000-000000000001\",mode=\"user\"} 0.25\n",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++)
        g_assert_nonnull(strstr(text.bytes, lines[i]));
    g_assert_null(strstr(text.bytes, "shikiri_vm_memory_used_bytes{"));
    g_assert_null(strstr(text.bytes, "000000000050"));
    write_all(f, view, (BEGIN + 60) * CLOCK_SECOND, &late);
    g_assert_null(strstr(late.bytes, "shikiri_vm_cpu_seconds_total{"));
    g_assert_nonnull(strstr(late.bytes, lines[2]));
}

/* The format wants one HELP and one TYPE a name, all its samples behind them, and no sample twice. */
static void
test_format(Fixture *f, gconstpointer data)
{
    (void) data;
    g_autoptr(View) view = inventory_view(f->inventory);
    g_auto(Text) text = TEXT_EMPTY;
    put_sheet(f, BEGIN, 42, 0);
    write_all(f, view, BEGIN * CLOCK_SECOND, &text);
    g_auto(GStrv) lines = g_strsplit(text.bytes, "\n", -1);
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL), samples = g_hash_table_new(g_str_hash, g_str_equal);
    g_autofree char *name = g_strdup("");
    for (char **line = lines; *line && **line; line++) {
        if (g_str_has_prefix(*line, "# HELP ")) {
            g_free(name);
            name = g_strndup(*line + 7, strcspn(*line + 7, " "));
            g_assert_true(g_hash_table_add(names, g_strdup(name)));
            g_assert_true(g_regex_match_simple("^shikiri_[a-z0-9_]+$", name, 0, 0));
        } else if (g_str_has_prefix(*line, "# TYPE ")) {
            g_assert_true(g_str_has_prefix(*line + 7, name));
            g_assert_cmpint(g_str_has_suffix(name, "_total"), ==, g_str_has_suffix(*line, " counter"));
        } else {
            g_assert_cmpuint(strcspn(*line, "{"), ==, strlen(name));
            g_assert_true(g_str_has_prefix(*line, name));
            *strrchr(*line, ' ') = '\0';
            g_assert_true(g_hash_table_add(samples, *line));
        }
    }
    g_assert_cmpuint(g_hash_table_size(names), >, 25);
}

/* Where nothing can be kept the sentence says so. */
static void
test_nowhere(void)
{
    g_autoptr(GError) error = NULL;
    Inventory *inventory = inventory_new();
    g_assert_null(metrics_new("/proc/nowhere", inventory, NULL, &error));
    g_assert_error(error, SHIKIRI_FAULT, FAULT_NO_SPACE);
    inventory_free(inventory);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name, function) g_test_add("/metrics/" name, Fixture, NULL, set_up, function, tear_down)
    TEST("series", test_series);
    TEST("silent", test_silent);
    TEST("steps", test_steps);
    TEST("gone", test_gone);
    TEST("text", test_text);
    TEST("format", test_format);
    g_test_add_func("/metrics/nowhere", test_nowhere);
    return g_test_run();
}
