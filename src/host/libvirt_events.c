/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What libvirt announces. Callbacks run in libvirt's loop and only queue: a lifecycle event becomes a report of state at
 * once, without asking anything, and marks the domain to be read again by the link; all other events only mark. Each
 * callback carries the generation it was registered for; events of an older connection are dropped. */
#include "host/libvirt_parts.h"

#include "base/log.h"
#include "base/refs.h"

#include <string.h>

#define ASK_SOON (2 * CLOCK_SECOND)

typedef struct {
    Refs refs;
    LibvirtHost *host;          /* a reference */
    guint64 generation;
} Watch;

static Watch *
watch_new(LibvirtHost *host)
{
    Watch *watch = g_new0(Watch, 1);
    refs_init(&watch->refs);
    watch->host = LIBVIRT_HOST(host_link_ref(&host->link));
    LOCK_HOLD(&host->lock);
    watch->generation = host->generation;
    return watch;
}

static void
watch_unref(gpointer data)
{
    Watch *watch = data;
    if (!refs_dec(&watch->refs))
        return;
    host_link_unref(&watch->host->link);
    g_free(watch);
}

static Watch *
watch_ref(Watch *watch)
{
    refs_inc(&watch->refs);
    return watch;
}

/* --- words ---------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    int event;
    const char *name;
    int state;                  /* DomainState it leads to; -1: none */
    const char *details[12];
} LifecycleRow;

static const LifecycleRow lifecycle[] = {
    { VIR_DOMAIN_EVENT_DEFINED, "defined", -1, { "added", "updated", "renamed", "from snapshot" } },
    { VIR_DOMAIN_EVENT_UNDEFINED, "undefined", -1, { "removed", "renamed" } },
    { VIR_DOMAIN_EVENT_STARTED, "started", DOMAIN_RUNNING, { "booted", "migrated", "restored", "from snapshot", "wakeup" } },
    { VIR_DOMAIN_EVENT_SUSPENDED, "suspended", DOMAIN_PAUSED,
      { "paused", "migrated", "I/O error", "watchdog", "restored", "from snapshot", "API error", "post-copy", "post-copy failed" } },
    { VIR_DOMAIN_EVENT_RESUMED, "resumed", DOMAIN_RUNNING, { "unpaused", "migrated", "from snapshot", "post-copy", "post-copy failed" } },
    { VIR_DOMAIN_EVENT_STOPPED, "stopped", DOMAIN_SHUTOFF, { "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from snapshot" } },
    { VIR_DOMAIN_EVENT_SHUTDOWN, "shutdown", DOMAIN_SHUTTING_DOWN, { "finished", "guest", "host" } },
    { VIR_DOMAIN_EVENT_PMSUSPENDED, "pmsuspended", DOMAIN_SUSPENDED, { "memory", "disk" } },
    { VIR_DOMAIN_EVENT_CRASHED, "crashed", DOMAIN_CRASHED, { "panicked", "crashloaded" } },
};

DomainState
libvirt_events_state(int state)
{
    switch (state) {
    case VIR_DOMAIN_RUNNING:
        return DOMAIN_RUNNING;
    case VIR_DOMAIN_BLOCKED:
        return DOMAIN_BLOCKED;
    case VIR_DOMAIN_PAUSED:
        return DOMAIN_PAUSED;
    case VIR_DOMAIN_SHUTDOWN:
        return DOMAIN_SHUTTING_DOWN;
    case VIR_DOMAIN_CRASHED:
        return DOMAIN_CRASHED;
    case VIR_DOMAIN_PMSUSPENDED:
        return DOMAIN_SUSPENDED;
    default:
        return DOMAIN_SHUTOFF;
    }
}

