/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What fake hosts tell: facts, domains, storage, numbers; and the one thread that does so for all of them, runs what is due and looks
 * at the control file. Reports are sent under the lock, so that they keep their order: a listener only queues. */
#include "host/fake_parts.h"

#include "host/domain_live.h"
#include "host/domain_xml.h"
#include "host/offers.h"
#include "model/machines.h"

#include <string.h>

#define GLANCE (CLOCK_SECOND / 5)           /* between two looks at the control file */
#define SAMPLE (10 * CLOCK_SECOND)

static void
send(FakeHost *host, HostReport *take)
{
    if (host->stopped)
        host_report_free(take);
    else
        host->listener.report(host->listener.data, take);
}

/* --- the host ---------------------------------------------------------------------------------------------------------------------- */

static char *
pack_machines(const Fake *fake)
{
    static const char *const rows[][2] = {
        { "arch", "x86_64" }, { "type", "kvm" }, { "emulator", "/usr/bin/qemu-system-x86_64" }, { "machine", "pc-q35-7.2" },
        { "machine", "pc-i440fx-7.2" }, { "firmware", "bios" }, { "firmware", "efi" }, { "firmware", "secure-boot" },
        { "graphics", "vnc" }, { "video", "virtio" },
        { "video", "vga" }, { "bus", "virtio" }, { "bus", "scsi" }, { "bus", "sata" }, { "cpu-mode", "host-passthrough" },
        { "cpu-mode", "host-model" }, { "cpu-mode", "custom" }, { "cpu-model", "qemu64" }, { "tpm", "yes" },
        { "guest", "aarch64" }, { "aarch64/type", "qemu" }, { "aarch64/emulator", "/usr/bin/qemu-system-aarch64" }, { "aarch64/machine", "virt-7.2" },
        { "aarch64/firmware", "efi" }, { "aarch64/tpm", "yes" },
        { MACHINES_LOGS, "/nowhere/console" }, { MACHINES_LOGS_BOUNDED, "yes" }, { MACHINES_SEEDS, FAKE_SEEDS }, { MACHINES_SHARE, "/nowhere/shared" }, { MACHINES_VIRTIOFS, "yes" },
    };
    GString *packed = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        machines_add(packed, rows[i][0], rows[i][1]);
    for (guint i = 0; i < fake->networks->len; i++)
        machines_add(packed, "network", fake->networks->pdata[i]);
    return g_string_free(packed, FALSE);
}

static void
add_units(const FakeHost *host, Host *facts)
{
    gint64 cores = MAX(1, host->cpus / host->threads), per_socket = MAX(1, cores / host->sockets);
    for (gint64 i = 0; i < host->cpus; i++) {
        HostCpuUnit *unit = g_new0(HostCpuUnit, 1);
        gint64 core = i % cores;
        *unit = (HostCpuUnit) { .cpu_id = i, .core_id = core, .socket_id = core / per_socket, .node_id = core / per_socket };
        for (gint64 sibling = core; sibling < host->cpus; sibling += cores) {
            g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, sibling);
            words_add(&unit->siblings, number);
        }
        list_add(&facts->cpu_units, unit);
    }
}

/* One a socket. */
static void
add_nodes(const FakeHost *host, Host *facts)
{
    for (gint64 i = 0; i < host->sockets; i++) {
        NumaNode *node = object_new(&numa_node_type);
        g_autofree char *key = g_strdup_printf("numa:%" G_GINT64_FORMAT, i);
        node->object.id = id_named(&host->link.id, key);
        node->index = i;
        node->memory = host->memory / host->sockets >> 20;
        list_add(&facts->host_numa_nodes, node);
    }
}

static Host *
host_facts(const FakeHost *host)
{
    Host *facts = object_new(&host_type);
    g_autoptr(Message) reason = message_new(MSG_FAKE_HOST, NULL);
    facts->cpu.architecture = ARCHITECTURE_X86_64;
    facts->cpu.topology = (CpuTopology) { .sockets = host->sockets, .threads = host->threads,
                                          .cores = MAX(1, host->cpus / host->threads / host->sockets) };
    facts->cpu.name = g_strdup("Fake CPU");
    facts->cpu.speed = 2400;
    facts->memory = facts->max_scheduling_memory = host->memory;
    facts->accelerator.type = g_strdup("kvm");
    facts->accelerator.reason = message_encode(reason);
    facts->accelerator.text = message_text(reason, LANGUAGE_EN);
    facts->boot = g_strdup_printf("boot-%u", host->boots);
    facts->machines = pack_machines(host->fake);
    offers_tell(facts);
    for (guint i = 0; i < host->fake->networks->len; i++) {
        g_autofree char *source = g_strconcat("network:", host->fake->networks->pdata[i], NULL);
        words_add(&facts->sources, source);
    }
    add_units(host, facts);
    add_nodes(host, facts);
    fake_nodes_tell(host->fake, &facts->devices);
    facts->device_passthrough.enabled = facts->devices.count > 0;
    return facts;
}

