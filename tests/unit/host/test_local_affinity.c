/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A process's folder as the kernel shows it: which thread is what, whose it is, and what is not read. */
#include "host/local_affinity.h"

#include <glib/gstdio.h>
#include <string.h>

#define UUID "5ca1ab1e-0000-4000-8000-000000000001"

static char *root;

static void
put(const char *path, const char *text, gssize length)
{
    g_autofree char *file = g_build_filename(root, "proc/77", path, NULL), *folder = g_path_get_dirname(file);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    g_assert_true(g_file_set_contents(file, text, length, NULL));
}

static void
put_thread(const char *number, const char *name, const char *set)
{
    g_autofree char *status_file = g_strdup_printf("task/%s/status", number), *name_file = g_strdup_printf("task/%s/comm", number);
    g_autofree char *status = g_strdup_printf("Name:\t%s\nThreads:\t4\nCpus_allowed:\tf\nCpus_allowed_list:\t%s\nMems_allowed_list:\t0\n", name, set);
    g_autofree char *line = g_strconcat(name, "\n", NULL);
    put(status_file, status, -1);
    put(name_file, line, -1);
}

static void
put_process(const char *uuid)
{
    g_autofree char *line = g_strdup_printf("/usr/bin/qemu-system-x86_64%c-name%cguest=a%c-uuid%c%s%c-no-user-config", 1, 1, 1, 1, uuid, 1);
    gsize length = strlen(line);
    for (gsize i = 0; i < length; i++)
        line[i] = line[i] == 1 ? '\0' : line[i];
    put("cmdline", line, (gssize) length);
    put("comm", "qemu-system-x86\n", -1);
}

static char *
look_at(const char *uuid, gint64 pid)
{
    Id id;
    g_auto(CpuTune) tune = { 0 };
    g_assert_true(id_parse(uuid, ID_UUID, &id));
    return local_affinity_read(root, pid, &id, &tune) ? cpu_tune_text(&tune) : NULL;
}

static char *
look(const char *uuid)
{
    return look_at(uuid, 77);
}

static void
test_threads(void)
{
    put_process(UUID);
    put_thread("77", "qemu-system-x86", "2-3,66-67");
    put_thread("80", "CPU 0/KVM", "2");
    put_thread("81", "CPU 1/KVM", "66");
    put_thread("82", "IO iothread1", "2-3");
    put_thread("83", "IO mon_iothread", "5");
    put_thread("84", "worker", "2-3");
    g_autofree char *seen = look(UUID);
    g_assert_cmpstr(seen, ==, "vcpu0=2;vcpu1=66;emulator=2-3,5,66-67;io1=2-3");
    put_thread("81", "CPU 1/TCG", "0-3");
    g_autofree char *moved = look(UUID);
    g_assert_cmpstr(moved, ==, "vcpu0=2;vcpu1=0-3;emulator=2-3,5,66-67;io1=2-3");
    for (gint64 pid = 0; pid < 200; pid += 100) {       /* libvirt counts otherwise than we do */
        g_autofree char *found = look_at(UUID, pid);
        g_assert_cmpstr(found, ==, moved);
    }
}

/* Another domain, no vCPU, no process: nothing was seen. */
static void
test_nobody(void)
{
    g_assert_null(look("5ca1ab1e-0000-4000-8000-000000000002"));
    put_process("5ca1ab1e-0000-4000-8000-000000000003");
    g_assert_null(look(UUID));
    put_process(UUID);
    put_thread("80", "qemu", "1");
    put_thread("81", "CPU x/KVM", "1");
    g_assert_null(look(UUID));
    put("comm", "sh\n", -1);
    put_thread("80", "CPU 0/KVM", "1");
    g_assert_null(look(UUID));
    put("cmdline", "-uuid", 5);
    g_assert_null(look(UUID));
    put("cmdline", "", 0);
    g_assert_null(look(UUID));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    root = g_dir_make_tmp("shikiri-affinity-XXXXXX", NULL);
    g_test_add_func("/local_affinity/threads", test_threads);
    g_test_add_func("/local_affinity/nobody", test_nobody);
    int status = g_test_run();
    g_autofree char *command = g_strconcat("rm -rf ", root, NULL);
    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
    g_free(root);
    return status;
}
