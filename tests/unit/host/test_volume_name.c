/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Names of files: one for each image, and only that one is read as it. */
#include "host/volume_name.h"

#include <string.h>

#define DISK "0a1b2c3d-0000-4000-8000-00000000000d"
#define IMAGE "0a1b2c3d-0000-4000-8000-00000000000e"

static Id
id_of(const char *text)
{
    Id id;
    g_assert_true(id_parse(text, ID_UUID, &id));
    return id;
}

static void
test_there_and_back(void)
{
    const Id disk = id_of(DISK), image = id_of(IMAGE);
    char name[VOLUME_NAME_SIZE];
    Id disk_again, image_again;
    g_assert_cmpstr(volume_name_format(&disk, &disk, name), ==, DISK);
    g_assert_true(volume_name_parse(name, &disk_again, &image_again));
    g_assert_true(id_equal(&disk_again, &disk) && id_equal(&image_again, &disk));
    g_assert_cmpstr(volume_name_format(&disk, &image, name), ==, DISK "." IMAGE);
    g_assert_true(volume_name_parse(name, &disk_again, &image_again));
    g_assert_true(id_equal(&disk_again, &disk) && id_equal(&image_again, &image));
    g_autofree char *path = volume_name_path("/srv/a", &disk, &image);
    g_assert_cmpstr(path, ==, "/srv/a/" DISK "." IMAGE);
}

static void
test_nothing_else(void)
{
    static const char *const names[] = {
        "", ".", "..", "a", DISK ".", "." DISK, DISK "." DISK, DISK "." IMAGE "." IMAGE, DISK "." IMAGE ".", DISK " ", " " DISK, "./" DISK, DISK "/", DISK "-" IMAGE,
        DISK ".memory", DISK ".job.part", DISK "." IMAGE ".part", DISK "\n", "0A1B2C3D-0000-4000-8000-00000000000D", DISK ".0A1B2C3D-0000-4000-8000-00000000000E",
        "00000000-0000-0000-0000-000000000000", DISK ".00000000-0000-0000-0000-000000000000", "file:" DISK, "json:{}",
    };
    Id disk = id_null, image = id_null;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        g_assert_false(volume_name_parse(names[i], &disk, &image));
    g_assert_true(id_is_null(&disk) && id_is_null(&image));
}

static void
test_beside(void)
{
    const Id disk = id_of(DISK), image = id_of(IMAGE);
    Id disk_again, image_again;
    g_autofree char *memory = volume_name_memory_path("/srv/a", &image), *name = g_path_get_basename(memory);
    g_assert_cmpstr(memory, ==, "/srv/a/" IMAGE ".memory");
    g_assert_true(volume_name_parse_memory(name, &image_again));
    g_assert_true(id_equal(&image_again, &image));
    g_assert_false(volume_name_parse_memory(DISK "." IMAGE ".memory", &image_again));
    g_assert_false(volume_name_parse_memory("x.memory", &image_again));
    g_assert_true(volume_name_parse_half(DISK ".job-1.part", &disk_again, &image_again));
    g_assert_true(id_equal(&disk_again, &disk) && id_equal(&image_again, &disk));
    g_assert_true(volume_name_parse_half(DISK "." IMAGE ".job-1.part", &disk_again, &image_again));
    g_assert_true(id_equal(&image_again, &image));
    g_assert_false(volume_name_parse_half(DISK ".part", &disk_again, &image_again));
    g_assert_false(volume_name_parse_half("film.iso.part", &disk_again, &image_again));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/volume_name/there_and_back", test_there_and_back);
    g_test_add_func("/volume_name/nothing_else", test_nothing_else);
    g_test_add_func("/volume_name/beside", test_beside);
    return g_test_run();
}
