/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The relay. One epoll thread copies both ways; it blocks on nothing but epoll. Every wire has a number, and events and
 * calls find it by that number under the one lock, so that a wire may be cut and freed by any thread at any time. Bytes that
 * cannot be sent on at once are kept (one read's worth), and no more is read until they are gone. */
#include "host/libvirt_socket.h"

#include "base/fault.h"
#include "base/id.h"
#include "base/lock.h"
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BLOCK 65536
#define MOST_DESCRIPTORS 8      /* libvirt sends one at a time */

typedef struct {
    int from, to;               /* copies of the wire's descriptors */
    char *kept;                 /* read and not yet sent */
    gsize kept_at, kept_end;
    int descriptors[MOST_DESCRIPTORS];  /* travel with the last kept byte */
    int count;
} Way;

typedef enum { SIDE_LISTENER, SIDE_CLIENT, SIDE_UPSTREAM } Side;

struct LibvirtSocket {
    guint64 number;
    int listener, client, upstream;     /* -1: closed */
    Way up, down;
    Tick limit;
    gboolean cut, overdue;              /* overdue: by its limit */
    char name[64];
};

static struct {
    Lock lock;                  /* everything; held while bytes are copied, never while anything blocks */
    guint holds;
    Thread *thread;
    int epoll, wake;
    gboolean quit;
    guint64 last_number;
    GHashTable *sockets;        /* number → LibvirtSocket, borrowed */
    char block[BLOCK];
} relay = { .lock = { PTHREAD_MUTEX_INITIALIZER }, .epoll = -1, .wake = -1 };

/* --- closing ---------------------------------------------------------------------------------------------------------------- */

static void
close_one(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);     /* leaves the epoll set by that */
    *descriptor = -1;
}

static void
way_clear(Way *way)
{
    for (int i = 0; i < way->count; i++)
        close(way->descriptors[i]);
    way->count = 0;
    g_clear_pointer(&way->kept, g_free);
    way->kept_at = way->kept_end = 0;
}

static void
close_wire(LibvirtSocket *socket)
{
    socket->cut = TRUE;
    socket->limit = 0;
    close_one(&socket->listener);
    close_one(&socket->client);
    close_one(&socket->upstream);
    way_clear(&socket->up);
    way_clear(&socket->down);
}

/* --- epoll ------------------------------------------------------------------------------------------------------------------ */

static void
watch(LibvirtSocket *socket, Side side, int descriptor, guint32 events)
{
    struct epoll_event event = { .events = events, .data.u64 = socket->number << 2 | side };
    int operation = epoll_ctl(relay.epoll, EPOLL_CTL_MOD, descriptor, &event);
    if (operation < 0 && errno == ENOENT)
        operation = epoll_ctl(relay.epoll, EPOLL_CTL_ADD, descriptor, &event);
    if (operation < 0)
        log_error("relay: epoll_ctl: %s", g_strerror(errno));
}

/* Read only from the side whose last bytes are gone; wait for room on the side that has none. */
static void
watch_wire(LibvirtSocket *socket)
{
    if (socket->cut || socket->client < 0)
        return;
    gboolean up = socket->up.kept != NULL, down = socket->down.kept != NULL;
    watch(socket, SIDE_CLIENT, socket->client, (up ? 0 : EPOLLIN) | (down ? EPOLLOUT : 0));
    watch(socket, SIDE_UPSTREAM, socket->upstream, (down ? 0 : EPOLLIN) | (up ? EPOLLOUT : 0));
}

static void
wake_relay(void)
{
    guint64 one = 1;
    ssize_t written = write(relay.wake, &one, sizeof(one));
    (void) written;
}

/* --- copying ---------------------------------------------------------------------------------------------------------------- */

/* Sends LENGTH bytes, with the way's descriptors on them if WITH; what was sent, 0 if there is no room, -1 if nobody is there. */
static gssize
send_bytes(Way *way, const char *bytes, gsize length, gboolean with)
{
    union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int) * MOST_DESCRIPTORS)]; } control = { 0 };
    struct iovec part = { (void *) bytes, length };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    if (with) {
        gsize size = sizeof(int) * (gsize) way->count;
        message.msg_control = control.room;
        message.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(head), way->descriptors, size);
    }
    ssize_t sent = sendmsg(way->to, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    return sent;
}

/* Descriptors came with the last byte read, for the kernel ends a read behind them; libvirt takes them with exactly that
 * byte, so the bytes before it go alone. What was sent; -1 if nobody is there. */
static gssize
send_some(Way *way, const char *bytes, gsize length)
{
    gsize sent = 0;
    while (sent < length) {
        gboolean last = way->count > 0 && length - sent == 1;
        gsize now = way->count > 0 && !last ? length - sent - 1 : length - sent;
        gssize one = send_bytes(way, bytes + sent, now, last);
        if (one < 0)
            return -1;
        if (one == 0)
            break;
        sent += (gsize) one;
        if (!last)
            continue;
        for (int i = 0; i < way->count; i++)
            close(way->descriptors[i]);
        way->count = 0;
    }
    return (gssize) sent;
}

