/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Looking at a host's domains: the whole list, the ones events named, and a glance at all for what libvirt announces by no
 * event. Runs in the link's thread over its connection; every question has a limit. Whether a reading may be believed is
 * decided by the events that arrived while it was made: they are in order, and newer. */
#include "host/libvirt_parts.h"

#include "base/log.h"

#include <libvirt/virterror.h>
#include <stdlib.h>

#define QUESTION (10 * CLOCK_SECOND)    /* longest answer to one */
#define MOST_ROUNDS 20                  /* a list is read again where events came meanwhile */

/* --- asking --------------------------------------------------------------------------------------------------------------------- */

static virConnectPtr
ask(LibvirtHost *host)
{
    libvirt_connection_limit(host->control, clock_tick() + QUESTION);
    return libvirt_connection_get(host->control);
}

static gboolean
is_dead(LibvirtHost *host)
{
    return libvirt_connection_is_dead(host->control);
}

typedef struct {
    virDomainPtr *items;
    int count;
} DomainList;

static void
domain_list_clear(DomainList *list)
{
    for (int i = 0; i < list->count; i++)
        virDomainFree(list->items[i]);
    free(list->items);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DomainList, domain_list_clear)

static gboolean
list_domains(LibvirtHost *host, DomainList *ret_list, GError **error)
{
    DomainList list = { NULL, 0 };
    list.count = virConnectListAllDomains(ask(host), &list.items, 0);
    if (list.count < 0)
        return libvirt_error_set(error, host, "list its domains", NULL);
    *ret_list = list;
    return TRUE;
}

/* What cannot be read is a domain all the same, and must not be taken for one that is gone: it is told by its state alone.
 * Without even that, nothing the host says can be trusted. */
static gboolean
tell_state_alone(LibvirtHost *host, virDomainPtr domain, DomainReading *ret_reading, GError **error)
{
    int state, reason;
    if (virDomainGetState(domain, &state, &reason, 0) < 0)
        return libvirt_error_set(error, host, "read", virDomainGetName(domain));
    DomainFacts *facts = domain_facts_new();
    virDomainGetUUID(domain, facts->id.bytes);
    facts->state = libvirt_events_state(state);
    facts->reason = g_strdup(libvirt_events_reason(state, reason));
    *ret_reading = (DomainReading) { facts, FALSE };
    return TRUE;
}

static gboolean
read_one(LibvirtHost *host, virDomainPtr domain, const LibvirtFlags *flags, DomainReading *ret_reading, GError **error)
{
    g_autoptr(GError) why = NULL;
    ask(host);
    if (libvirt_read_domain(host, domain, flags, ret_reading, &why)) {
        domain_facts_forget_live(ret_reading->facts);       /* it is for those who asked about this one domain */
        return TRUE;
    }
    if (is_dead(host)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    log_warn("host %s: %s", host->link.name, why->message);
    return tell_state_alone(host, domain, ret_reading, error);
}

/* --- remembering: the lock is held ------------------------------------------------------------------------------------------------- */

static guint64
moves_of(LibvirtHost *host, const Id *id)
{
    const Known *known = g_hash_table_lookup(host->known, id);
    return known ? known->moves : 0;
}

/* Its guest is asked soon where it has just been found running. */
static void
note_running(Known *known, const DomainReading *reading)
{
    gboolean running = reading->facts->state != DOMAIN_SHUTOFF && reading->facts->state != DOMAIN_ABSENT;
    if (running && (!known->running || known->guest_due == 0))
        known->guest_due = clock_tick();
    else if (!running)
        known->guest_due = 0;
    if (!running)
        known->guest_digest = 0;
    known->running = running;
    known->saved = !running && (reading->facts->managed_save || !reading->facts->xml);
    known->agent = running && reading->agent;
    known->frozen &= running;
}

static Known *
remember(LibvirtHost *host, const DomainReading *reading)
{
    Known *known = libvirt_host_know(host, &reading->facts->id);
    known->digest = libvirt_read_digest(reading->facts);
    known->surface = libvirt_read_surface(reading->facts);
    note_running(known, reading);
    return known;
}

static void
forget(LibvirtHost *host, const Id *id)
{
    const Known *known = g_hash_table_lookup(host->known, id);
    if (!known)
        return;
    host->dirty -= known->dirty;
    g_hash_table_remove(host->known, id);
}

/* --- the whole list ------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    LibvirtHost *host;
    LibvirtFlags *flags;
    DomainList list;
    DomainReading *readings;    /* of each domain of the list; facts NULL: to be read */
    guint64 *moves;             /* of each before it was read */
    Tick began;
} Sweep;

static void
sweep_clear(Sweep *sweep)
{
    for (int i = 0; i < sweep->list.count; i++)
        domain_facts_unref(sweep->readings[i].facts);
    g_free(sweep->readings);
    g_free(sweep->moves);
    libvirt_read_flags_free(sweep->flags);
    domain_list_clear(&sweep->list);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sweep, sweep_clear)

