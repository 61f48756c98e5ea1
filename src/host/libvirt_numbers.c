/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The thread that samples numbers, every ten seconds, over a connection of its own: libvirt is asked in one call
 * for all domains, and passes by a QEMU that somebody waits for already; should the call hang all the same it is cut. Understanding
 * the answer is domain_numbers.c's. Puts whole sheets; decides nothing. */
#include "host/libvirt_parts.h"

#include "base/log.h"
#include "host/domain_numbers.h"
#include "host/libvirt_xml.h"
#include "host/local_numbers.h"

#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>

#define PERIOD (10 * CLOCK_SECOND)
#define SOON CLOCK_SECOND               /* the second sample, which makes the first rates */
#define OPENING (5 * CLOCK_SECOND)
#define ANSWER (4 * CLOCK_SECOND)

/* What libvirt knows without asking a QEMU, and what it must ask one for. */
#define OF_THE_HOST (VIR_DOMAIN_STATS_CPU_TOTAL | VIR_DOMAIN_STATS_INTERFACE)
#define OF_QEMU (VIR_DOMAIN_STATS_VCPU | VIR_DOMAIN_STATS_BALLOON | VIR_DOMAIN_STATS_BLOCK)

typedef struct {
    LibvirtHost *host;
    LibvirtConnection *connection;
    LocalCounters counters;
    GHashTable *counts;                 /* DomainCount of each domain, by its id: the sample before */
    GHashTable *taps;                   /* "vnet3" → Tap */
    Tick due;
} Sampler;

/* --- whose tap it is --------------------------------------------------------------------------------------------------------------------- */

/* libvirt names a NIC in its numbers by the host's end alone, which is another one after each start. */
typedef struct {
    Id vm;
    char mac[20];                       /* "": its domain's XML did not tell */
    gboolean seen;                      /* in this sample */
} Tap;

typedef struct {
    Sampler *sampler;
    virDomainPtr domain;
    Id id;
    gboolean asked;                     /* its XML was read for this sample */
} TapSearch;

static Tap *
put_tap(TapSearch *search, const char *name, const char *mac)
{
    Tap *tap = g_new0(Tap, 1);
    tap->vm = search->id;
    g_autofree char *lower = g_ascii_strdown(mac, -1);
    g_strlcpy(tap->mac, lower, sizeof(tap->mac));
    g_hash_table_replace(search->sampler->taps, g_strdup(name), tap);
    return tap;
}

static void
read_taps(TapSearch *search)
{
    char *text = virDomainGetXMLDesc(search->domain, 0);
    g_autoptr(xmlDoc) doc = text ? libvirt_xml_parse(text) : NULL;
    free(text);
    search->asked = TRUE;
    if (!doc)
        return;
    g_autoptr(GPtrArray) cards = libvirt_xml_nodes(doc, NULL, "devices/interface");
    for (guint i = 0; i < cards->len; i++) {
        g_autofree char *name = libvirt_xml_text(doc, cards->pdata[i], "target/@dev");
        g_autofree char *mac = libvirt_xml_text(doc, cards->pdata[i], "mac/@address");
        if (name && mac)
            put_tap(search, name, mac);
    }
}

static const char *
mac_of_tap(gpointer data, const char *name)
{
    TapSearch *search = data;
    Tap *tap = g_hash_table_lookup(search->sampler->taps, name);
    if ((!tap || !id_equal(&tap->vm, &search->id)) && !search->asked) {
        read_taps(search);
        tap = g_hash_table_lookup(search->sampler->taps, name);
    }
    if (!tap || !id_equal(&tap->vm, &search->id))
        tap = put_tap(search, name, "");
    tap->seen = TRUE;
    return *tap->mac ? tap->mac : NULL;
}

static gboolean
is_unseen(gpointer key, gpointer value, gpointer data)
{
    (void) key, (void) data;
    Tap *tap = value;
    gboolean unseen = !tap->seen;
    tap->seen = FALSE;
    return unseen;
}

/* --- all of them ---------------------------------------------------------------------------------------------------------------------- */

static void
put_domain(Sampler *sampler, Sheet *sheet, const virDomainStatsRecord *record, GHashTable *seen)
{
    TapSearch search = { .sampler = sampler, .domain = record->dom };
    virDomainGetUUID(record->dom, search.id.bytes);
    DomainCount *now = domain_count_new(&search.id, clock_tick(), record->params, record->nparams);
    VmNumbers *numbers = domain_count_put(now, g_hash_table_lookup(sampler->counts, &search.id), sheet, mac_of_tap, &search);
    Wall started = libvirt_read_started(sampler->host, record->dom);
    numbers->uptime = started > 0 ? MAX(clock_wall() - started, 0) / CLOCK_SECOND : 0;
    g_hash_table_replace(seen, &now->id, now);
}

static GHashTable *
new_counts(void)
{
    return g_hash_table_new_full(id_hash, id_equal_key, NULL, (GDestroyNotify) domain_count_free);
}

static void
put_sheet(Sampler *sampler, virDomainStatsRecordPtr *records, int count)
{
    LibvirtHost *host = sampler->host;
    HostNumbers numbers = { .id = host->link.id };
    local_numbers_read(&sampler->counters, &numbers);
    Sheet *sheet = sheet_new(&numbers, clock_wall(), (guint) count);
    GHashTable *seen = new_counts();
    for (int i = 0; i < count; i++)
        put_domain(sampler, sheet, records[i], seen);
    g_hash_table_unref(sampler->counts);
    sampler->counts = seen;
    g_hash_table_foreach_remove(sampler->taps, is_unseen, NULL);
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
ask(Sampler *sampler, unsigned wanted)
{
    const unsigned flags = VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE | VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT;
    virDomainStatsRecordPtr *records = NULL;
    if (!keep_connected(sampler))
        return FALSE;
    libvirt_connection_limit(sampler->connection, clock_tick() + ANSWER);
    int count = virConnectGetAllDomainStats(libvirt_connection_get(sampler->connection), wanted, &records, flags);
    if (count < 0) {
        libvirt_connection_limit(sampler->connection, 0);
        log_debug("host %s: no numbers: %s", sampler->host->link.name, virGetLastErrorMessage());
        return FALSE;
    }
    put_sheet(sampler, records, count);
    libvirt_connection_limit(sampler->connection, 0);
    virDomainStatsRecordListFree(records);
    return TRUE;
}

/* A QEMU that stopped answering a moment ago is not known to libvirt as such: the first question hangs on it and is cut. libvirt's own
 * thread still hangs there, so the next question passes that VM by. Meanwhile all have the numbers that no QEMU need be asked for. */
static gboolean
take_sample(Sampler *sampler)
{
    if (ask(sampler, OF_THE_HOST | OF_QEMU))
        return TRUE;
    if (!sampler->connection || !libvirt_connection_is_overdue(sampler->connection))
        return FALSE;
    log_info("host %s: a QEMU does not answer; numbers of its VM are incomplete", sampler->host->link.name);
    return ask(sampler, OF_THE_HOST);
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
    Sampler sampler = { .host = host, .counts = new_counts(), .taps = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free) };
    while (wait_for_time(&sampler)) {
        gboolean first = sampler.counters.when == 0;
        gboolean well = take_sample(&sampler);
        sampler.due = clock_tick() + (first && well ? SOON : PERIOD);
    }
    libvirt_host_close(sampler.host, sampler.connection);
    g_hash_table_unref(sampler.counts);
    g_hash_table_unref(sampler.taps);
    return NULL;
}
