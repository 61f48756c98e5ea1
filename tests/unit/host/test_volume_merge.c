/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Merging real images, bit for bit: whatever happens on the way, the upper one reads what it read before, and at the end the lower one
 * does. */
#include "images.h"

#include "host/volume_merge.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MEBIBYTE (1 << 20)

static VolumePatience
patience_of(Tick pause)
{
    return (VolumePatience) { -1, clock_tick() + pause, NULL, NULL };
}

static gboolean
fold(const Id *disk, const Id *image, const Id *base, Tick pause, GError **error)
{
    g_auto(VolumeFile) file = images_file(disk, image);
    const VolumePatience patience = patience_of(pause);
    return volume_merge_fold(&file, base, &patience, error);
}

static gboolean
stand(const Id *disk, const Id *image, const Id *base, GError **error)
{
    g_auto(VolumeFile) file = images_file(disk, image);
    const VolumePatience patience = patience_of(60 * CLOCK_SECOND);
    return volume_merge_stand(&file, base, &patience, error);
}

static void
write_pattern(const char *name, const char *format, guint pattern, guint at, guint length)
{
    images_run("qemu-io -f %s -c 'write -P %u %u %u' %s >/dev/null", format, pattern, at * MEBIBYTE, length * MEBIBYTE, name);
}

/* What a guest reads, for ever. */
static void
keep(const char *name, const char *copy)
{
    images_run("qemu-img convert -f qcow2 -O raw %s %s", name, copy);
}

static void
reads_as(const char *name, const char *format, const char *copy)
{
    images_run("qemu-img compare -q -f %s -F raw %s %s", format, name, copy);
}

typedef struct {
    Id disk, one, two;
    char *base, *middle, *top;
} Chain;

/* Three images of 16 MiB, each with something of its own, something over what is beneath, and something wiped out. */
static Chain
make_chain(const char *format)
{
    Chain chain = { id_random(), id_random(), id_random(), NULL, NULL, NULL };
    chain.base = images_name(&chain.disk, &chain.disk);
    chain.middle = images_name(&chain.disk, &chain.one);
    chain.top = images_name(&chain.disk, &chain.two);
    images_run("qemu-img create -q -f %s %s 16M", format, chain.base);
    write_pattern(chain.base, format, 1, 0, 6);
    images_run("qemu-img create -q -f qcow2 -b %s -F %s %s", chain.base, format, chain.middle);
    write_pattern(chain.middle, "qcow2", 2, 2, 6);
    images_run("qemu-io -f qcow2 -c 'write -z %u %u' %s >/dev/null", 1 * MEBIBYTE, MEBIBYTE, chain.middle);
    images_run("qemu-img create -q -f qcow2 -b %s -F qcow2 %s", chain.middle, chain.top);
    write_pattern(chain.top, "qcow2", 3, 4, 1);
    write_pattern(chain.top, "qcow2", 4, 15, 1);
    keep(chain.middle, "middle.raw");
    keep(chain.top, "top.raw");
    return chain;
}

static void
chain_clear(Chain *chain)
{
    g_free(chain->base);
    g_free(chain->middle);
    g_free(chain->top);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Chain, chain_clear)

/* --- into the one beneath ------------------------------------------------------------------------------------------------------------------ */

static void
test_fold(gconstpointer format)
{
    GError *error = NULL;
    images_open();
    g_auto(Chain) chain = make_chain(format);
    g_assert_true(fold(&chain.disk, &chain.two, &chain.one, 60 * CLOCK_SECOND, &error));
    reads_as(chain.middle, "qcow2", "top.raw");
    reads_as(chain.top, "qcow2", "top.raw");
    g_assert_true(fold(&chain.disk, &chain.two, &chain.one, 60 * CLOCK_SECOND, &error));
    reads_as(chain.middle, "qcow2", "top.raw");
    images_run("rm %s", chain.top);
    g_assert_true(fold(&chain.disk, &chain.one, &chain.disk, 60 * CLOCK_SECOND, &error));
    reads_as(chain.base, format, "top.raw");
    images_run("qemu-img check -q -f %s %s || test $? = 63", (const char *) format, chain.base);
    images_close();
}

