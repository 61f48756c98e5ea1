/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Chains of real images, and of such as somebody made who wants a file of the host: every name that is none of ours is told and not
 * followed, and every way not to be a chain is said. */
#include "images.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const VolumePatience forever = { -1, G_MAXINT64, NULL, NULL };

static const VolumeLink *
link_at(const List *links, guint at)
{
    g_assert_cmpuint(at, <, links->count);
    return links->items[at];
}

static List
read_chain(const Id *disk, const Id *image, int format)
{
    GError *error = NULL;
    List links = { 0 };
    g_auto(VolumeFile) file = images_file(disk, image);
    volume_chain_read(&file, format, &links, &error);
    g_assert_no_error(error);
    return links;
}

static void
chain_fails(const Id *disk, const Id *image, MessageCode code)
{
    GError *error = NULL;
    List links = { 0 };
    g_auto(VolumeFile) file = images_file(disk, image);
    images_fails(volume_chain_read(&file, 0, &links, &error), &error, code);
    g_assert_cmpuint(links.count, ==, 0);
}

/* --- real ones ---------------------------------------------------------------------------------------------------------------------------- */

static void
test_real(void)
{
    GError *error = NULL;
    const Id template = id_random(), disk = id_random(), image = id_random();
    images_open();
    g_autofree char *first = images_name(&template, &template), *clone = images_name(&disk, &disk), *top = images_name(&disk, &image);
    images_run("qemu-img create -q -f raw %s 4M && qemu-img create -q -f qcow2 -b %s -F raw %s 8M && qemu-img create -q -f qcow2 -b %s -F qcow2 %s", first, first, clone, clone, top);
    List links = read_chain(&disk, &image, 0);
    g_autofree char *path = g_build_filename(images_dir, clone, NULL);
    g_assert_cmpuint(links.count, ==, 3);
    g_assert_true(id_equal(&link_at(&links, 0)->disk, &disk) && id_equal(&link_at(&links, 0)->image, &image));
    g_assert_cmpstr(link_at(&links, 0)->backing, ==, clone);
    g_assert_cmpint(link_at(&links, 0)->size, ==, 8 << 20);
    g_assert_cmpstr(link_at(&links, 1)->path, ==, path);
    g_assert_true(id_equal(&link_at(&links, 1)->image, &disk));
    g_assert_cmpint(link_at(&links, 1)->format, ==, DISK_FORMAT_COW);
    g_assert_true(id_equal(&link_at(&links, 2)->disk, &template));
    g_assert_cmpint(link_at(&links, 2)->format, ==, DISK_FORMAT_RAW);
    g_assert_cmpint(link_at(&links, 2)->size, ==, 4 << 20);
    g_assert_null(link_at(&links, 2)->backing);
    g_auto(VolumeFile) file = images_file(&disk, &image);
    g_assert_true(volume_chain_is_ours(&file, &links, &error) && volume_chain_is_quiet(&file, &links, &error));
    volume_chain_clear(&links);
    images_close();
}

/* libvirt may write the whole path; what is in it is the same file. */
static void
test_whole_path(void)
{
    const Id disk = id_random(), image = id_random();
    images_open();
    g_autofree char *first = images_name(&disk, &disk), *top = images_name(&disk, &image), *path = g_build_filename(images_dir, first, NULL);
    images_put(first, IMAGES_SIZE, NULL, NULL);
    images_put(top, IMAGES_SIZE, path, "qcow2");
    List links = read_chain(&disk, &image, 0);
    g_assert_cmpuint(links.count, ==, 2);
    g_assert_true(id_equal(&link_at(&links, 1)->image, &disk));
    volume_chain_clear(&links);
    images_close();
}

/* --- hostile ones ---------------------------------------------------------------------------------------------------------------------------- */

