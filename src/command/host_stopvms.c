/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Ends all VMs of a host before it goes down: those without an order first, then the last ones to start before the first ones, those of
 * one order together, each as its `autostart` says. A guest that does not shut down in its time loses its power; one that stands still,
 * and so cannot hear, is saved; one that cannot be saved is asked to shut down. Each by an ordinary command. Until this ends no VM of
 * the host starts, and so it always ends: what will not go in its time is told of and left. Cancelled, it leaves as they are those it
 * has not come to. */
#include "command/guards.h"
#include "command/host_vms.h"
#include "command/plan.h"
#include "command/rows.h"

#define AWAY "away"                         /* why the host is waited for: it does not answer */
#define AWAY_PATIENCE (60 * CLOCK_SECOND)
#define UNKNOWN "unknown"                   /* why a VM is waited for: its host answers, and does not say how it stands */
#define UNKNOWN_PATIENCE (60 * CLOCK_SECOND)
#define SAVE_PATIENCE (600 * CLOCK_SECOND)  /* and what its memory takes */
#define OFF_PATIENCE (90 * CLOCK_SECOND)    /* how long it is tried to take the power of a VM */
#define AGAIN (2 * CLOCK_SECOND)            /* after an order that was refused */

static gboolean
runs(const Work *work, const Vm *vm)
{
    return vm_is_running((VmStatus) vm->status) && !g_str_equal(host_vms_noted(work, &vm->object.id, NULL), "left");
}

static gboolean
check(Work *work, GError **error)
{
    const Host *host = host_vms_check(work, error);
    if (host)
        work_claim(work, &host_type, &host->object.id);
    return host != NULL;
}

static void
set_stopping(Work *work, Changes *changes, gboolean stopping)
{
    Host *host = changes_edit(changes, &host_type, &work->target);
    if (host)
        host->stopping_vms = stopping;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    set_stopping(work, changes, TRUE);
    return TRUE;
}

/* --- one VM ----------------------------------------------------------------------------------------------------------------- */

static gint64
patience_of(const Vm *vm)
{
    return vm->autostart.stop_delay > 0 ? vm->autostart.stop_delay : VM_STOP_DELAY;
}

static void
cut_power(Work *work, const Vm *vm)
{
    host_vms_note(work, &vm->object.id, "off");
    orders_give(work, &vm_stop, &vm->object.id);
}

static void
leave(Work *work, const Vm *vm, const GError *why)
{
    g_autofree char *told = why ? message_encode(fault_message(why)) : g_strdup("");
    host_vms_note(work, &vm->object.id, "left");
    orders_tell(work, SEVERITY_ERROR, message_new(MSG_STOPVMS_VM_LEFT, "vm", vm->name, "why", told, NULL), vm);
}

/* By this job, maybe in an earlier life of it; or it is being asked. */
static gboolean
was_asked(const Work *work, const Vm *vm)
{
    const Job *job = orders_find_job(work, &vm_shutdown, &vm->object.id);
    return job && (job->end_time == 0 || job->status == JOB_FINISHED);
}

/* One that is on its way already is not asked twice. */
static void
ask_guest(Work *work, const Vm *vm)
{
    host_vms_note(work, &vm->object.id, "asked");
    if (vm->status != VM_POWERING_DOWN && !was_asked(work, vm))
        orders_give(work, &vm_shutdown, &vm->object.id);
}

static void
save(Work *work, const Vm *vm)
{
    host_vms_note(work, &vm->object.id, "saving");
    if (vm->status != VM_SAVING_STATE)
        orders_give(work, &vm_suspend, &vm->object.id);
}

static void
begin(Work *work, const Vm *vm)
{
    if (vm->autostart.stop_action == STOP_ACTION_STOP)
        cut_power(work, vm);
    else if (vm->autostart.stop_action == STOP_ACTION_SUSPEND || vm->status == VM_PAUSED || vm->status == VM_SAVING_STATE)
        save(work, vm);
    else
        ask_guest(work, vm);
}

