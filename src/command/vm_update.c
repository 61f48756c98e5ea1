/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Edits a VM's own values: while it is down all of them, while it runs those a running guest does not feel. Its devices have
 * verbs of their own. The host's XML is patched, not rebuilt. */
#include "command/definition.h"
#include "command/guards.h"
#include "command/paths.h"
#include "command/refs.h"
#include "command/rows.h"
#include "command/vm_rules.h"

/* Only the manager looks at these, or only the next start does. */
static const char *const harmless[] = { "description", "comment", "delete_protected", "high_availability", "start_paused", "stateless", "type",
                                        "placement_policy", "migration", "use_latest_template_version", "storage_error_resume_behaviour", NULL };

static gboolean
edit(Work *work, Vm *vm, GError **error)
{
    (void) error;
    vm_rules_apply(work->draft, vm, SET);
    return TRUE;
}

/* What was sent and differs, and may be set; names that would need the VM down. Yours. */
static char *
felt_rows(const Draft *draft, const Vm *vm)
{
    GString *names = g_string_new(NULL);
    g_autoptr(GPtrArray) rows = draft_differences(draft, vm);
    for (guint i = 0; i < rows->len; i++) {
        const char *name = rows->pdata[i];
        const Field *row = type_find(&vm_type, name);
        if (!(row->flags & SET) || g_strv_contains(harmless, name))
            continue;
        g_string_append_printf(names, "%s%s", names->len ? ", " : "", name);
    }
    return g_string_free(names, names->len == 0);
}

static gboolean
check_running(Work *work, const Vm *vm, GError **error)
{
    if (!vm_is_running((VmStatus) vm->status) || vm->status == VM_UNKNOWN || vm->status == VM_NOT_RESPONDING)
        return guard_down(vm, MSG_EDIT_NEEDS_DOWN, error);
    g_autofree char *felt = felt_rows(work->draft, vm);
    if (felt)
        return fault_set(error, MSG_EDIT_WHILE_RUNNING, "vm", vm->name, "fields", felt, NULL);
    work_set_mark(work, "live", "yes");
    return TRUE;
}

static gboolean
check_cluster(const Work *work, const Vm *vm, const Vm *edited, GError **error)
{
    if (id_equal(&vm->cluster.id, &edited->cluster.id))
        return TRUE;
    const Cluster *to = view_find(work->view, &cluster_type, &edited->cluster.id);
    const Host *home = view_find(work->view, &host_type, &vm->home.id);
    if (to && home && id_equal(&home->cluster.id, &to->object.id))
        return TRUE;
    return fault_set(error, MSG_CLUSTER_OF_OTHER_HOST, "vm", vm->name, "cluster", to ? to->name : "", "host", home ? home->name : "", NULL);
}

static gboolean
check_edited(Work *work, const Vm *vm, GError **error)
{
    Vm *edited = object_dup(vm);
    edit(work, edited, NULL);
    gboolean renamed = g_strcmp0(vm->name, edited->name) != 0;
    gboolean well = vm_rules_check(work->draft, edited, FALSE, error) && (!renamed || vm_rules_name_is_free(work, edited, FALSE, error)) &&
                    check_cluster(work, vm, edited, error);
    object_unref(edited);
    return well;
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = guard_vm(work, &work->target, error);
    if (!vm)
        return FALSE;
    if (!work->draft)
        return fault_set(error, MSG_BODY_MISSING, "type", "vm", NULL);
    work_set_about(work, "name", vm->name);
    return refs_resolve(work, error) && vm_rules_check_draft(work, vm->name, error) && check_running(work, vm, error) && check_edited(work, vm, error) &&
           guard_home(work, vm, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) changes;
    (void) error;
    work_keep_draft(work);          /* as it is resolved now */
    return TRUE;
}

static gboolean
verify_new(const Work *work, const char *sent, const char *now, GError **error)
{
    return !sent || !*sent || g_strcmp0(sent, now) == 0 || paths_verify(work->view, sent, error);
}

static gboolean
prepare(Work *work, GError **error)
{
    const Vm *sent = work->draft->record, *now = view_find(work->view, &vm_type, &work->target);
    if (!verify_new(work, sent->os.kernel, now ? now->os.kernel : NULL, error) || !verify_new(work, sent->os.initrd, now ? now->os.initrd : NULL, error))
        return FALSE;
    return definition_prepare(work, edit, error);
}

static void
finish(Work *work, Changes *changes)
{
    definition_finish(work, changes, edit);
}

static char *
plan(Work *work, GError **error)
{
    return definition_plan(work, edit, error);
}

const Command vm_update = {
    .verb = "update",
    .on = &vm_type,
    .params = &vm_type,
    .permit = PERMIT_EDIT_VM,
    .title = MSG_EDITING_VM,
    .done = { 35, MSG_VM_EDITED },
    .failed = { 58, MSG_VM_EDIT_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "read the configuration", prepare, NULL, NULL, FALSE },
        { "write the configuration", definition_write, definition_written, definition_undo, FALSE },
        { 0 },
    },
    .finish = finish,
    .help = "Edits a VM: while it is down all of it, while it runs what its guest does not feel.",
};
