/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Starting and stopping all VMs of a host, look by look. What hangs, crashes and boots beside it is test_host_vms_bounds.c's. */
#include "looks.h"

#include "job/orders.h"

static void
test_start_order(void)
{
    looks_open();
    looks_put_vm("late", VM_DOWN, (Autostart) { .enabled = TRUE });
    looks_put_vm("b", VM_DOWN, (Autostart) { .order = 2 });
    looks_put_vm("a", VM_DOWN, (Autostart) { .order = 2 });
    looks_put_vm("first", VM_SUSPENDED, (Autostart) { .order = 1, .start_delay = 1 });
    looks_put_vm("unmarked", VM_DOWN, (Autostart) { 0 });
    looks_put_vm("runs", VM_UP, (Autostart) { .order = 1, .start_delay = 600 });
    looks_begin(&host_startvms);
    look("start first", FALSE);
    look("", FALSE);
    looks_starts("first");
    look("", FALSE);                    /* its delay; one that ran already has none */
    g_usleep(CLOCK_SECOND + CLOCK_SECOND / 20);
    look("start a, start b", FALSE);
    looks_starts("a");
    look("", FALSE);
    looks_starts("b");
    look("start late", FALSE);
    looks_starts("late");
    look("", TRUE);
    looks_close();
}

static void
test_agent(void)
{
    looks_open();
    looks_put_vm("a", VM_DOWN, (Autostart) { .order = 1, .start_delay = 600, .wait_for_agent = TRUE });
    looks_put_vm("b", VM_DOWN, (Autostart) { .order = 2, .start_delay = 600 });
    looks_put_vm("c", VM_DOWN, (Autostart) { .order = 3 });
    looks_begin(&host_startvms);
    look("start a", FALSE);
    looks_starts("a");
    look("", FALSE);
    Vm *vm = looks_edit("a");
    text_set(&vm->fqdn, "a.example");
    estate_put(vm);
    look("start b", FALSE);
    looks_starts("b");
    look("", FALSE);
    looks_set_status("b", VM_DOWN);           /* nothing is left to be waited for */
    look("start c", FALSE);
    looks_close();
}

static void
test_start_others(void)
{
    looks_open();
    looks_put_vm("unknown", VM_UNKNOWN, (Autostart) { .order = 1 });
    looks_put_vm("stopped", VM_DOWN, (Autostart) { .order = 2 });
    looks_put_vm("unmarked", VM_DOWN, (Autostart) { .order = 2 });
    looks_put_vm("broken", VM_DOWN, (Autostart) { .order = 3 });
    looks_put_vm("busy", VM_DOWN, (Autostart) { .order = 4 });
    looks_put_vm("libvirts", VM_DOWN, (Autostart) { .order = 5 });
    looks_begin(&host_startvms);
    looks_put_vm("marked since", VM_DOWN, (Autostart) { .order = 1 });
    look("", FALSE);                    /* nobody knows yet whether it runs */
    Vm *vm = looks_edit("stopped");
    vm->stop_time = 1;
    estate_put(vm);
    vm = looks_edit("unmarked");
    vm->autostart.enabled = FALSE;
    estate_put(vm);
    vm = looks_edit("libvirts");
    vm->libvirt_autostart = TRUE;
    estate_put(vm);
    looks_set_status("unknown", VM_UP);
    look("start broken", FALSE);
    g_assert_true(looks_told("VM stopped is not started with its host: somebody stopped it"));
    looks_answer("broken", MSG_NO_BOOT_DEVICE);
    look("start busy", FALSE);
    g_assert_true(looks_told("VM broken is not started with its host: "));
    looks_answer("busy", MSG_JOB_CONFLICT);
    look("", FALSE);
    g_usleep(CLOCK_SECOND + CLOCK_SECOND / 20);
    look("start busy", FALSE);          /* another job was at it */
    looks_starts("busy");
    look("", TRUE);
    g_assert_true(looks_told("VM libvirts is left to libvirt"));
    g_autoptr(Changes) changes = changes_new(estate.view, estate.inventory);
    looks.work->command->finish(looks.work, changes);
    g_assert_cmpstr(work_mark(looks.work, "about.started"), ==, "1");
    g_assert_cmpstr(work_mark(looks.work, "about.failed"), ==, "1");
    looks_close();
}