/* --- domains ------------------------------------------------------------------------------------------------------------------------- */

char *
fake_live_xml(const FakeHost *host, const FakeDomain *domain)
{
    g_autofree char *made = NULL;
    return domain->live ? g_strdup(domain->live) : domain_xml_as_running(fake_xml_of(host, domain, &made));
}

void
fake_facts_add_live(const FakeHost *host, const FakeDomain *domain, DomainFacts *facts)
{
    g_autofree char *xml = fake_live_xml(host, domain), *all = fake_pins_all(host);
    if (domain->state != DOMAIN_SHUTOFF)
        domain_live_compare(facts, xml, all);
}

static DomainDisk *
copy_disk(const DomainDisk *disk)
{
    DomainDisk *copy = g_memdup2(disk, sizeof(*disk));
    copy->target = g_strdup(disk->target);
    copy->path = g_strdup(disk->path);
    copy->driver = g_strdup(disk->driver);
    copy->device = g_strdup(disk->device);
    return copy;
}

static void
runs_as_defined(DomainFacts *facts)
{
    for (guint i = 0; i < facts->disks.count; i++)
        list_add(&facts->live_disks, copy_disk(facts->disks.items[i]));
    for (guint i = 0; i < facts->config->cdroms.count; i++) {
        Cdrom *cdrom = facts->config->cdroms.items[i];
        text_set(&cdrom->current.id, cdrom->file.id);
    }
    facts->pins = cpu_tune_text(&facts->config->cpu.cpu_tune);
}

DomainFacts *
fake_facts(const FakeHost *host, const FakeDomain *domain, gboolean whole)
{
    DomainFacts *facts = domain_facts_new();
    g_autofree char *made = NULL;
    facts->id = domain->id;
    facts->state = domain->state;
    facts->started = domain->started;
    facts->persistent = TRUE;
    facts->managed_save = domain->saved;
    facts->autostart = domain->autostart;
    if (!whole)
        return facts;
    facts->xml = g_strdup(fake_xml_of(host, domain, &made));
    if (!domain_xml_read(facts->xml, facts, NULL) || !facts->config) {
        object_unref(facts->config);
        facts->config = object_new(&vm_type);
        facts->config->object.id = domain->id;
        facts->config->name = g_strdup("unreadable");
    }
    facts->id = domain->id;
    if (domain->state == DOMAIN_SHUTOFF)
        return facts;
    if (domain->live)
        fake_facts_add_live(host, domain, facts);
    else
        runs_as_defined(facts);
    domain_facts_forget_live(facts);
    return facts;
}

void
fake_report_domain(FakeHost *host, const Id *id, ReportKind kind, const char *event)
{
    if (!host->up)
        return;
    const FakeDomain *domain = g_hash_table_lookup(host->domains, id);
    HostReport *report = host_report_new(&host->link, kind, host->generation);
    report->event = g_strdup(event);
    if (domain) {
        report->domain = fake_facts(host, domain, kind == REPORT_DOMAIN);
    } else {
        report->domain = domain_facts_new();
        report->domain->id = *id;
        report->domain->state = DOMAIN_ABSENT;
    }
    const char *colon = event ? strchr(event, ':') : NULL;
    report->domain->reason = g_strdup(colon ? colon + 1 : NULL);
    send(host, report);
}

static void
report_domains(FakeHost *host)
{
    HostReport *report = host_report_new(&host->link, REPORT_DOMAINS, host->generation);
    GHashTableIter iter;
    gpointer domain;
    report->domains = g_ptr_array_new_with_free_func((GDestroyNotify) domain_facts_unref);
    g_hash_table_iter_init(&iter, host->domains);
    while (g_hash_table_iter_next(&iter, NULL, &domain))
        g_ptr_array_add(report->domains, fake_facts(host, domain, TRUE));
    send(host, report);
}

void
fake_report_up(FakeHost *host)
{
    HostReport *report = host_report_new(&host->link, REPORT_UP, ++host->generation);
    host->up = TRUE;
    g_atomic_int_set(&host->link.lost, 0);
    report->facts = host_facts(host);
    send(host, report);
    report_domains(host);
    for (guint i = 0; i < host->stores->len; i++)
        fake_report_storage(host, host->stores->pdata[i]);
}

