/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whether somebody has the file of a disk open: what cannot be seen is never taken for a no. */
#include "host/volume_file.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define NOBODY 65534

static char *directory, *path;
static VolumeFile file;

static void
open_directory(void)
{
    GError *error = NULL;
    directory = g_dir_make_tmp("shikiri-volume-XXXXXX", NULL);
    g_assert_no_errno(g_chmod(directory, 0755));
    const Id disk = id_random();
    const HostVolume volume = { { id_null, directory, FALSE }, disk, disk };
    volume_file_open(&file, "n1", &volume, &error);
    g_assert_no_error(error);
    path = volume_file_path(&file, file.name);
}

static void
close_directory(void)
{
    volume_file_close(&file);
    g_unlink(path);
    g_assert_no_errno(g_rmdir(directory));
    g_clear_pointer(&path, g_free);
    g_clear_pointer(&directory, g_free);
}

static void
put_file(int mode)
{
    g_assert_true(g_file_set_contents(path, "disk", -1, NULL));
    g_assert_no_errno(g_chmod(path, mode));
}

static void
assert_kept(const char *sentence)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(volume_file_is_free(&file, &error));
    g_assert_nonnull(strstr(error->message, sentence));
}

static void
test_free(void)
{
    GError *error = NULL;
    open_directory();
    g_assert_true(volume_file_is_free(&file, &error));      /* there is none */
    put_file(0600);
    g_assert_true(volume_file_is_free(&file, &error));
    g_assert_no_error(error);
    close_directory();
}

static void
test_locked(void)
{
    struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 101, .l_len = 1 };
    open_directory();
    put_file(0600);
    int other = g_open(path, O_RDWR | O_CLOEXEC);
    g_assert_no_errno(fcntl(other, F_OFD_SETLK, &lock));
    assert_kept("is open in a running QEMU");
    close(other);
    close_directory();
}

/* As on a file system whose server trusts this root with nothing. */
static void
test_unreadable(void)
{
    open_directory();
    put_file(0);
    gboolean root = geteuid() == 0;
    if (root)
        g_assert_no_errno(seteuid(NOBODY));
    assert_kept("cannot be read");
    if (root)
        g_assert_no_errno(seteuid(0));
    close_directory();
}

static void
test_no_plain_file(void)
{
    open_directory();
    g_assert_no_errno(symlink("/dev/null", path));
    assert_kept("is not a plain file");
    close_directory();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/volume_file/free", test_free);
    g_test_add_func("/volume_file/locked", test_locked);
    g_test_add_func("/volume_file/unreadable", test_unreadable);
    g_test_add_func("/volume_file/no_plain_file", test_no_plain_file);
    return g_test_run();
}
