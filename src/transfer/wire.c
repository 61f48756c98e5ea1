/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One open disk's thread. It starts the process (which dies with the thread), sends what stands in the queue and tells how it ended. Where a
 * connection breaks or the process falls silent, all that is under way ends with EIO and the wire is lost: nobody knows any more what of it
 * reached the disk. */
#include "transfer/wire_parts.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LEAST_TIME_TO_CLOSE (5 * CLOCK_SECOND)      /* what stands in the page cache goes to slow disks */
#define TIME_OF_LOST CLOCK_SECOND                   /* what it did not say in time is believed no more */

Tick wire_patience = 300 * CLOCK_SECOND;            /* clients are gone long before */

/* --- the thread ------------------------------------------------------------------------------------------------------------------------- */

static void
set_stage(Wire *wire, WireStage stage)
{
    LOCK_HOLD(&wire->lock);
    wire->stage = stage;
    condition_broadcast(&wire->changed);
}

static void
note_moved(Wire *wire, const WireOp *op)
{
    if (op->kind == WIRE_READ || op->kind == WIRE_WRITE)
        __atomic_fetch_add(&wire->moved, op->sent, __ATOMIC_RELAXED);
    __atomic_store_n(&wire->touched, wire->heard, __ATOMIC_RELAXED);
}

static void
finish(WireOp *op)
{
    if (op->found)
        op->found(op->data, (const Extent *) (gpointer) op->extents->data, op->why ? 0 : op->extents->len, op->why);
    else
        op->done(op->data, op->why);
    if (op->extents)
        g_array_unref(op->extents);
    g_free(op);
}

/* One request of it has ended: the next part, or the end of all of it. */
static void
tell_ended(Wire *wire)
{
    if (!g_queue_is_empty(&wire->ended))
        wire->heard = clock_tick();
    for (WireOp *op; (op = g_queue_pop_head(&wire->ended));) {
        if (op->why == 0)
            note_moved(wire, op);
        op->count -= op->sent;
        op->offset += op->sent;
        op->buffer += op->buffer ? op->sent : 0;
        if (op->why == 0 && op->count > 0 && !op->found)
            g_queue_push_head(&wire->waiting, op);
        else
            finish(op);
    }
}

/* RET_BY: until when it may go on; 0: nobody closes it. */
static void
take_queue(Wire *wire, Tick *ret_by)
{
    LOCK_HOLD(&wire->lock);
    for (WireOp *op; (op = g_queue_pop_head(&wire->queue));)
        g_queue_push_tail(&wire->waiting, op);
    *ret_by = wire->closing ? wire->close_by : 0;
}

static void
lose(Wire *wire)
{
    g_atomic_int_set(&wire->lost, 1);
    lanes_close(wire);
    for (WireOp *op; (op = g_queue_pop_head(&wire->waiting));) {
        op->why = EIO;
        g_queue_push_tail(&wire->ended, op);
    }
    tell_ended(wire);
}

/* --- its end ------------------------------------------------------------------------------------------------------------------------------ */

static void
last_flush_ended(gpointer data, int why)
{
    Wire *wire = data;
    wire->flushed = why == 0;
}

/* What the process has in its own memory (tables of qcow2) goes to the file while it can still say that it could not: its end says nothing of that.
 * FALSE: there is nothing to flush, or it was done. */
static gboolean
begin_last_flush(Wire *wire)
{
    if (wire->flushing || wire_is_lost(wire) || __atomic_load_n(&wire->end, __ATOMIC_RELAXED) == 0)
        return FALSE;
    WireOp *op = g_new0(WireOp, 1);
    *op = (WireOp) { .wire = wire, .kind = WIRE_FLUSH, .done = last_flush_ended, .data = wire };
    g_queue_push_tail(&wire->waiting, op);
    wire->flushing = TRUE;
    return TRUE;
}

static gboolean
is_idle(Wire *wire)
{
    return g_queue_is_empty(&wire->waiting) && lanes_busy(wire) == 0;
}

/* A lost one refuses what comes, until it is closed. */
static void
wait_to_be_closed(Wire *wire)
{
    LOCK_HOLD(&wire->lock);
    while (!wire->closing && g_queue_is_empty(&wire->queue))
        condition_wait(&wire->changed, &wire->lock);
}

