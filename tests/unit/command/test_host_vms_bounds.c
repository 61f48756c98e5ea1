/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Starting and stopping all VMs of a host always ends, and does nothing twice: with starts and saves that hang, VMs nobody says anything
 * of, jobs that the power failed under, and a manager that dies or boots in the middle. */
#include "looks.h"

#include "command/host_vms.h"

#include <string.h>

/* A start that hangs, and a VM nobody says anything of, hold up those behind them for so long and no longer. */
static void
test_start_hangs(void)
{
    looks_open();
    looks_put_vm("hangs", VM_SUSPENDED, (Autostart) { .order = 1 });
    looks_put_vm("silent", VM_DOWN, (Autostart) { .order = 2 });
    looks_put_vm("lost", VM_UNKNOWN, (Autostart) { .order = 3 });
    looks_put_vm("next", VM_DOWN, (Autostart) { .order = 4 });
    looks_begin(&host_startvms);
    look("start hangs", FALSE);
    looks_set_status("hangs", VM_RESTORING_STATE);
    looks_put_job("hangs", "vm.start", JOB_STARTED);
    looks_restart();
    looks_note_vm("waits.start", "hangs", "since", 301);
    look("", FALSE);                    /* 256 MiB are read back: 8 s more */
    looks_set_status("hangs", VM_WAIT_FOR_LAUNCH);
    look("start silent", FALSE);
    g_assert_true(looks_told("VM hangs is not started with its host: Its start has not ended within 5 minutes."));
    looks_note_vm("waits.start", "silent", "since", 299);
    look("", FALSE);
    looks_note_vm("waits.start", "silent", "since", 301);
    look("", FALSE);
    looks_note_vm("waits.start", "lost", "since", 301);
    look("start next", FALSE);
    g_assert_true(looks_told("VM lost is not started with its host: It is not known whether VM 'lost' runs"));
    looks_close();
}

static void
put_claim(const char *vm)
{
    char text[ID_TEXT_SIZE];
    Id id = looks_id(vm);
    g_autofree char *claim = g_strconcat("vm:", id_format(&id, ID_UUID, text), NULL);
    Job *made = object_new(&job_type);
    made->object.id = id_named(&id_null, claim);
    made->status = JOB_STARTED;
    words_add(&made->claims, claim);
    estate_put(made);
}

static void
end_claim(const char *vm)
{
    char text[ID_TEXT_SIZE];
    Id id = looks_id(vm);
    g_autofree char *claim = g_strconcat("vm:", id_format(&id, ID_UUID, text), NULL);
    Id of = id_named(&id_null, claim);
    Job *made = estate_edit(&job_type, &of);
    made->end_time = 7;
    estate_put(made);
    Vm *stopped = looks_edit(vm);
    stopped->status = VM_DOWN;
    stopped->stop_time = 7;
    estate_put(stopped);
}

/* A job the power failed under ends behind the boot, and nobody has stopped the VM since; one of this boot has. */
static void
test_start_behind_earlier_job(void)
{
    looks_open();
    looks_put_vm("first", VM_DOWN, (Autostart) { .order = 1 });
    looks_put_vm("cut", VM_DOWN, (Autostart) { .order = 2 });
    looks_put_vm("stopped", VM_POWERING_DOWN, (Autostart) { .order = 3 });
    looks_put_vm("busy", VM_DOWN, (Autostart) { .order = 4 });
    put_claim("cut");
    put_claim("stopped");
    looks_begin(&host_startvms);
    look("start first", FALSE);
    end_claim("cut");
    end_claim("stopped");
    looks_starts("first");
    look("start cut", FALSE);
    looks_starts("cut");
    look("start busy", FALSE);
    g_assert_true(looks_told("VM stopped is not started with its host: somebody stopped it"));
    looks_answer("busy", MSG_JOB_CONFLICT);
    look("", FALSE);
    Vm *vm = looks_edit("busy");
    vm->stop_time = 9;                  /* by the job that was at it */
    estate_put(vm);
    g_usleep(CLOCK_SECOND + CLOCK_SECOND / 20);
    look("", TRUE);
    g_assert_true(looks_told("VM busy is not started with its host: somebody stopped it"));
    looks_close();
}

