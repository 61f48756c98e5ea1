/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A file of rings: what is written is read, longer steps, gaps, rows torn at any byte, slots given again, clocks that jump,
 * disks that are full, files of another format; and how large it is. */
#include "metrics/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BEGIN G_GINT64_CONSTANT(1700006400)     /* a whole hour */

typedef struct {
    char *dir, *path;
    Ring *ring;
} Fixture;

static void
reopen(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    gboolean aside;
    ring_close(f->ring);
    f->ring = ring_open(f->path, &metric_kinds[KEPT_DISK], &aside, &error);
    g_assert_no_error(error);
    g_assert_false(aside);
}

static void
set_up(Fixture *f, gconstpointer data)
{
    (void) data;
    f->dir = g_dir_make_tmp("shikiri-ring-XXXXXX", NULL);
    f->path = g_build_filename(f->dir, "disk.rings", NULL);
    reopen(f);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    (void) data;
    g_autofree char *old = g_strconcat(f->path, ".old", NULL);
    ring_close(f->ring);
    g_unlink(f->path);
    g_unlink(old);
    g_rmdir(f->dir);
    g_free(f->path);
    g_free(f->dir);
}

static void
step(Fixture *f, guint objects, gint64 now, double value)
{
    g_autoptr(GError) error = NULL;
    ring_begin(f->ring);
    for (guint i = 0; i < objects; i++) {
        Id id = id_number(i + 1);
        double values[METRIC_MOST] = { value + i, value, 1, 2, 0.0004, NAN };
        g_assert_true(ring_stage(f->ring, &id, values, now, &error));
    }
    g_assert_true(ring_commit(f->ring, now, &error));
    g_assert_no_error(error);
}

static double
read_one(Fixture *f, guint object, guint level, guint metric, gboolean peak, gint64 when)
{
    double value = -1;
    Id id = id_number(object);
    if (!ring_read(f->ring, &id, level, metric, peak, when / metric_levels[level].step, 1, &value))
        return NAN;
    return value;
}

#define assert_near(a, b) g_assert_cmpfloat(fabs((a) - (b)), <=, fabs(b) / 1000)

/* --- size ------------------------------------------------------------------------------------------------------------------------ */

/* What docs/metrics.md says a VM, a disk, a NIC and a host cost. */
static void
test_size(void)
{
    static const gsize kibibytes[N_KEPT] = { [KEPT_VM] = 314, [KEPT_DISK] = 225, [KEPT_NIC] = 181, [KEPT_HOST] = 292 };
    gsize sum = 0;
    for (guint kind = 0; kind < N_KEPT; kind++) {
        gsize each = ring_block_bytes(&metric_kinds[kind]) / RING_SLOTS;
        g_assert_cmpuint((each + 1023) / 1024, ==, kibibytes[kind]);
        if (kind != KEPT_HOST)
            sum += each;
    }
    g_assert_cmpuint(sum * 10000, <, G_GUINT64_CONSTANT(7500000000));
    for (guint level = 1; level < METRIC_LEVELS; level++)       /* what a longer step is made of is one run */
        g_assert_cmpuint(metric_levels[level - 1].rows % (metric_levels[level].step / metric_levels[level - 1].step), ==, 0);
}

/* --- reading what was written ------------------------------------------------------------------------------------------------------ */

static void
test_round(Fixture *f, gconstpointer data)
{
    (void) data;
    for (guint i = 0; i < 400; i++)                     /* more than the first level keeps */
        step(f, 70, BEGIN + i * 10, i);                 /* two blocks */
    for (guint again = 0; again < 2; again++) {
        assert_near(read_one(f, 1, 0, 0, FALSE, BEGIN + 3990), 399.0);
        assert_near(read_one(f, 70, 0, 0, FALSE, BEGIN + 3990), 399.0 + 69);
        assert_near(read_one(f, 70, 0, 4, FALSE, BEGIN + 3990), 0.0004);
        g_assert_true(isnan(read_one(f, 70, 0, 5, FALSE, BEGIN + 3990)));
        assert_near(read_one(f, 1, 0, 0, FALSE, BEGIN + 400), 40.0);
        g_assert_true(isnan(read_one(f, 1, 0, 0, FALSE, BEGIN + 390)));          /* overwritten */
        g_assert_true(isnan(read_one(f, 1, 0, 0, FALSE, BEGIN + 4000)));         /* not there yet */
        g_assert_true(isnan(read_one(f, 71, 0, 0, FALSE, BEGIN + 3990)));        /* nobody */
        assert_near(read_one(f, 1, 1, 0, FALSE, BEGIN + 60), (6 + 11) / 2.0);
        assert_near(read_one(f, 1, 1, 0, TRUE, BEGIN + 60), 11.0);
        assert_near(read_one(f, 1, 1, 2, TRUE, BEGIN + 60), 1.0);                /* no peak is kept of it: the average */
        assert_near(read_one(f, 70, 2, 0, FALSE, BEGIN + 600), 69 + (60 + 119) / 2.0);
        assert_near(read_one(f, 70, 3, 0, TRUE, BEGIN), 69 + 359.0);
        reopen(f);
    }
}

