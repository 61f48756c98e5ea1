/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The thread that asks what nobody announces: guests of themselves, storages of their space. Each question is a call in the
 * pool, a few at a time; this thread only begins them, looks which ended, and reports. A guest that answers something new is
 * asked again soon, one that says the same less and less often, one that is silent least. */
#include "host/libvirt_call.h"

#include "host/volume_store.h"

#include <libvirt/virterror.h>
#include <string.h>

#define MOST_GUESTS 4                       /* asked at a time */
#define GUEST_PATIENCE (20 * CLOCK_SECOND)
#define GUEST_LEAST (2 * CLOCK_SECOND)
#define GUEST_MOST (60 * CLOCK_SECOND)
#define GUEST_SILENT (300 * CLOCK_SECOND)
#define GUEST_NEWS (5 * CLOCK_SECOND)
#define STORE_PERIOD (30 * CLOCK_SECOND)
#define STORE_PATIENCE (10 * CLOCK_SECOND)

/* A question on its way. */
typedef struct {
    LibvirtCall *call;
    gboolean store, late;
} Asked;

typedef struct {
    LibvirtHost *host;
    GPtrArray *asked;           /* Asked * */
    Tick stores_due;
    guint stores;               /* how many there were at the last asking */
    guint64 generation;
} Asker;

static void
asked_free(Asked *asked)
{
    libvirt_call_unref(asked->call);
    g_free(asked);
}

/* --- the questions, in the pool ------------------------------------------------------------------------------------------------------------- */

static gboolean
work_guest(LibvirtCall *call, GError **error)
{
    virDomainPtr domain = virDomainLookupByUUID(call->connection, call->id.bytes);
    if (!domain)
        return libvirt_call_fail(call, error);
    libvirt_call_name(call, virDomainGetName(domain));
    call->result = libvirt_guest_read(domain, call->flag);
    call->free_result = (GDestroyNotify) guest_facts_free;
    virDomainFree(domain);
    return TRUE;
}

static gboolean
work_store(LibvirtCall *call, GError **error)
{
    HostStore store = { call->id, call->text };
    call->result = volume_store_read(&store, call->host->link.name);
    call->free_result = (GDestroyNotify) storage_facts_free;
    return TRUE;
}

/* --- reports: the lock is held ------------------------------------------------------------------------------------------------------------------ */

static void
report_store(LibvirtHost *host, StorageFacts *take)
{
    HostReport *report = host_report_new(&host->link, REPORT_STORAGE, host->generation);
    report->storage = take;
    libvirt_host_report(host, report);
}

static void
report_late_store(LibvirtHost *host, const LibvirtCall *call)
{
    HostStore store = { call->id, call->text };
    g_autoptr(Message) message = message_new(MSG_STORE_SILENT, "path", call->text, "host", host->link.name, NULL);
    g_autofree char *why = message_encode(message);
    report_store(host, volume_store_lost(&store, why));
}

static guint64
digest_text(guint64 digest, const char *text)
{
    for (const char *at = text ? text : ""; *at; at++)
        digest = (digest ^ (guint8) *at) * 1099511628211u;
    return (digest ^ 0xff) * 1099511628211u;
}

/* What is used changes all the time: it is news by twentieths. */
static guint64
digest_file_system(guint64 digest, const FileSystem *system)
{
    guint64 filled = system->total > 0 ? (guint64) ((double) system->used / (double) system->total * 20) : 0;
    digest = digest_text(digest_text(digest, system->name), system->type);
    return (digest ^ filled ^ (guint64) system->total) * 1099511628211u;
}

