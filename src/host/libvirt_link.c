/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The link's thread: connects, watches, and when the connection is gone says why and connects again, for ever. It is the only
 * user of the control connection, so that one question is in flight there and pings are always answered. Begin with
 * libvirt_link_run(). */
#include "host/libvirt_parts.h"

#include "base/log.h"
#include "host/libvirt_loop.h"

#define OPENING (10 * CLOCK_SECOND)     /* to a libvirtd that is starting */
#define FIRST_PAUSE (CLOCK_SECOND / 5)
#define LONGEST_PAUSE (3 * CLOCK_SECOND)
#define LOOK_PAUSE (30 * CLOCK_SECOND)  /* between two glances at what no event announces */
#define FACTS_PAUSE (60 * CLOCK_SECOND)         /* between two looks at cards, networks, memory */
#define FRESH_PAUSE ((gint64) 3600 * CLOCK_SECOND)      /* at what QEMU can */
#define FACTS_LIMIT (30 * CLOCK_SECOND) /* libvirt may start every QEMU it finds, to ask what it can */
#define CLOSE_PAUSE (CLOCK_SECOND / 4)  /* the reason may come a moment after the failure */

/* A connection is dead after PING_SECONDS * (PINGS + 1) of silence. */
#define PING_SECONDS 1
#define PINGS 4

/* --- coming up ------------------------------------------------------------------------------------------------------------------ */

/* A new connection knows nothing of what an older one heard. FALSE: stopping. */
static gboolean
begin_generation(LibvirtHost *host)
{
    LOCK_HOLD(&host->lock);
    host->generation++;
    host->closed = host->refresh = host->facts_dirty = FALSE;
    host->dirty = 0;
    g_hash_table_remove_all(host->known);
    g_clear_pointer(&host->why, message_unref);
    return !host->stopping;
}

static gboolean
read_facts(LibvirtHost *host, gboolean fresh, GError **error)
{
    libvirt_connection_limit(host->control, clock_tick() + FACTS_LIMIT);
    Host *facts = libvirt_facts_read(host, libvirt_connection_get(host->control), fresh, error);
    if (facts && libvirt_connection_is_dead(host->control)) {
        g_clear_pointer(&facts, object_unref);      /* half of them */
        fault_set(error, MSG_HOST_CLOSED, NULL);
    }
    if (!facts)
        return FALSE;
    object_unref(host->facts);
    host->facts = facts;
    return TRUE;
}

static gboolean
come_up(LibvirtHost *host, GError **error)
{
    virConnectPtr connection = libvirt_connection_get(host->control);
    libvirt_connection_limit(host->control, clock_tick() + OPENING);
    if (virConnectSetKeepAlive(connection, PING_SECONDS, PINGS) < 0)
        return libvirt_error_set(error, host, "be watched", NULL);
    if (!libvirt_events_register(host, connection, error))
        return FALSE;
    return read_facts(host, FALSE, error) && libvirt_sweep_all(host, error);
}

/* --- watching ------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    gboolean end, list, facts, fresh, dirty, look;
} Duty;

/* When what comes by itself is due. */
typedef struct {
    Tick look, facts, fresh;
} Dues;

/* What is to be done now; waits until something is. */
static Duty
wait_for_duty(LibvirtHost *host, const Dues *dues)
{
    LOCK_HOLD(&host->lock);
    for (;;) {
        Tick now = clock_tick();
        Duty duty = {
            .end = host->stopping || host->closed,
            .list = host->refresh,
            .facts = host->facts_dirty || now >= dues->facts,
            .fresh = now >= dues->fresh,
            .dirty = host->dirty > 0,
            .look = now >= dues->look,
        };
        if (duty.end || duty.list || duty.facts || duty.fresh || duty.dirty || duty.look) {
            host->refresh = host->facts_dirty = FALSE;
            return duty;
        }
        libvirt_host_wait(host, MIN(MIN(dues->look, dues->facts), dues->fresh));
    }
}

/* Tells the facts again where they are other ones. The clock of a CPU is never the same twice. */
static gboolean
refresh_facts(LibvirtHost *host, gboolean fresh, GError **error)
{
    Host *before = object_ref(host->facts);
    gboolean read = read_facts(host, fresh, error);
    if (read)
        host->facts->cpu.speed = before->cpu.speed;
    gboolean same = read && type_equal(&host_type, before, host->facts);
    object_unref(before);
    if (!read || same)
        return read;
    LOCK_HOLD(&host->lock);
    HostReport *report = host_report_new(&host->link, REPORT_UP, host->generation);
    report->facts = object_dup(host->facts);
    libvirt_host_report(host, report);
    return TRUE;
}