/* What lies between goes, and what stood on it stands on the next. */
static void
test_fold_between(gconstpointer format)
{
    GError *error = NULL;
    images_open();
    g_auto(Chain) chain = make_chain(format);
    g_assert_true(fold(&chain.disk, &chain.one, &chain.disk, 60 * CLOCK_SECOND, &error));
    reads_as(chain.base, format, "middle.raw");
    reads_as(chain.top, "qcow2", "top.raw");
    g_assert_true(stand(&chain.disk, &chain.two, &chain.disk, &error));
    g_assert_true(stand(&chain.disk, &chain.two, &chain.disk, &error));
    images_run("rm %s", chain.middle);
    reads_as(chain.top, "qcow2", "top.raw");
    images_close();
}

/* A disk that grew between: what is merged into grows with it. */
static void
test_fold_grown(gconstpointer format)
{
    GError *error = NULL;
    images_open();
    g_auto(Chain) chain = make_chain(format);
    images_run("qemu-img resize -q -f qcow2 %s 24M", chain.top);
    write_pattern(chain.top, "qcow2", 9, 20, 2);
    keep(chain.top, "grown.raw");
    g_assert_true(fold(&chain.disk, &chain.two, &chain.one, 60 * CLOCK_SECOND, &error));
    images_run("rm %s", chain.top);
    reads_as(chain.middle, "qcow2", "grown.raw");
    g_assert_true(fold(&chain.disk, &chain.one, &chain.disk, 60 * CLOCK_SECOND, &error));
    reads_as(chain.base, format, "grown.raw");
    images_close();
}

/* Killed again and again, each time a little later, until it is through; at every stop nothing is lost. */
static void
test_fold_killed(gconstpointer format)
{
    GError *error = NULL;
    guint stops = 0;
    images_open();
    const Id disk = id_random(), image = id_random();
    g_autofree char *base = images_name(&disk, &disk), *top = images_name(&disk, &image);
    images_run("qemu-img create -q -f %s %s 192M && qemu-img create -q -f qcow2 -b %s -F %s %s", (const char *) format, base, base, (const char *) format, top);
    write_pattern(base, format, 7, 0, 100);
    for (guint i = 0; i < 192; i += 2)
        write_pattern(top, "qcow2", 1 + i, i, 1);
    keep(top, "top.raw");
    for (Tick pause = CLOCK_SECOND / 50; !fold(&disk, &image, &disk, pause, &error); pause += pause / 3) {
        g_assert_cmpint(message_code(fault_message(error)), ==, MSG_VOLUME_FOLD_ENDED);
        g_clear_error(&error);
        reads_as(top, "qcow2", "top.raw");
        stops++;
        g_assert_cmpuint(stops, <, 60);
    }
    g_assert_cmpuint(stops, >, 0);
    reads_as(top, "qcow2", "top.raw");
    reads_as(base, format, "top.raw");
    g_test_message("stopped %u times", stops);
    images_close();
}

static void
test_fold_refused(void)
{
    GError *error = NULL;
    const Id other = id_random();
    images_open();
    g_auto(Chain) chain = make_chain("qcow2");
    g_autofree char *sibling = images_name(&chain.disk, &other), *base_path = g_build_filename(images_dir, chain.base, NULL);
    images_fails(fold(&chain.disk, &chain.two, &chain.disk, CLOCK_SECOND, &error), &error, MSG_VOLUME_NOT_BENEATH);
    images_fails(fold(&chain.disk, &chain.disk, &chain.one, CLOCK_SECOND, &error), &error, MSG_VOLUME_NOT_BENEATH);
    images_run("qemu-img create -q -f qcow2 -b %s -F qcow2 %s", chain.base, sibling);
    images_fails(fold(&chain.disk, &chain.one, &chain.disk, CLOCK_SECOND, &error), &error, MSG_VOLUME_STOOD_ON);
    images_run("rm %s", sibling);

    struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 100, .l_len = 1 };
    int file = open(base_path, O_RDWR | O_CLOEXEC);
    g_assert_cmpint(fcntl(file, F_OFD_SETLK, &lock), ==, 0);
    images_fails(fold(&chain.disk, &chain.one, &chain.disk, CLOCK_SECOND, &error), &error, MSG_VOLUME_USED);
    close(file);

    images_run("qemu-img resize -q -f qcow2 %s 32M", chain.base);
    images_fails(fold(&chain.disk, &chain.one, &chain.disk, CLOCK_SECOND, &error), &error, MSG_VOLUME_SHRINK);
    images_put(chain.base, IMAGES_SIZE, "/etc/shadow", "raw");
    images_fails(fold(&chain.disk, &chain.one, &chain.disk, CLOCK_SECOND, &error), &error, MSG_VOLUME_CHAIN_FOREIGN);
    images_close();
}

