/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Starts a VM on its home, lets one go on that is suspended, or stands still. Its files are looked at before, so that a missing one is
 * told as that and not as QEMU's last words. Undone only where this very job started it, and so that nothing is lost: what went on
 * from a saved state is saved again, what stood still stands still again. Settings for one run are once.c's. */
#include "command/boundaries.h"
#include "command/definition.h"
#include "command/guards.h"
#include "command/host_devices.h"
#include "command/numa.h"
#include "command/once.h"
#include "command/paths.h"
#include "command/plan.h"
#include "command/rows.h"
#include "command/running.h"
#include "command/seeds.h"
#include "command/shared_folders.h"
#include "command/storages.h"
#include "command/vm_rules.h"
#include "command/volumes.h"

#define GOES_ON "goes.on"           /* mark: it is no start from nothing */
#define ONCE_XML "once.xml"         /* mark: what it runs by this time */
#define RESUMED "resumed"
#define RESTORED "restored"

typedef struct {
    gboolean async, force, filter, pause, use_cloud_init, use_sysprep, use_initialization, use_ignition, volatile_;
    char *reason, *authorized_key;
    OnceSettings vm;
} StartParams;

/* clang-format off */
static const Type start_params_type = { .one = "action", .many = "actions", .size = sizeof(StartParams), .help = "How to start.", .fields = (const Field[]) {
    BOOL (StartParams, async, ADD,                 "Answer before it is done."),
    BOOL (StartParams, force, ADD,                 "Accepted, without meaning here."),
    BOOL (StartParams, filter, ADD,                "Accepted, without meaning here."),
    BOOL (StartParams, pause, ADD,                 "Start it standing still."),
    BOOL (StartParams, use_cloud_init, ADD,        "Tell its guest, by cloud-init, what its initialization says."),
    BOOL (StartParams, use_sysprep, ADD,           "Tell its guest, by sysprep of Windows, what its initialization says."),
    BOOL (StartParams, use_initialization, ADD,    "One of both, as suits its operating system."),
    BOOL (StartParams, use_ignition, ADD,          "Not built yet."),
    NAMED("volatile", KIND_BOOL, StartParams, volatile_, gboolean, NULL, ADD, "Forget the settings at the guest's own reboot too: not built yet."),
    TEXT (StartParams, reason, ADD,                "Kept with the event."),
    TEXT (StartParams, authorized_key, ADD,        "Not built yet."),
    GROUP(StartParams, vm, once_type, ADD,         "Settings for this run alone."),
    { 0 } } };
/* clang-format on */

/* --- check ---------------------------------------------------------------------------------------------------------------- */

/* What a domain that somebody else made boots from is its maker's business, also after an edit of ours. */
static gboolean
is_of_others(const Vm *vm)
{
    return vm->adopted || g_strcmp0(vm->origin, "external") == 0;
}

/* One whose memory is saved goes on where it was; so does one that stands still, unless it is told to stand still. */
static gboolean
check_status(Work *work, const Vm *vm, GError **error)
{
    gboolean resumes = vm->status == VM_PAUSED && !work_flag(work, "pause", FALSE);
    work_set_mark(work, GOES_ON, resumes ? RESUMED : vm->status == VM_SUSPENDED ? RESTORED : NULL);
    return work_mark(work, GOES_ON) || guard_down(vm, MSG_START_NEEDS_DOWN, error);
}

static gboolean
goes_on(const Work *work, const char *how)
{
    return g_strcmp0(work_mark(work, GOES_ON), how) == 0;
}

static gboolean
asks_for_seed(const Work *work)
{
    return work_flag(work, "use_cloud_init", FALSE) || work_flag(work, "use_sysprep", FALSE) || work_flag(work, "use_initialization", FALSE);
}