/* Of all a listener would see, and call news; never 0. */
static guint64
guest_digest(const GuestFacts *facts)
{
    guint64 digest = 14695981039346656037u;
    const char *texts[] = { facts->fqdn, facts->os.architecture, facts->os.codename, facts->os.distribution, facts->os.family,
        facts->os.version.full_version, facts->os.kernel.full_version, facts->zone.name, facts->zone.utc_offset };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        digest = digest_text(digest, texts[i]);
    for (guint i = 0; i < facts->devices.count; i++) {
        const ReportedDevice *device = facts->devices.items[i];
        digest = digest_text(digest_text(digest, device->name), device->mac.address);
        for (guint k = 0; k < device->ips.count; k++)
            digest = digest_text(digest, ((const Ip *) device->ips.items[k])->address);
    }
    for (guint i = 0; i < facts->sessions.count; i++)
        digest = digest_text(digest, ((const Session *) facts->sessions.items[i])->name);
    for (guint i = 0; i < facts->file_systems.count; i++)
        digest = digest_file_system(digest, facts->file_systems.items[i]);
    return digest ? digest : 1;
}

static gboolean
has_address(const GuestFacts *facts)
{
    for (guint i = 0; facts && i < facts->devices.count; i++) {
        if (((const ReportedDevice *) facts->devices.items[i])->ips.count > 0)
            return TRUE;
    }
    return FALSE;
}

static void
report_guest(LibvirtHost *host, const Id *id, GuestFacts *take)
{
    HostReport *report = host_report_new(&host->link, REPORT_GUEST, host->generation);
    report->domain = domain_facts_new();
    report->domain->id = *id;
    report->domain->state = DOMAIN_RUNNING;
    report->guest = take;
    libvirt_host_report(host, report);
}

/* When it is asked again. An address may take its time after the start, so one without is asked on in earnest. */
static Tick
next_pause(const Known *known, const GuestFacts *facts, gboolean news)
{
    Tick longer = MAX(known->guest_pause, GUEST_LEAST) * 2;
    if (!facts)
        return MIN(longer, known->agent ? GUEST_SILENT : GUEST_MOST);
    if (!has_address(facts))
        return MIN(longer, GUEST_MOST / 4);
    return news ? GUEST_NEWS : MIN(longer, GUEST_MOST);
}

/* Whose domain went meanwhile is told nowhere. */
static void
guest_answered(LibvirtHost *host, LibvirtCall *call, gboolean well)
{
    Known *known = g_hash_table_lookup(host->known, &call->id);
    GuestFacts *facts = well ? g_steal_pointer(&call->result) : NULL;
    gboolean wanted = known && known->running;
    gboolean news = wanted && facts && guest_digest(facts) != known->guest_digest;
    if (wanted) {
        known->guest_pause = next_pause(known, facts, news);
        known->guest_due = clock_tick() + known->guest_pause;
    }
    if (news) {
        known->guest_digest = guest_digest(facts);
        report_guest(host, &known->id, g_steal_pointer(&facts));
    }
    guest_facts_free(facts);
}

static void
store_answered(LibvirtHost *host, LibvirtCall *call, gboolean well)
{
    if (well)
        report_store(host, g_steal_pointer(&call->result));
}

/* --- asking: the lock is held ------------------------------------------------------------------------------------------------------------------- */

/* TRUE: it is done with. A late one stays, so that nobody is asked twice at once. */
static gboolean
look_at(Asker *asker, Asked *asked)
{
    CallStand stand = libvirt_call_look(asked->call);
    if (stand == CALL_LATE && !asked->late && asked->store)
        report_late_store(asker->host, asked->call);
    asked->late |= stand == CALL_LATE;
    if (stand == CALL_RUNS || stand == CALL_LATE)
        return FALSE;
    if (asked->store)
        store_answered(asker->host, asked->call, stand == CALL_SUCCEEDED);
    else
        guest_answered(asker->host, asked->call, stand == CALL_SUCCEEDED);
    return TRUE;
}

static void
look_at_all(Asker *asker)
{
    for (guint i = asker->asked->len; i > 0; i--) {
        if (look_at(asker, asker->asked->pdata[i - 1]))
            g_ptr_array_remove_index_fast(asker->asked, i - 1);
    }
}

static gboolean
is_asked(const Asker *asker, const Id *id)
{
    for (guint i = 0; i < asker->asked->len; i++) {
        if (id_equal(&((const Asked *) asker->asked->pdata[i])->call->id, id))
            return TRUE;
    }
    return FALSE;
}

