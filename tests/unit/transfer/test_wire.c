/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Disks opened by a real qemu-nbd, over a host that is nothing but a folder: what is written is read, zeros are told, several ask at
 * once, and what dies is told to everybody who waits. */
#include "base/lock.h"
#include "host/image_file.h"
#include "transfer/emptiness.h"
#include "transfer/transfers.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MIB (1 << 20)
#define IMAGE_SIZE (16 * MIB)

/* --- a host that is a folder -------------------------------------------------------------------------------------------------- */

static char *folder;
static pid_t served;                    /* the last process */

static HostImage *
open_image(HostLink *link, const ImageSpec *spec, Tick deadline, GError **error)
{
    g_autofree char *path = NULL;
    g_auto(VolumeFile) file = { .dir = -1 };
    (void) deadline;
    if (!volume_file_open(&file, link->name, &spec->volume, error) || !image_file_prepare(&file, spec, &path, error))
        return NULL;
    HostImage *image = image_file_serve(link->name, path, spec, error);
    served = image ? *(pid_t *) (gpointer) image : 0;       /* its first member */
    return image;
}

static const HostOps ops = { .name = "folder", .image_open = open_image };
static HostLink folder_link;

static ImageSpec
make_disk(int format, gboolean write)
{
    const Id disk = id_random();
    ImageSpec spec = { .volume = { { id_random(), folder, FALSE }, disk, disk }, .format = format, .size = IMAGE_SIZE, .write = write, .sparse = TRUE };
    g_autofree char *path = volume_name_path(folder, &disk, &disk);
    g_autofree char *size = g_strdup_printf("%d", IMAGE_SIZE);
    const char *argv[] = { "qemu-img", "create", "-q", "-f", format == DISK_FORMAT_COW ? "qcow2" : "raw", path, size, NULL };
    g_assert_true(g_spawn_sync(NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
    return spec;
}

/* --- asking and waiting --------------------------------------------------------------------------------------------------------- */

typedef struct {
    Lock lock;
    Condition changed;
    guint left;
    int why;
    gint64 zero, data;
} Wait;

static void
wait_init(Wait *wait, guint count)
{
    *wait = (Wait) { .left = count };
    lock_init(&wait->lock);
    condition_init(&wait->changed);
}

static void
done(gpointer data, int why)
{
    Wait *wait = data;
    LOCK_HOLD(&wait->lock);
    wait->left--;
    wait->why = wait->why ? wait->why : why;
    condition_signal(&wait->changed);
}

static void
found(gpointer data, const Extent *extents, guint count, int why)
{
    Wait *wait = data;
    for (guint i = 0; i < count; i++)
        *(extents[i].zero ? &wait->zero : &wait->data) += extents[i].length;
    done(data, why);
}

static int
wait_end(Wait *wait)
{
    lock_take(&wait->lock);
    while (wait->left > 0)
        g_assert_true(condition_wait_until(&wait->changed, &wait->lock, clock_tick() + 60 * CLOCK_SECOND));
    lock_drop(&wait->lock);
    condition_clear(&wait->changed);
    lock_clear(&wait->lock);
    return wait->why;
}

static Wire *
open_wire(const ImageSpec *spec)
{
    g_autoptr(GError) error = NULL;
    Wire *wire = wire_open(&folder_link, spec, clock_tick() + 20 * CLOCK_SECOND, &error);
    g_assert_no_error(error);
    return wire;
}

static WireEnd
end_of(Wire *wire)
{
    return wire_close(wire, clock_tick() + 20 * CLOCK_SECOND, 0);
}

static int
write_at(Wire *wire, const void *bytes, gsize count, gint64 offset)
{
    Wait wait;
    wait_init(&wait, 1);
    wire_write(wire, bytes, count, offset, done, &wait);
    return wait_end(&wait);
}

static int
read_at(Wire *wire, void *bytes, gsize count, gint64 offset)
{
    Wait wait;
    wait_init(&wait, 1);
    wire_read(wire, bytes, count, offset, done, &wait);
    return wait_end(&wait);
}

/* --- tests ------------------------------------------------------------------------------------------------------------------------ */

static void
fill(guint8 *bytes, gsize count, guint32 seed)
{
    for (gsize i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (guint8) (seed >> 24);
    }
}

static void
test_what_is_written_is_read(gconstpointer format)
{
    g_autofree guint8 *sent = g_malloc(3 * MIB), *got = g_malloc0(3 * MIB);
    ImageSpec spec = make_disk(GPOINTER_TO_INT(format), TRUE);
    g_autoptr(Wire) wire = open_wire(&spec);
    g_assert_cmpint(wire_size(wire), ==, IMAGE_SIZE);
    fill(sent, 3 * MIB, 1);
    g_assert_cmpint(write_at(wire, sent, 3 * MIB, MIB + 1), ==, 0);
    g_assert_cmpint(read_at(wire, got, 3 * MIB, MIB + 1), ==, 0);
    g_assert_cmpmem(sent, 3 * MIB, got, 3 * MIB);
    g_assert_cmpint(wire_look(wire).end, ==, 4 * MIB + 1);
    g_assert_cmpint(wire_look(wire).moved, ==, 6 * MIB);
    g_assert_cmpint(end_of(wire), ==, WIRE_ENDED_WELL);
    g_autoptr(Wire) again = open_wire(&spec);
    memset(got, 0, 3 * MIB);
    g_assert_cmpint(read_at(again, got, 3 * MIB, MIB + 1), ==, 0);
    g_assert_cmpmem(sent, 3 * MIB, got, 3 * MIB);
    g_assert_cmpint(end_of(again), ==, WIRE_ENDED_WELL);
}

static void
test_zeros_are_told(void)
{
    Wait wait;
    g_autofree guint8 *bytes = g_malloc(4 * MIB);
    ImageSpec spec = make_disk(DISK_FORMAT_COW, TRUE);
    g_autoptr(Wire) wire = open_wire(&spec);
    fill(bytes, 4 * MIB, 2);
    g_assert_cmpint(write_at(wire, bytes, 4 * MIB, 4 * MIB), ==, 0);
    wait_init(&wait, 1);
    wire_zero(wire, 2 * MIB, 5 * MIB, done, &wait);
    g_assert_cmpint(wait_end(&wait), ==, 0);
    wait_init(&wait, 1);
    wire_flush(wire, done, &wait);
    g_assert_cmpint(wait_end(&wait), ==, 0);
    wait_init(&wait, 1);
    wire_extents(wire, IMAGE_SIZE, 0, found, &wait);
    g_assert_cmpint(wait_end(&wait), ==, 0);
    g_assert_cmpint(wait.data, ==, 2 * MIB);
    g_assert_cmpint(wait.zero, ==, 14 * MIB);
    g_assert_cmpint(end_of(wire), ==, WIRE_ENDED_WELL);
}

static void
test_many_at_once(void)
{
    enum { N = 200 };
    Wait wait;
    g_autofree guint8 *sent = g_malloc(N * 65536), *got = g_malloc0(N * 65536);
    ImageSpec spec = make_disk(DISK_FORMAT_RAW, TRUE);
    g_autoptr(Wire) wire = open_wire(&spec);
    fill(sent, N * 65536, 3);
    wait_init(&wait, N);
    for (int i = 0; i < N; i++)
        wire_write(wire, sent + i * 65536, 65536, i * 65536, done, &wait);
    g_assert_cmpint(wait_end(&wait), ==, 0);
    wait_init(&wait, N);
    for (int i = N - 1; i >= 0; i--)
        wire_read(wire, got + i * 65536, 65536, i * 65536, done, &wait);
    g_assert_cmpint(wait_end(&wait), ==, 0);
    g_assert_cmpmem(sent, N * 65536, got, N * 65536);
    g_assert_cmpint(end_of(wire), ==, WIRE_ENDED_WELL);
}

static void
test_what_dies_is_told(void)
{
    g_autofree guint8 *bytes = g_malloc0(MIB);
    ImageSpec spec = make_disk(DISK_FORMAT_RAW, TRUE);
    g_autoptr(Wire) wire = open_wire(&spec);
    kill(served, SIGKILL);
    while (read_at(wire, bytes, MIB, 0) == 0)
        g_usleep(1000);
    g_assert_true(wire_is_lost(wire));
    g_assert_cmpint(write_at(wire, bytes, MIB, 0), ==, EIO);
    g_assert_cmpint(end_of(wire), ==, WIRE_ENDED_BADLY);
    g_assert_cmpint(write_at(wire, bytes, MIB, 0), ==, ESHUTDOWN);
}

/* Stopped, as by a storage that hangs: who waits is told in time, and it is not waited for when the disk is closed. */
static void
test_silence(void)
{
    Tick patience = wire_patience;
    g_autofree guint8 *bytes = g_malloc0(MIB);
    ImageSpec spec = make_disk(DISK_FORMAT_COW, TRUE);
    g_autoptr(Wire) wire = open_wire(&spec);
    g_assert_cmpint(write_at(wire, bytes, MIB, 0), ==, 0);
    wire_patience = CLOCK_SECOND / 5;
    kill(served, SIGSTOP);
    g_assert_cmpint(write_at(wire, bytes, MIB, MIB), ==, EIO);
    wire_patience = patience;
    g_assert_true(wire_is_lost(wire));
    g_assert_cmpint(wire_look(wire).end, ==, 2 * MIB);      /* nobody knows */
    g_assert_cmpint(end_of(wire), ==, WIRE_ENDED_BADLY);
    g_assert_cmpint(kill(served, 0), ==, -1);
}

static void
test_closed_in_time(void)
{
    Wait wait;
    g_autofree guint8 *bytes = g_malloc0(MIB);
    ImageSpec spec = make_disk(DISK_FORMAT_RAW, TRUE);
    g_autoptr(Wire) wire = open_wire(&spec);
    kill(served, SIGSTOP);
    wait_init(&wait, 1);
    wire_write(wire, bytes, MIB, 0, done, &wait);
    Tick now = clock_tick();
    g_assert_cmpint(wire_close(wire, now + CLOCK_SECOND / 2, now + CLOCK_SECOND / 20), ==, WIRE_ENDS);
    g_assert_cmpint(wire_close(wire, now + 600 * CLOCK_SECOND, clock_tick() + CLOCK_SECOND / 20), ==, WIRE_ENDS);
    g_assert_cmpint(wait_end(&wait), ==, EIO);
    g_assert_cmpint(end_of(wire), ==, WIRE_ENDED_BADLY);
    g_assert_cmpint(clock_tick() - now, <, 20 * CLOCK_SECOND);
}

static void
limit_files(pid_t pid, gint64 bytes)
{
    struct rlimit limit;
    g_assert_cmpint(prlimit(pid, RLIMIT_FSIZE, NULL, &limit), ==, 0);
    limit.rlim_cur = bytes < 0 ? limit.rlim_max : (rlim_t) bytes;
    g_assert_cmpint(prlimit(pid, RLIMIT_FSIZE, &limit, NULL), ==, 0);
}

/* What could not be written may have been in part. */
static void
test_no_room(void)
{
    g_autofree guint8 *bytes = g_malloc0(MIB);
    ImageSpec spec = make_disk(DISK_FORMAT_RAW, TRUE);
    g_autoptr(Wire) wire = open_wire(&spec);
    fill(bytes, MIB, 4);
    limit_files(served, 8 * MIB);
    g_assert_cmpint(write_at(wire, bytes, MIB, 12 * MIB), ==, ENOSPC);
    g_assert_false(wire_is_lost(wire));
    g_assert_cmpint(wire_look(wire).end, ==, 13 * MIB);
    g_assert_cmpint(write_at(wire, bytes, MIB, 2 * MIB), ==, 0);
    g_assert_cmpint(end_of(wire), ==, WIRE_ENDED_WELL);
}

/* Tables of qcow2 that could not be written at the end: qemu-nbd's own end does not tell. */
static void
test_last_flush(void)
{
    g_autofree guint8 *bytes = g_malloc0(MIB);
    ImageSpec spec = make_disk(DISK_FORMAT_COW, TRUE);
    g_autoptr(Wire) wire = open_wire(&spec);
    fill(bytes, MIB, 5);
    g_assert_cmpint(write_at(wire, bytes, MIB, 0), ==, 0);
    limit_files(served, 1);
    g_assert_cmpint(end_of(wire), ==, WIRE_ENDED_BADLY);
}

static void
test_only_to_read(void)
{
    g_autofree guint8 *bytes = g_malloc0(MIB);
    ImageSpec spec = make_disk(DISK_FORMAT_RAW, FALSE);
    g_autoptr(Wire) wire = open_wire(&spec);
    g_assert_cmpint(write_at(wire, bytes, MIB, 0), !=, 0);
    g_assert_cmpint(read_at(wire, bytes, MIB, 0), ==, 0);
    g_assert_cmpint(end_of(wire), ==, WIRE_ENDED_WELL);
}

static void
test_emptiness(gconstpointer format)
{
    guint8 one = 1;
    ImageSpec spec = make_disk(GPOINTER_TO_INT(format), TRUE);
    Tick deadline = clock_tick() + 60 * CLOCK_SECOND;
    g_assert_true(emptiness_look(&folder_link, &spec, deadline));
    g_autoptr(Wire) wire = open_wire(&spec);
    g_assert_true(emptiness_is_sure(wire, deadline));
    g_assert_cmpint(write_at(wire, &one, 1, IMAGE_SIZE - 1), ==, 0);
    g_assert_false(emptiness_is_sure(wire, deadline));
    g_assert_false(emptiness_look(&folder_link, &spec, deadline));      /* somebody has it open */
    g_assert_cmpint(end_of(wire), ==, WIRE_ENDED_WELL);
    g_assert_false(emptiness_look(&folder_link, &spec, deadline));
}

static void
test_tickets(void)
{
    TransferSeat seat = { 0 };
    TransferLook look;
    gboolean empty = TRUE;
    g_autoptr(GError) error = NULL;
    Transfers *transfers = transfers_new();
    TransferWish wish = { .transfer = id_random(), .ticket = "3f2c", .name = "d", .link = &folder_link, .spec = make_disk(DISK_FORMAT_RAW, FALSE) };
    Tick deadline = clock_tick() + 60 * CLOCK_SECOND;
    g_assert_true(transfers_open(transfers, &wish, deadline, &empty, NULL));
    g_assert_false(transfers_open(transfers, &wish, deadline, &empty, NULL));
    g_assert_false(empty);              /* nobody asked */
    g_assert_false(transfers_enter(transfers, "3f2", &seat, NULL));
    g_assert_false(transfers_enter(transfers, "3f2d", &seat, &error));
    g_assert_cmpint(fault_of(error), ==, FAULT_FORBIDDEN);
    g_assert_true(transfers_enter(transfers, "3f2c", &seat, NULL));
    g_assert_true(transfers_look(transfers, &wish.transfer, &look) && look.clients == 1 && !look.lost && !seat.write && seat.size == IMAGE_SIZE);
    g_assert_cmpint(transfers_close(transfers, &wish.transfer, deadline, 0, &look), ==, CLOSE_WELL);
    g_assert_cmpint(transfers_close(transfers, &wish.transfer, deadline, 0, &look), ==, CLOSE_ABSENT);
    g_assert_false(transfers_enter(transfers, "3f2c", &seat, NULL));
    transfer_seat_leave(&seat);
    transfers_stop(transfers);
    g_assert_false(transfers_open(transfers, &wish, deadline, &empty, NULL));
    transfers_free(transfers);
}

/* A disk that hangs while it is looked at is closed in time, and not held by anybody. */
static void
test_looking(void)
{
    TransferLook look;
    gboolean empty = FALSE;
    Transfers *transfers = transfers_new();
    TransferWish wish = { .transfer = id_random(), .ticket = "3f2c", .name = "d", .link = &folder_link, .spec = make_disk(DISK_FORMAT_COW, TRUE), .ask = TRUE };
    g_assert_true(transfers_open(transfers, &wish, clock_tick() + 60 * CLOCK_SECOND, &empty, NULL));
    g_assert_true(empty);
    g_assert_cmpint(transfers_close(transfers, &wish.transfer, clock_tick() + 60 * CLOCK_SECOND, 0, &look), ==, CLOSE_WELL);
    g_autoptr(Wire) wire = open_wire(&wish.spec);
    kill(served, SIGSTOP);
    g_assert_false(emptiness_is_sure(wire, clock_tick() + CLOCK_SECOND / 5));
    g_assert_true(wire_is_lost(wire));
    g_assert_cmpint(end_of(wire), ==, WIRE_ENDED_BADLY);
    g_assert_true(transfers_open(transfers, &wish, clock_tick() + 60 * CLOCK_SECOND, &empty, NULL));
    transfers_stop(transfers);
    transfers_free(transfers);
}

static void
test_urls(void)
{
    Transfers *transfers = transfers_new();
    g_autofree char *own = transfers_url(transfers, "manager:8443", "T", FALSE);
    g_assert_cmpstr(own, ==, "https://manager:8443/images/T");
    transfers_set_ports(transfers, 54322, 54323);
    g_autofree char *host = transfers_url(transfers, "manager:8443", "T", FALSE), *proxy = transfers_url(transfers, "[::1]:8443", "T", TRUE);
    g_autofree char *bare = transfers_url(transfers, "manager", "T", TRUE), *six = transfers_url(transfers, "[::1]", "T", FALSE);
    g_assert_cmpstr(host, ==, "https://manager:54322/images/T");
    g_assert_cmpstr(proxy, ==, "https://[::1]:54323/images/T");
    g_assert_cmpstr(bare, ==, "https://manager:54323/images/T");
    g_assert_cmpstr(six, ==, "https://[::1]:54322/images/T");
    transfers_free(transfers);
}

static void
remove_folder(void)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_unlink(path);
    }
    g_rmdir(folder);
    g_free(folder);
}