const char *
libvirt_events_reason(int state, int reason)
{
    static const char *const off[] = { NULL, "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from snapshot", "daemon" };
    static const char *const paused[] = { NULL, "paused by a person", "migrating", HOST_REASON_SAVING, "dumping its memory", "I/O error",
        "watchdog", "from snapshot", "shutting down", "taking a snapshot", "crashed", "starting", "post-copy", "post-copy failed" };
    if (state == VIR_DOMAIN_SHUTOFF && reason >= 0 && reason < (int) G_N_ELEMENTS(off))
        return off[reason];
    if (state == VIR_DOMAIN_PAUSED && reason >= 0 && reason < (int) G_N_ELEMENTS(paused))
        return paused[reason];
    return state == VIR_DOMAIN_CRASHED ? "its guest's kernel panicked" : NULL;
}

static const LifecycleRow *
find_row(int event)
{
    for (gsize i = 0; i < G_N_ELEMENTS(lifecycle); i++) {
        if (lifecycle[i].event == event)
            return &lifecycle[i];
    }
    return NULL;
}

static const char *
detail_word(const LifecycleRow *row, int detail)
{
    gboolean known = detail >= 0 && detail < (int) G_N_ELEMENTS(row->details) && row->details[detail];
    return known ? row->details[detail] : "for a reason of its own";
}

/* --- callbacks ------------------------------------------------------------------------------------------------------------------ */

static gboolean
domain_id(virDomainPtr domain, Id *ret_id)
{
    return virDomainGetUUID(domain, ret_id->bytes) == 0;
}

static gboolean
is_current(const Watch *watch)
{
    return watch->generation == watch->host->generation && !watch->host->stopping;
}

static void
note_running(Known *known, int state)
{
    known->running = state != DOMAIN_SHUTOFF;
    known->guest_pause = ASK_SOON;
    known->guest_digest = 0;    /* what it said before is not known of it any more */
    if (state == DOMAIN_SHUTOFF)
        known->agent = known->frozen = FALSE;
    known->guest_due = known->running ? clock_tick() + ASK_SOON : 0;
}

static void
report_state(LibvirtHost *host, const LifecycleRow *row, const Id *id, int detail)
{
    HostReport *report = host_report_new(&host->link, REPORT_STATE, host->generation);
    report->domain = domain_facts_new();
    report->domain->id = *id;
    report->domain->state = (DomainState) row->state;
    report->domain->reason = g_strdup(detail_word(row, detail));
    report->domain->managed_save = row->event == VIR_DOMAIN_EVENT_STOPPED && detail == VIR_DOMAIN_EVENT_STOPPED_SAVED;   /* the reading that follows knows */
    report->domain->started = row->event == VIR_DOMAIN_EVENT_STARTED ? report->when : 0;
    report->event = g_strdup_printf("%s:%s", row->name, detail_word(row, detail));
    libvirt_host_report(host, report);
}

static int
on_lifecycle(virConnectPtr connection, virDomainPtr domain, int event, int detail, void *opaque)
{
    Watch *watch = opaque;
    LibvirtHost *host = watch->host;
    const LifecycleRow *row = find_row(event);
    Id id;
    if (!row || !domain_id(domain, &id))
        return 0;
    LOCK_HOLD(&host->lock);
    if (!is_current(watch))
        return 0;
    Known *known = libvirt_host_know(host, &id);
    known->moves++;
    known->digest = 0;
    if (row->state >= 0) {
        note_running(known, row->state);
        report_state(host, row, &id, detail);
        libvirt_host_mark(host, &id, NULL);
        return 0;
    }
    g_autofree char *words = g_strdup_printf("%s:%s", row->name, detail_word(row, detail));
    libvirt_host_mark(host, &id, words);
    return 0;
}

static void
mark(Watch *watch, virDomainPtr domain)
{
    Id id;
    LOCK_HOLD(&watch->host->lock);
    if (is_current(watch) && domain_id(domain, &id))
        libvirt_host_mark(watch->host, &id, NULL);
}

/* Whoever asked for it waits to hear of it, though afterwards it looks as before. */
static void
on_reboot(virConnectPtr connection, virDomainPtr domain, void *opaque)
{
    Watch *watch = opaque;
    Id id;
    LOCK_HOLD(&watch->host->lock);
    if (is_current(watch) && domain_id(domain, &id))
        libvirt_host_mark(watch->host, &id, "rebooted:by reset");
}

