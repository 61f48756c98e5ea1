/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The thread that samples numbers, every ten seconds, over a connection of its own: libvirt is asked only for what it has
 * without waiting for any QEMU, in one call for all domains; should the call hang all the same it is cut. Counters become
 * rates against the sample before. Puts whole sheets; decides nothing. */
#include "host/libvirt_parts.h"

#include "base/log.h"
#include "host/local_numbers.h"

#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>

#define PERIOD (10 * CLOCK_SECOND)
#define SOON CLOCK_SECOND               /* the second sample, which makes the first rates */
#define OPENING (5 * CLOCK_SECOND)
#define ANSWER (4 * CLOCK_SECOND)

/* What libvirt counts of one domain since it started. */
typedef struct {
    Id id;
    Tick when;
    guint64 cpu, vcpus;                 /* ns: of its process, of its processors */
    guint64 disk_read, disk_write, disk_read_ops, disk_write_ops, rx, tx;
} Sample;

typedef struct {
    LibvirtHost *host;
    LibvirtConnection *connection;
    LocalCounters counters;
    Tick due;
} Sampler;

/* --- one domain ---------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    Sample sample;
    guint64 installed, usable, unused, resident;    /* KiB */
} Reading;

/* "block.0.rd.bytes": the group, a number, and the rest, which is TAIL. */
static gboolean
is_column(const char *name, const char *group, const char *tail)
{
    gsize length = strlen(group);
    if (strncmp(name, group, length) != 0)
        return FALSE;
    const char *at = name + length;
    while (g_ascii_isdigit(*at))
        at++;
    return at > name + length && strcmp(at, tail) == 0;
}

static const struct { const char *group, *tail; gsize offset; } columns[] = {
    { "vcpu.", ".time", offsetof(Sample, vcpus) },
    { "block.", ".rd.bytes", offsetof(Sample, disk_read) },
    { "block.", ".wr.bytes", offsetof(Sample, disk_write) },
    { "block.", ".rd.reqs", offsetof(Sample, disk_read_ops) },
    { "block.", ".wr.reqs", offsetof(Sample, disk_write_ops) },
    { "net.", ".rx.bytes", offsetof(Sample, rx) },
    { "net.", ".tx.bytes", offsetof(Sample, tx) },
};

static const struct { const char *name; gsize offset; } singles[] = {
    { "cpu.time", offsetof(Reading, sample.cpu) },
    { "balloon.current", offsetof(Reading, installed) },
    { "balloon.usable", offsetof(Reading, usable) },
    { "balloon.unused", offsetof(Reading, unused) },
    { "balloon.rss", offsetof(Reading, resident) },
};

static guint64
value_of(const virTypedParameter *parameter)
{
    switch (parameter->type) {
    case VIR_TYPED_PARAM_ULLONG:
        return parameter->value.ul;
    case VIR_TYPED_PARAM_LLONG:
        return (guint64) MAX(parameter->value.l, 0);
    case VIR_TYPED_PARAM_UINT:
        return parameter->value.ui;
    default:
        return 0;
    }
}

static void
take_parameter(Reading *reading, const virTypedParameter *parameter)
{
    for (gsize i = 0; i < G_N_ELEMENTS(singles); i++) {
        if (strcmp(parameter->field, singles[i].name) == 0)
            *(guint64 *) ((char *) reading + singles[i].offset) = value_of(parameter);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(columns); i++) {
        if (is_column(parameter->field, columns[i].group, columns[i].tail))
            *(guint64 *) ((char *) &reading->sample + columns[i].offset) += value_of(parameter);
    }
}

static void
read_record(const virDomainStatsRecord *record, Reading *ret)
{
    *ret = (Reading) { .sample.when = clock_tick() };
    virDomainGetUUID(record->dom, ret->sample.id.bytes);
    for (int i = 0; i < record->nparams; i++)
        take_parameter(ret, &record->params[i]);
    ret->sample.cpu = MAX(ret->sample.cpu, ret->sample.vcpus);      /* without cgroups libvirt counts the processors alone */
}

/* A counter that is smaller than before began anew. */
static double
rate(guint64 before, guint64 now, Tick time)
{
    return now >= before && time > 0 ? (double) (now - before) * CLOCK_SECOND / (double) time : 0;
}

static void
put_rates(VmNumbers *numbers, const Sample *before, const Sample *now)
{
    Tick time = now->when - before->when;
    numbers->cpu_guest = rate(before->vcpus, now->vcpus, time) / 1e7;     /* ns a second → percent of a CPU */
    numbers->cpu_total = rate(before->cpu, now->cpu, time) / 1e7;
    numbers->disk_read = (gint64) rate(before->disk_read, now->disk_read, time);
    numbers->disk_write = (gint64) rate(before->disk_write, now->disk_write, time);
    numbers->disk_read_ops = (gint64) rate(before->disk_read_ops, now->disk_read_ops, time);
    numbers->disk_write_ops = (gint64) rate(before->disk_write_ops, now->disk_write_ops, time);
    numbers->net_rx = (gint64) rate(before->rx, now->rx, time);
    numbers->net_tx = (gint64) rate(before->tx, now->tx, time);
}

