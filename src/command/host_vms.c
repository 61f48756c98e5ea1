/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Marks of a VM: "vm.ID" is a word and a tick. A tick is the machine's own time since its boot: it outlives the manager, and where it
 * does not, neither does what it was for. */
#include "command/host_vms.h"

#include <string.h>

#define MARK "vm."
#define BOOT "boot"

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
