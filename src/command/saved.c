/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The file with a guest's memory lies with the host's libvirt. It is deleted only of a VM that is seen to have it: one that
 * somebody started outside the manager meanwhile has used it up, and is left alone. */
#include "command/saved.h"

#include "command/definition.h"
#include "command/guards.h"
#include "command/running.h"

#define MEANT "saved"

gboolean
saved_check(Work *work, GError **error)
{
    const Vm *vm = guard_vm(work, &work->target, error);
    if (!vm || (work->draft && !guard_texts(work->draft, error)))
        return FALSE;
    if (vm->status != VM_SUSPENDED)
        return fault_set(error, MSG_DISCARD_NEEDS_SUSPENDED, "vm", vm->name, "status", names_get(&vm_status_names, vm->status), NULL);
    work_set_mark(work, MEANT, "yes");
    return guard_home(work, vm, error);
}

gboolean
saved_is_meant(const Work *work)
{
    return work_mark(work, MEANT) != NULL;
}

gboolean
saved_discard(Work *work, GError **error)
{
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    g_autoptr(HostLink) link = facts ? work_host(work, error) : NULL;
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    if (!link)
        return FALSE;
    if (definition_runs(facts))
        return fault_set(error, MSG_VM_STATE_GONE_OUTSIDE, "vm", vm ? vm->name : "", NULL);
    return link->ops->discard(link, &work->target, work->deadline, error);
}

Probe
saved_discarded(Work *work, GError **error)
{
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return PROBE_UNKNOWN;
    return definition_runs(facts) || facts->managed_save ? PROBE_NOT_DONE : PROBE_DONE;
}

void
saved_finish(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    if (vm && vm->status == VM_SUSPENDED)
        vm->status = VM_DOWN;
}
