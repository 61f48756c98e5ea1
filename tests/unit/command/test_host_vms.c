/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Starting and stopping all VMs of a host, look by look: what is ordered next is written into a list, and the test says what became of it. */
#include "estate.h"

#include "job/orders.h"

#include <string.h>

static struct {
    Work *work;
    GString *given;                 /* "start b, start a" */
    GString *told;
    GPtrArray *waiting;             /* Given *: not answered yet */
} job;

typedef struct {
    Id target;
    OrderEnded done;
    gpointer order;
} Given;

static void
take_order(G_GNUC_UNUSED gpointer data, Work *take, OrderEnded done, gpointer order)
{
    Given *given = g_new(Given, 1);
    *given = (Given) { take->target, done, order };
    g_string_append_printf(job.given, "%s%s %s", job.given->len ? ", " : "", take->command->verb, estate_vm(&take->target)->name);
    g_ptr_array_add(job.waiting, given);
    work_free(take);
}

static void
hear(G_GNUC_UNUSED gpointer data, G_GNUC_UNUSED Severity severity, Message *take, G_GNUC_UNUSED const EventAbout *about)
{
    g_autofree char *text = message_text(take, LANGUAGE_EN);
    g_string_append_printf(job.told, "%s\n", text);
    message_unref(take);
}

static const OrdersDoor door = { take_order, hear, NULL };

static Id
id_of(const char *name)
{
    return id_named(&id_null, name);
}

static void
put_vm(const char *name, VmStatus status, Autostart autostart)
{
    Vm *vm = estate_edit(&vm_type, &estate.hello);
    vm->object.id = id_of(name);
    text_set(&vm->name, name);
    vm->status = status;
    vm->autostart = autostart;
    vm->autostart.enabled |= autostart.order > 0;
    estate_put(vm);
}

static Vm *
edit(const char *name)
{
    Id id = id_of(name);
    return estate_edit(&vm_type, &id);
}

static void
set_status(const char *name, VmStatus status)
{
    Vm *vm = edit(name);
    vm->status = status;
    estate_put(vm);
}

static void
see(void)
{
    if (job.work->view)
        view_unref(job.work->view);
    job.work->view = view_ref(estate.view);
}

/* The busy VM of the estate would be stopped too. */
static void
open_estate(void)
{
    estate_open();
    Vm *busy = estate_edit(&vm_type, &estate.running);
    busy->status = VM_DOWN;
    estate_put(busy);
    job.given = g_string_new(NULL);
    job.told = g_string_new(NULL);
    job.waiting = g_ptr_array_new_with_free_func(g_free);
}

static void
begin(const Command *command)
{
    GError *error = NULL;
    job.work = estate_work(command, &estate.host, NULL);
    job.work->job = id_random();
    job.work->orders = orders_new(&door);
    see();
    command->check(job.work, &error);
    g_assert_no_error(error);
    g_autoptr(Changes) changes = changes_new(estate.view, estate.inventory);
    command->stage(job.work, changes, &error);
    g_assert_no_error(error);
}

static void
answer(const char *name, MessageCode refusal)
{
    g_autoptr(GError) error = NULL;
    Id id = id_of(name);
    if (refusal == MSG_JOB_CONFLICT)
        fault_set(&error, refusal, "object", name, "job", "x", "step", "x", "since", "x", NULL);
    else if (refusal)
        fault_set(&error, refusal, "vm", name, NULL);
    for (guint i = 0; i < job.waiting->len; i++) {
        const Given *given = job.waiting->pdata[i];
        if (!id_equal(&given->target, &id))
            continue;
        given->done(given->order, NULL, &id_null, error);
        g_ptr_array_remove_index(job.waiting, i);
        return;
    }
    g_assert_not_reached();
}

static void
starts(const char *name)
{
    set_status(name, VM_UP);
    answer(name, 0);
}

#define look(expected, done) look_at(expected, done, __LINE__)