static guint
guests_asked(const Asker *asker)
{
    guint count = 0;
    for (guint i = 0; i < asker->asked->len; i++)
        count += !((const Asked *) asker->asked->pdata[i])->store;
    return count;
}

static void
begin(Asker *asker, LibvirtCall *call, gboolean store)
{
    if (!libvirt_call_begin(call)) {
        libvirt_call_unref(call);
        return;
    }
    Asked *asked = g_new0(Asked, 1);
    asked->call = call;
    asked->store = store;
    g_ptr_array_add(asker->asked, asked);
}

/* The one that waits longest; NULL: nobody is due. RET: when somebody is. */
static Known *
choose_guest(Asker *asker, Tick *ret_due)
{
    GHashTableIter iter;
    Known *known, *first = NULL;
    g_hash_table_iter_init(&iter, asker->host->known);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &known)) {
        if (known->running && !known->frozen && known->guest_due > 0 && !is_asked(asker, &known->id) && (!first || known->guest_due < first->guest_due))
            first = known;
    }
    *ret_due = first ? first->guest_due : G_MAXINT64;
    return first && first->guest_due <= clock_tick() ? first : NULL;
}

/* When there is somebody to ask next. */
static Tick
ask_guests(Asker *asker)
{
    static const LibvirtVerb verb = { work_guest, "ask the guest of", FALSE, FALSE };
    Tick due = G_MAXINT64;
    while (guests_asked(asker) < MOST_GUESTS) {
        Known *known = choose_guest(asker, &due);
        if (!known)
            return due;
        LibvirtCall *call = libvirt_call_new(&asker->host->link, &verb, &known->id, clock_tick() + GUEST_PATIENCE);
        call->flag = known->agent;
        known->guest_due = clock_tick() + GUEST_PATIENCE;
        begin(asker, call, FALSE);
    }
    return G_MAXINT64;          /* whoever ends first wakes us */
}

static Tick
ask_stores(Asker *asker)
{
    static const LibvirtVerb verb = { work_store, "measure", FALSE, TRUE };
    LibvirtHost *host = asker->host;
    gboolean more = host->stores->len > asker->stores;
    if (clock_tick() < asker->stores_due && !more)
        return asker->stores_due;
    asker->stores = host->stores->len;
    asker->stores_due = clock_tick() + STORE_PERIOD;
    for (guint i = 0; i < host->stores->len; i++) {
        const HostStore *store = &((const WatchedStore *) host->stores->pdata[i])->store;
        if (is_asked(asker, &store->storage_domain))
            continue;
        LibvirtCall *call = libvirt_call_new(&host->link, &verb, &store->storage_domain, clock_tick() + STORE_PATIENCE);
        call->text = g_strdup(store->path);
        begin(asker, call, TRUE);
    }
    return asker->stores_due;
}

static Tick
next_deadline(const Asker *asker)
{
    Tick next = G_MAXINT64;
    for (guint i = 0; i < asker->asked->len; i++) {
        const Asked *asked = asker->asked->pdata[i];
        if (!asked->late)
            next = MIN(next, asked->call->deadline);
    }
    return next;
}

/* A host that comes back tells everything anew. */
static Tick
ask_all(Asker *asker)
{
    LibvirtHost *host = asker->host;
    if (!host->up)
        return G_MAXINT64;
    if (asker->generation != host->generation)
        asker->stores_due = 0;
    asker->generation = host->generation;
    return MIN(ask_guests(asker), ask_stores(asker));
}

gpointer
libvirt_asker_run(gpointer data)
{
    LibvirtHost *host = data;
    Asker asker = { .host = host, .asked = g_ptr_array_new_with_free_func((GDestroyNotify) asked_free) };
    lock_take(&host->lock);
    while (!host->stopping) {
        look_at_all(&asker);
        Tick next = MIN(ask_all(&asker), next_deadline(&asker));
        libvirt_host_wait(host, MIN(next, clock_tick() + STORE_PERIOD));
    }
    lock_drop(&host->lock);
    g_ptr_array_unref(asker.asked);
    return NULL;
}