void
fake_report_lost(FakeHost *host)
{
    HostReport *report = host_report_new(&host->link, REPORT_LOST, host->generation);
    host->up = FALSE;
    g_atomic_int_set(&host->link.lost, 1);
    report->why = message_new(MSG_FAKE_LOST, NULL);
    send(host, report);
}

/* --- storage and numbers -------------------------------------------------------------------------------------------------------------- */

static gboolean
is_in(const HostStore *store, const FakeVolume *volume)
{
    return g_str_has_prefix(volume->path, store->path);
}

static int
by_image(gconstpointer a, gconstpointer b)
{
    const VolumeSeen *x = a, *y = b;
    int order = id_compare(&x->disk, &y->disk);
    return order ? order : id_compare(&x->image, &y->image);
}

static void
list_volumes(const Fake *fake, const HostStore *store, StorageFacts *facts)
{
    GHashTableIter iter;
    const FakeVolume *volume;
    facts->volumes = g_array_new(FALSE, FALSE, sizeof(VolumeSeen));
    g_hash_table_iter_init(&iter, fake->volumes);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &volume)) {
        g_autofree char *name = g_path_get_basename(volume->path);
        VolumeSeen seen = { .kind = volume->partial ? SEEN_HALF : SEEN_IMAGE, .length = volume->size / 10, .allocation = volume->size / 10 };
        gboolean image = is_in(store, volume) && volume_name_parse(name, &seen.disk, &seen.image);
        if (!image && is_in(store, volume) && volume_name_parse_memory(name, &seen.image))
            seen.kind = SEEN_MEMORY;
        if (image || seen.kind == SEEN_MEMORY)
            g_array_append_val(facts->volumes, seen);
    }
    g_array_sort(facts->volumes, by_image);
}

void
fake_report_storage(FakeHost *host, const HostStore *store)
{
    HostReport *report = host_report_new(&host->link, REPORT_STORAGE, host->generation);
    GHashTableIter iter;
    FakeVolume *volume;
    report->storage = g_new0(StorageFacts, 1);
    report->storage->storage_domain = store->storage_domain;
    report->storage->reachable = TRUE;
    g_hash_table_iter_init(&iter, host->fake->volumes);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &volume))
        report->storage->used += is_in(store, volume) ? volume->size / 10 : 0;
    list_volumes(host->fake, store, report->storage);
    report->storage->available = MAX(0, (G_GINT64_CONSTANT(10) << 40) - report->storage->used);
    send(host, report);
}

/* "vda" and "52:54:…", as its XML names them; kept with the domain. */
static const GPtrArray *
devices_of(FakeHost *host, FakeDomain *domain)
{
    if (domain->devices)
        return domain->devices;
    g_autofree char *made = NULL;
    g_autoptr(DomainFacts) facts = domain_facts_new();
    domain->devices = g_ptr_array_new_with_free_func(g_free);
    if (!domain_xml_read(fake_xml_of(host, domain, &made), facts, NULL) || !facts->config)
        return domain->devices;
    for (guint i = 0; i < facts->disks.count; i++)
        g_ptr_array_add(domain->devices, g_strdup(((const DomainDisk *) facts->disks.items[i])->target));
    for (guint i = 0; i < facts->config->nics.count; i++)
        g_ptr_array_add(domain->devices, g_strdup(((const Nic *) facts->config->nics.items[i])->mac.address));
    return domain->devices;
}

/* Counters that agree with the rates: SECONDS since its start, PACE of its own. */
static void
sample_disk(DiskNumbers *disk, gint64 seconds, gint64 pace)
{
    disk->read_ops = (double) pace;
    disk->write_ops = 2 * (double) pace;
    disk->read = 16384 * disk->read_ops;
    disk->write = 4096 * disk->write_ops;
    disk->read_latency = 0.0004;
    disk->write_latency = 0.0011;
    disk->read_ops_total = pace * seconds;
    disk->write_ops_total = 2 * pace * seconds;
    disk->read_total = 16384 * disk->read_ops_total;
    disk->write_total = 4096 * disk->write_ops_total;
    disk->read_time = disk->read_ops_total * 400000;
    disk->write_time = disk->write_ops_total * 1100000;
}

static void
sample_nic(NicNumbers *nic, gint64 seconds, gint64 pace)
{
    nic->rx_packets = 3 * (double) pace;
    nic->tx_packets = 2 * (double) pace;
    nic->rx = 1200 * nic->rx_packets;
    nic->tx = 200 * nic->tx_packets;
    nic->rx_packets_total = 3 * pace * seconds;
    nic->tx_packets_total = 2 * pace * seconds;
    nic->rx_total = 1200 * nic->rx_packets_total;
    nic->tx_total = 200 * nic->tx_packets_total;
}

