/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The end of what a VM's serial console printed, as text: a guest prints what it likes, and who looks has a terminal. Only the manager's own file is
 * read. */
#include "base/plain.h"
#include "command/console_log.h"
#include "command/definition.h"
#include "command/guards.h"
#include "command/rows.h"

#include <string.h>

#define PATIENCE (15 * CLOCK_SECOND)
#define USUAL 64                /* KiB */
#define MOST 1024

typedef struct {
    char *file, *text;
    gboolean truncated;
} ConsoleLog;

/* clang-format off */
static const Type console_log_type = { .one = "console_log", .many = "console_logs", .size = sizeof(ConsoleLog), .help = "The end of what a VM's serial console printed.", .fields = (const Field[]) {
    TEXT(ConsoleLog, file,      0, "Where it is kept, on the VM's host."),
    TEXT(ConsoleLog, text,      0, "Without escape sequences and control characters; what is no character is U+FFFD."),
    BOOL(ConsoleLog, truncated, 0, "There is more before it."),
    { 0 } } };
/* clang-format on */

/* FALSE: it is none that may be asked for. */
static gboolean
kib_asked(const Work *work, guint64 *ret_kib)
{
    const char *asked = g_hash_table_lookup(work->query, "kib");
    *ret_kib = USUAL;
    return !asked || (g_ascii_string_to_unsigned(asked, 10, 1, MOST, ret_kib, NULL));
}

static gboolean
check(Work *work, GError **error)
{
    guint64 kib;
    const Vm *vm = guard_vm(work, &work->target, error);
    if (!vm)
        return FALSE;
    if (!kib_asked(work, &kib))
        return fault_set(error, MSG_CONSOLE_LOG_KIB, "vm", vm->name, "most", G_STRINGIFY(MOST), NULL);
    return guard_reach(work, vm, error);
}

/* The file that what runs prints into, or else the next start will; NULL: it prints into none. */
static const char *
file_of(const DomainFacts *facts)
{
    const char *live = facts->live ? facts->live->console.log_file : NULL;
    return live ? live : facts->config->console.log_file;
}

/* That end of it which begins with a line. */
static void
tell(GBytes *bytes, gsize most, ConsoleLog *ret)
{
    gsize length;
    const char *text = g_bytes_get_data(bytes, &length), *from = text;
    ret->truncated = length > most;
    if (ret->truncated) {
        from += length - most;
        const char *line = memchr(from - 1, '\n', most + 1);
        from = line && line + 1 < text + length ? line + 1 : from;
    }
    ret->text = plain_text(from, length - (gsize) (from - text));
}

/* What was kept before it was switched off is still there. */
static gboolean
read_log(Work *work, const Vm *vm, const char *file, GError **error)
{
    guint64 kib;
    const Host *host = view_find(work->view, &host_type, &vm->home.id);
    g_autofree char *ours = console_log_path(work, vm);
    if (file && g_strcmp0(file, ours) != 0)
        return fault_set(error, MSG_CONSOLE_LOG_ELSEWHERE, "vm", vm->name, "path", file, "host", host ? host->name : "", NULL);
    if (!ours)
        return fault_set(error, MSG_CONSOLE_LOG_NOWHERE, "vm", vm->name, "host", host ? host->name : "", NULL);
    kib_asked(work, &kib);
    g_autoptr(HostLink) link = work_host(work, error);
    g_autoptr(GBytes) bytes = link ? link->ops->log_read(link, ours, (gsize) kib * 1024 + 1, work->deadline, error) : NULL;
    if (!bytes)
        return FALSE;
    if (!file && g_bytes_get_size(bytes) == 0)
        return fault_set(error, MSG_CONSOLE_LOG_OFF, "vm", vm->name, NULL);
    ConsoleLog *log = work->answer->record;
    log->file = g_steal_pointer(&ours);
    tell(bytes, (gsize) kib * 1024, log);
    return TRUE;
}

static char *
look(Work *work, GError **error)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    work->deadline = MIN(work->deadline, clock_tick() + PATIENCE);
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return NULL;
    if (!facts->config || !vm) {
        fault_set(error, MSG_VM_NOT_ON_HOST, "vm", vm ? vm->name : "", NULL);
        return NULL;
    }
    return read_log(work, vm, file_of(facts), error) ? g_strdup("") : NULL;
}

const Command vm_consolelog = {
    .verb = "consolelog",
    .on = &vm_type,
    .numbers = (const CommandFlag[]) { { "kib", "How many KiB of its end: 64 where it is not said, 1024 at most." }, { 0 } },
    .answer = &console_log_type,
    .permit = PERMIT_EDIT_VM,
    .title = MSG_READING_CONSOLE_LOG,
    .check = check,
    .plan = look,
    .reads = TRUE,
    .help = "Shows the end of what a VM's serial console printed, where that is kept (console.log_enabled).",
};