static void
test_strangers(void)
{
    GError *error = NULL;
    const Id disk = id_random(), image = id_random();
    images_open();
    g_autofree char *first = images_name(&disk, &disk), *top = images_name(&disk, &image), *upper = g_ascii_strup(first, -1);
    g_autofree char *dotted = g_strconcat("./", first, NULL), *above = g_strconcat("../", first, NULL), *named = g_strconcat("file:", first, NULL);
    g_autofree char *json = g_strdup_printf("json:{\"driver\":\"file\",\"filename\":\"%s\"}", first), *elsewhere = g_strconcat("/tmp/", first, NULL);
    const char *const names[] = { "/etc/shadow", "etc/shadow", "nbd://127.0.0.1:10809/x", "nbd:localhost:10809", "json:{\"driver\":\"nbd\"}", "fd:3", "null-co://", "",
                                  dotted, above, named, json, elsewhere, upper, "rbd:pool/x", "https://example.org/x", "disk.qcow2" };
    images_put(first, IMAGES_SIZE, NULL, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!*names[i])
            continue;
        images_put(top, IMAGES_SIZE, names[i], "qcow2");
        List links = read_chain(&disk, &image, 0);
        g_auto(VolumeFile) file = images_file(&disk, &image);
        g_assert_cmpuint(links.count, ==, 2);
        g_assert_true(id_is_null(&link_at(&links, 1)->disk) && id_is_null(&link_at(&links, 1)->image));
        g_assert_cmpstr(link_at(&links, 1)->path, ==, names[i]);
        g_assert_null(link_at(&links, 1)->backing);
        images_fails(volume_chain_is_ours(&file, &links, &error), &error, MSG_VOLUME_CHAIN_FOREIGN);
        images_fails(volume_chain_check(&file, 0, &error), &error, MSG_VOLUME_CHAIN_FOREIGN);
        volume_chain_clear(&links);
    }
    images_close();
}

/* Who does not say the format lets QEMU guess it, from what a guest wrote. */
static void
test_format_not_said(void)
{
    static const char *const formats[] = { NULL, "vmdk", "qcow", "luks" };
    const Id disk = id_random(), image = id_random();
    images_open();
    g_autofree char *first = images_name(&disk, &disk), *top = images_name(&disk, &image);
    images_put(first, IMAGES_SIZE, NULL, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        images_put(top, IMAGES_SIZE, first, formats[i]);
        List links = read_chain(&disk, &image, 0);
        g_assert_cmpuint(links.count, ==, 2);
        g_assert_true(id_is_null(&link_at(&links, 1)->image));
        volume_chain_clear(&links);
    }
    images_close();
}

/* A guest wrote the beginning of an image into its raw disk. */
static void
test_guest_writes_header(void)
{
    GError *error = NULL;
    const Id disk = id_random(), image = id_random(), other = id_random();
    images_open();
    g_autofree char *first = images_name(&disk, &disk), *top = images_name(&disk, &image), *victim = images_name(&other, &other);
    images_put(victim, IMAGES_SIZE, NULL, NULL);
    images_put(first, IMAGES_SIZE, victim, "qcow2");
    images_put(top, IMAGES_SIZE, first, "raw");
    List links = read_chain(&disk, &image, 0);
    g_assert_cmpuint(links.count, ==, 2);
    g_assert_cmpint(link_at(&links, 1)->format, ==, DISK_FORMAT_RAW);
    g_assert_cmpint(link_at(&links, 1)->size, ==, 512);
    g_assert_null(link_at(&links, 1)->backing);
    volume_chain_clear(&links);
    links = read_chain(&disk, &disk, DISK_FORMAT_RAW);
    g_assert_cmpuint(links.count, ==, 1);
    volume_chain_clear(&links);

    VolumeLook look;
    g_auto(VolumeFile) file = images_file(&disk, &disk);
    g_assert_true(volume_file_settle(&file, first, DISK_FORMAT_RAW, 0, 0, &error) && volume_file_look(&file, &look, &error));
    if (look.noted) {           /* where the manager can note it, the one above may not say otherwise */
        images_put(top, IMAGES_SIZE, first, "qcow2");
        chain_fails(&disk, &image, MSG_VOLUME_CHAIN_FORMAT);
    } else {
        g_test_message("this file system takes no note");
    }
    images_close();
}

static void
test_circles(void)
{
    const Id disk = id_random(), one = id_random(), two = id_random();
    images_open();
    g_autofree char *first = images_name(&disk, &disk), *middle = images_name(&disk, &one), *top = images_name(&disk, &two);
    images_put(first, IMAGES_SIZE, first, "qcow2");
    chain_fails(&disk, &disk, MSG_VOLUME_CHAIN_LOOP);
    images_put(first, IMAGES_SIZE, middle, "qcow2");
    images_put(middle, IMAGES_SIZE, first, "qcow2");
    images_put(top, IMAGES_SIZE, middle, "qcow2");
    chain_fails(&disk, &two, MSG_VOLUME_CHAIN_LOOP);
    images_close();
}

