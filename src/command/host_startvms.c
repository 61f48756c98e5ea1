/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Starts those VMs of a host that are marked for it, in their order, each by an ordinary start. policy/boot.c submits it once for each
 * boot of a host; a person may too. Which VMs it is about is chosen at its beginning. A VM that somebody started, stopped or unmarked
 * meanwhile is left as it is; one that cannot be started is told of, and the next follow. It ends when the host's VMs are being stopped,
 * or the host has booted anew. */
#include "command/guards.h"
#include "command/host_vms.h"
#include "command/plan.h"
#include "command/rows.h"

#include <string.h>

#define WANTED "wanted"                     /* mark: the VMs it is about, "ID=TIME …": when each had stopped last before it began; "ID=?JOB …": when that job ends */
#define START "start"                       /* why a VM is waited for */
#define START_PATIENCE (300 * CLOCK_SECOND) /* from its first order on; before that, from when it could first have been ordered */

static gboolean
is_marked(const Work *work, const Vm *vm)
{
    (void) work;
    return vm->autostart.enabled;
}

static gboolean
check(Work *work, GError **error)
{
    const Host *host = host_vms_check(work, error);
    if (!host)
        return FALSE;
    if (host->stopping_vms)
        return fault_set(error, MSG_STARTVMS_WHILE_STOPPING, "host", host->name, NULL);
    guard_claim_word(work, "The start of the VMs of host '%s'", host->name);
    return TRUE;
}

/* One that is seen to run has been started in this boot, and who stops it now does so in this boot too. Of every other a job under way is
 * of before: the power failed while it was at it, and its end may look as if the VM had stopped just now. */
static const Job *
find_earlier_job(const Work *work, const Vm *vm)
{
    char text[ID_TEXT_SIZE];
    g_autofree char *claim = g_strconcat(vm_type.one, ":", id_format(&vm->object.id, ID_UUID, text), NULL);
    if (vm->status != VM_UNKNOWN && vm_is_running((VmStatus) vm->status))
        return NULL;
    ViewWalk walk = view_walk(work->view, &job_type);
    for (const Job *job; (job = view_next(&walk));) {
        for (guint i = 0; job->end_time == 0 && i < job->claims.count; i++) {
            if (g_str_equal(job->claims.items[i], claim))
                return job;
        }
    }
    return NULL;
}

static void
want(const Work *work, const Vm *vm, GString *ids)
{
    char text[ID_TEXT_SIZE];
    const Job *job = find_earlier_job(work, vm);
    g_string_append_printf(ids, "%s=", id_format(&vm->object.id, ID_UUID, text));
    if (job)
        g_string_append_printf(ids, "?%s ", id_format(&job->object.id, ID_UUID, text));
    else
        g_string_append_printf(ids, "%" G_GINT64_FORMAT " ", vm->stop_time);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    Host *host = changes_edit(changes, &host_type, &work->target);
    text_set(&host->boot_seen, host->boot);
    g_autoptr(GPtrArray) vms = host_vms_list(work, &work->target, is_marked);
    g_autoptr(GString) ids = g_string_new(NULL);
    for (guint i = 0; i < vms->len; i++)
        want(work, vms->pdata[i], ids);
    work_set_mark(work, WANTED, ids->str);
    return TRUE;
}

/* --- one VM ----------------------------------------------------------------------------------------------------------------- */

static void
leave(Work *work, const Vm *vm, MessageCode why)
{
    host_vms_note(work, &vm->object.id, "left");
    orders_tell(work, SEVERITY_NORMAL, message_new(why, "vm", vm->name, NULL), vm);
}

static void
give_up(Work *work, const Vm *vm, const GError *why)
{
    g_autofree char *told = why ? message_encode(fault_message(why)) : g_strdup("");
    host_vms_note(work, &vm->object.id, "failed");
    orders_tell(work, SEVERITY_ERROR, message_new(MSG_STARTVMS_VM_FAILED, "vm", vm->name, "why", told, NULL), vm);
}

/* "TIME …" or "?JOB …" of the VM; NULL: it is not about this one. */
static const char *
find_wanted(const Work *work, const Vm *vm)
{
    char text[ID_TEXT_SIZE];
    const char *wanted = work_mark(work, WANTED), *at = wanted ? strstr(wanted, id_format(&vm->object.id, ID_UUID, text)) : NULL;
    return at ? at + strlen(text) + 1 : NULL;
}

