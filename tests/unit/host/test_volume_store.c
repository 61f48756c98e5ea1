/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a storage domain tells of the files in it: those of ours by their names alone, and all others. */
#include "images.h"

#include "host/volume_mark.h"
#include "host/volume_store.h"

#include <unistd.h>

static const VolumeSeen *
find(const StorageFacts *facts, SeenKind kind, const Id *disk, const Id *image)
{
    for (guint i = 0; i < facts->volumes->len; i++) {
        const VolumeSeen *seen = &g_array_index(facts->volumes, VolumeSeen, i);
        if (seen->kind == kind && id_equal(&seen->disk, disk) && id_equal(&seen->image, image))
            return seen;
    }
    return NULL;
}

static StorageFacts *
read_store(const Id *storage)
{
    const HostStore store = { *storage, images_dir, FALSE };
    return volume_store_read(&store, "n1");
}

static void
test_listing(void)
{
    GError *error = NULL;
    const Id storage = id_random(), disk = id_random(), image = id_random(), shot = id_random();
    images_open();
    g_assert_true(volume_mark_write(images_dir, "n1", &storage, &error));
    g_autofree char *first = images_name(&disk, &disk), *second = images_name(&disk, &image), *half = g_strconcat(second, ".job.part", NULL);
    g_autofree char *memory = volume_name_memory_path(images_dir, &shot), *link = g_build_filename(images_dir, "link", NULL);
    images_put(first, IMAGES_SIZE, NULL, NULL);
    images_put(second, IMAGES_SIZE, first, "qcow2");
    images_put(half, IMAGES_SIZE, first, "qcow2");
    images_run("printf memory > %s && touch film.iso notes.txt .hidden && mkdir folder", memory);
    g_assert_cmpint(symlink("/etc/passwd", link), ==, 0);
    StorageFacts *facts = read_store(&storage);
    g_assert_true(facts->reachable);
    g_assert_false(facts->more);
    g_assert_cmpuint(facts->volumes->len, ==, 4);
    g_assert_nonnull(find(facts, SEEN_IMAGE, &disk, &disk));
    g_assert_cmpint(find(facts, SEEN_IMAGE, &disk, &image)->length, ==, 512);
    g_assert_nonnull(find(facts, SEEN_HALF, &disk, &image));
    g_assert_cmpint(find(facts, SEEN_MEMORY, &id_null, &shot)->length, ==, 6);
    g_assert_cmpuint(facts->files.count, ==, 2);
    g_assert_cmpstr(((const File *) facts->files.items[0])->name, ==, "film.iso");
    g_assert_cmpstr(((const File *) facts->files.items[0])->type, ==, "iso");
    g_assert_cmpstr(((const File *) facts->files.items[1])->name, ==, "notes.txt");
    storage_facts_free(facts);
    images_close();
}

/* What is not its directory has nothing to tell, and not that it is empty. */
static void
test_other(void)
{
    const Id storage = id_random();
    images_open();
    StorageFacts *facts = read_store(&storage);
    g_assert_false(facts->reachable);
    g_assert_null(facts->volumes);
    g_assert_nonnull(facts->why);
    storage_facts_free(facts);
    images_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/volume_store/listing", test_listing);
    g_test_add_func("/volume_store/other", test_other);
    return g_test_run();
}
