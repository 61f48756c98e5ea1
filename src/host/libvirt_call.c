/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Running calls, seating them on connections, and giving up on them. Does not know what they do. A call that had not begun
 * by its deadline certainly did nothing; one that had may have: UNKNOWN_OUTCOME. */
#include "host/libvirt_call.h"

#include "base/log.h"

#include <string.h>

enum { STAGE_WAITING, STAGE_RUNNING, STAGE_ENDED };

#define OPENING (10 * CLOCK_SECOND)
#define CANCEL_LOOK (CLOCK_SECOND / 5)       /* between two looks whether a call is cancelled */

/* --- life --------------------------------------------------------------------------------------------------------------------- */

LibvirtCall *
libvirt_call_new(HostLink *link, const LibvirtVerb *verb, const Id *id, Tick deadline)
{
    LibvirtCall *call = g_new0(LibvirtCall, 1);
    refs_init(&call->refs);
    call->verb = verb;
    call->host = LIBVIRT_HOST(host_link_ref(link));
    call->id = *id;
    call->deadline = deadline;
    call->slot = -1;
    return call;
}

void
libvirt_call_unref(LibvirtCall *call)
{
    if (!call || !refs_dec(&call->refs))
        return;
    if (call->result && call->free_result)
        call->free_result(call->result);
    g_clear_error(&call->error);
    g_free(call->about);
    if (call->secret && call->text)
        explicit_bzero(call->text, strlen(call->text));
    g_free(call->text);
    g_free(call->mark);
    g_free(call->note);
    g_free(call->from.store.path);
    g_clear_pointer(&call->seed, g_bytes_unref);
    host_link_unref(&call->host->link);
    g_free(call);
}

static const char *
about(const LibvirtCall *call)
{
    return call->about ? call->about : "";
}

void
libvirt_call_name(LibvirtCall *call, const char *name)
{
    LOCK_HOLD(&call->host->lock);
    g_free(call->about);
    call->about = g_strdup(name);
}

gboolean
libvirt_call_fail(LibvirtCall *call, GError **error)
{
    return libvirt_error_set(error, call->host, call->verb->verb, about(call));
}

/* --- seats: the host's lock is held -------------------------------------------------------------------------------------------- */

/* One that is open and idle, else an empty one to be opened; -1: all are taken. */
static int
choose_slot(LibvirtHost *host)
{
    int empty = -1;
    for (int i = LIBVIRT_SLOTS - 1; i >= 0; i--) {
        Slot *slot = &host->slots[i];
        if (!slot->connection && !slot->opening)
            empty = i;
    }
    for (int i = 0; i < LIBVIRT_SLOTS; i++) {
        Slot *slot = &host->slots[i];
        if (slot->connection && !slot->opening && !slot->busy)
            return i;
    }
    return empty;
}

static gboolean
open_slot(LibvirtCall *call, Slot *slot, GError **error)
{
    LibvirtHost *host = call->host;
    g_autoptr(GError) why = NULL;
    slot->opening = TRUE;
    lock_drop(&host->lock);
    LibvirtConnection *connection = libvirt_host_open(host, MIN(call->deadline, clock_tick() + OPENING), &why);
    lock_take(&host->lock);
    slot->opening = FALSE;
    slot->connection = connection;
    condition_broadcast(&host->calls);
    if (connection)
        return TRUE;
    log_warn("host %s: no connection to %s over: %s", host->link.name, call->verb->verb, why->message);
    return fault_set(error, MSG_HOST_NOT_CONNECTED, "host", host->link.name, NULL);
}

/* A connection that died while nobody used it (libvirtd was restarted) is put away before it is used. */
static gboolean
drop_if_dead(LibvirtHost *host, Slot *slot)
{
    if (!libvirt_connection_is_dead(slot->connection))
        return FALSE;
    LibvirtConnection *dead = g_steal_pointer(&slot->connection);
    lock_drop(&host->lock);
    libvirt_host_close(host, dead);
    lock_take(&host->lock);
    return TRUE;
}

/* The earlier call that may still change what CALL is about. */
static gboolean
is_in_doubt(const LibvirtCall *call)
{
    const GPtrArray *doubtful = call->host->doubtful;
    for (guint i = 0; doubtful && i < doubtful->len; i++) {
        if (id_equal(&((const LibvirtCall *) doubtful->pdata[i])->id, &call->id))
            return TRUE;
    }
    return FALSE;
}