/* Refused, as long as another job works on it; one that stands still now cannot hear any more. */
static void
wait_for_guest(Work *work, const Vm *vm, OrderState order, Tick tried)
{
    Tick since = 0;
    host_vms_noted(work, &vm->object.id, &since);
    if (clock_tick() - since >= patience_of(vm) * CLOCK_SECOND) {
        g_autofree char *seconds = g_strdup_printf("%" G_GINT64_FORMAT, patience_of(vm));
        orders_tell(work, SEVERITY_WARNING, message_new(MSG_STOPVMS_VM_LATE, "vm", vm->name, "seconds", seconds, NULL), vm);
        cut_power(work, vm);
    } else if (vm->status == VM_PAUSED) {
        save(work, vm);
    } else if (order != ORDER_DONE && vm->status != VM_POWERING_DOWN && clock_tick() - tried >= AGAIN && !was_asked(work, vm)) {
        orders_give(work, &vm_shutdown, &vm->object.id);
    }
}

static void
give_up_memory(Work *work, const Vm *vm, Tick patience)
{
    g_autofree char *minutes = g_strdup_printf("%" G_GINT64_FORMAT, patience / (60 * CLOCK_SECOND));
    g_autoptr(GError) why = NULL;
    fault_set(&why, MSG_STOPVMS_SAVE_HANGS, "minutes", minutes, NULL);
    leave(work, vm, why);
}

/* A save that hangs keeps its job: to take its power as well might lose both, what runs and what is saved. */
static void
wait_for_memory(Work *work, const Vm *vm, OrderState order, Tick tried, const GError *why)
{
    Tick since = 0, patience = SAVE_PATIENCE + host_vms_memory_time(vm);
    host_vms_noted(work, &vm->object.id, &since);
    if (clock_tick() - since >= patience) {
        give_up_memory(work, vm, patience);
        return;
    }
    if (vm->status == VM_SAVING_STATE || host_vms_goes_on(work, &vm_suspend, &vm->object.id))
        return;
    if (order == ORDER_FAILED && !host_vms_was_busy(why)) {
        g_autofree char *told = message_encode(fault_message(why));
        orders_tell(work, SEVERITY_WARNING, message_new(MSG_STOPVMS_VM_NOT_SAVED, "vm", vm->name, "why", told, NULL), vm);
        if (vm->status == VM_PAUSED)
            cut_power(work, vm);
        else
            ask_guest(work, vm);
    } else if (order != ORDER_DONE && clock_tick() - tried >= AGAIN) {
        orders_give(work, &vm_suspend, &vm->object.id);
    }
}

static void
wait_for_end(Work *work, const Vm *vm, Tick tried, const GError *why)
{
    Tick since = 0;
    host_vms_noted(work, &vm->object.id, &since);
    if (clock_tick() - since >= OFF_PATIENCE) {
        leave(work, vm, why);
    } else if (clock_tick() - tried >= AGAIN && !host_vms_goes_on(work, &vm_stop, &vm->object.id)) {
        orders_give(work, &vm_stop, &vm->object.id);
    }
}

static void
wait_for_word(Work *work, const Vm *vm)
{
    g_autoptr(GError) why = NULL;
    if (host_vms_waited(work, UNKNOWN, &vm->object.id) < UNKNOWN_PATIENCE)
        return;
    fault_set(&why, MSG_VM_NOT_KNOWN, "vm", vm->name, NULL);
    leave(work, vm, why);
}

static void
look_at(Work *work, const Vm *vm)
{
    g_autoptr(GError) why = NULL;
    Tick tried = 0;
    const char *noted = host_vms_noted(work, &vm->object.id, NULL);
    OrderState order = orders_state(work, &vm->object.id, &tried, &why);
    if (vm->status == VM_UNKNOWN) {
        wait_for_word(work, vm);
        return;
    }
    host_vms_waits_no_more(work, UNKNOWN, &vm->object.id);
    if (order == ORDER_GIVEN)
        return;
    if (g_str_equal(noted, "asked"))
        wait_for_guest(work, vm, order, tried);
    else if (g_str_equal(noted, "saving"))
        wait_for_memory(work, vm, order, tried, why);
    else if (g_str_equal(noted, "off"))
        wait_for_end(work, vm, tried, why);
    else
        begin(work, vm);
}

