/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Marks: "vm.ID" is a word and a tick, "waits.WHY.ID" a tick. A tick is the time since the boot of the manager's own machine: it outlives
 * the manager, and where that machine boots, the VMs of others go on. Then the tick lies ahead, and is noted anew. */
#include "command/host_vms.h"

#include <string.h>

#define MARK "vm."
#define WAITS "waits."
#define BOOT "boot"
#define MEMORY_PACE 32              /* MiB a second: slower than any storage memory is saved to */

/* clang-format off */
const Type host_vms_params_type = { .one = "action", .many = "actions", .size = sizeof(HostVmsParams), .help = "Nothing need be said.", .fields = (const Field[]) {
    BOOL(HostVmsParams, async,  ADD, "Answer before it is done."),
    TEXT(HostVmsParams, reason, ADD, "Accepted, without meaning here."),
    { 0 } } };
/* clang-format on */

const Host *
host_vms_check(Work *work, GError **error)
{
    const Host *host = host_vms_host(work);
    char text[ID_TEXT_SIZE];
    if (!host) {
        fault_set(error, MSG_NO_SUCH_OBJECT_AT_ALL, "type", "host", "name", id_format(&work->target, ID_UUID, text), NULL);
        return NULL;
    }
    if (host->status != HOST_UP) {
        fault_set(error, MSG_HOST_VMS_AWAY, "host", host->name, "status", names_get(&host_status_names, host->status), NULL);
        return NULL;
    }
    work_set_mark_id(work, "host", &host->object.id);
    work_set_mark(work, BOOT, host->boot);
    return host;
}

const Host *
host_vms_host(const Work *work)
{
    return view_find(work->view, &host_type, &work->target);
}

gboolean
host_vms_same_boot(const Work *work, const Host *host)
{
    const char *then = work_mark(work, BOOT);
    return !then || !host->boot || g_str_equal(then, host->boot);
}

static int
compare(gconstpointer a, gconstpointer b)
{
    const Vm *first = *(const Vm *const *) a, *second = *(const Vm *const *) b;
    gint64 left = vm_start_order(first), right = vm_start_order(second);
    return left != right ? (left > right) - (left < right) : g_strcmp0(first->name, second->name);
}

GPtrArray *
host_vms_list(const Work *work, const Id *host, gboolean (*wanted)(const Work *work, const Vm *vm))
{
    GPtrArray *list = g_ptr_array_new();
    g_autoptr(GPtrArray) vms = view_collect(work->view, &vm_type, "home", host);
    for (guint i = 0; i < vms->len; i++) {
        if (wanted(work, vms->pdata[i]))
            g_ptr_array_add(list, vms->pdata[i]);
    }
    g_ptr_array_sort(list, compare);
    return list;
}

void
host_vms_note(Work *work, const Id *vm, const char *word)
{
    char text[ID_TEXT_SIZE];
    g_autofree char *name = g_strconcat(MARK, id_format(vm, ID_UUID, text), NULL);
    g_autofree char *value = g_strdup_printf("%s %" G_GINT64_FORMAT, word, clock_tick());
    work_set_mark(work, name, value);
}

const char *
host_vms_noted(const Work *work, const Id *vm, Tick *ret_when)
{
    static const char *const words[] = { "started", "left", "failed", "asked", "saving", "off" };
    char text[ID_TEXT_SIZE];
    g_autofree char *name = g_strconcat(MARK, id_format(vm, ID_UUID, text), NULL);
    const char *value = work_mark(work, name), *blank = value ? strchr(value, ' ') : NULL;
    for (guint i = 0; blank && i < G_N_ELEMENTS(words); i++) {
        if (strlen(words[i]) != (gsize) (blank - value) || !g_str_has_prefix(value, words[i]))
            continue;
        if (ret_when)
            *ret_when = g_ascii_strtoll(blank, NULL, 10);
        return words[i];
    }
    return "";
}

static char *
name_of_wait(const char *why, const Id *of)
{
    char text[ID_TEXT_SIZE];
    return g_strconcat(WAITS, why, ".", of ? id_format(of, ID_UUID, text) : NULL, NULL);
}

Tick
host_vms_waited(Work *work, const char *why, const Id *of)
{
    g_autofree char *name = name_of_wait(why, of), *value = g_strdup_printf("since %" G_GINT64_FORMAT, clock_tick());
    const char *since = work_mark(work, name);
    if (since)
        return clock_tick() - g_ascii_strtoll(strchr(since, ' '), NULL, 10);
    work_set_mark(work, name, value);
    return 0;
}

static gboolean
begins_so(gpointer name, gpointer value, gpointer part)
{
    (void) value;
    return g_str_has_prefix(name, part);
}

void
host_vms_waits_no_more(Work *work, const char *why, const Id *of)
{
    g_autofree char *name = name_of_wait(why, of);
    if (of)
        work_set_mark(work, name, NULL);
    else
        g_hash_table_foreach_remove(work->marks, begins_so, name);
}

void
host_vms_keep_time(Work *work)
{
    Tick now = clock_tick();
    GHashTableIter iter;
    gpointer name, value;
    g_hash_table_iter_init(&iter, work->marks);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        gboolean ours = g_str_has_prefix(name, MARK) || g_str_has_prefix(name, WAITS);
        const char *blank = ours ? strchr(value, ' ') : NULL;
        if (blank && g_ascii_strtoll(blank, NULL, 10) > now)
            g_hash_table_iter_replace(&iter, g_strdup_printf("%.*s %" G_GINT64_FORMAT, (int) (blank - (char *) value), (char *) value, now));
    }
}

Tick
host_vms_memory_time(const Vm *vm)
{
    return (vm->memory >> 20) * CLOCK_SECOND / MEMORY_PACE;
}

guint
host_vms_count(const Work *work, const char *word)
{
    guint count = 0;
    g_autofree char *begin = g_strconcat(word, " ", NULL);
    GHashTableIter iter;
    gpointer name, value;
    g_hash_table_iter_init(&iter, work->marks);
    while (g_hash_table_iter_next(&iter, &name, &value))
        count += g_str_has_prefix(name, MARK) && g_str_has_prefix(value, begin);
    return count;
}

gboolean
host_vms_goes_on(const Work *work, const Command *command, const Id *vm)
{
    const Job *job = orders_find_job(work, command, vm);
    return job && job->end_time == 0;
}

gboolean
host_vms_was_busy(const GError *why)
{
    MessageCode code = message_code(fault_message(why));
    return code == MSG_JOB_CONFLICT || code == MSG_VM_LOCKED || fault_of(why) == FAULT_UNAVAILABLE || fault_of(why) == FAULT_NO_SPACE;
}