/* Until something happens, or what is under way has had its time: a process that was stopped would hold us for ever. FALSE: it is lost. */
static gboolean
wait_for_lanes(Wire *wire, Tick by)
{
    if (is_idle(wire))
        return lanes_turn(wire, -1);
    Tick silence = wire->heard + wire_patience, left = (by ? MIN(by, silence) : silence) - clock_tick();
    return left > 0 && lanes_turn(wire, (int) (left / 1000 + 1));
}

static void
send_and_tell(Wire *wire)
{
    if (lanes_busy(wire) == 0)
        wire->heard = clock_tick();
    if (wire_is_lost(wire))
        lose(wire);
    else
        lanes_fill(wire);
    tell_ended(wire);
}

/* Until somebody closes it and nothing is under way. */
static void
serve(Wire *wire)
{
    for (Tick by = 0;;) {
        take_queue(wire, &by);
        send_and_tell(wire);
        if (by && is_idle(wire) && !begin_last_flush(wire))
            return;
        if (!g_queue_is_empty(&wire->waiting) && lanes_busy(wire) == 0)
            continue;                   /* what has just ended has a next part */
        if (wire_is_lost(wire))
            wait_to_be_closed(wire);
        else if (!wait_for_lanes(wire, by))
            lose(wire);
    }
}

/* The process, too, has its time; one that is lost has little. */
static void
end(Wire *wire, gboolean served)
{
    lock_take(&wire->lock);
    Tick now = clock_tick(), deadline = wire_is_lost(wire) ? now + TIME_OF_LOST : MAX(wire->close_by, now + LEAST_TIME_TO_CLOSE);
    lock_drop(&wire->lock);
    gboolean ended = wire->image && image_close(g_steal_pointer(&wire->image), served ? deadline : 0);
    gboolean kept = wire->flushed || __atomic_load_n(&wire->end, __ATOMIC_RELAXED) == 0;
    wire->in_order = ended && kept && !wire_is_lost(wire);
    set_stage(wire, WIRE_CLOSED);
}

static gboolean
begin(Wire *wire)
{
    wire->image = wire->link->ops->image_open(wire->link, &wire->spec, wire->open_by, &wire->error);
    return wire->image && lanes_open(wire, &wire->error);
}

static gpointer
run_wire(gpointer data)
{
    Wire *wire = data;
    gboolean well = begin(wire);
    if (well) {
        set_stage(wire, WIRE_OPEN);
        serve(wire);
    }
    lanes_close(wire);
    tell_ended(wire);
    end(wire, well);
    wire_unref(wire);
    return NULL;
}

/* --- asking ------------------------------------------------------------------------------------------------------------------------------- */

static void
wake(Wire *wire)
{
    guint64 one = 1;
    ssize_t written = write(wire->wake, &one, sizeof(one));
    (void) written;
    condition_broadcast(&wire->changed);
}

/* What comes after the end is told so in the thread of who asks: there is no other any more. */
static void
push(Wire *wire, const WireOp *model)
{
    WireOp *op = g_memdup2(model, sizeof(*model));
    op->wire = wire;
    op->extents = op->found ? g_array_new(FALSE, FALSE, sizeof(Extent)) : NULL;
    lock_take(&wire->lock);
    gboolean late = wire->closing || wire->stage != WIRE_OPEN;
    if (!late) {
        g_queue_push_tail(&wire->queue, op);
        wake(wire);
    }
    lock_drop(&wire->lock);
    if (!late)
        return;
    op->why = ESHUTDOWN;
    finish(op);
}

void
wire_read(Wire *wire, void *buffer, gsize count, gint64 offset, WireDone done, gpointer data)
{
    push(wire, &(WireOp) { .kind = WIRE_READ, .buffer = buffer, .count = (gint64) count, .offset = offset, .done = done, .data = data });
}

void
wire_write(Wire *wire, const void *buffer, gsize count, gint64 offset, WireDone done, gpointer data)
{
    push(wire, &(WireOp) { .kind = WIRE_WRITE, .buffer = (char *) buffer, .count = (gint64) count, .offset = offset, .done = done, .data = data });
}

void
wire_zero(Wire *wire, gint64 count, gint64 offset, WireDone done, gpointer data)
{
    push(wire, &(WireOp) { .kind = WIRE_ZERO, .count = count, .offset = offset, .done = done, .data = data });
}

void
wire_flush(Wire *wire, WireDone done, gpointer data)
{
    push(wire, &(WireOp) { .kind = WIRE_FLUSH, .done = done, .data = data });
}