/* --- all of them ------------------------------------------------------------------------------------------------------------- */

static gboolean
is_left(const Work *work, const Vm *vm)
{
    return vm_is_running((VmStatus) vm->status) && !runs(work, vm);
}

static gboolean
end_well(const Work *work, const Host *host, GError **error)
{
    g_autoptr(GPtrArray) left = host_vms_list(work, &host->object.id, is_left);
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < left->len; i++)
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", ((const Vm *) left->pdata[i])->name);
    return left->len == 0 || fault_set(error, MSG_STOPVMS_LEFT, "vms", names->str, NULL);
}

/* A host that stays away has lost its libvirtd, and nobody can end anything there. */
static gboolean
wait_for_host(Work *work, const Host *host, GError **error)
{
    host_vms_waits_no_more(work, UNKNOWN, NULL);
    if (host_vms_waited(work, AWAY, &host->object.id) >= AWAY_PATIENCE)
        return fault_set(error, MSG_HOST_VMS_AWAY, "host", host->name, "status", names_get(&host_status_names, host->status), NULL);
    work->rest = HOST_VMS_BEAT;
    return TRUE;
}

/* The last order of those that run is next; within it all at once. */
static gboolean
stop_all(Work *work, GError **error)
{
    const Host *host = host_vms_host(work);
    if (!host)
        return fault_set(error, MSG_HOST_GONE, NULL);
    host_vms_keep_time(work);
    if (!host_vms_same_boot(work, host))
        return TRUE;                        /* what ran then has ended with it */
    if (host->status != HOST_UP)
        return wait_for_host(work, host, error);
    host_vms_waits_no_more(work, AWAY, NULL);
    g_autoptr(GPtrArray) vms = host_vms_list(work, &host->object.id, runs);
    if (vms->len == 0)
        return end_well(work, host, error);
    gint64 order = vm_start_order(vms->pdata[vms->len - 1]);
    for (guint i = vms->len; i > 0 && vm_start_order(vms->pdata[i - 1]) == order; i--)
        look_at(work, vms->pdata[i - 1]);
    work->rest = HOST_VMS_BEAT;
    return TRUE;
}

static void
finish(Work *work, Changes *changes)
{
    set_stopping(work, changes, FALSE);
}

static char *
plan(Work *work, GError **error)
{
    (void) error;
    static const MessageCode sentences[] = { MSG_PLAN_STOPVMS_SHUTDOWN, MSG_PLAN_STOPVMS_SHUTDOWN, MSG_PLAN_STOPVMS_SUSPEND, MSG_PLAN_STOPVMS_STOP };
    g_autoptr(GPtrArray) vms = host_vms_list(work, &work->target, runs);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = vms->len; i > 0; i--) {
        const Vm *vm = vms->pdata[i - 1];
        g_autofree char *seconds = g_strdup_printf("%" G_GINT64_FORMAT, patience_of(vm));
        int action = vm->status == VM_PAUSED && vm->autostart.stop_action != STOP_ACTION_STOP ? STOP_ACTION_SUSPEND : vm->autostart.stop_action;
        plan_tell(text, sentences[action], "vm", vm->name, "seconds", seconds, NULL);
    }
    if (vms->len == 0)
        plan_tell(text, MSG_PLAN_STOPVMS_NONE, NULL);
    return g_strdup(text->str);
}

const Command host_stopvms = {
    .verb = "stopvms",
    .on = &host_type,
    .params = &host_vms_params_type,
    .permit = PERMIT_MANIPULATE_HOST,
    .title = MSG_STOPPING_VMS,
    .started = { 11025, MSG_VMS_STOP_STARTED },
    .done = { 11023, MSG_VMS_STOPPED },
    .failed = { 11024, MSG_VMS_STOP_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "stop virtual machines", stop_all, NULL, NULL, FALSE },
        { 0 },
    },
    .finish = finish,
    .revert = finish,
    .patience = HOST_VMS_PATIENCE,
    .help = "Ends all VMs of a host in order, as their autostart settings say, before it goes down. Meanwhile none of them starts.",
};