/* One look: what it orders, and whether that was the last. */
static void
look_at(const char *expected, gboolean done, int line)
{
    g_autoptr(GError) error = NULL;
    g_string_truncate(job.given, 0);
    see();
    job.work->rest = 0;
    gboolean well = job.work->command->steps[0].run(job.work, &error);
    g_assert_no_error(error);
    if (!well || !g_str_equal(job.given->str, expected) || (job.work->rest == 0) != done)
        g_error("line %d: it ordered '%s' and is %s", line, job.given->str, job.work->rest ? "not done" : "done");
}

static void
close_estate(void)
{
    for (guint i = 0; i < job.waiting->len; i++) {
        const Given *given = job.waiting->pdata[i];
        given->done(given->order, NULL, &id_null, NULL);
    }
    work_free(g_steal_pointer(&job.work));
    g_ptr_array_unref(job.waiting);
    g_string_free(job.given, TRUE);
    g_string_free(job.told, TRUE);
    estate_close();
}

static gboolean
was_told(const char *part)
{
    return strstr(job.told->str, part) != NULL;
}

static void
test_start_order(void)
{
    open_estate();
    put_vm("late", VM_DOWN, (Autostart) { .enabled = TRUE });
    put_vm("b", VM_DOWN, (Autostart) { .order = 2 });
    put_vm("a", VM_DOWN, (Autostart) { .order = 2 });
    put_vm("first", VM_SUSPENDED, (Autostart) { .order = 1, .start_delay = 1 });
    put_vm("unmarked", VM_DOWN, (Autostart) { 0 });
    put_vm("runs", VM_UP, (Autostart) { .order = 1, .start_delay = 600 });
    begin(&host_startvms);
    look("start first", FALSE);
    look("", FALSE);
    starts("first");
    look("", FALSE);                    /* its delay; one that ran already has none */
    g_usleep(CLOCK_SECOND + CLOCK_SECOND / 20);
    look("start a, start b", FALSE);
    starts("a");
    look("", FALSE);
    starts("b");
    look("start late", FALSE);
    starts("late");
    look("", TRUE);
    close_estate();
}

static void
test_agent(void)
{
    open_estate();
    put_vm("a", VM_DOWN, (Autostart) { .order = 1, .start_delay = 600, .wait_for_agent = TRUE });
    put_vm("b", VM_DOWN, (Autostart) { .order = 2, .start_delay = 600 });
    put_vm("c", VM_DOWN, (Autostart) { .order = 3 });
    begin(&host_startvms);
    look("start a", FALSE);
    starts("a");
    look("", FALSE);
    Vm *vm = edit("a");
    text_set(&vm->fqdn, "a.example");
    estate_put(vm);
    look("start b", FALSE);
    starts("b");
    look("", FALSE);
    set_status("b", VM_DOWN);           /* nothing is left to be waited for */
    look("start c", FALSE);
    close_estate();
}

static void
test_start_others(void)
{
    open_estate();
    put_vm("unknown", VM_UNKNOWN, (Autostart) { .order = 1 });
    put_vm("stopped", VM_DOWN, (Autostart) { .order = 2 });
    put_vm("unmarked", VM_DOWN, (Autostart) { .order = 2 });
    put_vm("broken", VM_DOWN, (Autostart) { .order = 3 });
    put_vm("busy", VM_DOWN, (Autostart) { .order = 4 });
    put_vm("libvirts", VM_DOWN, (Autostart) { .order = 5 });
    begin(&host_startvms);
    put_vm("marked since", VM_DOWN, (Autostart) { .order = 1 });
    look("", FALSE);                    /* nobody knows yet whether it runs */
    Vm *vm = edit("stopped");
    vm->stop_time = 1;
    estate_put(vm);
    vm = edit("unmarked");
    vm->autostart.enabled = FALSE;
    estate_put(vm);
    vm = edit("libvirts");
    vm->libvirt_autostart = TRUE;
    estate_put(vm);
    set_status("unknown", VM_UP);
    look("start broken", FALSE);
    g_assert_true(was_told("VM stopped is not started with its host: somebody stopped it"));
    answer("broken", MSG_NO_BOOT_DEVICE);
    look("start busy", FALSE);
    g_assert_true(was_told("VM broken is not started with its host: "));
    answer("busy", MSG_JOB_CONFLICT);
    look("", FALSE);
    g_usleep(CLOCK_SECOND + CLOCK_SECOND / 20);
    look("start busy", FALSE);          /* another job was at it */
    starts("busy");
    look("", TRUE);
    g_assert_true(was_told("VM libvirts is left to libvirt"));
    g_autoptr(Changes) changes = changes_new(estate.view, estate.inventory);
    job.work->command->finish(job.work, changes);
    g_assert_cmpstr(work_mark(job.work, "about.started"), ==, "1");
    g_assert_cmpstr(work_mark(job.work, "about.failed"), ==, "1");
    close_estate();
}

