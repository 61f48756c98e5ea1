/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Bounds as VMs have them: what is refused there would be refused of each VM of that size. */
#include "command/instance_types.h"

#include "command/guards.h"
#include "command/vm_rules.h"

static gboolean
name_is_free(Work *work, const InstanceType *size, GError **error)
{
    ViewWalk walk = view_walk(work->view, &instance_type_type);
    for (const InstanceType *other; (other = view_next(&walk));) {
        if (!id_equal(&other->object.id, &size->object.id) && g_strcmp0(other->name, size->name) == 0)
            return fault_set(error, MSG_SIZE_NAME_TAKEN, "size", size->name, NULL);
    }
    guard_claim_word(work, "The name '%s'", size->name);
    return TRUE;
}

/* A VM of that size, which the rules know. */
static gboolean
fits_rules(const Draft *draft, const InstanceType *size, GError **error)
{
    Vm *vm = object_new(&vm_type);
    text_set(&vm->name, size->name);
    vm->memory = size->memory;
    vm->memory_policy = size->memory_policy;
    vm->cpu_shares = size->cpu_shares;
    vm->cpu.topology = size->cpu.topology;
    vm->io = size->io;
    if (vm->memory_policy.guaranteed == 0)
        vm->memory_policy.guaranteed = vm->memory;
    vm_set_defaults(vm);
    gboolean well = vm_rules_check_memory(size->name, vm->memory, error) && vm_rules_check(draft, vm, TRUE, error);
    object_unref(vm);
    return well;
}

gboolean
instance_types_check(Work *work, const InstanceType *size, GError **error)
{
    return guard_texts(work->draft, error) && guard_name("instance type", "name", size->name, error) && name_is_free(work, size, error) &&
           fits_rules(work->draft, size, error);
}