/* Whatever it does to a guest that has hung, the guest may look as before. */
static void
on_watchdog(virConnectPtr connection, virDomainPtr domain, int action, void *opaque)
{
    static const char *const words[] = {
        [VIR_DOMAIN_EVENT_WATCHDOG_NONE] = "watchdog:none",   [VIR_DOMAIN_EVENT_WATCHDOG_PAUSE] = "watchdog:pause",
        [VIR_DOMAIN_EVENT_WATCHDOG_RESET] = "watchdog:reset", [VIR_DOMAIN_EVENT_WATCHDOG_POWEROFF] = "watchdog:poweroff",
        [VIR_DOMAIN_EVENT_WATCHDOG_SHUTDOWN] = "watchdog:shutdown", [VIR_DOMAIN_EVENT_WATCHDOG_DEBUG] = "watchdog:none",
        [VIR_DOMAIN_EVENT_WATCHDOG_INJECTNMI] = "watchdog:nmi",
    };
    Watch *watch = opaque;
    Id id;
    LOCK_HOLD(&watch->host->lock);
    if (is_current(watch) && domain_id(domain, &id))
        libvirt_host_mark(watch->host, &id, action >= 0 && action < (int) G_N_ELEMENTS(words) ? words[action] : "watchdog:none");
}

static void
on_io_error(virConnectPtr connection, virDomainPtr domain, const char *path, const char *alias, int action, const char *reason, void *opaque)
{
    Watch *watch = opaque;
    log_warn("host %s: I/O error of %s on %s: %s", watch->host->link.name, virDomainGetName(domain), path ? path : "?", reason ? reason : "?");
    mark(watch, domain);
}

static void
on_disk_change(virConnectPtr connection, virDomainPtr domain, const char *before, const char *after, const char *alias, int reason, void *opaque)
{
    mark(opaque, domain);
}

static void
on_tray_change(virConnectPtr connection, virDomainPtr domain, const char *alias, int reason, void *opaque)
{
    mark(opaque, domain);
}

static void
on_device(virConnectPtr connection, virDomainPtr domain, const char *alias, void *opaque)
{
    mark(opaque, domain);
}

/* QEMU says that the guest refused. Who waits for the device to go looks at this. */
static void
on_removal_failed(virConnectPtr connection, virDomainPtr domain, const char *alias, void *opaque)
{
    Watch *watch = opaque;
    Id id;
    LOCK_HOLD(&watch->host->lock);
    if (!is_current(watch) || !domain_id(domain, &id))
        return;
    text_set(&libvirt_host_know(watch->host, &id)->kept, alias);
    libvirt_host_mark(watch->host, &id, NULL);
}

static void
on_block_job(virConnectPtr connection, virDomainPtr domain, const char *disk, int type, int status, void *opaque)
{
    mark(opaque, domain);
}

static void
on_tunable(virConnectPtr connection, virDomainPtr domain, virTypedParameterPtr parameters, int count, void *opaque)
{
    mark(opaque, domain);
}

static void
on_metadata(virConnectPtr connection, virDomainPtr domain, int type, const char *uri, void *opaque)
{
    mark(opaque, domain);
}

static void
on_agent(virConnectPtr connection, virDomainPtr domain, int state, int reason, void *opaque)
{
    Watch *watch = opaque;
    LibvirtHost *host = watch->host;
    Id id;
    LOCK_HOLD(&host->lock);
    if (!is_current(watch) || !domain_id(domain, &id))
        return;
    Known *known = libvirt_host_know(host, &id);
    known->agent = state == VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED;
    known->guest_pause = ASK_SOON;
    known->guest_due = clock_tick();
    libvirt_host_mark(host, &id, NULL);     /* what is being read just now may not know it yet */
}

static void
on_network(virConnectPtr connection, virNetworkPtr network, int event, int detail, void *opaque)
{
    Watch *watch = opaque;
    LOCK_HOLD(&watch->host->lock);
    if (!is_current(watch))
        return;
    watch->host->facts_dirty = TRUE;
    condition_broadcast(&watch->host->changed);
}

