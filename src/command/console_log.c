/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which file it is, and whose. Only a path of this shape is ever read or removed. */
#include "command/console_log.h"

#include "model/machines.h"

static const Host *
host_of(const Work *work, const Vm *vm)
{
    Id id;
    return view_find(work->view, &host_type, work_mark_id(work, "host", &id) ? &id : &vm->home.id);
}

char *
console_log_path(const Work *work, const Vm *vm)
{
    char text[ID_TEXT_SIZE];
    const Host *host = host_of(work, vm);
    g_autofree char *folder = machines_dup(host ? host->machines : NULL, MACHINES_LOGS);
    g_autofree char *name = g_strconcat(id_format(&vm->object.id, ID_UUID, text), ".log", NULL);
    return folder && *folder == '/' ? g_build_filename(folder, name, NULL) : NULL;
}

void
console_log_settle(const Work *work, Vm *vm)
{
    Console *console = &vm->console;
    if (!console->enabled || !console->log_enabled)
        text_set(&console->log_file, NULL);
    else if (!console->log_file)
        console->log_file = console_log_path(work, vm);
    console->log_enabled = console->log_file != NULL;
}

void
console_log_settle_anew(const Work *work, Vm *vm)
{
    text_set(&vm->console.log_file, NULL);
    console_log_settle(work, vm);
}

static gboolean
may_begin(const Work *work, const Vm *vm, GError **error)
{
    const Host *host = host_of(work, vm);
    if (!vm->console.enabled)
        return fault_set(error, MSG_CONSOLE_LOG_OF_NONE, "vm", vm->name, NULL);
    if (!vm->console.log_file)
        return fault_set(error, MSG_CONSOLE_LOG_NOWHERE, "vm", vm->name, "host", host ? host->name : "", NULL);
    return machines_has(host->machines, MACHINES_LOGS_BOUNDED, "yes") || fault_set(error, MSG_CONSOLE_LOG_UNBOUNDED, "vm", vm->name, "host", host->name, NULL);
}

static gboolean
may_end(const Work *work, const Vm *now, GError **error)
{
    g_autofree char *ours = console_log_path(work, now);
    return g_strcmp0(now->console.log_file, ours) == 0 || fault_set(error, MSG_CONSOLE_LOG_FOREIGN, "vm", now->name, "path", now->console.log_file, NULL);
}

gboolean
console_log_check(const Work *work, const Vm *now, const Vm *edited, GError **error)
{
    const Vm *sent = work->draft->record;
    if (!draft_has(work->draft, "console.log_enabled"))
        return TRUE;
    if (sent->console.log_enabled && !(now && now->console.log_enabled))
        return may_begin(work, edited, error);
    gboolean ends = !sent->console.log_enabled && now && now->console.log_enabled && edited->console.enabled;
    return !ends || may_end(work, now, error);
}

gboolean
console_log_drop(Work *work, const Vm *vm, GError **error)
{
    g_autofree char *path = console_log_path(work, vm);
    g_autoptr(HostLink) link = path ? work_host(work, error) : NULL;
    return !path || (link && link->ops->log_drop(link, path, work->deadline, error));
}