/* Everything in one sweep, over the ring's end. */
static void
test_sweep(Fixture *f, gconstpointer data)
{
    (void) data;
    double values[360];
    Id id = id_number(3);
    for (guint i = 0; i < 500; i++)
        step(f, 3, BEGIN + i * 10, i);
    g_assert_true(ring_read(f->ring, &id, 0, 0, FALSE, BEGIN / 10 + 140, 360, values));
    for (guint i = 0; i < 360; i++)
        assert_near(values[i], 140.0 + i + 2);
}

/* Nothing is a gap and no zero; a gap does not pull an average down. */
static void
test_gaps(Fixture *f, gconstpointer data)
{
    (void) data;
    step(f, 1, BEGIN, 10);
    step(f, 0, BEGIN + 10, 0);
    step(f, 1, BEGIN + 50, 30);
    step(f, 1, BEGIN + 300, 0);
    g_assert_true(isnan(read_one(f, 1, 0, 0, FALSE, BEGIN + 10)));
    g_assert_true(isnan(read_one(f, 1, 0, 0, FALSE, BEGIN + 20)));
    assert_near(read_one(f, 1, 1, 0, FALSE, BEGIN), 20.0);
    g_assert_true(isnan(read_one(f, 1, 1, 0, FALSE, BEGIN + 60)));
    g_assert_cmpfloat(read_one(f, 1, 0, 0, FALSE, BEGIN + 300), ==, 0);
}

/* The program was away while minutes and an hour ended: they are made from what there is. */
static void
test_made_up(Fixture *f, gconstpointer data)
{
    (void) data;
    for (guint i = 0; i < 355; i++)
        step(f, 2, BEGIN + i * 10, 5);
    reopen(f);
    step(f, 2, BEGIN + 3700, 9);
    assert_near(read_one(f, 2, 1, 1, FALSE, BEGIN + 3480), 5.0);
    assert_near(read_one(f, 2, 2, 1, FALSE, BEGIN + 3000), 5.0);
    assert_near(read_one(f, 2, 3, 1, FALSE, BEGIN), 5.0);
}

/* How often this process has asked the disk so far. */
static guint
reads(void)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents("/proc/self/io", &text, NULL, NULL))
        return 0;
    return (guint) strtoul(strstr(text, "syscr: ") + 7, NULL, 10);
}

static void
cheap_step(Fixture *f, gint64 now)
{
    guint before = reads();
    step(f, 64, now, 5);
    g_assert_cmpuint(reads() - before, <, 100);
}

/* A block that is new has no past to be made of, nor has one that was there before but what came since; nor before its objects. */
static void
test_first_step(Fixture *f, gconstpointer data)
{
    (void) data;
    cheap_step(f, BEGIN);
    reopen(f);
    cheap_step(f, BEGIN + 60);
    for (guint i = 7; i < 300; i++)
        step(f, 64, BEGIN + i * 10, 5);
    reopen(f);
    cheap_step(f, BEGIN + 3000);
    assert_near(read_one(f, 1, 1, 1, FALSE, BEGIN + 2940), 5.0);
    assert_near(read_one(f, 1, 2, 1, FALSE, BEGIN + 2400), 5.0);
}

/* --- what goes wrong ----------------------------------------------------------------------------------------------------------------- */

static void
scribble(Fixture *f, off_t at, gconstpointer bytes, gsize length)
{
    int file = open(f->path, O_WRONLY);
    g_assert_cmpint(pwrite(file, bytes, length, at), ==, (gssize) length);
    close(file);
}

/* A row of which only the first bytes came to the disk, the rest is what lay there before: a gap, and the others are whole. */
static void
test_torn_row(Fixture *f, gconstpointer data)
{
    (void) data;
    g_autofree char *before = NULL, *after = NULL;
    gsize length, more;
    for (guint i = 0; i < 3; i++)
        step(f, 64, BEGIN + i * 10, 100 + i);
    g_assert_true(g_file_get_contents(f->path, &before, &length, NULL));
    step(f, 64, BEGIN + 3600, 777);                     /* the same place as the first */
    g_assert_true(g_file_get_contents(f->path, &after, &more, NULL));
    gsize first = 0, last = 0;
    for (gsize i = 0; i < MIN(length, 200000); i++) {
        if (before[i] == after[i])
            continue;
        first = first ? first : i;
        last = i;
    }
    g_assert_cmpuint(first, >, 0);
    for (gsize cut = first + 1; cut <= last; cut += 13) {
        scribble(f, (off_t) first, before + first, last + 1 - first);
        scribble(f, (off_t) first, after + first, cut - first);
        g_assert_true(isnan(read_one(f, 1, 0, 0, FALSE, BEGIN + 3600)));
        g_assert_true(isnan(read_one(f, 1, 0, 0, FALSE, BEGIN)));
        assert_near(read_one(f, 1, 0, 0, FALSE, BEGIN + 10), 101.0);
    }
}

