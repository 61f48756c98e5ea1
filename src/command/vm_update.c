/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Edits a VM's own values. The host's inactive XML is patched, not rebuilt: it is what the next start uses. While the VM runs, what it can
 * take is changed in what runs too (unless `next_run` says not to); what it cannot take, or libvirt refuses, waits for the next start and
 * is told as that. Its devices have verbs of their own. Once the definition is written there is no way back: a value of a running guest
 * cannot be known to be taken back. */
#include "command/boundaries.h"
#include "command/console_log.h"
#include "command/definition.h"
#include "command/guards.h"
#include "command/guest_defaults.h"
#include "command/numa.h"
#include "command/paths.h"
#include "command/pinning.h"
#include "command/plan.h"
#include "command/refs.h"
#include "command/rows.h"
#include "command/vm_rules.h"
#include "placement/capacity.h"
#include "placement/placement.h"

#define FELT "felt"                 /* mark: what the running guest would feel */
#define NEXT_RUN "next.run"         /* mark: leave what runs alone */
#define ADJUSTED "adjusted"         /* mark: what runs is as it can be */

/* Only the manager looks at these, or only the next start does. */
static const char *const harmless[] = { "description", "comment", "delete_protected", "high_availability", "start_paused", "stateless", "type",
                                        "placement_policy", "migration", "autostart", "use_latest_template_version", "storage_error_resume_behaviour", "initialization",
                                        "licence_boundary", NULL };

static gboolean
edit(Work *work, Vm *vm, GError **error)
{
    (void) error;
    vm_rules_apply(work->draft, vm, SET);
    if (draft_has(work->draft, "bios.type"))
        guest_defaults_settle(work->view, vm);
    if (draft_has(work->draft, "console"))
        console_log_settle(work, vm);
    pinning_settle(work, vm);
    return TRUE;
}

/* What a running VM is called by, and whose it is. */
static const char *const fixed[] = { "name", "cluster", "cpu_profile", "quota", NULL };

/* What was sent and differs, and may be set; those of FIXED alone, or those that a running guest feels. Yours; NULL: none. */
static char *
felt_rows(const Draft *draft, const Vm *vm, gboolean fixed_ones)
{
    GString *names = g_string_new(NULL);
    g_autoptr(GPtrArray) rows = draft_differences(draft, vm);
    for (guint i = 0; i < rows->len; i++) {
        const char *name = rows->pdata[i];
        const Field *row = type_find(&vm_type, name);
        if (!(row->flags & SET) || g_strv_contains(harmless, name) || g_strv_contains(fixed, name) != fixed_ones)
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
    g_autofree char *never = felt_rows(work->draft, vm, TRUE), *felt = felt_rows(work->draft, vm, FALSE);
    if (never)
        return fault_set(error, MSG_EDIT_WHILE_RUNNING, "vm", vm->name, "fields", never, NULL);
    work_set_mark(work, "live", "yes");
    work_set_mark(work, FELT, felt);
    work_set_mark(work, NEXT_RUN, work_flag(work, "next_run", FALSE) ? "yes" : NULL);
    if (felt)
        work_set_about(work, "fields", felt);
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

/* Firmware and TPM that its host lacks would be found missing at the next start; CPUs too. */
static gboolean
check_host(Work *work, const Vm *vm, const Vm *edited, GError **error)
{
    const Host *home = view_find(work->view, &host_type, &vm->home.id);
    if (home && !pinning_check(work, vm, edited, home, error))
        return FALSE;
    if (!home || (vm->bios.type == edited->bios.type && !vm->tpm_enabled == !edited->tpm_enabled))
        return TRUE;
    return placement_check_make(home, edited, error);
}

/* With the cores that were chosen for it meanwhile. */
static gboolean
check_boundary(Work *work, const Vm *vm, Vm *edited, GError **error)
{
    static const char *const rows[] = { "cpu", "cpu_pinning_policy", "licence_boundary" };
    gboolean touched = FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        touched |= draft_has(work->draft, rows[i]);
    pinning_settle(work, edited);
    return !touched || boundaries_allow_edit(work, vm, edited, error);
}

static gboolean
check_edited(Work *work, const Vm *vm, GError **error)
{
    Vm *edited = object_dup(vm);
    edit(work, edited, NULL);
    gboolean renamed = g_strcmp0(vm->name, edited->name) != 0;
    gboolean well = vm_rules_check(work->draft, edited, FALSE, error) && guest_defaults_check(work->view, vm, edited, error) &&
                    check_host(work, vm, edited, error) && (!renamed || vm_rules_name_is_free(work, edited, FALSE, error)) &&
                    check_cluster(work, vm, edited, error) && numa_fits(vm, edited, error) && console_log_check(work, vm, edited, error) &&
                    check_boundary(work, vm, edited, error);
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

/* --- what runs -------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_doubtful(const GError *error)
{
    Fault fault = fault_of(error);
    return fault == FAULT_UNKNOWN_OUTCOME || fault == FAULT_UNAVAILABLE;
}

/* A refusal is no failure: the next start will have it. Only what nobody knows is asked for again. */
static gboolean
adjust(Work *work, HostLink *link, const LiveValue *value, GError **error)
{
    g_autoptr(GError) refusal = NULL;
    if (link->ops->adjust(link, &work->target, value, work->deadline, &refusal) || !is_doubtful(refusal))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&refusal));
    return FALSE;
}

static gboolean
was_sent(const Work *work, const char *path, gboolean differs)
{
    return differs && draft_has(work->draft, path);
}

/* Memory that grows is asked of the host as a start would; where it has none to give the next start will say so. */
static gboolean
has_room(const Work *work, const Vm *now, const Vm *wished)
{
    const Host *host = view_find(work->view, &host_type, &now->home.id);
    if (wished->memory <= now->memory || !host || capacity_total(host) <= 0)
        return TRUE;
    g_autoptr(GHashTable) loads = capacity_loads(work->view, &now->object.id);
    return capacity_free(host, g_hash_table_lookup(loads, &host->object.id)) >= capacity_needed(wished);
}

/* A refusal is none here either; next_run_differences has it. */
static gboolean
bind_again(Work *work, HostLink *link, const Vm *now, const Vm *wished, GError **error)
{
    g_autoptr(GError) refusal = NULL;
    const CpuTune *was = &now->cpu.cpu_tune, *then = &wished->cpu.cpu_tune;
    if (cpu_tune_same_places(was, then, MIN(vm_cpus(now), vm_cpus(wished)), MIN(now->io.threads, wished->io.threads)) ||
        link->ops->bind(link, &work->target, then, work->deadline, &refusal) || !is_doubtful(refusal))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&refusal));
    return FALSE;
}