static gboolean
check_params(const Work *work, const Vm *vm, GError **error)
{
    static const char *const later[] = { "use_ignition", "volatile" };
    for (guint i = 0; i < G_N_ELEMENTS(later); i++) {
        if (work_flag(work, later[i], FALSE))
            return fault_set(error, MSG_RUN_ONCE_NOT_BUILT, "vm", vm->name, "field", later[i], NULL);
    }
    return !(once_is_meant(work->draft) || asks_for_seed(work)) || guard_down(vm, MSG_START_NEEDS_DOWN, error);
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
check_host(const Work *work, const Vm *vm, GError **error)
{
    const Host *home = view_find(work->view, &host_type, &vm->home.id);
    return !home || !home->stopping_vms || fault_set(error, MSG_START_WHILE_STOPPING, "vm", vm->name, "host", home->name, NULL);
}

/* As oVirt's: at its first start a guest is told by itself what there is to tell; later when somebody asks. */
static gboolean
check_seed(Work *work, const Vm *vm, const Vm *runs, GError **error)
{
    const SeedWish wish = {
        .cloud_init = work_flag(work, "use_cloud_init", FALSE),
        .sysprep = work_flag(work, "use_sysprep", FALSE),
        .any = work_flag(work, "use_initialization", FALSE) || (work->draft && draft_has(work->draft, "vm.initialization")),
        .first = vm->stop_time == 0 && !is_of_others(vm),
    };
    return goes_on(work, RESTORED) || seeds_check(work, runs, &wish, error);
}

/* VM as it would run. What goes on from saved memory boots nothing: it may have been run with other settings. */
static gboolean
check_run(Work *work, const Vm *vm, GError **error)
{
    if (!is_of_others(vm) && !goes_on(work, RESTORED) && !vm_rules_can_boot(vm))
        return fault_set(error, MSG_NO_BOOT_DEVICE, "vm", vm->name, NULL);
    return check_disks(work, vm, error) && storages_serve(work, vm, error) && numa_is_whole(vm, error) && host_devices_alone(work, vm, error) &&
           boundaries_allow(work, vm, error) && guard_home(work, vm, error) && check_host(work, vm, error) && choose_host(work, vm, error);
}

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = guard_vm(work, &work->target, error);
    if (!vm || !check_status(work, vm, error) || !check_params(work, vm, error))
        return FALSE;
    if (goes_on(work, RESUMED))
        return guard_home(work, vm, error);
    Vm *runs = once_is_meant(work->draft) ? once_check(work, vm, error) : object_dup(vm);
    gboolean well = runs && check_seed(work, vm, runs, error) && check_run(work, runs, error);
    object_unref(runs);
    if (!well)
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
    if (once_is_meant(work->draft))
        work_keep_draft(work);
    work_set_mark(work, "was", names_get(&vm_status_names, vm->status));
    vm->status = goes_on(work, RESTORED) ? VM_RESTORING_STATE : goes_on(work, RESUMED) ? VM_POWERING_UP : VM_WAIT_FOR_LAUNCH;
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
prepare_once(Work *work, GError **error)
{
    g_autofree char *plain = once_prepare(work, error);
    g_autofree char *xml = plain && seeds_are_given(work) ? seeds_in_domain(work, plain, error) : g_strdup(plain);
    work_set_mark(work, ONCE_XML, xml);
    return xml != NULL;
}

static gboolean
prepare(Work *work, GError **error)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    if (!vm)
        return fault_set(error, MSG_VM_NOT_ON_HOST, "vm", "", NULL);
    if (goes_on(work, RESUMED))
        return TRUE;
    return check_volumes(work, vm, error) && check_files(work, vm, error) && (is_of_others(vm) || host_devices_ready(work, vm, error)) && shared_folders_ready(work, vm, error) &&
           (!(once_is_meant(work->draft) || seeds_are_given(work)) || prepare_once(work, error));
}

/* A saved one stands still afterwards if it did when it was saved. */
static void
note_stillness(Work *work)
{
    g_autoptr(GError) unheard = NULL;
    g_autoptr(DomainFacts) facts = goes_on(work, RESTORED) ? definition_read(work, &unheard) : NULL;
    if (facts)
        work_set_mark(work, "pause", facts->state == DOMAIN_PAUSED ? "yes" : NULL);
}

static gboolean
begin_once(Work *work, HostLink *link, gboolean paused, GError **error)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    Vm *runs = vm && seeds_are_given(work) ? once_vm(work, vm) : NULL;
    g_autoptr(GBytes) seed = runs ? seeds_image(work, runs) : NULL;
    object_unref(runs);
    return link->ops->start_once(link, &work->target, work_mark(work, ONCE_XML), seed, paused, work->deadline, error);
}