static void
put_many(const Id *disk, guint count)
{
    g_autofree char *below = images_name(disk, disk);
    images_put(below, IMAGES_SIZE, NULL, NULL);
    for (guint i = 1; i < count; i++) {
        Id image = id_number(i);
        char *name = images_name(disk, &image);
        images_put(name, IMAGES_SIZE, below, "qcow2");
        g_free(below);
        below = name;
    }
}

static void
test_deep(void)
{
    const Id disk = id_random(), last = id_number(999), most = id_number(VOLUME_CHAIN_MOST - 1), more = id_number(VOLUME_CHAIN_MOST);
    images_open();
    put_many(&disk, 1000);
    chain_fails(&disk, &last, MSG_VOLUME_CHAIN_DEEP);
    chain_fails(&disk, &more, MSG_VOLUME_CHAIN_DEEP);
    List links = read_chain(&disk, &most, 0);
    g_assert_cmpuint(links.count, ==, VOLUME_CHAIN_MOST);
    volume_chain_clear(&links);
    images_close();
}

static void
test_no_file(void)
{
    const Id disk = id_random(), image = id_random();
    images_open();
    g_autofree char *first = images_name(&disk, &disk), *top = images_name(&disk, &image), *path = g_build_filename(images_dir, first, NULL);
    images_put(top, IMAGES_SIZE, first, "qcow2");
    chain_fails(&disk, &image, MSG_VOLUME_NO_FILE);
    g_assert_cmpint(symlink("/etc/shadow", path), ==, 0);
    chain_fails(&disk, &image, MSG_VOLUME_NOT_PLAIN);
    g_assert_cmpint(unlink(path), ==, 0);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    chain_fails(&disk, &image, MSG_VOLUME_NOT_PLAIN);
    g_assert_cmpint(unlink(path), ==, 0);
    g_assert_cmpint(mkdir(path, 0700), ==, 0);
    chain_fails(&disk, &image, MSG_VOLUME_NOT_PLAIN);
    images_close();
}

static const struct { const char *what; gint64 at; guint bytes; guint64 value; MessageCode code; } damages[] = {
    { "a name longer than any", 16, 4, 5000, MSG_VOLUME_BROKEN },
    { "no name", 16, 4, 0, MSG_VOLUME_BROKEN },
    { "a name far away", 8, 8, 1ull << 40, MSG_VOLUME_BROKEN },
    { "a name over the end of the cluster", 8, 8, 65536 - 8, MSG_VOLUME_BROKEN },
    { "a name within the header", 8, 8, 16, MSG_VOLUME_BROKEN },
    { "a name with a zero", 140, 1, 0, MSG_VOLUME_BROKEN },
    { "a header without end", 100, 4, 0xffffffff, MSG_VOLUME_BROKEN },
    { "another version", 4, 4, 9, MSG_VOLUME_BROKEN },
    { "huge clusters", 20, 4, 63, MSG_VOLUME_BROKEN },
    { "a size beyond all", 24, 8, 1ull << 63, MSG_VOLUME_BROKEN },
    { "that it is damaged", 72, 8, 2, MSG_VOLUME_BROKEN },
    { "data in another file", 72, 8, 4, MSG_VOLUME_NAMES_FILES },
};

static void
test_damaged(void)
{
    const Id disk = id_random(), image = id_random();
    images_open();
    g_autofree char *first = images_name(&disk, &disk), *top = images_name(&disk, &image);
    images_put(first, IMAGES_SIZE, NULL, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(damages); i++) {
        g_test_message("%s", damages[i].what);
        images_put(top, IMAGES_SIZE, first, "qcow2");
        images_patch(top, damages[i].at, damages[i].bytes, damages[i].value);
        chain_fails(&disk, &image, damages[i].code);
    }
    images_close();
}

/* An extension that says to be longer than the file ends the search. */
static void
test_extensions(void)
{
    const Id disk = id_random(), image = id_random();
    images_open();
    g_autofree char *first = images_name(&disk, &disk), *top = images_name(&disk, &image);
    images_put(first, IMAGES_SIZE, NULL, NULL);
    images_put(top, IMAGES_SIZE, first, "qcow2");
    images_patch(top, 108, 4, 0xffffffff);
    List links = read_chain(&disk, &image, 0);
    g_assert_true(id_is_null(&link_at(&links, 1)->image));
    volume_chain_clear(&links);
    images_close();
}