static gboolean
sweep_begin(Sweep *sweep, GError **error)
{
    LibvirtHost *host = sweep->host;
    sweep->began = clock_tick();
    if (!list_domains(host, &sweep->list, error))
        return FALSE;
    sweep->readings = g_new0(DomainReading, (gsize) sweep->list.count);
    sweep->moves = g_new0(guint64, (gsize) sweep->list.count);
    sweep->flags = libvirt_read_flags(host, ask(host), error);
    return sweep->flags != NULL;
}

static gboolean
read_missing(Sweep *sweep, GError **error)
{
    LibvirtHost *host = sweep->host;
    for (int i = 0; i < sweep->list.count; i++) {
        Id id;
        if (sweep->readings[i].facts)
            continue;
        virDomainGetUUID(sweep->list.items[i], id.bytes);
        lock_take(&host->lock);
        sweep->moves[i] = moves_of(host, &id);
        lock_drop(&host->lock);
        if (!read_one(host, sweep->list.items[i], sweep->flags, &sweep->readings[i], error))
            return FALSE;
    }
    g_clear_pointer(&sweep->flags, libvirt_read_flags_free);    /* too old for what is read again */
    return TRUE;
}

/* Lock held. Throws away what an event made old while it was read. */
static gboolean
drop_outdated(Sweep *sweep)
{
    gboolean dropped = FALSE;
    for (int i = 0; i < sweep->list.count; i++) {
        DomainFacts *facts = sweep->readings[i].facts;
        if (sweep->moves[i] == moves_of(sweep->host, &facts->id))
            continue;
        domain_facts_unref(g_steal_pointer(&sweep->readings[i].facts));
        dropped = TRUE;
    }
    return dropped;
}

/* Lock held. A domain that an event named and the list lacks came after it was listed, or went before: reading it alone tells. */
static void
report_list(Sweep *sweep)
{
    LibvirtHost *host = sweep->host;
    HostReport *report = host_report_new(&host->link, REPORT_DOMAINS, host->generation);
    report->seen = sweep->began;
    report->domains = g_ptr_array_new_full((guint) sweep->list.count, (GDestroyNotify) domain_facts_unref);
    for (int i = 0; i < sweep->list.count; i++) {
        DomainFacts *facts = sweep->readings[i].facts;
        if (facts->state == DOMAIN_ABSENT)
            continue;
        remember(host, &sweep->readings[i]);
        g_ptr_array_add(report->domains, domain_facts_ref(facts));
    }
    host->listener.report(host->listener.data, report);
}

/* Lock held: up, the list, and then what was heard since the events were registered. */
static void
report_up(Sweep *sweep)
{
    LibvirtHost *host = sweep->host;
    HostReport *report = host_report_new(&host->link, REPORT_UP, host->generation);
    report->facts = object_dup(host->facts);
    host->listener.report(host->listener.data, report);
    report_list(sweep);
    host->up = TRUE;
    host->told = N_MESSAGES;
    g_atomic_int_set(&host->link.lost, FALSE);
    for (HostReport *held; (held = g_queue_pop_head(&host->held));)
        libvirt_host_report(host, held);
    condition_broadcast(&host->changed);
    condition_broadcast(&host->calls);
}

/* FALSE: events made parts of it old, which are to be read again. */
static gboolean
try_to_report(Sweep *sweep, gboolean last)
{
    LibvirtHost *host = sweep->host;
    LOCK_HOLD(&host->lock);
    if (host->stopping)
        return TRUE;
    if (!last && drop_outdated(sweep))
        return FALSE;
    if (!host->up)
        report_up(sweep);       /* what was heard follows the list, and puts right what is old in it */
    else if (!last)
        report_list(sweep);
    else
        host->refresh = TRUE;   /* domains come and go too fast for a list: later */
    return TRUE;
}

/* Known before and not in the list: the events say gone or come, or nobody did. They are read one by one. */
static void
mark_unlisted(LibvirtHost *host, const DomainList *list)
{
    g_autoptr(GHashTable) listed = g_hash_table_new_full(id_hash, id_equal_key, g_free, NULL);
    for (int i = 0; i < list->count; i++) {
        Id *id = g_new(Id, 1);
        virDomainGetUUID(list->items[i], id->bytes);
        g_hash_table_add(listed, id);
    }
    LOCK_HOLD(&host->lock);
    GHashTableIter iter;
    Known *known;
    g_hash_table_iter_init(&iter, host->known);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &known)) {
        if (!g_hash_table_contains(listed, &known->id))
            libvirt_host_mark(host, &known->id, NULL);
    }
}

gboolean
libvirt_sweep_all(LibvirtHost *host, GError **error)
{
    g_auto(Sweep) sweep = { .host = host };
    if (!sweep_begin(&sweep, error))
        return FALSE;
    for (int round = 0;; round++) {
        if (!read_missing(&sweep, error))
            return FALSE;
        if (try_to_report(&sweep, round == MOST_ROUNDS))
            break;
    }
    mark_unlisted(host, &sweep.list);
    libvirt_seed_sweep(host);
    return TRUE;
}

