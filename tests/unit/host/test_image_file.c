/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Headers of strangers' images: a plain one is taken, and every way to be anything else is refused with its reason. */
#include "host/image_file.h"

#include <string.h>

#define IMAGE_SIZE (1ll << 30)
#define FILE_SIZE 0x30010

static void
put(guint8 *head, gsize at, gsize bytes, guint64 value)
{
    for (gsize i = bytes; i > 0; i--, value >>= 8)
        head[at + i - 1] = (guint8) value;
}

/* As qemu-img makes one of a GiB: version 3, 64 KiB clusters, 2 entries in its first table. */
static void
make_plain(guint8 *head)
{
    memset(head, 0, 112);
    memcpy(head, "QFI\xfb", 4);
    put(head, 4, 4, 3);
    put(head, 20, 4, 16);
    put(head, 24, 8, IMAGE_SIZE);
    put(head, 36, 4, 2);
    put(head, 40, 8, 0x30000);
    put(head, 48, 8, 0x10000);
    put(head, 56, 4, 1);
    put(head, 96, 4, 4);
    put(head, 100, 4, 104);
}

static const struct { const char *name; gsize at, bytes; guint64 value; MessageCode code; } rows[] = {
    { "as it is", 4, 4, 3, 0 },
    { "a raw image", 0, 4, 0xeb639000, MSG_IMAGE_NO_COW },
    { "version 1", 4, 4, 1, MSG_IMAGE_DAMAGED },
    { "version 4", 4, 4, 4, MSG_IMAGE_DAMAGED },
    { "a backing file", 8, 8, 0x1a0, MSG_IMAGE_NAMES_FILES },
    { "a backing file far away", 8, 8, G_MAXUINT64, MSG_IMAGE_NAMES_FILES },
    { "a data file", 72, 8, 4, MSG_IMAGE_NAMES_FILES },
    { "tiny clusters", 20, 4, 8, MSG_IMAGE_DAMAGED },
    { "huge clusters", 20, 4, 22, MSG_IMAGE_DAMAGED },
    { "another size", 24, 8, IMAGE_SIZE - 512, MSG_IMAGE_WRONG_SIZE },
    { "a negative size", 24, 8, 1ull << 63, MSG_IMAGE_WRONG_SIZE },
    { "encrypted", 32, 4, 2, MSG_IMAGE_NOT_PLAIN },
    { "snapshots inside", 60, 4, 1, MSG_IMAGE_NOT_PLAIN },
    { "marked as corrupt", 72, 8, 2, MSG_IMAGE_DAMAGED },
    { "dirty", 72, 8, 1, MSG_IMAGE_DAMAGED },
    { "bitmaps", 88, 8, 1, MSG_IMAGE_NOT_PLAIN },
    { "what may be cleared", 88, 8, 4, 0 },
    { "zstd", 72, 8, 8, 0 },
    { "of the future", 72, 8, 32, MSG_IMAGE_NOT_PLAIN },
    { "a first table too small", 36, 4, 1, MSG_IMAGE_DAMAGED },
    { "a huge first table", 36, 4, 0x7fffffff, MSG_IMAGE_DAMAGED },
    { "a first table in the header", 40, 8, 0, MSG_IMAGE_DAMAGED },
    { "a first table between clusters", 40, 8, 0x20008, MSG_IMAGE_DAMAGED },
    { "a first table behind the end", 40, 8, 1ull << 50, MSG_IMAGE_DAMAGED },
    { "a first table over the end", 36, 4, 3, MSG_IMAGE_DAMAGED },
    { "reference counts behind the end", 48, 8, 0x40000, MSG_IMAGE_DAMAGED },
    { "reference counts over the end", 56, 4, 3, MSG_IMAGE_DAMAGED },
    { "extended entries and too few of them", 72, 8, 16, MSG_IMAGE_DAMAGED },
};

static void
test_headers(void)
{
    guint8 head[112];
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].name);
        make_plain(head);
        put(head, rows[i].at, rows[i].bytes, rows[i].value);
        g_assert_cmpint(image_file_judge(head, sizeof(head), IMAGE_SIZE, FILE_SIZE), ==, rows[i].code);
    }
}

static void
test_short(void)
{
    guint8 head[112];
    make_plain(head);
    for (gsize length = 0; length < 104; length++)
        g_assert_cmpint(image_file_judge(head, length, IMAGE_SIZE, FILE_SIZE), !=, 0);
    g_assert_cmpint(image_file_judge(head, 104, IMAGE_SIZE, FILE_SIZE), ==, 0);
    put(head, 4, 4, 2);
    g_assert_cmpint(image_file_judge(head, 72, IMAGE_SIZE, FILE_SIZE), ==, 0);
}

/* Whatever stands in it, it is judged and nothing else happens. */
static void
test_chance(void)
{
    guint8 head[112];
    for (guint32 seed = 1; seed < 20000; seed++) {
        make_plain(head);
        for (guint i = 0; i < 3; i++)
            head[4 + (seed * 2654435761u >> (8 * i)) % 100] = (guint8) (seed >> i);
        image_file_judge(head, sizeof(head), IMAGE_SIZE, FILE_SIZE);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/image_file/headers", test_headers);
    g_test_add_func("/image_file/short", test_short);
    g_test_add_func("/image_file/chance", test_chance);
    return g_test_run();
}
