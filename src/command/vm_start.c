/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Starts a VM on its home. Its files are looked at before, so that a missing one is told as that and not as QEMU's last words.
 * Undone only where this very job started it. Settings for one run alone (vm, cloud-init) are refused, not ignored. */
#include "command/definition.h"
#include "command/guards.h"
#include "command/paths.h"
#include "command/plan.h"
#include "command/rows.h"
#include "command/vm_rules.h"
#include "command/volumes.h"

typedef struct { char *id; } RunOnce;
typedef struct {
    gboolean async, force, filter, pause, use_cloud_init, use_sysprep, use_initialization, use_ignition, volatile_;
    char *reason, *authorized_key;
    RunOnce vm;
} StartParams;

/* clang-format off */
static const Type run_once_type = { .one = "vm", .many = "vms", .size = sizeof(RunOnce), .fields = (const Field[]) {
    TEXT (RunOnce, id, ADD,                        "Not used."),
    { 0 } } };
static const Type start_params_type = { .one = "action", .many = "actions", .size = sizeof(StartParams), .help = "How to start.", .fields = (const Field[]) {
    BOOL (StartParams, async, ADD,                 "Answer before it is done."),
    BOOL (StartParams, force, ADD,                 "Accepted, without meaning here."),
    BOOL (StartParams, filter, ADD,                "Accepted, without meaning here."),
    BOOL (StartParams, pause, ADD,                 "Start it standing still."),
    BOOL (StartParams, use_cloud_init, ADD,        "Not built yet."),
    BOOL (StartParams, use_sysprep, ADD,           "Not built yet."),
    BOOL (StartParams, use_initialization, ADD,    "Not built yet."),
    BOOL (StartParams, use_ignition, ADD,          "Not built yet."),
    NAMED("volatile", KIND_BOOL, StartParams, volatile_, gboolean, NULL, ADD, "Settings for this run alone; there are none without vm."),
    TEXT (StartParams, reason, ADD,                "Kept with the event."),
    TEXT (StartParams, authorized_key, ADD,        "Not built yet."),
    GROUP(StartParams, vm, run_once_type, ADD,     "Not built yet."),
    { 0 } } };
/* clang-format on */

/* --- check ---------------------------------------------------------------------------------------------------------------- */

/* What a domain that somebody else made boots from is its maker's business, also after an edit of ours. */
static gboolean
is_of_others(const Vm *vm)
{
    return vm->adopted || g_strcmp0(vm->origin, "external") == 0;
}

/* One whose memory is saved goes on where it was. */
static gboolean
check_status(const Vm *vm, GError **error)
{
    return vm->status == VM_SUSPENDED || guard_down(vm, MSG_START_NEEDS_DOWN, error);
}

static gboolean
check_params(const Work *work, const Vm *vm, GError **error)
{
    static const char *const later[] = { "use_cloud_init", "use_sysprep", "use_initialization", "use_ignition" };
    for (guint i = 0; i < G_N_ELEMENTS(later); i++) {
        if (work_flag(work, later[i], FALSE))
            return fault_set(error, MSG_RUN_ONCE_NOT_BUILT, "vm", vm->name, "field", later[i], NULL);
    }
    if (work->draft && draft_has(work->draft, "vm"))
        return fault_set(error, MSG_RUN_ONCE_NOT_BUILT, "vm", vm->name, "field", "vm", NULL);
    return TRUE;
}