/* The job of before has ended: now it is known when the VM had stopped last. */
static void
see_earlier_job(Work *work, const Vm *vm)
{
    const char *wanted = work_mark(work, WANTED), *at = find_wanted(work, vm);
    char text[ID_TEXT_SIZE];
    Id id;
    if (*at != '?')
        return;
    g_strlcpy(text, at + 1, sizeof(text));
    const Job *job = id_parse(text, ID_UUID, &id) ? view_find(work->view, &job_type, &id) : NULL;
    if (job && job->end_time == 0)
        return;
    g_autofree char *known = g_strdup_printf("%.*s%" G_GINT64_FORMAT "%s", (int) (at - wanted), wanted, vm->stop_time, at + strcspn(at, " "));
    work_set_mark(work, WANTED, known);
}

/* A clock that is set tells nothing; a time that has changed does. But a start of ours that failed may have stopped it too. */
static gboolean
was_stopped(const Work *work, const Vm *vm)
{
    const char *before = find_wanted(work, vm);
    const Job *ours = orders_find_job(work, &vm_start, &vm->object.id);
    gboolean by_us = ours && ours->end_time && vm->stop_time >= ours->start_time && vm->stop_time <= ours->end_time;
    return *before != '?' && !by_us && vm->stop_time != g_ascii_strtoll(before, NULL, 10);
}

/* Its patience begins with the first order. */
static void
order_start(Work *work, const Vm *vm)
{
    host_vms_waits_no_more(work, START, &vm->object.id);
    host_vms_waited(work, START, &vm->object.id);
    orders_give(work, &vm_start, &vm->object.id);
}

/* One that its host shows down was perhaps ordered by a process that died since: then its job says how that ended. */
static void
start_down(Work *work, const Vm *vm)
{
    const Job *job = orders_find_job(work, &vm_start, &vm->object.id);
    if (was_stopped(work, vm) || (job && job->status == JOB_FINISHED))
        leave(work, vm, MSG_STARTVMS_VM_STOPPED);
    else if (job && job->end_time)
        host_vms_note(work, &vm->object.id, "failed");
    else
        order_start(work, vm);
}

/* Refused, as long as another job works on it: meanwhile somebody may have stopped it. */
static void
order_failed(Work *work, const Vm *vm, Tick since, const GError *why)
{
    if (!host_vms_was_busy(why) || host_vms_waited(work, START, &vm->object.id) >= START_PATIENCE)
        give_up(work, vm, why);
    else if (was_stopped(work, vm))
        leave(work, vm, MSG_STARTVMS_VM_STOPPED);
    else if (clock_tick() - since > CLOCK_SECOND)
        orders_give(work, &vm_start, &vm->object.id);
}

/* The end of its start, or word of where it stands, may never come: then those behind it follow. A start that hangs keeps its job and
 * its claim; memory that was saved is given the time to read it. */
static void
wait_for(Work *work, const Vm *vm, const GError *why)
{
    Tick patience = START_PATIENCE + (vm->status == VM_RESTORING_STATE ? host_vms_memory_time(vm) : 0);
    g_autofree char *minutes = g_strdup_printf("%" G_GINT64_FORMAT, patience / (60 * CLOCK_SECOND));
    g_autoptr(GError) nothing = NULL;
    if (host_vms_waited(work, START, &vm->object.id) < patience)
        return;
    if (vm->status == VM_UNKNOWN)
        fault_set(&nothing, MSG_VM_NOT_KNOWN, "vm", vm->name, NULL);
    else
        fault_set(&nothing, MSG_STARTVMS_HANGS, "minutes", minutes, NULL);
    give_up(work, vm, why ? why : nothing);
}

static void
look_at(Work *work, const Vm *vm)
{
    g_autoptr(GError) why = NULL;
    Tick since = 0;
    OrderState order = orders_state(work, &vm->object.id, &since, &why);
    if (order == ORDER_DONE)
        host_vms_note(work, &vm->object.id, "started");
    else if (order == ORDER_GIVEN || vm->status == VM_UNKNOWN || host_vms_goes_on(work, &vm_start, &vm->object.id))
        wait_for(work, vm, why);
    else if (!vm->autostart.enabled)
        host_vms_note(work, &vm->object.id, "left");
    else if (vm_is_running((VmStatus) vm->status))
        host_vms_note(work, &vm->object.id, orders_find_job(work, &vm_start, &vm->object.id) ? "started" : "left");
    else if (vm->libvirt_autostart)
        leave(work, vm, MSG_STARTVMS_BY_LIBVIRT);
    else if (order == ORDER_FAILED)
        order_failed(work, vm, since, why);
    else
        start_down(work, vm);
}

/* --- all of them ------------------------------------------------------------------------------------------------------------- */

static gboolean
is_settled(const Work *work, const Vm *vm)
{
    return *host_vms_noted(work, &vm->object.id, NULL) != '\0';
}

