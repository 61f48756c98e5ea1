/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * kill -9 anywhere: what the store had acknowledged comes back, claims first, and each job ends done, as before, or waits with
 * its claim until its probe knows. */
#include "world.h"

#include <string.h>

static Answer answer;

static void
open_world(const Command *command)
{
    answer_clear(&answer);
    world_open();
    world_host_up();
    world_store_mode(STORE_HOLDS);
    world_submit(command, FALSE, &answer);
    world_settle();
}

/* Lets COUNT records be stored; the step behind the last one runs, its record waits. */
static void
store_records(guint count)
{
    for (; count > 0; count--) {
        world_until(world_store_waiting() == 1);
        world_store_answer(1, TRUE);
        world_until(world_store_waiting() == 1);
    }
}

static const Job *
only_job(void)
{
    g_autoptr(View) view = inventory_view(world.inventory);
    ViewWalk walk = view_walk(view, &job_type);
    return view_next(&walk);
}

static void
ends_as(JobStatus status, const char *log, const char *description)
{
    world_until(g_hash_table_size(world.engine->runs) == 0);
    g_assert_cmpstr(outside.log, ==, log);
    g_assert_cmpint(only_job()->status, ==, status);
    g_assert_cmpstr(world_vm()->description, ==, description);
    g_assert_cmpuint(claims_count(world.engine->claims), ==, 0);
    answer_clear(&answer);
    world_close();
}

/* Died before anything was stored: it never was. */
static void
test_nothing_stored(void)
{
    open_world(&walk_command);
    world_crash();
    world_settle();
    g_assert_null(only_job());
    g_assert_null(world_vm()->description);
    g_assert_cmpuint(claims_count(world.engine->claims), ==, 0);
    answer_clear(&answer);
    world_close();
}

/* Journaled, and the effect was there, but its record was not: the probe finds it and the job goes on. */
static void
test_effect_without_record(void)
{
    open_world(&walk_command);
    store_records(1);
    g_assert_true(outside.effect[0]);
    world_crash();
    g_assert_nonnull(engine_claimant(world.engine, &vm_type, &world.vm));
    ends_as(JOB_FINISHED, "probe:a run:b run:c ", "finished");
}

/* Journaled, but the effect did not come: as before. */
static void
test_record_without_effect(void)
{
    open_world(&walk_command);
    store_records(2);
    outside.effect[1] = FALSE;
    world_crash();
    ends_as(JOB_FAILED, "probe:b probe:b undo:b undo:a ", "as before");
}

static void
test_before_the_end(void)
{
    open_world(&walk_command);
    store_records(3);
    world_crash();
    ends_as(JOB_FINISHED, "probe:c ", "finished");
}

static void
test_while_undoing(void)
{
    open_world(&walk_command);
    outside.run[1] = FAILS;
    store_records(3);
    g_assert_cmpstr(outside.log, ==, "run:a run:b undo:b undo:a ");
    outside.effect[0] = TRUE;           /* say it had died between the undos */
    world_crash();
    ends_as(JOB_FAILED, "undo:b undo:a ", "as before");
}

/* The host is not there yet: the claim stands until it is. */
static void
test_host_comes_later(void)
{
    open_world(&walk_command);
    store_records(1);
    outside.blind = TRUE;
    world_crash();
    world_until(strstr(outside.log, "probe:a"));
    world_settle();
    Answer second = { 0 };
    world_submit(&plain_command, FALSE, &second);
    world_until(second.calls == 1);
    g_assert_cmpint(second.fault, ==, FAULT_CONFLICT);
    answer_clear(&second);
    world_settle();                     /* no probe is under way */
    outside.blind = FALSE;
    outside.log[0] = '\0';
    world_host_up();
    ends_as(JOB_FINISHED, "probe:a run:b run:c ", "finished");
}