/* --- what events named --------------------------------------------------------------------------------------------------------------- */

typedef struct {
    Id id;
    guint64 moves;
    char *event;
    Tick began;                 /* when it was read */
} Call;

static void
call_clear(gpointer data)
{
    g_free(((Call *) data)->event);
}

static GArray *
take_dirty(LibvirtHost *host)
{
    GArray *calls = g_array_new(FALSE, FALSE, sizeof(Call));
    g_array_set_clear_func(calls, call_clear);
    GHashTableIter iter;
    Known *known;
    LOCK_HOLD(&host->lock);
    g_hash_table_iter_init(&iter, host->known);
    while (host->dirty > 0 && g_hash_table_iter_next(&iter, NULL, (gpointer *) &known)) {
        if (!known->dirty)
            continue;
        Call call = { known->id, known->moves, g_steal_pointer(&known->event), 0 };
        known->dirty = FALSE;
        host->dirty--;
        g_array_append_val(calls, call);
    }
    return calls;
}

static gboolean
read_by_id(LibvirtHost *host, const Id *id, DomainReading *ret_reading, GError **error)
{
    virDomainPtr domain = virDomainLookupByUUID(ask(host), id->bytes);
    if (domain) {
        gboolean read = read_one(host, domain, NULL, ret_reading, error);
        virDomainFree(domain);
        return read;
    }
    if (libvirt_error_code() != VIR_ERR_NO_DOMAIN)
        return libvirt_error_set(error, host, "look for its domains", NULL);
    DomainFacts *facts = domain_facts_new();
    facts->id = *id;
    facts->state = DOMAIN_ABSENT;
    *ret_reading = (DomainReading) { facts, FALSE };
    return TRUE;
}

static HostReport *
report_of(LibvirtHost *host, ReportKind kind, const Call *call, DomainFacts *facts)
{
    HostReport *report = host_report_new(&host->link, kind, host->generation);
    report->seen = call->began;
    report->domain = domain_facts_ref(facts);
    report->event = g_strdup(call->event);
    return report;
}

/* Lock held. An event that came while it was read has made it dirty again: the next reading tells, and why. */
static void
report_one(LibvirtHost *host, Call *call, const DomainReading *reading)
{
    Known *known = g_hash_table_lookup(host->known, &call->id);
    if (!known || host->stopping)
        return;
    if (known->moves != call->moves) {
        libvirt_host_mark(host, &call->id, known->event ? NULL : call->event);
        return;
    }
    if (reading->facts->state == DOMAIN_ABSENT) {
        libvirt_host_report(host, report_of(host, REPORT_GONE, call, reading->facts));
        forget(host, &call->id);
        return;
    }
    gboolean same = known->digest == libvirt_read_digest(reading->facts);
    remember(host, reading);
    if (!same || call->event)
        libvirt_host_report(host, report_of(host, REPORT_DOMAIN, call, reading->facts));
}

gboolean
libvirt_sweep_dirty(LibvirtHost *host, GError **error)
{
    g_autoptr(GArray) calls = take_dirty(host);
    for (guint i = 0; i < calls->len; i++) {
        Call *call = &g_array_index(calls, Call, i);
        DomainReading reading;
        call->began = clock_tick();
        if (!read_by_id(host, &call->id, &reading, error))
            return FALSE;
        lock_take(&host->lock);
        report_one(host, call, &reading);
        lock_drop(&host->lock);
        domain_facts_unref(reading.facts);
    }
    libvirt_seed_sweep(host);
    return TRUE;
}

/* --- what nobody announced ------------------------------------------------------------------------------------------------------------ */

static gboolean
glance(LibvirtHost *host, virDomainPtr domain, const LibvirtFlags *flags, GError **error)
{
    g_autoptr(DomainFacts) facts = NULL;
    g_autoptr(GError) why = NULL;
    ask(host);
    if (!libvirt_read_glance(host, domain, flags, &facts, &why)) {
        if (!is_dead(host))
            return TRUE;            /* it was told so when it was first seen */
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    LOCK_HOLD(&host->lock);
    const Known *known = g_hash_table_lookup(host->known, &facts->id);
    if (!known || known->surface != libvirt_read_surface(facts))
        libvirt_host_mark(host, &facts->id, NULL);
    return TRUE;
}

gboolean
libvirt_sweep_look(LibvirtHost *host, GError **error)
{
    g_auto(DomainList) list = { NULL, 0 };
    if (!list_domains(host, &list, error))
        return FALSE;
    g_autoptr(LibvirtFlags) flags = libvirt_read_flags(host, ask(host), error);
    if (!flags)
        return FALSE;
    for (int i = 0; i < list.count; i++) {
        if (!glance(host, list.items[i], flags, error))
            return FALSE;
    }
    mark_unlisted(host, &list);
    return TRUE;
}