static gboolean
do_duty(LibvirtHost *host, const Duty *duty, GError **error)
{
    if (duty->dirty && !libvirt_sweep_dirty(host, error))
        return FALSE;
    if (duty->list && !libvirt_sweep_all(host, error))
        return FALSE;
    if (duty->look && !libvirt_sweep_look(host, error))
        return FALSE;
    return !(duty->facts || duty->fresh) || refresh_facts(host, duty->fresh, error);
}

static void
watch(LibvirtHost *host, GError **error)
{
    Tick now = clock_tick();
    gboolean kept = host->capabilities_of != host->generation;      /* from before: it came up quickly, and asks now */
    Dues dues = { now + LOOK_PAUSE, now + FACTS_PAUSE, kept ? now : now + FRESH_PAUSE };
    for (;;) {
        libvirt_connection_limit(host->control, 0);
        Duty duty = wait_for_duty(host, &dues);
        if (duty.end || !do_duty(host, &duty, error))
            return;
        now = clock_tick();
        dues.look = duty.look ? now + LOOK_PAUSE : dues.look;
        dues.facts = duty.facts || duty.fresh ? now + FACTS_PAUSE : dues.facts;
        dues.fresh = duty.fresh ? now + FRESH_PAUSE : dues.fresh;
    }
}

/* --- going down ----------------------------------------------------------------------------------------------------------------- */

/* Lock held. libvirt's own word for the end of a connection if it comes, else what the last question got for an answer. */
static Message *
find_reason(LibvirtHost *host, const GError *error)
{
    Tick until = clock_tick() + CLOSE_PAUSE;
    gboolean dead = host->control && libvirt_connection_is_dead(host->control);
    gboolean more_time = dead;
    if (dead && libvirt_connection_is_overdue(host->control))
        return message_new(MSG_HOST_ANSWER_OVERDUE, NULL);
    while (!host->closed && !host->stopping && more_time)
        more_time = condition_wait_until(&host->changed, &host->lock, until);
    if (host->why)
        return g_steal_pointer(&host->why);
    if (dead || !error)
        return message_new(MSG_HOST_CLOSED, NULL);
    return message_ref(fault_message(error));
}

/* Told once for as long as the reason is the same. */
static void
report_lost(LibvirtHost *host, const GError *error)
{
    LOCK_HOLD(&host->lock);
    host->up = FALSE;
    g_atomic_int_set(&host->link.lost, TRUE);
    g_queue_clear_full(&host->held, (GDestroyNotify) host_report_free);
    g_autoptr(Message) why = find_reason(host, error);
    if (message_code(why) == host->told)
        return;
    host->told = message_code(why);
    HostReport *report = host_report_new(&host->link, REPORT_LOST, host->generation);
    report->why = g_steal_pointer(&why);
    libvirt_host_report(host, report);
}

/* The wire goes first: nothing that follows waits for libvirtd. */
static void
leave(LibvirtHost *host)
{
    if (!host->control)
        return;
    libvirt_connection_cut(host->control);
    libvirt_events_forget(host, libvirt_connection_get(host->control));
    libvirt_host_close(host, g_steal_pointer(&host->control));
}

/* --- for ever ------------------------------------------------------------------------------------------------------------------- */

/* One connection from its beginning to its end. TRUE if it was up. */
static gboolean
live_once(LibvirtHost *host, GError **error)
{
    host->control = libvirt_host_open(host, clock_tick() + OPENING, error);
    if (!host->control || !come_up(host, error))
        return FALSE;
    log_info("host %s: connected", host->link.name);
    watch(host, error);
    return TRUE;
}

static gboolean
rest(LibvirtHost *host, Tick pause)
{
    Tick until = clock_tick() + pause;
    LOCK_HOLD(&host->lock);
    while (clock_tick() < until) {
        if (!libvirt_host_wait(host, until))
            return FALSE;
    }
    return !host->stopping;
}

gpointer
libvirt_link_run(gpointer data)
{
    LibvirtHost *host = data;
    Tick pause = FIRST_PAUSE;
    gboolean more = TRUE;
    while (more && begin_generation(host)) {
        g_autoptr(GError) error = NULL;
        gboolean was_up = live_once(host, &error);
        report_lost(host, error);
        leave(host);
        pause = was_up ? FIRST_PAUSE : MIN(pause * 2, LONGEST_PAUSE);
        more = rest(host, pause);
    }
    return NULL;
}