static gint64
bytes_of(guint64 kibibytes)
{
    return kibibytes < G_MAXINT64 / 1024 ? (gint64) kibibytes * 1024 : 0;
}

/* What the guest says where its balloon tells; else what its process holds of the host's memory. */
static void
put_memory(VmNumbers *numbers, const Reading *reading)
{
    guint64 free = reading->usable ? reading->usable : reading->unused;
    guint64 used = free ? reading->installed - MIN(free, reading->installed) : MIN(reading->resident, reading->installed);
    numbers->memory_installed = bytes_of(reading->installed);
    numbers->memory_used = bytes_of(used);
    numbers->memory_free = bytes_of(reading->installed - used);
}

static void
put_domain(Sampler *sampler, Sheet *sheet, const virDomainStatsRecord *record, GHashTable *seen)
{
    Reading reading;
    read_record(record, &reading);
    VmNumbers *numbers = sheet_add(sheet, &reading.sample.id);
    const Sample *before = g_hash_table_lookup(sampler->host->samples, &reading.sample.id);
    Wall started = libvirt_read_started(sampler->host, record->dom);
    numbers->cpu_time = (gint64) MIN(reading.sample.cpu, G_MAXINT64);
    numbers->net_rx_total = (gint64) MIN(reading.sample.rx, G_MAXINT64);
    numbers->net_tx_total = (gint64) MIN(reading.sample.tx, G_MAXINT64);
    numbers->uptime = started > 0 ? MAX(clock_wall() - started, 0) / CLOCK_SECOND : 0;
    put_memory(numbers, &reading);
    if (before)
        put_rates(numbers, before, &reading.sample);
    Sample *kept = g_memdup2(&reading.sample, sizeof(reading.sample));
    g_hash_table_replace(seen, &kept->id, kept);
}

/* --- all of them ---------------------------------------------------------------------------------------------------------------------- */

static void
put_sheet(Sampler *sampler, virDomainStatsRecordPtr *records, int count)
{
    LibvirtHost *host = sampler->host;
    HostNumbers numbers = { .id = host->link.id };
    local_numbers_read(&sampler->counters, &numbers);
    Sheet *sheet = sheet_new(&numbers, clock_wall(), (guint) count);
    GHashTable *seen = g_hash_table_new_full(id_hash, id_equal_key, NULL, g_free);
    for (int i = 0; i < count; i++)
        put_domain(sampler, sheet, records[i], seen);
    g_hash_table_unref(host->samples);
    host->samples = seen;
    host->listener.numbers(host->listener.data, sheet);
}

static gboolean
keep_connected(Sampler *sampler)
{
    g_autoptr(GError) error = NULL;
    if (sampler->connection && !libvirt_connection_is_dead(sampler->connection))
        return TRUE;
    libvirt_host_close(sampler->host, g_steal_pointer(&sampler->connection));
    sampler->connection = libvirt_host_open(sampler->host, clock_tick() + OPENING, &error);
    if (!sampler->connection)
        log_debug("host %s: no connection for numbers: %s", sampler->host->link.name, error->message);
    return sampler->connection != NULL;
}

/* FALSE: libvirt did not answer; what was put last stays, with its time. */
static gboolean
take_sample(Sampler *sampler)
{
    const unsigned wanted = VIR_DOMAIN_STATS_CPU_TOTAL | VIR_DOMAIN_STATS_VCPU | VIR_DOMAIN_STATS_BALLOON | VIR_DOMAIN_STATS_BLOCK |
                            VIR_DOMAIN_STATS_INTERFACE;
    const unsigned flags = VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE | VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT;
    virDomainStatsRecordPtr *records = NULL;
    if (!keep_connected(sampler))
        return FALSE;
    libvirt_connection_limit(sampler->connection, clock_tick() + ANSWER);
    int count = virConnectGetAllDomainStats(libvirt_connection_get(sampler->connection), wanted, &records, flags);
    libvirt_connection_limit(sampler->connection, 0);
    if (count < 0) {
        log_debug("host %s: no numbers: %s", sampler->host->link.name, virGetLastErrorMessage());
        return FALSE;
    }
    put_sheet(sampler, records, count);
    virDomainStatsRecordListFree(records);
    return TRUE;
}

/* FALSE: the host is being stopped. */
static gboolean
wait_for_time(Sampler *sampler)
{
    LibvirtHost *host = sampler->host;
    LOCK_HOLD(&host->lock);
    while (!host->stopping && (!host->up || clock_tick() < sampler->due))
        libvirt_host_wait(host, host->up ? sampler->due : clock_tick() + PERIOD);
    return !host->stopping;
}

gpointer
libvirt_numbers_run(gpointer host)
{
    Sampler sampler = { .host = host };
    while (wait_for_time(&sampler)) {
        gboolean first = sampler.counters.when == 0;
        gboolean well = take_sample(&sampler);
        sampler.due = clock_tick() + (first && well ? SOON : PERIOD);
    }
    libvirt_host_close(sampler.host, sampler.connection);
    return NULL;
}