/* Behind the point of no return it goes on, even if the step did not happen. */
static void
test_forward(void)
{
    open_world(&forward_command);
    store_records(3);
    outside.effect[2] = FALSE;
    world_crash();
    ends_as(JOB_FINISHED, "probe:c probe:c run:c ", "finished");
}

/* A command that is never repeated is only asked for. */
static void
test_once_happened(void)
{
    open_world(&once_command);
    store_records(1);
    world_crash();
    ends_as(JOB_FINISHED, "probe:a ", "finished");
}

static void
test_once_did_not(void)
{
    open_world(&once_command);
    store_records(1);
    outside.effect[0] = FALSE;
    world_crash();
    ends_as(JOB_FAILED, "probe:a probe:a ", "as before");
}

/* Twice in a row is no worse than once. */
static void
test_twice(void)
{
    open_world(&walk_command);
    store_records(1);
    world_crash();
    world_store_mode(STORE_HOLDS);
    world_until(world_store_waiting() == 1);
    world_crash();
    ends_as(JOB_FINISHED, "probe:a run:b run:c ", "finished");
}

/* A journal of a command this program does not have keeps its claim until a person settles it. */
static void
test_command_of_another_program(void)
{
    open_world(&walk_command);
    store_records(1);
    Job *job = world_stored(&job_type, &only_job()->object.id);
    text_set(&job->command, "vm.fly");
    world_store_put(job);
    world_store_answer(1, FALSE);
    world_crash();
    world_settle();
    g_assert_nonnull(engine_claimant(world.engine, &vm_type, &world.vm));
    g_assert_cmpstr(outside.log, ==, "");
    answer_clear(&answer);
    world_abandon(&only_job()->object.id, "looked at it", &answer);
    world_until(answer.calls == 1);
    g_assert_false(answer.refused);
    world_settle();
    g_assert_cmpint(only_job()->status, ==, JOB_ABORTED);
    g_assert_cmpuint(claims_count(world.engine->claims), ==, 0);
    answer_clear(&answer);
    world_close();
}

static void
boot(const char *id)
{
    HostReport *report = world_report(REPORT_UP);
    Host *facts = object_new(&host_type);
    facts->object.id = world.host;
    text_set(&facts->boot, id);
    report->facts = facts;
    world_send(report);
}

static void
must_have_seen(const char *id)
{
    Host *host = world_stored(&host_type, &world.host);
    g_assert_cmpstr(host->boot_seen, ==, id);
    object_unref(host);
}

/* A backup is of another time: the boot its hosts run in now counts as seen, once; the next one is a boot. */
static void
test_restored(void)
{
    world_open();
    Host *host = world_stored(&host_type, &world.host);
    text_set(&host->boot_seen, "then");
    world_store_put(host);
    Changes *changes = commit_begin(world.engine->commit);
    changes_keep(changes, STORE_RESTORED, &id_null, "today");
    engine_put(world.engine, changes, NULL, NULL);
    world_settle();
    world_crash();
    must_have_seen(NULL);
    boot("now");
    must_have_seen("now");
    world_crash();
    boot("later");
    must_have_seen("now");
    world_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/recover/nothing-stored", test_nothing_stored);
    g_test_add_func("/recover/effect-without-record", test_effect_without_record);
    g_test_add_func("/recover/record-without-effect", test_record_without_effect);
    g_test_add_func("/recover/before-the-end", test_before_the_end);
    g_test_add_func("/recover/while-undoing", test_while_undoing);
    g_test_add_func("/recover/host-comes-later", test_host_comes_later);
    g_test_add_func("/recover/forward", test_forward);
    g_test_add_func("/recover/once-happened", test_once_happened);
    g_test_add_func("/recover/once-did-not", test_once_did_not);
    g_test_add_func("/recover/twice", test_twice);
    g_test_add_func("/recover/command-of-another-program", test_command_of_another_program);
    g_test_add_func("/recover/restored", test_restored);
    return g_test_run();
}
