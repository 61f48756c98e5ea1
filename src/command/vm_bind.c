/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Binds a VM to cores of its host: the fewest that do, in one place, that no other VM is bound to. The definition is written first, then what runs is
 * bound as it says: where the host refuses that, the definition is as before. What the guest sees of its processors, and where its memory lies, a
 * guest that runs has from its next start on. */
#include "command/boundaries.h"
#include "command/guards.h"
#include "command/hotplug.h"
#include "command/parts.h"
#include "command/pinning.h"
#include "command/plan.h"
#include "command/rows.h"
#include "command/running.h"

#define TOPOLOGY "pins.topology"    /* mark: threads of a core, as the guest is to see them */
#define MOST_SOCKETS 1024

typedef struct {
    gboolean async, guest_topology;
    gint64 cores, max_sockets;
    char *mode, *reserved;
} BindParams;

/* clang-format off */
static const Type bind_params_type = { .one = "action", .many = "actions", .size = sizeof(BindParams), .help = "To which cores.", .fields = (const Field[]) {
    BOOL(BindParams, async,          ADD, "Answer before it is done."),
    INT (BindParams, cores,          ADD, "So many cores; without it as many as its vCPUs need."),
    BOOL(BindParams, guest_topology, ADD, "The guest sees threads of a core as such, from its next start on."),
    INT (BindParams, max_sockets,    ADD, "At most so many sockets of the host; 0: any number."),
    TEXT(BindParams, mode,           ADD, "threads: a thread of the host for each vCPU; cores: a core each."),
    TEXT(BindParams, reserved,       ADD, "CPUs of the host that are not taken, as 0-3,8."),
    { 0 } } };
/* clang-format on */

/* --- check ---------------------------------------------------------------------------------------------------------------------------- */

static gboolean
check_numbers(const Vm *vm, const BindParams *sent, GError **error)
{
    g_autofree char *cores = g_strdup_printf("%" G_GINT64_FORMAT, sent->cores), *sockets = g_strdup_printf("%" G_GINT64_FORMAT, sent->max_sockets);
    if (sent->cores < 0 || sent->cores > CPUS_MOST)
        return fault_set(error, MSG_BIND_COUNT, "vm", vm->name, "field", "cores", "count", cores, NULL);
    if (sent->max_sockets < 0 || sent->max_sockets > MOST_SOCKETS)
        return fault_set(error, MSG_BIND_COUNT, "vm", vm->name, "field", "max_sockets", "count", sockets, NULL);
    return TRUE;
}

static gboolean
read_wish(const Work *work, const Vm *vm, PinningWish *ret_wish, GError **error)
{
    static const BindParams nothing = { 0 };
    const BindParams *sent = work->draft ? work->draft->record : &nothing;
    gboolean said = sent->mode && *sent->mode, whole = said && g_str_equal(sent->mode, "cores");
    *ret_wish = (PinningWish) { .mode = whole ? PLAN_CORES : PLAN_THREADS, .cores = sent->cores, .most_sockets = sent->max_sockets, .reserved = sent->reserved,
                                .policy = PINNING_MANUAL };
    if (said && !whole && !g_str_equal(sent->mode, "threads"))
        return fault_set(error, MSG_BIND_MODE, "vm", vm->name, "mode", sent->mode, NULL);
    return check_numbers(vm, sent, error);
}

static const Vm *
check_vm(Work *work, GError **error)
{
    const Vm *vm = guard_vm(work, &work->target, error);
    if (!vm || (work->draft && !guard_texts(work->draft, error)) || !hotplug_check(vm, error) || !guard_home(work, vm, error))
        return NULL;
    work_set_mark(work, "live", "yes");
    return vm;
}

static const Host *
home_of(const Work *work, const Vm *vm)
{
    return view_find(work->view, &host_type, &vm->home.id);
}