static gboolean
check_disks(const Work *work, const Vm *vm, GError **error)
{
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        if (attachment->active && !guard_disk(work, &attachment->object.id, FALSE, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
choose_host(Work *work, const Vm *vm, GError **error)
{
    g_autoptr(PlacementChoice) choice = placement_choose(work->view, vm, PLACEMENT_START);
    if (!placement_check(choice, error))
        return FALSE;
    work_set_mark_id(work, "host", &choice->host);
    return TRUE;
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = guard_vm(work, &work->target, error);
    if (!vm || !check_status(vm, error) || !check_params(work, vm, error))
        return FALSE;
    if (!is_of_others(vm) && !vm_rules_can_boot(vm))
        return fault_set(error, MSG_NO_BOOT_DEVICE, "vm", vm->name, NULL);
    if (!check_disks(work, vm, error) || !guard_home(work, vm, error) || !choose_host(work, vm, error))
        return FALSE;
    gboolean pause = work_flag(work, "pause", vm->start_paused);
    work_set_mark(work, "pause", pause ? "yes" : NULL);
    return TRUE;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    work_set_mark(work, "was", names_get(&vm_status_names, vm->status));
    vm->status = vm->status == VM_SUSPENDED ? VM_RESTORING_STATE : VM_WAIT_FOR_LAUNCH;
    return TRUE;
}

/* --- steps ---------------------------------------------------------------------------------------------------------------- */

static gboolean
check_volumes(Work *work, const Vm *vm, GError **error)
{
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        const Disk *disk = attachment->active ? view_find(work->view, &disk_type, &attachment->object.id) : NULL;
        if (!disk || guard_is_unmanaged(work->view, disk))
            continue;               /* libvirt says what is wrong with files that are not ours */
        if (!volumes_check(work, disk, guard_disk_storage(work->view, disk), error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
check_files(const Work *work, const Vm *vm, GError **error)
{
    if (is_of_others(vm))
        return TRUE;
    const char *files[] = { vm->os.kernel, vm->os.initrd };
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        if (files[i] && *files[i] && !paths_verify(work->view, files[i], error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
prepare(Work *work, GError **error)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    if (!vm)
        return fault_set(error, MSG_VM_NOT_ON_HOST, "vm", "", NULL);
    return check_volumes(work, vm, error) && check_files(work, vm, error);
}

static gboolean
start(Work *work, GError **error)
{
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link)
        return FALSE;
    if (!link->ops->start(link, &work->target, work_mark(work, "pause") != NULL, work->deadline, error))
        return FALSE;
    work_set_mark(work, "started", "yes");
    return TRUE;
}

static Probe
started(Work *work, GError **error)
{
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return PROBE_UNKNOWN;
    return definition_runs(facts) ? PROBE_DONE : PROBE_NOT_DONE;
}

/* Somebody else's start in the same moment carries no mark of ours. */
static gboolean
destroy(Work *work, GError **error)
{
    if (!work_mark(work, "started"))
        return TRUE;
    g_autoptr(HostLink) link = work_host(work, error);
    return link && link->ops->destroy(link, &work->target, work->deadline, error);
}

/* --- ends ----------------------------------------------------------------------------------------------------------------- */

static gboolean
is_on_its_way(const Vm *vm)
{
    return vm->status == VM_WAIT_FOR_LAUNCH || vm->status == VM_POWERING_UP || vm->status == VM_RESTORING_STATE;
}

static void
finish(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    if (!vm || !is_on_its_way(vm))
        return;
    vm->status = work_mark(work, "pause") ? VM_PAUSED : VM_UP;
    work_mark_id(work, "host", &vm->host.id);
    vm->start_time = clock_wall();
    text_set(&vm->stop_reason, NULL);
}

static void
revert(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    const char *was = work_mark(work, "was");
    if (vm && is_on_its_way(vm))
        vm->status = was ? names_find(&vm_status_names, was) : VM_DOWN;
}

static char *
plan(Work *work, GError **error)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    g_autoptr(DomainFacts) facts = prepare(work, error) ? definition_read(work, error) : NULL;
    if (!vm || !facts)
        return NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    plan_tell(text, work_mark(work, "pause") ? MSG_PLAN_START_PAUSED : MSG_PLAN_START, "vm", vm->name, NULL);
    plan_tell_choice(text, work->view, vm, PLACEMENT_START);
    plan_tell(text, MSG_PLAN_CONFIGURATION, NULL);
    g_string_append(text, facts->xml ? facts->xml : "");
    return g_strdup(text->str);
}

const Command vm_start = {
    .verb = "start",
    .on = &vm_type,
    .params = &start_params_type,
    .permit = PERMIT_RUN_VM,
    .title = MSG_STARTING_VM,
    .started = { 153, MSG_VM_START_STARTED },
    .done = { 32, MSG_VM_STARTED },
    .failed = { 54, MSG_VM_START_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "prepare disks", prepare, NULL, NULL, FALSE },
        { "start domain", start, started, destroy, FALSE },
        { 0 },
    },
    .finish = finish,
    .revert = revert,
    .help = "Starts a VM that is down.",
};