/* Its entry is damaged: the slot is free, nobody else's past is touched. */
static void
test_torn_slot(Fixture *f, gconstpointer data)
{
    (void) data;
    step(f, 3, BEGIN, 5);
    scribble(f, 4096 + 32 + 3, "X", 1);                 /* of the second slot */
    reopen(f);
    assert_near(read_one(f, 1, 0, 1, FALSE, BEGIN), 5.0);
    g_assert_true(isnan(read_one(f, 2, 0, 1, FALSE, BEGIN)));
    assert_near(read_one(f, 3, 0, 1, FALSE, BEGIN), 5.0);
    step(f, 3, BEGIN + 10, 6);
    assert_near(read_one(f, 2, 0, 1, FALSE, BEGIN + 10), 6.0);
    g_assert_true(isnan(read_one(f, 2, 0, 1, FALSE, BEGIN)));
}

static gboolean
is_first(gpointer data, const Id *id)
{
    (void) data;
    Id first = id_number(1);
    return id_equal(&first, id);
}

/* Who gets the slot of one that is gone has nothing of its past. */
static void
test_given_again(Fixture *f, gconstpointer data)
{
    (void) data;
    double values[METRIC_MOST] = { 1, 2, 3, 4, 5, 6 };
    Id other = id_number(99);
    struct stat info, later;
    for (guint i = 0; i < 30; i++)
        step(f, 64, BEGIN + i * 10, 5);
    g_assert_cmpint(stat(f->path, &info), ==, 0);
    g_assert_cmpuint(ring_sweep(f->ring, is_first, NULL, NULL), ==, 1);
    g_assert_true(isnan(read_one(f, 1, 0, 1, FALSE, BEGIN + 290)));
    ring_begin(f->ring);
    g_assert_true(ring_stage(f->ring, &other, values, BEGIN + 300, NULL));
    g_assert_true(ring_commit(f->ring, BEGIN + 300, NULL));
    for (guint again = 0; again < 2; again++) {
        assert_near(read_one(f, 99, 0, 1, FALSE, BEGIN + 300), 2.0);
        for (guint i = 0; i < 30; i++)
            g_assert_true(isnan(read_one(f, 99, 0, 1, FALSE, BEGIN + i * 10)));
        g_assert_true(isnan(read_one(f, 99, 1, 1, FALSE, BEGIN + 240)));
        reopen(f);
    }
    step(f, 0, BEGIN + 600, 0);                         /* ends the ten minutes in which the slot changed hands */
    assert_near(read_one(f, 99, 2, 1, FALSE, BEGIN), 2.0);
    g_assert_cmpint(stat(f->path, &later), ==, 0);
    g_assert_cmpint(info.st_size / (off_t) ring_block_bytes(&metric_kinds[KEPT_DISK]), ==,
                    later.st_size / (off_t) ring_block_bytes(&metric_kinds[KEPT_DISK]));
}

static void
test_clock(Fixture *f, gconstpointer data)
{
    (void) data;
    for (guint i = 0; i < 30; i++)
        step(f, 1, BEGIN + i * 10, 5);
    for (guint i = 0; i < 30; i++)
        step(f, 1, BEGIN - 3000 + i * 10, 7);           /* back by fifty minutes */
    assert_near(read_one(f, 1, 0, 1, FALSE, BEGIN + 100), 5.0);
    for (guint i = 0; i < 400; i++)
        step(f, 1, BEGIN + 86400 * 4000 + i * 10, 8);   /* on by eleven years */
    assert_near(read_one(f, 1, 1, 1, FALSE, BEGIN + 86400 * 4000 + 600), 8.0);
    g_assert_true(isnan(read_one(f, 1, 0, 1, FALSE, BEGIN + 100)));
    step(f, 1, BEGIN + 290, 6);
    assert_near(read_one(f, 1, 0, 1, FALSE, BEGIN + 290), 6.0);
}