static void
on_close(virConnectPtr connection, int reason, void *opaque)
{
    Watch *watch = opaque;
    LibvirtHost *host = watch->host;
    LOCK_HOLD(&host->lock);
    if (!is_current(watch))
        return;
    MessageCode code = reason == VIR_CONNECT_CLOSE_REASON_KEEPALIVE ? MSG_HOST_SILENT : MSG_HOST_CLOSED;
    host->closed = TRUE;
    message_unref(host->why);
    host->why = message_new(code, "host", host->link.name, NULL);
    condition_broadcast(&host->changed);
}

/* --- registration ---------------------------------------------------------------------------------------------------------------- */

static const struct { int event; virConnectDomainEventGenericCallback callback; } wanted[] = {
    { VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle) },
    { VIR_DOMAIN_EVENT_ID_REBOOT, VIR_DOMAIN_EVENT_CALLBACK(on_reboot) },
    { VIR_DOMAIN_EVENT_ID_WATCHDOG, VIR_DOMAIN_EVENT_CALLBACK(on_watchdog) },
    { VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, VIR_DOMAIN_EVENT_CALLBACK(on_io_error) },
    { VIR_DOMAIN_EVENT_ID_DISK_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(on_disk_change) },
    { VIR_DOMAIN_EVENT_ID_TRAY_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(on_tray_change) },
    { VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK(on_device) },
    { VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(on_device) },
    { VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED, VIR_DOMAIN_EVENT_CALLBACK(on_removal_failed) },
    { VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2, VIR_DOMAIN_EVENT_CALLBACK(on_block_job) },
    { VIR_DOMAIN_EVENT_ID_TUNABLE, VIR_DOMAIN_EVENT_CALLBACK(on_tunable) },
    { VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(on_metadata) },
    { VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_agent) },
};

static gboolean
register_domain_events(LibvirtHost *host, virConnectPtr connection, Watch *watch)
{
    LibvirtWatches *watches = &host->watches;
    for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
        int id = virConnectDomainEventRegisterAny(connection, NULL, wanted[i].event, wanted[i].callback, watch_ref(watch), watch_unref);
        if (id < 0) {
            watch_unref(watch);
            return FALSE;
        }
        watches->domain[watches->count++] = id;
    }
    return TRUE;
}

/* A host whose libvirt has no networks announces none. */
static void
register_network_events(LibvirtHost *host, virConnectPtr connection, Watch *watch)
{
    host->watches.network = virConnectNetworkEventRegisterAny(connection, NULL, VIR_NETWORK_EVENT_ID_LIFECYCLE,
                                                              VIR_NETWORK_EVENT_CALLBACK(on_network), watch_ref(watch), watch_unref);
    if (host->watches.network < 0)
        watch_unref(watch);
}

gboolean
libvirt_events_register(LibvirtHost *host, virConnectPtr connection, GError **error)
{
    G_STATIC_ASSERT(G_N_ELEMENTS(wanted) <= LIBVIRT_MOST_WATCHES);
    Watch *watch = watch_new(host);
    host->watches = (LibvirtWatches) { .network = -1 };
    host->watches.close = virConnectRegisterCloseCallback(connection, on_close, watch_ref(watch), watch_unref) == 0;
    if (!host->watches.close)
        watch_unref(watch);
    gboolean fine = host->watches.close && register_domain_events(host, connection, watch);
    if (fine)
        register_network_events(host, connection, watch);
    else
        libvirt_error_set(error, host, "watch its domains", NULL);
    watch_unref(watch);
    return fine;
}

void
libvirt_events_forget(LibvirtHost *host, virConnectPtr connection)
{
    LibvirtWatches *watches = &host->watches;
    for (guint i = 0; i < watches->count; i++)
        virConnectDomainEventDeregisterAny(connection, watches->domain[i]);
    if (watches->network >= 0)
        virConnectNetworkEventDeregisterAny(connection, watches->network);
    if (watches->close)
        virConnectUnregisterCloseCallback(connection, on_close);
    *watches = (LibvirtWatches) { .network = -1 };
}
