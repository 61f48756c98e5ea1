/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What sits at the consoles of fake domains: a screen of one colour that changes with each key, spoken in RFB as QEMU does to who need not
 * give a password, and a serial line that echoes. One thread for all; a console ends when its domain does. Of the log of a line only is kept
 * how often its domain started: each time it says the same. */
#include "host/fake_parts.h"

#include "base/text.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define WIDTH 640
#define HEIGHT 400
#define MOST_GUESTS 256
#define FIRST_WORDS "\033[1mfake guest\033[0m\r\n\r\nlogin: \r\n"
#define LOOK 200                    /* ms between two looks at the domains */

typedef enum { AT_VERSION, AT_SECURITY, AT_INIT, AT_MESSAGES, AT_LINE } GuestStep;

typedef struct {
    FakeHost *host;
    Id domain;
    int descriptor;
    GuestStep step;
    guint8 colour;
    gboolean wants_change;          /* an incremental request waits for the next key */
    Text in, out;
    gsize out_done;
} Guest;

struct FakeGuests {
    Fake *fake;
    Thread *thread;
    GPtrArray *guests;              /* Guest *: added under the fake's lock, removed by the thread under it */
};

static void
guest_free(Guest *guest)
{
    close(guest->descriptor);
    text_clear(&guest->in);
    text_clear(&guest->out);
    g_free(guest);
}

/* --- RFB -------------------------------------------------------------------------------------------------------------------------------- */

static void
add_u16(Text *out, guint16 value)
{
    guint16 wire = GUINT16_TO_BE(value);
    text_add_bytes(out, (const char *) &wire, sizeof(wire));
}

static void
add_u32(Text *out, guint32 value)
{
    guint32 wire = GUINT32_TO_BE(value);
    text_add_bytes(out, (const char *) &wire, sizeof(wire));
}

static void
say_init(Text *out)
{
    static const char format[16] = { 32, 24, 0, 1, 0, '\xff', 0, '\xff', 0, '\xff', 16, 8, 0 };
    add_u16(out, WIDTH);
    add_u16(out, HEIGHT);
    text_add_bytes(out, format, sizeof(format));
    add_u32(out, 4);
    text_add_literal(out, "fake");
}

static void
say_screen(Guest *guest)
{
    Text *out = &guest->out;
    gsize size = (gsize) WIDTH * HEIGHT * 4;
    text_add_bytes(out, "\0\0", 2);
    add_u16(out, 1);
    add_u16(out, 0);
    add_u16(out, 0);
    add_u16(out, WIDTH);
    add_u16(out, HEIGHT);
    add_u32(out, 0);
    text_grow(out, size);
    memset(out->bytes + out->length, guest->colour, size);
    out->length += size;
    guest->wants_change = FALSE;
}

/* How long the message at the front is; 0: not enough of it is here to tell. */
static gsize
message_size(const Text *in)
{
    static const guint8 sizes[] = { 20, 0, 0, 10, 8, 6 };
    const guint8 *bytes = (const guint8 *) in->bytes;
    if (bytes[0] == 2)
        return in->length < 4 ? 0 : 4 + 4 * ((gsize) bytes[2] << 8 | bytes[3]);
    if (bytes[0] == 6)
        return in->length < 8 ? 0 : 8 + ((gsize) bytes[6] << 8 | bytes[7]);
    return bytes[0] < G_N_ELEMENTS(sizes) && sizes[bytes[0]] ? sizes[bytes[0]] : 1;
}

static void
take_message(Guest *guest)
{
    const guint8 *bytes = (const guint8 *) guest->in.bytes;
    if (bytes[0] == 4 && bytes[1])
        guest->colour = (guint8) (guest->colour + bytes[7] + 1);
    if ((bytes[0] == 3 && !bytes[1]) || (bytes[0] == 4 && bytes[1] && guest->wants_change))
        say_screen(guest);
    else if (bytes[0] == 3)
        guest->wants_change = TRUE;
}

/* What is at the front of `in`, as far as it is whole; its size, 0: not whole. */
static gsize
take_step(Guest *guest)
{
    static const gsize sizes[] = { [AT_VERSION] = 12, [AT_SECURITY] = 1, [AT_INIT] = 1 };
    gsize size = guest->step == AT_LINE ? guest->in.length : guest->step == AT_MESSAGES ? message_size(&guest->in) : sizes[guest->step];
    if (size == 0 || guest->in.length < size)
        return 0;
    if (guest->step == AT_VERSION)
        text_add_bytes(&guest->out, "\1\1", 2);
    else if (guest->step == AT_SECURITY)
        text_add_bytes(&guest->out, "\0\0\0\0", 4);
    else if (guest->step == AT_INIT)
        say_init(&guest->out);
    else if (guest->step == AT_MESSAGES)
        take_message(guest);
    for (gsize i = 0; guest->step == AT_LINE && i < size; i++)
        text_add(&guest->out, guest->in.bytes[i] == '\r' ? "\r\nlogin: " : (const char[]) { guest->in.bytes[i], '\0' });
    guest->step += guest->step < AT_MESSAGES;
    return size;
}

