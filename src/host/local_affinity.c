/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * libvirt has QEMU name its threads: "CPU 3/KVM", "IO iothread1"; all the rest is the emulator. Whose process it is its command line says: another
 * process may have got the number meanwhile, or it may be counted in another namespace. */
#include "host/local_affinity.h"

#include <stdlib.h>
#include <string.h>

#define MOST_CPUS 16384
#define MOST_NUMBER 4096
#define CPUS_LINE "\nCpus_allowed_list:"

/* --- sets ------------------------------------------------------------------------------------------------------------------------- */

/* "0-3,8" as the kernel writes it, into the bytes of the CPUs. */
static void
join_set(const char *text, guint8 *cpus)
{
    while (*text) {
        char *end;
        guint64 first = g_ascii_strtoull(text, &end, 10), last = first;
        if (end == text)
            return;
        if (*end == '-')
            last = g_ascii_strtoull(end + 1, &end, 10);
        for (guint64 cpu = first; cpu <= last && cpu < MOST_CPUS; cpu++)
            cpus[cpu] = 1;
        text = *end == ',' ? end + 1 : "";
    }
}

/* Yours; NULL: none. */
static char *
set_text(const guint8 *cpus)
{
    GString *text = g_string_new(NULL);
    for (guint first = 0; first < MOST_CPUS; first++) {
        guint last = first;
        if (!cpus[first])
            continue;
        while (last + 1 < MOST_CPUS && cpus[last + 1])
            last++;
        g_string_append_printf(text, "%s%u", text->len > 0 ? "," : "", first);
        if (last > first)
            g_string_append_printf(text, "-%u", last);
        first = last;
    }
    return g_string_free(text, text->len == 0);
}

/* --- one thread ------------------------------------------------------------------------------------------------------------------- */

static gboolean
number_behind(const char *name, const char *words, gint64 *ret_number)
{
    char *end;
    const char *digits = name + strlen(words);
    if (!g_str_has_prefix(name, words) || !g_ascii_isdigit(*digits))
        return FALSE;
    *ret_number = g_ascii_strtoll(digits, &end, 10);
    return *ret_number < MOST_NUMBER && (*end == '\0' || *end == '/' || *end == '\n');
}

static void
note_thread(const char *name, const char *set, CpuTune *tune, guint8 *emulator)
{
    gint64 number;
    if (number_behind(name, "CPU ", &number))
        cpu_tune_pin_vcpu(tune, number, set);
    else if (number_behind(name, "IO iothread", &number))
        cpu_tune_pin_io_thread(tune, number, set);
    else
        join_set(set, emulator);
}

/* One that ended meanwhile is passed over. */
static void
read_thread(const char *folder, const char *thread, CpuTune *tune, guint8 *emulator)
{
    g_autofree char *status_file = g_build_filename(folder, thread, "status", NULL), *name_file = g_build_filename(folder, thread, "comm", NULL);
    g_autofree char *status = NULL, *name = NULL;
    if (!g_file_get_contents(status_file, &status, NULL, NULL) || !g_file_get_contents(name_file, &name, NULL, NULL))
        return;
    const char *line = strstr(status, CPUS_LINE);
    if (!line)
        return;
    g_autofree char *set = g_strndup(line + strlen(CPUS_LINE), strcspn(line + strlen(CPUS_LINE), "\n"));
    note_thread(g_strchomp(name), g_strstrip(set), tune, emulator);
}

/* --- the process ------------------------------------------------------------------------------------------------------------------ */

/* Its arguments end with a zero each. */
static gboolean
runs_domain(const char *folder, const Id *domain)
{
    char uuid[ID_TEXT_SIZE];
    gsize length = 0;
    g_autofree char *file = g_build_filename(folder, "cmdline", NULL), *line = NULL;
    if (!g_file_get_contents(file, &line, &length, NULL))
        return FALSE;
    id_format(domain, ID_UUID, uuid);
    for (const char *word = line; word < line + length; word += strlen(word) + 1) {
        const char *value = word + strlen(word) + 1;
        if (g_str_equal(word, "-uuid") && value < line + length)
            return g_str_equal(value, uuid);
    }
    return FALSE;
}

/* Only of what is called QEMU the command line is read: the kernel may keep one waiting for that of a process that hangs. */
static gboolean
is_qemu(const char *folder)
{
    g_autofree char *file = g_build_filename(folder, "comm", NULL), *name = NULL;
    return g_file_get_contents(file, &name, NULL, NULL) && (g_str_has_prefix(name, "qemu") || g_str_has_prefix(name, "kvm"));
}

/* Its folder, yours; NULL. */
static char *
find_process(const char *root, gint64 pid, const Id *domain)
{
    g_autofree char *all = g_strconcat(root, "/proc", NULL), *told = g_strdup_printf("%s/%" G_GINT64_FORMAT, all, pid);
    g_autoptr(GDir) processes = NULL;
    if (pid > 0 && is_qemu(told) && runs_domain(told, domain))
        return g_steal_pointer(&told);
    processes = g_dir_open(all, 0, NULL);
    for (const char *name; processes && (name = g_dir_read_name(processes));) {
        g_autofree char *folder = g_ascii_isdigit(*name) ? g_build_filename(all, name, NULL) : NULL;
        if (folder && is_qemu(folder) && runs_domain(folder, domain))
            return g_steal_pointer(&folder);
    }
    return NULL;
}

gboolean
local_affinity_read(const char *root, gint64 pid, const Id *domain, CpuTune *ret_tune)
{
    g_autofree char *folder = find_process(root, pid, domain), *tasks = folder ? g_build_filename(folder, "task", NULL) : NULL;
    g_autoptr(GDir) threads = tasks ? g_dir_open(tasks, 0, NULL) : NULL;
    g_autofree guint8 *emulator = g_malloc0(MOST_CPUS);
    if (!threads)
        return FALSE;
    for (const char *thread; (thread = g_dir_read_name(threads));)
        read_thread(tasks, thread, ret_tune, emulator);
    ret_tune->emulator_cpu_set = set_text(emulator);
    if (ret_tune->emulator_cpu_set && ret_tune->vcpu_pins.count > 0)
        return TRUE;
    cpu_tune_clear(ret_tune);
    return FALSE;
}