static gboolean
adjust_all(Work *work, HostLink *link, const Vm *now, GError **error)
{
    Vm *wished = object_dup(now);
    edit(work, wished, NULL);
    LiveValue words = { LIVE_DESCRIPTION, 0, wished->description };
    LiveValue memory = { LIVE_MEMORY, wished->memory, NULL }, cpus = { LIVE_CPUS, vm_cpus(wished), NULL };
    const CpuTopology *from = &now->cpu.topology, *to = &wished->cpu.topology;
    gboolean more_sockets = from->sockets != to->sockets && from->cores == to->cores && from->threads == to->threads;
    gboolean well = (!was_sent(work, "description", g_strcmp0(now->description, wished->description) != 0) || adjust(work, link, &words, error)) &&
                    (!was_sent(work, "memory", now->memory != wished->memory && has_room(work, now, wished)) || adjust(work, link, &memory, error)) &&
                    (!was_sent(work, "cpu.topology", more_sockets) || adjust(work, link, &cpus, error)) && bind_again(work, link, now, wished, error);
    object_unref(wished);
    return well;
}

static gboolean
change_running(Work *work, GError **error)
{
    const Vm *now = view_find(work->view, &vm_type, &work->target);
    if (!work_mark(work, "live") || !now)
        return TRUE;
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    g_autoptr(HostLink) link = facts ? work_host(work, error) : NULL;
    if (!link || (definition_runs(facts) && !work_mark(work, NEXT_RUN) && !adjust_all(work, link, now, error)))
        return FALSE;
    definition_reread(work);        /* what is left for the next start */
    work_set_mark(work, ADJUSTED, "yes");
    return TRUE;
}

/* Done twice is done once: what is not noted is done again. */
static Probe
changed_running(Work *work, GError **error)
{
    (void) error;
    return !work_mark(work, "live") || work_mark(work, ADJUSTED) ? PROBE_DONE : PROBE_NOT_DONE;
}

/* --- ends ----------------------------------------------------------------------------------------------------------------------- */

static void
finish(Work *work, Changes *changes)
{
    definition_finish(work, changes, edit);
}

static const Command later = {
    .title = MSG_EDITING_VM,
    .done = { 35, MSG_VM_EDITED_WHILE_RUNNING },
    .failed = { 58, MSG_VM_EDIT_FAILED },
};

static const Command *
words(const Work *work)
{
    return work_mark(work, FELT) ? &later : &vm_update;
}

static char *
plan(Work *work, GError **error)
{
    g_autofree char *edited = definition_plan(work, edit, error);
    const char *felt = work_mark(work, FELT);
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    const Host *home = vm ? view_find(work->view, &host_type, &vm->home.id) : NULL;
    if (!edited)
        return NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    if (home)
        pinning_tell(text, work, vm, home);
    g_string_append(text, edited);
    if (felt)
        plan_tell(text, work_mark(work, NEXT_RUN) ? MSG_PLAN_EDIT_LATER : MSG_PLAN_EDIT_LIVE, "fields", felt, NULL);
    return g_strdup(text->str);
}

const Command vm_update = {
    .verb = "update",
    .on = &vm_type,
    .params = &vm_type,
    .flags = (const CommandFlag[]) { { "next_run", "Leave what runs as it is: the next start has it." }, { 0 } },
    .permit = PERMIT_EDIT_VM,
    .title = MSG_EDITING_VM,
    .done = { 35, MSG_VM_EDITED },
    .failed = { 58, MSG_VM_EDIT_FAILED },
    .words = words,
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "read the configuration", prepare, NULL, NULL, FALSE },
        { "write the configuration", definition_write, definition_written, definition_undo, TRUE },
        { "change what runs", change_running, changed_running, NULL, TRUE },
        { 0 },
    },
    .finish = finish,
    .help = "Edits a VM: what a running guest can take at once, the rest at its next start.",
};