/* --- bytes ------------------------------------------------------------------------------------------------------------------------------- */

/* One answer at a time: a client that asks and does not read waits, as it would for QEMU. */
static void
take_steps(Guest *guest)
{
    for (gsize size; guest->in.length && !guest->out.length && (size = take_step(guest));) {
        guest->in.length -= size;
        memmove(guest->in.bytes, guest->in.bytes + size, guest->in.length);
    }
}

static gboolean
read_guest(Guest *guest)
{
    char bytes[4096];
    gssize count = recv(guest->descriptor, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (count <= 0)
        return count < 0 && (errno == EAGAIN || errno == EINTR);
    text_add_bytes(&guest->in, bytes, (gsize) count);
    take_steps(guest);
    return TRUE;
}

static gboolean
write_guest(Guest *guest)
{
    gssize count = send(guest->descriptor, guest->out.bytes + guest->out_done, guest->out.length - guest->out_done, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0)
        return errno == EAGAIN || errno == EINTR;
    guest->out_done += (gsize) count;
    if (guest->out_done == guest->out.length) {
        text_reset(&guest->out);
        guest->out_done = 0;
        take_steps(guest);
    }
    return TRUE;
}

static gboolean
domain_runs(const Guest *guest)
{
    const FakeDomain *domain = g_hash_table_lookup(guest->host->domains, &guest->domain);
    return domain && domain->state != DOMAIN_SHUTOFF && domain->state != DOMAIN_CRASHED;
}

/* Lock held. What to wait for; guests whose domain ended are let go. */
static guint
list_guests(FakeGuests *guests, struct pollfd *pollers)
{
    for (guint i = guests->guests->len; i-- > 0;) {
        if (!domain_runs(guests->guests->pdata[i]))
            g_ptr_array_remove_index_fast(guests->guests, i);
    }
    for (guint i = 0; i < guests->guests->len; i++) {
        const Guest *guest = guests->guests->pdata[i];
        pollers[i] = (struct pollfd) { guest->descriptor, guest->out.length ? POLLOUT : POLLIN, 0 };
    }
    return guests->guests->len;
}

static gpointer
run_guests(gpointer data)
{
    FakeGuests *guests = data;
    Fake *fake = guests->fake;
    g_autofree struct pollfd *pollers = g_new0(struct pollfd, MOST_GUESTS);
    LOCK_HOLD(&fake->lock);
    while (!fake->stopping) {
        guint count = list_guests(guests, pollers);
        lock_drop(&fake->lock);
        poll(pollers, count, LOOK);
        lock_take(&fake->lock);
        for (guint i = count; i-- > 0;) {
            Guest *guest = guests->guests->pdata[i];
            gboolean well = TRUE;
            if (pollers[i].revents & POLLOUT)
                well = write_guest(guest);
            else if (pollers[i].revents)
                well = read_guest(guest);
            if (!well)
                g_ptr_array_remove_index_fast(guests->guests, i);
        }
    }
    return NULL;
}

/* --- the fake's side ---------------------------------------------------------------------------------------------------------------------- */

int
fake_console_open(FakeHost *host, const FakeDomain *domain, gboolean serial)
{
    Fake *fake = host->fake;
    int ends[2];
    if (!fake->guests) {
        fake->guests = g_new0(FakeGuests, 1);
        fake->guests->fake = fake;
        fake->guests->guests = g_ptr_array_new_with_free_func((GDestroyNotify) guest_free);
        fake->guests->thread = thread_new("fake guests", run_guests, fake->guests);
    }
    if (fake->guests->guests->len >= MOST_GUESTS || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    Guest *guest = g_new0(Guest, 1);
    guest->host = host;
    guest->domain = domain->id;
    guest->descriptor = ends[0];
    guest->step = serial ? AT_LINE : AT_VERSION;
    text_add(&guest->out, serial ? "login: " : "RFB 003.008\n");
    g_ptr_array_add(fake->guests->guests, guest);
    return ends[1];
}

GBytes *
fake_console_picture(const FakeDomain *domain)
{
    g_auto(Text) picture = TEXT_EMPTY;
    gsize size = (gsize) WIDTH * HEIGHT * 3;
    text_printf(&picture, "P6\n%d %d\n255\n", WIDTH, HEIGHT);
    text_grow(&picture, size);
    memset(picture.bytes + picture.length, (int) (domain->number & 255), size);
    picture.length += size;
    return text_take_bytes(&picture);
}

GBytes *
fake_console_log(gint64 starts, gsize most)
{
    g_auto(Text) out = TEXT_EMPTY;
    gint64 first = MAX(starts - (gint64) (most / strlen(FIRST_WORDS)), 0);
    for (gint64 i = first; i < starts; i++)
        text_add(&out, FIRST_WORDS);
    gsize kept = MIN(out.length, most);
    return g_bytes_new(out.bytes + (out.length - kept), kept);
}

void
fake_console_close(Fake *fake)
{
    if (!fake->guests)
        return;
    thread_join(fake->guests->thread);
    g_ptr_array_unref(fake->guests->guests);
    g_free(fake->guests);
}