void
wire_extents(Wire *wire, gint64 count, gint64 offset, WireExtents found, gpointer data)
{
    push(wire, &(WireOp) { .kind = WIRE_EXTENTS, .count = count, .offset = offset, .found = found, .data = data });
}

gint64
wire_size(const Wire *wire)
{
    return wire->size;
}

gboolean
wire_is_lost(Wire *wire)
{
    return g_atomic_int_get(&wire->lost) != 0;
}

WireLook
wire_look(const Wire *wire)
{
    return (WireLook) { __atomic_load_n(&wire->moved, __ATOMIC_RELAXED), __atomic_load_n(&wire->end, __ATOMIC_RELAXED),
                        __atomic_load_n(&wire->touched, __ATOMIC_RELAXED) };
}

/* --- life -------------------------------------------------------------------------------------------------------------------------------- */

Wire *
wire_ref(Wire *wire)
{
    refs_inc(&wire->refs);
    return wire;
}

static void
wire_free(Wire *wire)
{
    host_link_unref(wire->link);
    condition_clear(&wire->changed);
    lock_clear(&wire->lock);
    g_clear_error(&wire->error);
    close(wire->wake);
    g_free(wire->path);
    g_free(wire);
}

void
wire_unref(Wire *wire)
{
    if (wire && refs_dec(&wire->refs))
        wire_free(wire);
}

/* Until it has come to STAGE, or DEADLINE; where it stands then. */
static WireStage
wait_for(Wire *wire, WireStage stage, Tick deadline)
{
    LOCK_HOLD(&wire->lock);
    while (wire->stage < stage && condition_wait_until(&wire->changed, &wire->lock, deadline))
        continue;
    return wire->stage;
}

Wire *
wire_open(HostLink *link, const ImageSpec *spec, Tick deadline, GError **error)
{
    Wire *wire = g_new0(Wire, 1);
    char disk[ID_TEXT_SIZE];
    refs_init(&wire->refs);
    refs_inc(&wire->refs);              /* the thread's */
    wire->link = host_link_ref(link);
    wire->spec = *spec;
    wire->spec.volume.store.path = wire->path = g_strdup(spec->volume.store.path);
    wire->open_by = deadline;
    wire->touched = clock_tick();
    wire->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    lock_init(&wire->lock);
    condition_init(&wire->changed);
    g_queue_init(&wire->queue);
    g_queue_init(&wire->waiting);
    g_queue_init(&wire->flying);
    g_queue_init(&wire->ended);
    wire->thread = thread_new("transfer", run_wire, wire);
    WireStage stage = wait_for(wire, WIRE_OPEN, deadline + CLOCK_SECOND);
    if (stage == WIRE_OPEN)
        return wire;
    if (stage == WIRE_CLOSED && wire->error)
        g_propagate_error(error, g_steal_pointer(&wire->error));
    else
        fault_set(error, MSG_TRANSFER_NOT_SERVED, "disk", id_format(&spec->volume.disk, ID_UUID, disk), "host", link->name, NULL);
    wire_close(wire, clock_tick() + CLOCK_SECOND, 0);
    wire_unref(wire);
    return NULL;
}

/* How long it is waited for at most: a process that hangs in the kernel cannot be, and its thread keeps the wire in memory. */
static Tick
tell_to_end(Wire *wire, Tick by)
{
    LOCK_HOLD(&wire->lock);
    by = MAX(by, clock_tick());
    wire->close_by = wire->closing ? MIN(wire->close_by, by) : by;
    wire->closing = TRUE;
    wake(wire);
    return wire->close_by + 2 * LEAST_TIME_TO_CLOSE;
}

static void
join(Wire *wire)
{
    lock_take(&wire->lock);
    Thread *thread = g_steal_pointer(&wire->thread);
    lock_drop(&wire->lock);
    if (thread)
        thread_join(thread);
}

WireEnd
wire_close(Wire *wire, Tick by, Tick wait)
{
    Tick longest = tell_to_end(wire, by);
    if (wait_for(wire, WIRE_CLOSED, wait ? MIN(wait, longest) : longest) != WIRE_CLOSED)
        return clock_tick() < longest ? WIRE_ENDS : WIRE_ENDED_BADLY;
    join(wire);
    return wire->in_order ? WIRE_ENDED_WELL : WIRE_ENDED_BADLY;
}
