/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The connections of a wire, by libnbd, asynchronously: one poll for all of them. An operation that is longer than one request may be is
 * sent in parts, one after the other. libnbd's callbacks only note how a request ended; what follows is wire.c's. */
#include "transfer/wire_parts.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#define MOST_IN_FLIGHT 16               /* of one lane */
#define MOST_ZEROED (512ll << 20)       /* by one request: where no hole can be made its bytes are written */
#define MOST_ASKED (1ll << 30)          /* about, by one request */
#define MOST_MOVED (8ll << 20)
#define ALLOCATION "base:allocation"

/* --- ends of requests ------------------------------------------------------------------------------------------------------------------ */

static int
request_ended(void *data, int *error)
{
    WireOp *op = data;
    op->why = *error;
    g_queue_unlink(&op->wire->flying, &op->place);
    g_queue_push_tail(&op->wire->ended, op);
    return 1;
}

static int
take_extents(void *data, const char *context, uint64_t offset, uint32_t *entries, size_t count, int *error)
{
    WireOp *op = data;
    (void) context;
    (void) offset;
    (void) error;
    for (size_t i = 0; i + 1 < count; i += 2) {
        Extent extent = { entries[i], (entries[i + 1] & LIBNBD_STATE_ZERO) != 0, (entries[i + 1] & LIBNBD_STATE_HOLE) != 0 };
        g_array_append_val(op->extents, extent);
    }
    return 0;
}

/* --- sending ---------------------------------------------------------------------------------------------------------------------------- */

static int64_t
send_zero(struct nbd_handle *lane, WireOp *op, nbd_completion_callback ended)
{
    guint32 flags = op->wire->spec.sparse ? 0 : LIBNBD_CMD_FLAG_NO_HOLE;
    return nbd_aio_zero(lane, (guint64) op->sent, (guint64) op->offset, ended, flags);
}

static int64_t
send_extents(struct nbd_handle *lane, WireOp *op, nbd_completion_callback ended)
{
    nbd_extent_callback found = { .callback = take_extents, .user_data = op };
    return nbd_aio_block_status(lane, (guint64) op->sent, (guint64) op->offset, found, ended, 0);
}

static gint64
most_of(WireKind kind)
{
    return kind == WIRE_ZERO ? MOST_ZEROED : kind == WIRE_EXTENTS ? MOST_ASKED : MOST_MOVED;
}

/* From here on it may have been done, also where it is never heard of again. */
static void
note_reach(const WireOp *op)
{
    gint64 *end = &op->wire->end, reach = op->offset + op->sent;
    if ((op->kind == WIRE_WRITE || op->kind == WIRE_ZERO) && reach > __atomic_load_n(end, __ATOMIC_RELAXED))
        __atomic_store_n(end, reach, __ATOMIC_RELAXED);     /* only this thread writes it */
}

static gboolean
send_one(struct nbd_handle *lane, WireOp *op)
{
    nbd_completion_callback ended = { .callback = request_ended, .user_data = op };
    int64_t cookie = -1;
    op->sent = MIN(op->count, most_of(op->kind));
    op->place.data = op;
    g_queue_push_tail_link(&op->wire->flying, &op->place);
    switch (op->kind) {
    case WIRE_READ:
        cookie = nbd_aio_pread(lane, op->buffer, (gsize) op->sent, (guint64) op->offset, ended, 0);
        break;
    case WIRE_WRITE:
        cookie = nbd_aio_pwrite(lane, op->buffer, (gsize) op->sent, (guint64) op->offset, ended, 0);
        break;
    case WIRE_ZERO:
        cookie = send_zero(lane, op, ended);
        break;
    case WIRE_FLUSH:
        cookie = nbd_aio_flush(lane, ended, 0);
        break;
    case WIRE_EXTENTS:
        cookie = send_extents(lane, op, ended);
        break;
    }
    if (cookie >= 0)
        note_reach(op);
    return cookie >= 0;
}

static struct nbd_handle *
freest(const Wire *wire)
{
    struct nbd_handle *found = NULL;
    int least = MOST_IN_FLIGHT;
    for (guint i = 0; i < wire->n_lanes; i++) {
        int count = nbd_aio_in_flight(wire->lanes[i]);
        if (count >= 0 && count < least) {
            least = count;
            found = wire->lanes[i];
        }
    }
    return found;
}

/* A server that tells nothing has data everywhere. */
static gboolean
answer_alone(WireOp *op)
{
    if (op->kind != WIRE_EXTENTS || op->wire->tells_extents)
        return FALSE;
    Extent all = { op->count, FALSE, FALSE };
    g_array_append_val(op->extents, all);
    op->sent = op->count;
    g_queue_push_tail(&op->wire->ended, op);
    return TRUE;
}

void
lanes_fill(Wire *wire)
{
    for (WireOp *op; (op = g_queue_peek_head(&wire->waiting));) {
        struct nbd_handle *lane = freest(wire);
        if (!lane)
            return;
        g_queue_pop_head(&wire->waiting);
        if (answer_alone(op) || send_one(lane, op))
            continue;
        /* Refused by libnbd before it was sent: its callback is not called. */
        int why = nbd_get_errno();
        g_queue_unlink(&wire->flying, &op->place);
        op->why = why ? why : EIO;
        g_queue_push_tail(&wire->ended, op);
    }
}