static void
take_descriptors(Way *way, struct msghdr *message)
{
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
            continue;
        int count = (int) ((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (int i = 0; i < count; i++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(head) + sizeof(int) * (gsize) i, sizeof(int));
            if (way->count < MOST_DESCRIPTORS)
                way->descriptors[way->count++] = descriptor;
            else
                close(descriptor);
        }
    }
}

/* One read and its sending on. FALSE: the wire is at its end. */
static gboolean
copy_once(Way *way)
{
    union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int) * MOST_DESCRIPTORS)]; } control;
    struct iovec part = { relay.block, BLOCK };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof(control) };
    ssize_t length = recvmsg(way->from, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length < 0)
        return errno == EAGAIN || errno == EINTR;
    take_descriptors(way, &message);
    if (length == 0)
        return FALSE;
    gssize sent = send_some(way, relay.block, (gsize) length);
    if (sent < 0)
        return FALSE;
    if (sent < length) {
        way->kept = g_memdup2(relay.block + sent, (gsize) (length - sent));
        way->kept_at = 0;
        way->kept_end = (gsize) (length - sent);
    }
    return TRUE;
}

static gboolean
send_kept(Way *way)
{
    gssize sent = send_some(way, way->kept + way->kept_at, way->kept_end - way->kept_at);
    if (sent < 0)
        return FALSE;
    way->kept_at += (gsize) sent;
    if (way->kept_at == way->kept_end)
        g_clear_pointer(&way->kept, g_free);
    return TRUE;
}

/* --- one happening ----------------------------------------------------------------------------------------------------------- */

/* The abstract name is open to every process of the machine; only we may use it. */
static gboolean
is_ours(int descriptor)
{
    struct ucred peer = { 0 };
    socklen_t length = sizeof(peer);
    return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.pid == getpid();
}

static void
accept_client(LibvirtSocket *wire)
{
    int descriptor = accept4(wire->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor < 0)
        return;
    if (!is_ours(descriptor)) {
        log_warn("relay: another process knocked at a private socket");
        close(descriptor);
        return;
    }
    close_one(&wire->listener);
    wire->client = descriptor;
    wire->up.from = wire->down.to = wire->client;
    wire->up.to = wire->down.from = wire->upstream;
    watch_wire(wire);
}

static void
happened(LibvirtSocket *socket, Side side, guint32 events)
{
    if (side == SIDE_LISTENER) {
        accept_client(socket);
        return;
    }
    Way *in = side == SIDE_CLIENT ? &socket->up : &socket->down;
    Way *out = side == SIDE_CLIENT ? &socket->down : &socket->up;
    gboolean alive = TRUE;
    if (events & EPOLLOUT && out->kept)
        alive = send_kept(out);
    if (alive && events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !in->kept)
        alive = copy_once(in);
    else if (alive && events & (EPOLLHUP | EPOLLERR))
        alive = FALSE;          /* gone with bytes on their way to the other side, which must not wait for more */
    if (!alive)
        close_wire(socket);
    else
        watch_wire(socket);
}

/* Cuts what is overdue; milliseconds until the next limit, -1 for none. */
static int
keep_limits(void)
{
    Tick now = clock_tick(), next = G_MAXINT64;
    GHashTableIter iter;
    LibvirtSocket *socket;
    g_hash_table_iter_init(&iter, relay.sockets);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &socket)) {
        if (socket->limit > 0 && socket->limit <= now) {
            socket->overdue = TRUE;
            close_wire(socket);
        } else if (socket->limit > 0) {
            next = MIN(next, socket->limit);
        }
    }
    return next == G_MAXINT64 ? -1 : (int) MIN((next - now) / 1000 + 1, G_MAXINT);
}

static void
take_event(const struct epoll_event *event)
{
    guint64 number = event->data.u64 >> 2;
    if (number == 0) {
        guint64 count;
        ssize_t length = read(relay.wake, &count, sizeof(count));
        (void) length;
        return;
    }
    LibvirtSocket *socket = g_hash_table_lookup(relay.sockets, &number);
    if (socket && !socket->cut)
        happened(socket, (Side) (event->data.u64 & 3), event->events);
}

static gpointer
run_relay(gpointer data)
{
    struct epoll_event events[64];
    LOCK_HOLD(&relay.lock);
    while (!relay.quit) {
        int wait = keep_limits();
        lock_drop(&relay.lock);
        int count = epoll_wait(relay.epoll, events, G_N_ELEMENTS(events), wait);
        lock_take(&relay.lock);
        for (int i = 0; i < count; i++)
            take_event(&events[i]);
    }
    return NULL;
}

/* --- life of the thread --------------------------------------------------------------------------------------------------------- */