static gboolean
agent_answers(const Vm *vm)
{
    return (vm->fqdn && *vm->fqdn) || !field_is_absent(type_find(&vm_type, "guest_operating_system"), vm);
}

/* Those behind it may follow. */
static gboolean
is_over(const Work *work, const Vm *vm)
{
    Tick started = 0;
    if (!g_str_equal(host_vms_noted(work, &vm->object.id, &started), "started") || !vm_is_running((VmStatus) vm->status))
        return TRUE;
    return clock_tick() - started >= vm->autostart.start_delay * CLOCK_SECOND || (vm->autostart.wait_for_agent && agent_answers(vm));
}

static gboolean
is_listed(const Work *work, const Vm *vm)
{
    return find_wanted(work, vm) != NULL;
}

/* The first order some VM of which is not settled, and all before it whose delay is not over, hold up those behind. */
static gboolean
go_through(Work *work, const Host *host)
{
    g_autoptr(GPtrArray) vms = host_vms_list(work, &host->object.id, is_listed);
    gboolean settled = TRUE, over = TRUE;
    for (guint i = 0; i < vms->len; i++)
        see_earlier_job(work, vms->pdata[i]);
    for (guint i = 0; i < vms->len; i++) {
        const Vm *vm = vms->pdata[i];
        gboolean next = i > 0 && vm_start_order(vm) != vm_start_order(vms->pdata[i - 1]);
        if (next && !(settled && over))
            return FALSE;
        if (!is_settled(work, vm))
            look_at(work, vm);
        settled &= is_settled(work, vm);
        over &= is_over(work, vm);
    }
    return settled;
}

static gboolean
start_all(Work *work, GError **error)
{
    const Host *host = host_vms_host(work);
    if (!host)
        return fault_set(error, MSG_HOST_GONE, NULL);
    gboolean ended = host->stopping_vms || !host_vms_same_boot(work, host);
    host_vms_keep_time(work);
    if (host->status != HOST_UP)
        host_vms_waits_no_more(work, START, NULL);      /* it says nothing of any */
    if (!ended && (host->status != HOST_UP || !go_through(work, host)))
        work->rest = HOST_VMS_BEAT;
    return TRUE;
}

static void
finish(Work *work, Changes *changes)
{
    (void) changes;
    g_autofree char *started = g_strdup_printf("%u", host_vms_count(work, "started")), *failed = g_strdup_printf("%u", host_vms_count(work, "failed"));
    g_autofree char *left = g_strdup_printf("%u", host_vms_count(work, "left"));
    work_set_about(work, "started", started);
    work_set_about(work, "failed", failed);
    work_set_about(work, "left", left);
}

/* A boot that starts nothing is not worth a word; a person is answered. */
static const Command nothing_to_start = {
    .title = MSG_STARTING_VMS,
    .failed = { 11022, MSG_VMS_START_FAILED },
    .unsaid = TRUE,
};

static const Command *
words(const Work *work)
{
    const char *wanted = work_mark(work, WANTED);
    return wanted && !*wanted && id_is_null(&work->user) ? &nothing_to_start : &host_startvms;
}

static char *
plan(Work *work, GError **error)
{
    (void) error;
    g_autoptr(GPtrArray) vms = host_vms_list(work, &work->target, is_marked);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < vms->len; i++) {
        const Vm *vm = vms->pdata[i];
        g_autofree char *seconds = g_strdup_printf("%" G_GINT64_FORMAT, vm->autostart.start_delay);
        MessageCode sentence = vm_is_running((VmStatus) vm->status) ? MSG_PLAN_STARTVMS_RUNS : MSG_PLAN_STARTVMS;
        plan_tell(text, vm->libvirt_autostart ? MSG_STARTVMS_BY_LIBVIRT : sentence, "vm", vm->name, "seconds", seconds, NULL);
    }
    if (vms->len == 0)
        plan_tell(text, MSG_PLAN_STARTVMS_NONE, NULL);
    return g_strdup(text->str);
}

const Command host_startvms = {
    .verb = "startvms",
    .on = &host_type,
    .params = &host_vms_params_type,
    .permit = PERMIT_MANIPULATE_HOST,
    .title = MSG_STARTING_VMS,
    .done = { 11021, MSG_VMS_STARTED },
    .failed = { 11022, MSG_VMS_START_FAILED },
    .words = words,
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "start virtual machines", start_all, NULL, NULL, FALSE },
        { 0 },
    },
    .finish = finish,
    .patience = HOST_VMS_PATIENCE,
    .help = "Starts the VMs of a host that are marked to start with it (autostart), in their order.",
};