static void
sample_devices(FakeHost *host, FakeDomain *domain, Sheet *sheet, VmNumbers *vm)
{
    const GPtrArray *devices = devices_of(host, domain);
    gint64 pace = 1 + id_hash(&domain->id) % 50;
    for (guint i = 0; i < devices->len; i++) {
        const char *name = devices->pdata[i];
        if (name && strchr(name, ':')) {
            NicNumbers *nic = sheet_add_nic(sheet, &domain->id, name);
            sample_nic(nic, vm->uptime, pace);
            vm->net_rx += (gint64) nic->rx;
            vm->net_tx += (gint64) nic->tx;
            vm->net_rx_total += nic->rx_total;
            vm->net_tx_total += nic->tx_total;
        } else if (name) {
            DiskNumbers *disk = sheet_add_disk(sheet, &domain->id, name);
            sample_disk(disk, vm->uptime, pace);
            vm->disk_read += (gint64) disk->read;
            vm->disk_write += (gint64) disk->write;
            vm->disk_read_ops += (gint64) disk->read_ops;
            vm->disk_write_ops += (gint64) disk->write_ops;
        }
    }
}

/* The same for the same second: a VM's number and the time make its load. */
static void
sample_domain(FakeHost *host, FakeDomain *domain, Sheet *sheet, Wall now)
{
    VmNumbers *vm = sheet_add(sheet, &domain->id);
    vm->cpu_guest = vm->cpu_total = (id_hash(&domain->id) + now / CLOCK_SECOND) % 100;
    vm->memory_installed = G_GINT64_CONSTANT(1) << 30;
    vm->memory_used = vm->memory_installed / 3;
    vm->memory_free = vm->memory_installed - vm->memory_used;
    vm->uptime = (now - domain->started) / CLOCK_SECOND;
    vm->cpu_time = vm->uptime * 500000000;
    sample_devices(host, domain, sheet, vm);
}

static void
sample(FakeHost *host)
{
    GHashTableIter iter;
    FakeDomain *domain;
    Wall now = clock_wall();
    HostNumbers numbers = { .id = host->link.id, .memory_total = host->memory, .boot_time = 0, .cpu_user = 10, .cpu_idle = 90 };
    if (!host->listener.numbers || !host->up || host->stopped)
        return;
    Sheet *sheet = sheet_new(&numbers, now, g_hash_table_size(host->domains));
    g_hash_table_iter_init(&iter, host->domains);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &domain)) {
        if (domain->state == DOMAIN_RUNNING)
            sample_domain(host, domain, sheet, now);
    }
    host->listener.numbers(host->listener.data, sheet);
}

/* --- the thread ------------------------------------------------------------------------------------------------------------------------ */

void
fake_later(FakeHost *host, Tick pause, void (*run)(FakeHost *, const Id *), const Id *domain)
{
    FakeErrand *errand = g_new(FakeErrand, 1);
    *errand = (FakeErrand) { clock_tick() + pause, run, host, *domain };
    g_ptr_array_add(host->fake->errands, errand);
    condition_broadcast(&host->fake->wake);
}

static gboolean
run_due(Fake *fake)
{
    for (guint i = 0; i < fake->errands->len; i++) {
        FakeErrand errand = *(FakeErrand *) fake->errands->pdata[i];
        if (errand.due > clock_tick())
            continue;
        g_ptr_array_remove_index(fake->errands, i);
        if (!errand.host->stopped)
            errand.run(errand.host, &errand.domain);
        return TRUE;
    }
    return FALSE;
}

static Tick
next_due(const Fake *fake)
{
    Tick due = clock_tick() + GLANCE;
    for (guint i = 0; i < fake->errands->len; i++)
        due = MIN(due, ((const FakeErrand *) fake->errands->pdata[i])->due);
    return due;
}

gpointer
fake_thread(gpointer data)
{
    Fake *fake = data;
    Tick sampled = clock_tick();
    LOCK_HOLD(&fake->lock);
    while (!fake->stopping) {
        if (run_due(fake))
            continue;
        fake_read_control(fake);
        if (clock_tick() - sampled >= SAMPLE) {
            sampled = clock_tick();
            for (guint i = 0; i < fake->hosts->len; i++)
                sample(fake->hosts->pdata[i]);
        }
        condition_wait_until(&fake->wake, &fake->lock, next_due(fake));
    }
    return NULL;
}