static void
put_job(const char *vm, JobStatus status)
{
    char text[ID_TEXT_SIZE];
    Job *made = object_new(&job_type);
    made->object.id = id_random();
    made->command = g_strdup("vm.start");
    made->correlation_id = g_strdup(id_format(&job.work->job, ID_UUID, text));
    made->vm.id = id_of(vm);
    made->status = status;
    made->start_time = 1;
    made->end_time = status == JOB_STARTED ? 0 : 2;
    estate_put(made);
}

/* A process died behind an order, before it was noted: the order's own job says how it ended. */
static void
test_start_after_crash(void)
{
    open_estate();
    put_vm("running", VM_UP, (Autostart) { .order = 1 });
    put_vm("ended", VM_DOWN, (Autostart) { .order = 1 });
    put_vm("failed", VM_DOWN, (Autostart) { .order = 1 });
    put_vm("going", VM_WAIT_FOR_LAUNCH, (Autostart) { .order = 1 });
    put_vm("next", VM_DOWN, (Autostart) { .order = 2 });
    begin(&host_startvms);
    put_job("running", JOB_FINISHED);
    put_job("ended", JOB_FINISHED);
    put_job("failed", JOB_FAILED);
    put_job("going", JOB_STARTED);
    Id going = id_of("going");
    look("", FALSE);
    look("", FALSE);
    g_assert_true(was_told("VM ended is not started with its host: somebody stopped it"));
    Job *ended = object_dup(orders_find_job(job.work, &vm_start, &going));
    ended->end_time = 2;
    ended->status = JOB_FINISHED;
    estate_put(ended);
    set_status("going", VM_UP);
    look("start next", FALSE);
    close_estate();
}

static void
test_start_ends(void)
{
    open_estate();
    put_vm("a", VM_DOWN, (Autostart) { .order = 1 });
    Host *host = estate_edit(&host_type, &estate.host);
    host->boot = g_strdup("one");
    estate_put(host);
    begin(&host_startvms);
    host = estate_edit(&host_type, &estate.host);
    text_set(&host->boot, "two");
    estate_put(host);
    look("", TRUE);
    host = estate_edit(&host_type, &estate.host);
    text_set(&host->boot, "one");
    host->stopping_vms = TRUE;
    estate_put(host);
    look("", TRUE);
    host = estate_edit(&host_type, &estate.host);
    host->stopping_vms = FALSE;
    host->status = HOST_NON_RESPONSIVE;
    estate_put(host);
    look("", FALSE);
    close_estate();
}

static void
ends(const char *name, VmStatus status)
{
    set_status(name, status);
    answer(name, 0);
}

static void
test_stop_order(void)
{
    open_estate();
    put_vm("one", VM_UP, (Autostart) { .order = 1 });
    put_vm("two", VM_UP, (Autostart) { .order = 2, .stop_action = STOP_ACTION_SUSPEND });
    put_vm("also", VM_UP, (Autostart) { .order = 2, .stop_action = STOP_ACTION_STOP });
    put_vm("still", VM_PAUSED, (Autostart) { 0 });
    put_vm("free", VM_UP, (Autostart) { 0 });
    begin(&host_stopvms);
    look("suspend still, shutdown free", FALSE);
    ends("still", VM_SUSPENDED);
    answer("free", 0);
    set_status("free", VM_POWERING_DOWN);
    look("", FALSE);
    set_status("free", VM_DOWN);
    look("suspend two, stop also", FALSE);
    ends("also", VM_DOWN);
    look("", FALSE);
    ends("two", VM_SUSPENDED);
    look("shutdown one", FALSE);
    ends("one", VM_DOWN);
    look("", TRUE);
    close_estate();
}