static void
enter_doubt(LibvirtCall *call)
{
    LibvirtHost *host = call->host;
    if (!host->doubtful)
        host->doubtful = g_ptr_array_new();
    g_ptr_array_add(host->doubtful, call);
}

static void
leave_doubt(LibvirtCall *call)
{
    LibvirtHost *host = call->host;
    if (!host->doubtful || !g_ptr_array_remove_fast(host->doubtful, call))
        return;
    if (host->doubtful->len == 0)
        g_clear_pointer(&host->doubtful, g_ptr_array_unref);
}

static gboolean
cannot_begin(LibvirtCall *call, GError **error)
{
    LibvirtHost *host = call->host;
    if (host->stopping)
        fault_set(error, MSG_HOST_STOPPING, "host", host->link.name, NULL);
    else if (call->abandoned || clock_tick() >= call->deadline)
        fault_set(error, MSG_HOST_CALL_NOT_BEGUN, "host", host->link.name, "verb", call->verb->verb, "vm", about(call), NULL);
    else
        return FALSE;
    return TRUE;
}

static gboolean
take_seat(LibvirtCall *call, GError **error)
{
    LibvirtHost *host = call->host;
    while (!cannot_begin(call, error)) {
        int at = choose_slot(host);
        Slot *slot = at < 0 ? NULL : &host->slots[at];
        if (!slot) {
            condition_wait_until(&host->calls, &host->lock, call->deadline);
        } else if (!slot->connection) {
            if (!open_slot(call, slot, error))
                return FALSE;
        } else if (!drop_if_dead(host, slot)) {
            slot->busy = TRUE;
            call->slot = at;
            call->connection = libvirt_connection_get(slot->connection);
            return TRUE;
        }
    }
    return FALSE;
}

/* What is to be closed without the lock; NULL: it is kept for the next. */
static LibvirtConnection *
leave_seat(LibvirtCall *call)
{
    if (call->slot < 0)
        return NULL;
    Slot *slot = &call->host->slots[call->slot];
    slot->busy = FALSE;
    gboolean keep = call->slot < LIBVIRT_KEPT && !libvirt_connection_is_dead(slot->connection);
    return keep ? NULL : g_steal_pointer(&slot->connection);
}

/* --- running ------------------------------------------------------------------------------------------------------------------- */

/* What libvirt says when its connection breaks is not an answer of the host. */
static void
judge_loss(LibvirtCall *call, GError **error)
{
    const char *host = call->host->link.name;
    if (call->slot < 0 || !libvirt_connection_is_dead(call->host->slots[call->slot].connection))
        return;
    g_clear_error(error);
    MessageCode code = call->verb->changes ? MSG_HOST_LOST_IN_CALL : MSG_HOST_LOST_ASKING;
    fault_set(error, code, "host", host, "verb", call->verb->verb, "vm", about(call), NULL);
}

static void
run_seated(LibvirtCall *call)
{
    GError *error = NULL;
    LibvirtHost *host = call->host;
    call->stage = STAGE_RUNNING;
    lock_drop(&host->lock);
    gboolean succeeded = call->verb->work(call, &error);
    lock_take(&host->lock);
    if (!succeeded)
        judge_loss(call, &error);
    call->succeeded = succeeded;
    call->error = error;
}

static void
run_call(gpointer data)
{
    LibvirtCall *call = data;
    LibvirtHost *host = call->host;
    lock_take(&host->lock);
    if (call->verb->offline ? !cannot_begin(call, &call->error) : take_seat(call, &call->error))
        run_seated(call);
    LibvirtConnection *left = leave_seat(call);
    leave_doubt(call);
    call->stage = STAGE_ENDED;
    host->files -= call->verb->offline;
    condition_broadcast(&host->calls);
    condition_broadcast(&host->changed);
    lock_drop(&host->lock);
    libvirt_host_close(host, left);
    libvirt_call_unref(call);
}

/* --- callers: the host's lock is held --------------------------------------------------------------------------------------------- */

/* A question is ended by cutting its connection. What changes something is not: libvirtd would go on with it, and nobody would hear
 * when it has ended. */