/* First seen while the clock was a year ahead: what is kept once it is right is its own, and what was kept then waits for its time. */
static void
test_ahead(Fixture *f, gconstpointer data)
{
    (void) data;
    step(f, 1, BEGIN + 86400 * 365, 9);
    for (guint i = 0; i <= 6; i++)
        step(f, 1, BEGIN + i * 10, 5);
    for (guint again = 0; again < 2; again++) {
        for (guint i = 0; i <= 6; i++)
            assert_near(read_one(f, 1, 0, 1, FALSE, BEGIN + i * 10), 5.0);
        assert_near(read_one(f, 1, 1, 1, FALSE, BEGIN), 5.0);
        g_assert_true(isnan(read_one(f, 1, 0, 1, FALSE, BEGIN - 10)));
        reopen(f);
    }
}

/* The file may grow no further: samples are lost, and nothing else; with room they are there again. */
static void
test_full(Fixture *f, gconstpointer data)
{
    (void) data;
    g_autoptr(GError) error = NULL;
    struct rlimit old, little;
    double values[METRIC_MOST] = { 1, 2, 3, 4, 5, 6 };
    Id one = id_number(1);
    step(f, 1, BEGIN, 5);
    signal(SIGXFSZ, SIG_IGN);
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &old), ==, 0);
    little = (struct rlimit) { 8192, old.rlim_max };
    setrlimit(RLIMIT_FSIZE, &little);
    ring_begin(f->ring);
    gboolean staged = ring_stage(f->ring, &one, values, BEGIN + 10, NULL), kept = ring_commit(f->ring, BEGIN + 10, &error);
    setrlimit(RLIMIT_FSIZE, &old);
    g_assert_true(staged);
    g_assert_false(kept);
    g_assert_error(error, SHIKIRI_FAULT, FAULT_NO_SPACE);
    assert_near(read_one(f, 1, 0, 1, FALSE, BEGIN), 5.0);
    g_assert_true(isnan(read_one(f, 1, 0, 1, FALSE, BEGIN + 10)));
    step(f, 1, BEGIN + 20, 6);
    assert_near(read_one(f, 1, 0, 1, FALSE, BEGIN + 20), 6.0);
}

static void
test_format(Fixture *f, gconstpointer data)
{
    (void) data;
    g_autoptr(GError) error = NULL;
    g_autofree char *old = g_strconcat(f->path, ".old", NULL);
    gboolean aside = FALSE;
    step(f, 1, BEGIN, 5);
    scribble(f, 8, "\x63", 1);                          /* format 99 */
    ring_close(f->ring);
    f->ring = ring_open(f->path, &metric_kinds[KEPT_DISK], &aside, &error);
    g_assert_no_error(error);
    g_assert_true(aside);
    g_assert_true(g_file_test(old, G_FILE_TEST_EXISTS));
    g_assert_true(isnan(read_one(f, 1, 0, 1, FALSE, BEGIN)));
    step(f, 1, BEGIN, 6);
    assert_near(read_one(f, 1, 0, 1, FALSE, BEGIN), 6.0);
}

/* Killed while it writes, again and again: the file opens, and what is in it is what was written. */
static void
test_killed(Fixture *f, gconstpointer data)
{
    (void) data;
    ring_close(g_steal_pointer(&f->ring));
    for (guint round = 0; round < 12; round++) {
        pid_t child = fork();
        if (child == 0) {
            gboolean aside;
            Ring *ring = ring_open(f->path, &metric_kinds[KEPT_DISK], &aside, NULL);
            for (gint64 now = BEGIN; ring; now += 10) {
                ring_begin(ring);
                for (guint i = 1; i <= 200; i++) {
                    Id id = id_number(i);
                    double values[METRIC_MOST] = { i, i, i, i, i, i };
                    ring_stage(ring, &id, values, BEGIN, NULL);
                }
                ring_commit(ring, now, NULL);
            }
            _exit(1);
        }
        g_usleep(5000 + round * 3000);
        kill(child, SIGKILL);
        g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
        reopen(f);
        for (guint object = 1; object <= 200; object++) {
            double values[360];
            Id id = id_number(object);
            if (!ring_read(f->ring, &id, 0, 1, FALSE, BEGIN / 10, 360, values))
                continue;
            for (guint i = 0; i < 360; i++)
                g_assert_true(isnan(values[i]) || values[i] == object);
        }
        ring_close(g_steal_pointer(&f->ring));
    }
    reopen(f);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ring/size", test_size);
#define TEST(name, function) g_test_add("/ring/" name, Fixture, NULL, set_up, function, tear_down)
    TEST("round", test_round);
    TEST("sweep", test_sweep);
    TEST("gaps", test_gaps);
    TEST("made up", test_made_up);
    TEST("first step", test_first_step);
    TEST("torn row", test_torn_row);
    TEST("torn slot", test_torn_slot);
    TEST("given again", test_given_again);
    TEST("clock", test_clock);
    TEST("ahead", test_ahead);
    TEST("full", test_full);
    TEST("format", test_format);
    TEST("killed", test_killed);
    return g_test_run();
}