static gboolean
begin_run(Work *work, HostLink *link, GError **error)
{
    gboolean paused = work_mark(work, "pause") != NULL;
    if (goes_on(work, RESUMED))
        return link->ops->resume(link, &work->target, work->deadline, error);
    if (work_mark(work, ONCE_XML))
        return begin_once(work, link, paused, error);
    return link->ops->start(link, &work->target, paused, work->deadline, error);
}

static gboolean
start(Work *work, GError **error)
{
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link)
        return FALSE;
    if (!begin_run(work, link, error))
        return FALSE;
    work_set_mark(work, "started", "yes");
    note_stillness(work);
    return TRUE;
}

static Probe
started(Work *work, GError **error)
{
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return PROBE_UNKNOWN;
    note_stillness(work);
    gboolean well = goes_on(work, RESUMED) ? facts->state == DOMAIN_RUNNING || facts->state == DOMAIN_BLOCKED : definition_runs(facts);
    return well ? PROBE_DONE : PROBE_NOT_DONE;
}

/* Somebody else's start in the same moment carries no mark of ours. */
static gboolean
take_back(Work *work, GError **error)
{
    if (!work_mark(work, "started"))
        return TRUE;
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link)
        return FALSE;
    RunningAsk back = goes_on(work, RESUMED) ? link->ops->pause : goes_on(work, RESTORED) ? link->ops->save : link->ops->destroy;
    return back(link, &work->target, work->deadline, error);
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
    text_set(&vm->status_detail, NULL);
    if (goes_on(work, RESUMED))
        return;
    vm->start_time = clock_wall();
    vm->run_once |= work_mark(work, ONCE_XML) != NULL;
    seeds_forget(work, vm);
    text_set(&vm->stop_reason, NULL);
}

static void
revert(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    const char *was = work_mark(work, "was");
    if (!vm || !is_on_its_way(vm))
        return;
    vm->status = was ? names_find(&vm_status_names, was) : VM_DOWN;
    if (vm->status == VM_DOWN)
        vm->run_once = vm->next_run_configuration_exists = FALSE;       /* reported, maybe, of the moment it ran */
}

static const Command resumption = {
    .title = MSG_RESUMING_VM,
    .done = { 40, MSG_VM_RESUMED },
    .failed = { 103, MSG_VM_RESUME_FAILED },
};

static const Command *
words(const Work *work)
{
    return goes_on(work, RESUMED) ? &resumption : &vm_start;
}

static void
tell_seed(const Work *work, const Vm *vm, GString *text)
{
    Vm *runs = once_vm(work, vm);
    seeds_tell(work, runs, text);
    object_unref(runs);
}

static char *
plan(Work *work, GError **error)
{
    if (goes_on(work, RESUMED))
        return running_plan(work, MSG_PLAN_RESUME, error);
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    g_autoptr(DomainFacts) facts = prepare(work, error) ? definition_read(work, error) : NULL;
    if (!vm || !facts)
        return NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    plan_tell(text, goes_on(work, RESTORED) ? MSG_PLAN_RESTORE : work_mark(work, "pause") ? MSG_PLAN_START_PAUSED : MSG_PLAN_START, "vm", vm->name, NULL);
    plan_tell_choice(text, work->view, vm, PLACEMENT_START);
    if (seeds_are_given(work))
        tell_seed(work, vm, text);
    if (work_mark(work, ONCE_XML)) {
        plan_tell(text, MSG_PLAN_ONCE, NULL);
        plan_tell_xml(text, facts->xml, work_mark(work, ONCE_XML));
        return g_strdup(text->str);
    }
    plan_tell(text, MSG_PLAN_CONFIGURATION, NULL);
    plan_tell_whole_xml(text, facts->xml);
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
    .words = words,
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "prepare disks", prepare, NULL, NULL, FALSE },
        { "start domain", start, started, take_back, FALSE },
        { 0 },
    },
    .finish = finish,
    .revert = revert,
    .help = "Starts a VM that is down; lets one go on that is suspended or paused.",
};