/* --- up ----------------------------------------------------------------------------------------------------------------------------------- */

static gboolean
has(const List *images, const Id *image)
{
    for (guint i = 0; i < images->count; i++) {
        if (id_equal(images->items[i], image))
            return TRUE;
    }
    return FALSE;
}

static void
test_above(void)
{
    GError *error = NULL;
    List images = { 0 };
    const Id disk = id_random(), one = id_random(), two = id_random(), clone = id_random();
    images_open();
    g_autofree char *first = images_name(&disk, &disk), *a = images_name(&disk, &one), *b = images_name(&disk, &two), *c = images_name(&clone, &clone);
    g_autofree char *half = g_strconcat(b, ".job.part", NULL), *json = g_strdup_printf("json:{\"file.filename\":\"%s/%s\"}", images_dir, first);
    images_put(first, IMAGES_SIZE, NULL, NULL);
    images_put(a, IMAGES_SIZE, first, "qcow2");
    images_put(b, IMAGES_SIZE, a, "qcow2");         /* whose name begins with that of the first */
    images_put(half, IMAGES_SIZE, first, "qcow2");
    g_auto(VolumeFile) file = images_file(&disk, &disk), top = images_file(&disk, &two);
    g_assert_true(volume_chain_above(&file, &forever, &images, &error));
    g_assert_cmpuint(images.count, ==, 1);
    g_assert_true(has(&images, &one));
    volume_chain_clear_images(&images);
    g_assert_true(volume_chain_is_top(&top, &forever, &error));
    images_fails(volume_chain_is_top(&file, &forever, &error), &error, MSG_VOLUME_STOOD_ON);

    images_put(c, IMAGES_SIZE, first, "qcow2");
    images_put("by-hand.qcow2", IMAGES_SIZE, json, "qcow2");
    images_put("another.qcow2", IMAGES_SIZE, a, "qcow2");
    g_assert_true(volume_chain_above(&file, &forever, &images, &error));
    g_assert_cmpuint(images.count, ==, 3);
    g_assert_true(has(&images, &one) && has(&images, &clone) && has(&images, &id_null));
    volume_chain_clear_images(&images);
    images_close();
}

static gboolean
not_wanted(gpointer data)
{
    (void) data;
    return FALSE;
}

/* What is not known is not none. */
static void
test_above_not_known(void)
{
    GError *error = NULL;
    List images = { 0 };
    const VolumePatience none = { -1, G_MAXINT64, not_wanted, NULL };
    const Id disk = id_random(), one = id_random();
    images_open();
    g_autofree char *first = images_name(&disk, &disk), *other = images_name(&disk, &one), *path = g_build_filename(images_dir, other, NULL);
    images_put(first, IMAGES_SIZE, NULL, NULL);
    g_auto(VolumeFile) file = images_file(&disk, &disk);
    images_fails(volume_chain_above(&file, &none, &images, &error), &error, MSG_VOLUME_CHAIN_TOO_SLOW);
    g_assert_cmpint(symlink("/dev/zero", path), ==, 0);
    images_fails(volume_chain_above(&file, &forever, &images, &error), &error, MSG_VOLUME_NOT_PLAIN);
    g_assert_cmpuint(images.count, ==, 0);
    images_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/volume_chain/real", test_real);
    g_test_add_func("/volume_chain/whole_path", test_whole_path);
    g_test_add_func("/volume_chain/strangers", test_strangers);
    g_test_add_func("/volume_chain/format_not_said", test_format_not_said);
    g_test_add_func("/volume_chain/guest_writes_header", test_guest_writes_header);
    g_test_add_func("/volume_chain/circles", test_circles);
    g_test_add_func("/volume_chain/deep", test_deep);
    g_test_add_func("/volume_chain/no_file", test_no_file);
    g_test_add_func("/volume_chain/damaged", test_damaged);
    g_test_add_func("/volume_chain/extensions", test_extensions);
    g_test_add_func("/volume_chain/above", test_above);
    g_test_add_func("/volume_chain/above_not_known", test_above_not_known);
    return g_test_run();
}