static gboolean
check(Work *work, GError **error)
{
    PinningWish wish;
    const Vm *vm = check_vm(work, error);
    if (!vm || !read_wish(work, vm, &wish, error) || !pinning_choose(work, vm, home_of(work, vm), &wish, error))
        return FALSE;
    work_set_mark(work, TOPOLOGY, work_flag(work, "guest_topology", FALSE) ? "yes" : NULL);
    return TRUE;
}

static gboolean
check_unbind(Work *work, GError **error)
{
    const Vm *now = check_vm(work, error);
    if (!now)
        return FALSE;
    pinning_choose_none(work);
    Vm *edited = object_dup(now);
    pinning_settle(work, edited);
    gboolean well = boundaries_allow_edit(work, now, edited, error);
    object_unref(edited);
    return well;
}

/* --- the edit ------------------------------------------------------------------------------------------------------------------------- */

/* A socket with the cores that are left of so many vCPUs, where neighbours in pairs (or more) share a core of the host. */
static void
show_threads(Vm *vm, gint64 threads)
{
    gint64 vcpus = vm_cpus(vm);
    if (threads > 1 && vcpus % threads == 0)
        vm->cpu.topology = (CpuTopology) { .sockets = 1, .cores = vcpus / threads, .threads = threads };
}

static gboolean
edit(Work *work, Vm *vm, GError **error)
{
    (void) error;
    pinning_settle(work, vm);
    if (pinning_is_chosen(work) && work_mark(work, TOPOLOGY))
        show_threads(vm, pinning_threads(work));
    if (work->command == &vm_bind)
        text_set(&vm->placement_policy.affinity, "pinned");
    return TRUE;
}

/* --- steps and ends ------------------------------------------------------------------------------------------------------------------- */

static gboolean
prepare(Work *work, GError **error)
{
    return pinning_look(work, error) && parts_prepare(work, error);
}

static char *
plan(Work *work, GError **error)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    const Host *host = vm ? home_of(work, vm) : NULL;
    g_autofree char *edited = parts_plan(work, error);
    if (!edited || !host)
        return g_steal_pointer(&edited);
    g_autoptr(GString) text = g_string_new(NULL);
    pinning_tell(text, work, vm, host);
    g_string_append(text, edited);
    if (vm_is_running((VmStatus) vm->status))
        plan_tell(text, work->command == &vm_bind ? MSG_PLAN_BIND_LIVE : MSG_PLAN_UNBIND_LIVE, NULL);
    return g_strdup(text->str);
}

/* clang-format off */
#define BIND_STEPS                                                                                          \
    (const Step[]) {                                                                                        \
        { "read the configuration", prepare, NULL, NULL, FALSE },                                           \
        { "write the configuration", definition_write, definition_written, definition_undo, FALSE },        \
        { "bind what runs", pinning_bind, pinning_bound, pinning_bind_back, FALSE },                        \
        { 0 },                                                                                              \
    }
/* clang-format on */

const Command vm_bind = {
    .verb = "bind",
    .on = &vm_type,
    .params = &bind_params_type,
    .permit = PERMIT_EDIT_VM,
    .title = MSG_BINDING_VM,
    .done = { 11031, MSG_VM_BOUND },
    .failed = { 11032, MSG_VM_BIND_FAILED },
    .check = check,
    .edit = edit,
    .stage = parts_stage,
    .plan = plan,
    .steps = BIND_STEPS,
    .finish = parts_finish,
    .help = "Binds a VM to cores of its host that no other VM is bound to, at once where it runs.",
};

const Command vm_unbind = {
    .verb = "unbind",
    .on = &vm_type,
    .params = &running_params_type,
    .permit = PERMIT_EDIT_VM,
    .title = MSG_UNBINDING_VM,
    .done = { 11033, MSG_VM_UNBOUND },
    .failed = { 11034, MSG_VM_UNBIND_FAILED },
    .check = check_unbind,
    .edit = edit,
    .plan = plan,
    .steps = BIND_STEPS,
    .finish = parts_finish,
    .help = "Lets a VM run on every CPU of its host again, at once where it runs.",
};