/* A boot that has nothing to start is no event; a person is told. */
static void
test_start_none(void)
{
    looks_open();
    looks_begin(&host_startvms);
    look("", TRUE);
    g_assert_false(work_words(looks.work)->unsaid);
    looks.work->user = id_null;
    g_assert_true(work_words(looks.work)->unsaid);
    looks_close();
}

/* What does not go in its time is left, and the rest follows: it always ends. */
static void
test_stop_ends(void)
{
    g_autoptr(GError) error = NULL;
    looks_open();
    looks_put_vm("lost", VM_UNKNOWN, (Autostart) { 0 });
    looks_put_vm("saving", VM_SAVING_STATE, (Autostart) { 0 });
    looks_put_vm("next", VM_UP, (Autostart) { .order = 1 });
    looks_begin(&host_stopvms);
    look("", FALSE);
    looks_note_vm("waits.unknown", "lost", "since", 59);
    looks_note_vm("vm", "saving", "saving", 607);     /* ten minutes, and 8 s for 256 MiB */
    look("", FALSE);
    g_assert_cmpstr(looks.told->str, ==, "");
    looks_note_vm("waits.unknown", "lost", "since", 61);
    looks_note_vm("vm", "saving", "saving", 609);
    look("", FALSE);
    g_assert_true(looks_told("VM lost could not be stopped and is left running: It is not known whether VM 'lost' runs"));
    g_assert_true(looks_told("VM saving could not be stopped and is left running: Its memory has not been saved within 10 minutes."));
    look("shutdown next", FALSE);
    looks_ends("next", VM_DOWN);
    looks_see();
    g_assert_false(looks.work->command->steps[0].run(looks.work, &error));
    g_assert_nonnull(strstr(error->message, "These still run: lost, saving."));
    looks_close();
}

/* A guest is asked once, also by a process that died behind it. */
static void
test_stop_after_crash(void)
{
    looks_open();
    looks_put_vm("asked", VM_UP, (Autostart) { 0 });
    looks_put_vm("not noted", VM_UP, (Autostart) { 0 });
    looks_put_vm("not asked", VM_UP, (Autostart) { 0 });
    looks_begin(&host_stopvms);
    looks_note_vm("vm", "asked", "asked", 3);
    looks_note_vm("vm", "not asked", "asked", 3);
    looks_put_job("asked", "vm.shutdown", JOB_FINISHED);
    looks_put_job("not noted", "vm.shutdown", JOB_FINISHED);
    looks_put_job("not asked", "vm.shutdown", JOB_FAILED);
    look("shutdown not asked", FALSE);
    look("", FALSE);
    looks_close();
}

/* The manager's own machine has booted meanwhile: what was noted lies ahead, and counts from now on. */
static void
test_ticks_ahead(void)
{
    looks_open();
    looks_put_vm("deaf", VM_UP, (Autostart) { .stop_delay = 1 });
    looks_begin(&host_stopvms);
    look("shutdown deaf", FALSE);
    looks_answer("deaf", 0);
    looks_note_vm("vm", "deaf", "asked", -1000);
    look("", FALSE);
    g_usleep(CLOCK_SECOND + CLOCK_SECOND / 20);
    look("stop deaf", FALSE);
    Host *host = estate_edit(&host_type, &estate.host);
    host->status = HOST_NON_RESPONSIVE;
    estate_put(host);
    looks_note("waits.away", &estate.host, "since", -1000 * CLOCK_SECOND);
    look("", FALSE);
    g_assert_cmpint(host_vms_waited(looks.work, "away", &estate.host), >=, 0);
    looks_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host_vms_bounds/start_hangs", test_start_hangs);
    g_test_add_func("/host_vms_bounds/start_behind_earlier_job", test_start_behind_earlier_job);
    g_test_add_func("/host_vms_bounds/start_none", test_start_none);
    g_test_add_func("/host_vms_bounds/stop_ends", test_stop_ends);
    g_test_add_func("/host_vms_bounds/stop_after_crash", test_stop_after_crash);
    g_test_add_func("/host_vms_bounds/ticks_ahead", test_ticks_ahead);
    return g_test_run();
}
