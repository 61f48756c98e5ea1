/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Files as virtlogd leaves them: their end across the pieces, and that no other file goes with them. Whether libvirt leaves them to it; and
 * whether there is a virtiofsd. */
#include "host/local_facts.h"
#include "host/log_pieces.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *folder;

static void
put(const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static gboolean
has(const char *name)
{
    struct stat info;
    g_autofree char *path = g_build_filename(folder, name, NULL);
    return lstat(path, &info) == 0;
}

static void
drop(const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_unlink(path);
}

static void
assert_read(gsize most, const char *expected)
{
    int why = 0;
    g_autofree char *path = g_build_filename(folder, "vm.log", NULL);
    g_autoptr(GBytes) bytes = log_pieces_read(path, most, &why);
    g_assert_nonnull(bytes);
    g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), expected, strlen(expected));
}

static void
test_read(void)
{
    assert_read(10, "");
    put("vm.log", "newest");
    assert_read(10, "newest");
    assert_read(3, "est");
    put("vm.log.0", "middle,");
    put("vm.log.1", "oldest,");
    put("vm.log.3", "of another time");
    assert_read(6, "newest");
    assert_read(9, "le,newest");
    assert_read(100, "oldest,middle,newest");
    drop("vm.log");                     /* just renamed, and not made anew yet */
    assert_read(100, "oldest,middle,");
}

static void
test_links(void)
{
    int why = 0;
    g_autofree char *path = g_build_filename(folder, "link.log", NULL);
    g_assert_cmpint(symlink("/etc/hostname", path), ==, 0);
    g_assert_null(log_pieces_read(path, 10, &why));
    g_assert_cmpint(why, ==, ELOOP);
    drop("link.log");
}

static void
test_drop(void)
{
    static const char *const kept[] = { "vm.log.old", "vm.log.", "vm.log.1x", "vm.logs", "other.log", "other.log.0" };
    put("vm.log", "x");
    put("vm.log.0", "x");
    put("vm.log.12", "x");
    for (guint i = 0; i < G_N_ELEMENTS(kept); i++)
        put(kept[i], "x");
    g_autofree char *path = g_build_filename(folder, "vm.log", NULL);
    g_assert_cmpint(log_pieces_drop(path), ==, 0);
    g_assert_cmpint(log_pieces_drop(path), ==, 0);
    g_assert_false(has("vm.log") || has("vm.log.0") || has("vm.log.1") || has("vm.log.3") || has("vm.log.12"));
    for (guint i = 0; i < G_N_ELEMENTS(kept); i++) {
        g_assert_true(has(kept[i]));
        drop(kept[i]);
    }
    g_assert_cmpint(log_pieces_drop("/nowhere/at/all.log"), ==, 0);
}

static void
test_bounded(void)
{
    static const struct { const char *text; gboolean bounded; } rows[] = {
        { "#stdio_handler = \"file\"\n", TRUE }, { "user = \"x\"\nstdio_handler=\"file\"\n", FALSE }, { "  stdio_handler = \"file\" # so\n", FALSE }, { "stdio_handler = \"logd\"\n", TRUE },
    };
    g_autofree char *etc = g_build_filename(folder, "etc", NULL), *libvirt = g_build_filename(etc, "libvirt", NULL);
    g_assert_true(local_facts_bounds_logs(folder));
    g_assert_cmpint(g_mkdir_with_parents(libvirt, 0700), ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        put("etc/libvirt/qemu.conf", rows[i].text);
        g_assert_cmpint(local_facts_bounds_logs(folder), ==, rows[i].bounded);
    }
    drop("etc/libvirt/qemu.conf");
    g_rmdir(libvirt);
    g_rmdir(etc);
}

static void
test_virtiofsd(void)
{
    static const struct { const char *text; gboolean there; } rows[] = {
        { "{ \"description\": \"x\", \"type\": \"fs\", \"binary\": \"/virtiofsd\" }", TRUE }, { "{ \"type\": \"gpu\", \"binary\": \"/virtiofsd\" }", FALSE },
        { "{ \"type\" : \"fs\", \"binary\": \"/nowhere\" }", FALSE }, { "{ \"type\": \"fs\" }", FALSE }, { "no JSON", FALSE },
    };
    g_autofree char *folders = g_build_filename(folder, "usr/share/qemu/vhost-user", NULL), *program = g_build_filename(folder, "virtiofsd", NULL);
    g_assert_false(local_facts_has_virtiofsd(folder));
    g_assert_cmpint(g_mkdir_with_parents(folders, 0700), ==, 0);
    put("virtiofsd", "#!");
    g_assert_cmpint(g_chmod(program, 0700), ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        put("usr/share/qemu/vhost-user/50-x.json", rows[i].text);
        g_assert_cmpint(local_facts_has_virtiofsd(folder), ==, rows[i].there);
    }
    drop("usr/share/qemu/vhost-user/50-x.json");
    drop("virtiofsd");
    static const char *const made[] = { "usr/share/qemu/vhost-user", "usr/share/qemu", "usr/share", "usr" };
    for (guint i = 0; i < G_N_ELEMENTS(made); i++) {
        g_autofree char *path = g_build_filename(folder, made[i], NULL);
        g_rmdir(path);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("shikiri-log-XXXXXX", NULL);
    g_assert_nonnull(folder);
    g_test_add_func("/log-pieces/read", test_read);
    g_test_add_func("/log-pieces/links", test_links);
    g_test_add_func("/log-pieces/drop", test_drop);
    g_test_add_func("/log-pieces/bounded", test_bounded);
    g_test_add_func("/log-pieces/virtiofsd", test_virtiofsd);
    int status = g_test_run();
    g_rmdir(folder);
    g_free(folder);
    return status;
}
