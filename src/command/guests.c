/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Checks of verbs upon guests, and what is noted of a request that nobody can see afterwards. */
#include "command/guests.h"

#include "command/guards.h"

#define HEARD "asked"
#define REFUSED "refused"

const Vm *
guests_check(Work *work, MessageCode needs_up, GError **error)
{
    const Vm *vm = guard_vm(work, &work->target, error);
    if (!vm)
        return NULL;
    if (vm->status != VM_UP && vm->status != VM_POWERING_UP) {
        fault_set(error, needs_up, "vm", vm->name, "status", names_get(&vm_status_names, vm->status), NULL);
        return NULL;
    }
    return guard_reach(work, vm, error) ? vm : NULL;
}

gboolean
guests_seconds(const Draft *draft, gint64 sent, gint64 otherwise, gint64 most, gint64 *ret_seconds, GError **error)
{
    gboolean given = draft && draft_has(draft, "timeout");
    if (given && (sent < 1 || sent > most)) {
        g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, sent), *limit = g_strdup_printf("%" G_GINT64_FORMAT, most);
        return fault_set(error, MSG_GUEST_TIMEOUT, "given", text, "most", limit, NULL);
    }
    *ret_seconds = given ? sent : otherwise;
    return TRUE;
}

gboolean
guests_note(Work *work, GError *take_refusal, GError **error)
{
    work_set_mark(work, HEARD, take_refusal ? NULL : "yes");
    work_set_mark(work, REFUSED, take_refusal && fault_of(take_refusal) != FAULT_UNKNOWN_OUTCOME ? "yes" : NULL);
    if (!take_refusal)
        return TRUE;
    g_propagate_error(error, take_refusal);
    return FALSE;
}

Probe
guests_noted(Work *work, G_GNUC_UNUSED GError **error)
{
    return work_mark(work, HEARD) ? PROBE_DONE : work_mark(work, REFUSED) ? PROBE_NOT_DONE : PROBE_UNKNOWN;
}