/* A process died behind an order, before it was noted: the order's own job says how it ended. */
static void
test_start_after_crash(void)
{
    looks_open();
    looks_put_vm("running", VM_UP, (Autostart) { .order = 1 });
    looks_put_vm("ended", VM_DOWN, (Autostart) { .order = 1 });
    looks_put_vm("failed", VM_DOWN, (Autostart) { .order = 1 });
    looks_put_vm("going", VM_WAIT_FOR_LAUNCH, (Autostart) { .order = 1 });
    looks_put_vm("next", VM_DOWN, (Autostart) { .order = 2 });
    looks_begin(&host_startvms);
    looks_put_job("running", "vm.start", JOB_FINISHED);
    looks_put_job("ended", "vm.start", JOB_FINISHED);
    looks_put_job("failed", "vm.start", JOB_FAILED);
    looks_put_job("going", "vm.start", JOB_STARTED);
    Id going = looks_id("going");
    look("", FALSE);
    look("", FALSE);
    g_assert_true(looks_told("VM ended is not started with its host: somebody stopped it"));
    Job *ended = object_dup(orders_find_job(looks.work, &vm_start, &going));
    ended->end_time = 2;
    ended->status = JOB_FINISHED;
    estate_put(ended);
    looks_set_status("going", VM_UP);
    look("start next", FALSE);
    looks_close();
}

static void
test_start_ends(void)
{
    looks_open();
    looks_put_vm("a", VM_DOWN, (Autostart) { .order = 1 });
    Host *host = estate_edit(&host_type, &estate.host);
    host->boot = g_strdup("one");
    estate_put(host);
    looks_begin(&host_startvms);
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
    looks_close();
}

static void
test_stop_order(void)
{
    looks_open();
    looks_put_vm("one", VM_UP, (Autostart) { .order = 1 });
    looks_put_vm("two", VM_UP, (Autostart) { .order = 2, .stop_action = STOP_ACTION_SUSPEND });
    looks_put_vm("also", VM_UP, (Autostart) { .order = 2, .stop_action = STOP_ACTION_STOP });
    looks_put_vm("still", VM_PAUSED, (Autostart) { 0 });
    looks_put_vm("free", VM_UP, (Autostart) { 0 });
    looks_begin(&host_stopvms);
    look("suspend still, shutdown free", FALSE);
    looks_ends("still", VM_SUSPENDED);
    looks_answer("free", 0);
    looks_set_status("free", VM_POWERING_DOWN);
    look("", FALSE);
    looks_set_status("free", VM_DOWN);
    look("suspend two, stop also", FALSE);
    looks_ends("also", VM_DOWN);
    look("", FALSE);
    looks_ends("two", VM_SUSPENDED);
    look("shutdown one", FALSE);
    looks_ends("one", VM_DOWN);
    look("", TRUE);
    looks_close();
}

static void
test_stop_disobedient(void)
{
    looks_open();
    looks_put_vm("deaf", VM_UP, (Autostart) { .stop_delay = 1 });
    looks_put_vm("asked", VM_POWERING_DOWN, (Autostart) { .stop_delay = 1 });
    looks_put_vm("memory", VM_UP, (Autostart) { .stop_action = STOP_ACTION_SUSPEND });
    looks_begin(&host_stopvms);
    look("suspend memory, shutdown deaf", FALSE);      /* one that was asked already is not asked twice */
    looks_answer("deaf", 0);
    looks_answer("memory", MSG_NO_BOOT_DEVICE);
    look("shutdown memory", FALSE);
    g_assert_true(looks_told("VM memory could not be suspended and is shut down instead"));
    looks_ends("memory", VM_DOWN);
    g_usleep(CLOCK_SECOND + CLOCK_SECOND / 20);
    look("stop deaf, stop asked", FALSE);
    g_assert_true(looks_told("VM deaf has not shut down within 1 seconds: it is powered off."));
    looks_ends("deaf", VM_DOWN);
    looks_ends("asked", VM_DOWN);
    look("", TRUE);
    looks_close();
}

static void
test_stop_busy(void)
{
    looks_open();
    looks_put_vm("busy", VM_UP, (Autostart) { .stop_delay = 30 });
    looks_begin(&host_stopvms);
    look("shutdown busy", FALSE);
    looks_answer("busy", MSG_JOB_CONFLICT);
    look("", FALSE);
    g_usleep(2 * CLOCK_SECOND + CLOCK_SECOND / 20);
    look("shutdown busy", FALSE);
    looks_answer("busy", 0);
    looks_set_status("busy", VM_PAUSED);      /* now it cannot hear any more */
    look("suspend busy", FALSE);
    looks_answer("busy", MSG_NO_BOOT_DEVICE);
    look("stop busy", FALSE);
    looks_close();
}

static void
test_refusals(void)
{
    looks_open();
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
    looks.work = NULL;
    looks_close();
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