static void
test_stop_disobedient(void)
{
    open_estate();
    put_vm("deaf", VM_UP, (Autostart) { .stop_delay = 1 });
    put_vm("asked", VM_POWERING_DOWN, (Autostart) { .stop_delay = 1 });
    put_vm("memory", VM_UP, (Autostart) { .stop_action = STOP_ACTION_SUSPEND });
    begin(&host_stopvms);
    look("suspend memory, shutdown deaf", FALSE);      /* one that was asked already is not asked twice */
    answer("deaf", 0);
    answer("memory", MSG_NO_BOOT_DEVICE);
    look("shutdown memory", FALSE);
    g_assert_true(was_told("VM memory could not be suspended and is shut down instead"));
    ends("memory", VM_DOWN);
    g_usleep(CLOCK_SECOND + CLOCK_SECOND / 20);
    look("stop deaf, stop asked", FALSE);
    g_assert_true(was_told("VM deaf has not shut down within 1 seconds: it loses its power."));
    ends("deaf", VM_DOWN);
    ends("asked", VM_DOWN);
    look("", TRUE);
    close_estate();
}

static void
test_stop_busy(void)
{
    open_estate();
    put_vm("busy", VM_UP, (Autostart) { .stop_delay = 30 });
    begin(&host_stopvms);
    look("shutdown busy", FALSE);
    answer("busy", MSG_JOB_CONFLICT);
    look("", FALSE);
    g_usleep(2 * CLOCK_SECOND + CLOCK_SECOND / 20);
    look("shutdown busy", FALSE);
    answer("busy", 0);
    set_status("busy", VM_PAUSED);      /* now it cannot hear any more */
    look("suspend busy", FALSE);
    answer("busy", MSG_NO_BOOT_DEVICE);
    look("stop busy", FALSE);
    close_estate();
}

static void
test_refusals(void)
{
    open_estate();
    Id nobody = id_random();
    estate_refused(estate_work(&host_stopvms, &nobody, NULL), "There is no host");
    estate_refused(estate_work(&vm_update, &estate.hello, "<vm><autostart><order>10000</order></autostart></vm>"), "must be 0 to 9999. | 1 starts before 2");
    estate_refused(estate_work(&vm_update, &estate.hello, "<vm><autostart><start_delay>86401</start_delay></autostart></vm>"), "are seconds, 0 to 86400");
    estate_refused(estate_work(&vm_update, &estate.hello, "<vm><autostart><wait_for_agent>true</wait_for_agent></autostart></vm>"),
                   "cannot have 'autostart.wait_for_agent' without 'autostart.start_delay'");
    Host *host = estate_edit(&host_type, &estate.host);
    host->stopping_vms = TRUE;
    estate_put(host);
    estate_refused(estate_work(&vm_start, &estate.hello, NULL), "Cannot start VM 'hello': the VMs of host 'n1' are being stopped. | Wait until that has ended, or cancel its job.");
    estate_refused(estate_work(&host_startvms, &estate.host, NULL), "The VMs of host 'n1' cannot be started: they are being stopped.");
    host = estate_edit(&host_type, &estate.host);
    host->status = HOST_NON_RESPONSIVE;
    estate_put(host);
    estate_refused(estate_work(&host_stopvms, &estate.host, NULL), "can neither be started nor stopped: it is non_responsive");
    job.work = NULL;
    close_estate();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host_vms/start_order", test_start_order);
    g_test_add_func("/host_vms/agent", test_agent);
    g_test_add_func("/host_vms/start_others", test_start_others);
    g_test_add_func("/host_vms/start_after_crash", test_start_after_crash);
    g_test_add_func("/host_vms/start_ends", test_start_ends);
    g_test_add_func("/host_vms/stop_order", test_stop_order);
    g_test_add_func("/host_vms/stop_disobedient", test_stop_disobedient);
    g_test_add_func("/host_vms/stop_busy", test_stop_busy);
    g_test_add_func("/host_vms/refusals", test_refusals);
    return g_test_run();
}