/* --- waiting ------------------------------------------------------------------------------------------------------------------------------ */

static gboolean
move(struct nbd_handle *lane, short events)
{
    unsigned direction = nbd_aio_get_direction(lane);
    int result = 0;
    if (events & (POLLIN | POLLHUP | POLLERR) && direction & LIBNBD_AIO_DIRECTION_READ)
        result = nbd_aio_notify_read(lane);
    else if (events & POLLOUT && direction & LIBNBD_AIO_DIRECTION_WRITE)
        result = nbd_aio_notify_write(lane);
    else if (events & (POLLHUP | POLLERR))
        return FALSE;
    return result >= 0 && !nbd_aio_is_dead(lane) && !nbd_aio_is_closed(lane);
}

static short
wanted(struct nbd_handle *lane)
{
    unsigned direction = nbd_aio_get_direction(lane);
    return (short) ((direction & LIBNBD_AIO_DIRECTION_READ ? POLLIN : 0) | (direction & LIBNBD_AIO_DIRECTION_WRITE ? POLLOUT : 0));
}

static void
be_quiet(int wake)
{
    guint64 count;
    while (read(wake, &count, sizeof(count)) < 0 && errno == EINTR)
        continue;
}

gboolean
lanes_turn(Wire *wire, int most)
{
    struct pollfd fds[IMAGE_CONNECTIONS + 2];
    for (guint i = 0; i < wire->n_lanes; i++)
        fds[i] = (struct pollfd) { nbd_aio_get_fd(wire->lanes[i]), wanted(wire->lanes[i]), 0 };
    fds[wire->n_lanes] = (struct pollfd) { wire->wake, POLLIN, 0 };
    fds[wire->n_lanes + 1] = (struct pollfd) { image_ended(wire->image), POLLIN, 0 };
    int ready = poll(fds, wire->n_lanes + 2, most);
    if (ready <= 0)
        return ready == 0 || errno == EINTR;
    if (fds[wire->n_lanes].revents)
        be_quiet(wire->wake);
    for (guint i = 0; i < wire->n_lanes; i++) {
        if (fds[i].revents && !move(wire->lanes[i], fds[i].revents))
            return FALSE;
    }
    return !fds[wire->n_lanes + 1].revents;
}

guint
lanes_busy(const Wire *wire)
{
    guint busy = 0;
    for (guint i = 0; i < wire->n_lanes; i++)
        busy += (guint) MAX(nbd_aio_in_flight(wire->lanes[i]), 0);
    return busy;
}

/* --- opening ------------------------------------------------------------------------------------------------------------------------------ */

/* Whoever reads is given whole buffers, or an error: libnbd need not clear them before. */
static struct nbd_handle *
lane_new(int take_socket)
{
    struct nbd_handle *lane = nbd_create();
    if (lane && nbd_set_pread_initialize(lane, false) == 0 && nbd_add_meta_context(lane, ALLOCATION) == 0 && nbd_aio_connect_socket(lane, take_socket) == 0)
        return lane;
    if (!lane)
        close(take_socket);
    nbd_close(lane);
    return NULL;
}

static gboolean
are_ready(const Wire *wire)
{
    for (guint i = 0; i < wire->n_lanes; i++) {
        if (!nbd_aio_is_ready(wire->lanes[i]))
            return FALSE;
    }
    return TRUE;
}

/* Says nothing of why: the process knows, and its words are not kept. */
static gboolean
shake_hands(Wire *wire)
{
    for (int socket; (socket = image_take_socket(wire->image)) >= 0;) {
        struct nbd_handle *lane = lane_new(socket);
        if (!lane)
            return FALSE;
        wire->lanes[wire->n_lanes++] = lane;
    }
    while (!are_ready(wire)) {
        Tick left = wire->open_by - clock_tick();
        if (left <= 0 || !lanes_turn(wire, (int) (left / 1000 + 1)))
            return FALSE;
    }
    return wire->n_lanes > 0;
}

/* Several connections may write only where a flush on one is a flush of all. */
static void
leave_one(Wire *wire)
{
    while (wire->n_lanes > 1)
        nbd_close(wire->lanes[--wire->n_lanes]);
}

gboolean
lanes_open(Wire *wire, GError **error)
{
    char disk[ID_TEXT_SIZE];
    if (!shake_hands(wire))
        return fault_set(error, MSG_TRANSFER_NOT_SERVED, "disk", id_format(&wire->spec.volume.disk, ID_UUID, disk), "host", wire->link->name, NULL);
    wire->size = nbd_get_size(wire->lanes[0]);
    wire->tells_extents = nbd_can_meta_context(wire->lanes[0], ALLOCATION) == 1;
    if (wire->spec.write && nbd_can_multi_conn(wire->lanes[0]) != 1)
        leave_one(wire);
    return wire->size >= 0 || fault_set(error, MSG_TRANSFER_NOT_SERVED, "disk", id_format(&wire->spec.volume.disk, ID_UUID, disk), "host", wire->link->name, NULL);
}

/* Closing tells nobody: what is under way then is ended here. */
void
lanes_close(Wire *wire)
{
    while (wire->n_lanes > 0)
        nbd_close(wire->lanes[--wire->n_lanes]);
    for (GList *at; (at = g_queue_pop_head_link(&wire->flying));) {
        WireOp *op = at->data;
        op->why = EIO;
        g_queue_push_tail(&wire->ended, op);
    }
}