/* --- upon another ---------------------------------------------------------------------------------------------------------------------------- */

static void
test_stand(void)
{
    GError *error = NULL;
    List links = { 0 };
    const Id template = id_random(), none = id_random();
    images_open();
    g_auto(Chain) chain = make_chain("raw");
    g_autofree char *other = images_name(&template, &template);
    images_fails(stand(&chain.disk, &chain.two, &none, &error), &error, MSG_VOLUME_NO_FILE);
    images_fails(stand(&chain.disk, &chain.one, &chain.two, &error), &error, MSG_VOLUME_CHAIN_LOOP);
    images_fails(stand(&chain.disk, &chain.one, &chain.one, &error), &error, MSG_VOLUME_CHAIN_LOOP);
    images_run("qemu-img create -q -f qcow2 %s 16M", other);
    g_assert_true(stand(&chain.disk, &chain.two, &template, &error));
    g_auto(VolumeFile) file = images_file(&chain.disk, &chain.two);
    g_assert_true(volume_chain_read(&file, 0, &links, &error));
    g_assert_cmpuint(links.count, ==, 2);
    g_assert_true(id_equal(&((const VolumeLink *) links.items[1])->disk, &template));
    volume_chain_clear(&links);
    g_assert_true(stand(&chain.disk, &chain.two, &id_null, &error));
    g_assert_true(volume_chain_read(&file, 0, &links, &error));
    g_assert_cmpuint(links.count, ==, 1);
    volume_chain_clear(&links);
    g_assert_true(stand(&chain.disk, &chain.two, &chain.one, &error));
    reads_as(chain.top, "qcow2", "top.raw");
    images_close();
}

/* A guest wrote the beginning of an image into the raw disk below: it is stood upon as what it is. */
static void
test_stand_on_raw(void)
{
    GError *error = NULL;
    List links = { 0 };
    images_open();
    g_auto(Chain) chain = make_chain("raw");
    images_put(chain.base, IMAGES_SIZE, "/etc/shadow", "raw");
    keep(chain.top, "top.raw");
    keep(chain.middle, "middle.raw");
    g_assert_true(fold(&chain.disk, &chain.one, &chain.disk, 60 * CLOCK_SECOND, &error));
    g_assert_true(stand(&chain.disk, &chain.two, &chain.disk, &error));
    g_auto(VolumeFile) file = images_file(&chain.disk, &chain.two);
    g_assert_true(volume_chain_read(&file, 0, &links, &error));
    g_assert_cmpuint(links.count, ==, 2);
    g_assert_cmpint(((const VolumeLink *) links.items[1])->format, ==, DISK_FORMAT_RAW);
    volume_chain_clear(&links);
    reads_as(chain.top, "qcow2", "top.raw");
    reads_as(chain.base, "raw", "middle.raw");
    images_close();
}

int
main(int argc, char **argv)
{
    static const char *const formats[] = { "raw", "qcow2" };
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_autofree char *plain = g_strdup_printf("/volume_merge/fold/%s", formats[i]), *between = g_strdup_printf("/volume_merge/between/%s", formats[i]);
        g_autofree char *grown = g_strdup_printf("/volume_merge/grown/%s", formats[i]), *killed = g_strdup_printf("/volume_merge/killed/%s", formats[i]);
        g_test_add_data_func(plain, formats[i], test_fold);
        g_test_add_data_func(between, formats[i], test_fold_between);
        g_test_add_data_func(grown, formats[i], test_fold_grown);
        g_test_add_data_func(killed, formats[i], test_fold_killed);
    }
    g_test_add_func("/volume_merge/refused", test_fold_refused);
    g_test_add_func("/volume_merge/stand", test_stand);
    g_test_add_func("/volume_merge/stand_on_raw", test_stand_on_raw);
    return g_test_run();
}