int
main(int argc, char **argv)
{
    Id host = id_random();
    g_test_init(&argc, &argv, NULL);
    signal(SIGXFSZ, SIG_IGN);           /* children have it so, too: a file that is too long is an error */
    folder = g_dir_make_tmp("shikiri-wire-XXXXXX", NULL);
    host_link_init(&folder_link, &ops, &host, "folder");
    g_test_add_data_func("/wire/read/raw", GINT_TO_POINTER(DISK_FORMAT_RAW), test_what_is_written_is_read);
    g_test_add_data_func("/wire/read/cow", GINT_TO_POINTER(DISK_FORMAT_COW), test_what_is_written_is_read);
    g_test_add_func("/wire/zeros", test_zeros_are_told);
    g_test_add_func("/wire/many", test_many_at_once);
    g_test_add_func("/wire/dies", test_what_dies_is_told);
    g_test_add_func("/wire/silence", test_silence);
    g_test_add_func("/wire/closed_in_time", test_closed_in_time);
    g_test_add_func("/wire/no_room", test_no_room);
    g_test_add_func("/wire/last_flush", test_last_flush);
    g_test_add_func("/wire/reads_only", test_only_to_read);
    g_test_add_data_func("/wire/empty/raw", GINT_TO_POINTER(DISK_FORMAT_RAW), test_emptiness);
    g_test_add_data_func("/wire/empty/cow", GINT_TO_POINTER(DISK_FORMAT_COW), test_emptiness);
    g_test_add_func("/transfers/tickets", test_tickets);
    g_test_add_func("/transfers/looking", test_looking);
    g_test_add_func("/transfers/urls", test_urls);
    int result = g_test_run();
    host_link_clear(&folder_link);
    remove_folder();
    return result;
}