void
libvirt_socket_hold(void)
{
    LOCK_HOLD(&relay.lock);
    if (relay.holds++ > 0)
        return;
    relay.epoll = epoll_create1(EPOLL_CLOEXEC);
    relay.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (relay.epoll < 0 || relay.wake < 0)
        g_error("relay: no descriptors left: %s", g_strerror(errno));
    relay.sockets = g_hash_table_new(g_int64_hash, g_int64_equal);
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = 0 };
    epoll_ctl(relay.epoll, EPOLL_CTL_ADD, relay.wake, &event);
    relay.quit = FALSE;
    relay.thread = thread_new("libvirt relay", run_relay, NULL);
}

/* A connection that libvirt gives back later than its host was stopped may still free its wire: the table stays for it. */
void
libvirt_socket_release(void)
{
    lock_take(&relay.lock);
    g_assert(relay.holds > 0);
    gboolean last = --relay.holds == 0;
    relay.quit = last;
    wake_relay();
    lock_drop(&relay.lock);
    if (!last)
        return;
    thread_join(relay.thread);
    LOCK_HOLD(&relay.lock);
    close_one(&relay.epoll);
    close_one(&relay.wake);
    g_clear_pointer(&relay.sockets, g_hash_table_unref);
}

/* --- wires ---------------------------------------------------------------------------------------------------------------------- */

static int
connect_once(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor >= 0 && connect(descriptor, (struct sockaddr *) &address, sizeof(address)) == 0)
        return descriptor;
    int why = errno;
    close_one(&descriptor);
    errno = why;
    return -1;
}

int
libvirt_socket_connect(const char *path, Tick deadline, GError **error)
{
    for (;;) {
        int descriptor = connect_once(path);
        if (descriptor >= 0)
            return descriptor;
        int why = errno;
        if (why == ENOENT || why == ECONNREFUSED)
            fault_set(error, MSG_HOST_LIBVIRTD_DOWN, "path", path, NULL);
        else if (why != EAGAIN)
            fault_set(error, MSG_HOST_LIBVIRTD_SOCKET, "path", path, "reason", g_strerror(why), NULL);
        else if (clock_tick() >= deadline)
            fault_set(error, MSG_HOST_LIBVIRTD_BUSY, NULL);
        else
            why = 0;
        if (why)
            return -1;
        poll(NULL, 0, 100);     /* its queue of waiting clients is full; the kernel has no way to tell when it is not */
    }
}

static int
listen_at(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_strlcpy(address.sun_path, name, sizeof(address.sun_path));
    address.sun_path[0] = '\0';
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* The whole of sun_path is the name: libvirt connects with that length. */
    if (descriptor >= 0 && bind(descriptor, (struct sockaddr *) &address, sizeof(address)) == 0 && listen(descriptor, 4) == 0)
        return descriptor;
    close_one(&descriptor);
    return -1;
}

LibvirtSocket *
libvirt_socket_new(int take_upstream, GError **error)
{
    LibvirtSocket *socket = g_new0(LibvirtSocket, 1);
    Id id = id_random();
    char text[ID_TEXT_SIZE];
    g_snprintf(socket->name, sizeof(socket->name), "@shikiri-%s", id_format(&id, ID_UUID, text));
    socket->upstream = take_upstream;
    socket->client = -1;
    socket->listener = listen_at(socket->name);
    if (socket->listener < 0) {
        fault_set(error, MSG_HOST_NO_SOCKET, "reason", g_strerror(errno), NULL);
        close_wire(socket);
        g_free(socket);
        return NULL;
    }
    LOCK_HOLD(&relay.lock);
    g_assert(relay.holds > 0);
    socket->number = ++relay.last_number;
    g_hash_table_insert(relay.sockets, &socket->number, socket);
    watch(socket, SIDE_LISTENER, socket->listener, EPOLLIN);
    return socket;
}

void
libvirt_socket_free(LibvirtSocket *socket)
{
    if (!socket)
        return;
    LOCK_HOLD(&relay.lock);
    if (relay.sockets)
        g_hash_table_remove(relay.sockets, &socket->number);
    close_wire(socket);
    g_free(socket);
}

const char *
libvirt_socket_name(const LibvirtSocket *socket)
{
    return socket->name;
}

void
libvirt_socket_limit(LibvirtSocket *socket, Tick deadline)
{
    LOCK_HOLD(&relay.lock);
    if (socket->cut)
        return;
    socket->limit = deadline;
    if (deadline > 0)
        wake_relay();
}

void
libvirt_socket_cut(LibvirtSocket *socket)
{
    LOCK_HOLD(&relay.lock);
    close_wire(socket);
}

gboolean
libvirt_socket_is_cut(LibvirtSocket *socket)
{
    LOCK_HOLD(&relay.lock);
    return socket->cut;
}

gboolean
libvirt_socket_is_overdue(LibvirtSocket *socket)
{
    LOCK_HOLD(&relay.lock);
    return socket->overdue;
}