static void
forsake(LibvirtCall *call)
{
    LibvirtHost *host = call->host;
    gboolean begun = call->stage == STAGE_RUNNING;
    call->abandoned = TRUE;
    condition_broadcast(&host->calls);
    if (begun && call->verb->changes && !call->verb->guest)
        enter_doubt(call);
    else if (begun && call->slot >= 0)
        libvirt_connection_cut(host->slots[call->slot].connection);
    log_warn("host %s: '%s' of %s did not end in time%s", host->link.name, call->verb->verb, about(call), begun ? "" : " and did not begin");
}

static gboolean
give_up(LibvirtCall *call, GError **error)
{
    const char *host = call->host->link.name;
    gboolean begun = call->stage == STAGE_RUNNING;
    forsake(call);
    MessageCode code = !begun ? MSG_HOST_CALL_NOT_BEGUN : call->verb->changes ? MSG_HOST_CALL_OVERDUE : MSG_HOST_CALL_TOO_SLOW;
    return fault_set(error, code, "host", host, "verb", call->verb->verb, "vm", about(call), NULL);
}

static gboolean
push(LibvirtCall *call, GError **error)
{
    LibvirtHost *host = call->host;
    if (host->stopping)
        return fault_set(error, MSG_HOST_STOPPING, "host", host->link.name, NULL);
    if (!call->verb->offline && !host->up)
        return fault_set(error, MSG_HOST_NOT_CONNECTED, "host", host->link.name, NULL);
    host->files += call->verb->offline;
    refs_inc(&call->refs);
    workers_push(host->workers, run_call, call);
    return TRUE;
}

/* Work on files may take hours: it never takes all threads, so that calls to libvirt always find one. */
static gboolean
wait_for_thread(LibvirtCall *call, GError **error)
{
    LibvirtHost *host = call->host;
    gboolean more_time = TRUE;
    while (call->verb->offline && host->files >= LIBVIRT_FILES && more_time && !host->stopping)
        more_time = condition_wait_until(&host->calls, &host->lock, call->deadline);
    return more_time || fault_set(error, MSG_HOST_CALL_NOT_BEGUN, "host", host->link.name, "verb", call->verb->verb, "vm", about(call), NULL);
}

/* An earlier call on the same domain or file has not ended, though its caller went: what is seen now need not be how it ends. A question
 * is refused; what changes something waits. */
static gboolean
wait_for_certainty(LibvirtCall *call, GError **error)
{
    LibvirtHost *host = call->host;
    gboolean more_time = call->verb->changes;
    while (is_in_doubt(call) && more_time && !host->stopping)
        more_time = condition_wait_until(&host->calls, &host->lock, call->deadline);
    if (!is_in_doubt(call))
        return TRUE;
    return fault_set(error, MSG_HOST_STILL_AT_WORK, "host", host->link.name, "verb", call->verb->verb, "vm", about(call), NULL);
}

/* One that is cancelled is not wanted any more, and its end is waited for all the same. */
static void
wait_a_while(LibvirtCall *call)
{
    LibvirtHost *host = call->host;
    Tick until = call->cancelled ? MIN(call->deadline, clock_tick() + CANCEL_LOOK) : call->deadline;
    condition_wait_until(&host->calls, &host->lock, until);
    call->abandoned |= call->cancelled && g_atomic_int_get(call->cancelled);
}

gboolean
libvirt_call_run(LibvirtCall *call, GError **error)
{
    LibvirtHost *host = call->host;
    LOCK_HOLD(&host->lock);
    if (!wait_for_certainty(call, error) || !wait_for_thread(call, error) || !push(call, error))
        return FALSE;
    while (call->stage != STAGE_ENDED && clock_tick() < call->deadline && !host->stopping)
        wait_a_while(call);
    if (call->stage != STAGE_ENDED)
        return give_up(call, error);
    if (call->succeeded)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&call->error));
    return FALSE;
}

gboolean
libvirt_call_begin(LibvirtCall *call)
{
    return push(call, NULL);
}

CallStand
libvirt_call_look(LibvirtCall *call)
{
    if (call->stage == STAGE_ENDED)
        return call->succeeded ? CALL_SUCCEEDED : CALL_FAILED;
    if (clock_tick() < call->deadline)
        return CALL_RUNS;
    if (!call->abandoned)
        forsake(call);
    return CALL_LATE;
}

gboolean
libvirt_call_is_wanted(LibvirtCall *call)
{
    LOCK_HOLD(&call->host->lock);
    return !call->abandoned && !call->host->stopping && clock_tick() < call->deadline;
}
