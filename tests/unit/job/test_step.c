/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The walk of a running job: forward, undone backwards in order, in doubt until a probe knows, claims all the while. */
#include "world.h"

#include "base/failpoint.h"

#include <string.h>

static Answer answer;

static void
open_world(void)
{
    world_open();
    world_host_up();
    world_state(&world.vm, DOMAIN_SHUTOFF, NULL);
}

static void
close_world(void)
{
    answer_clear(&answer);
    world_close();
}

static void
submit(const Command *command)
{
    answer_clear(&answer);
    world_submit(command, TRUE, &answer);
}

static void
run(const Command *command)
{
    submit(command);
    world_until(answer.calls == 1);
    world_settle();
}

static void
must_be_free(void)
{
    g_assert_cmpuint(claims_count(world.engine->claims), ==, 0);
    g_assert_cmpuint(g_hash_table_size(world.engine->runs), ==, 0);
}

static void
test_forward_all_the_way(void)
{
    open_world();
    guint writes = world_store_writes();
    run(&walk_command);
    g_assert_false(answer.refused);
    g_assert_cmpstr(outside.log, ==, "run:a run:b run:c ");
    g_assert_cmpstr(world_vm()->description, ==, "finished");
    g_assert_cmpint(world_job(&answer.job)->status, ==, JOB_FINISHED);
    g_assert_cmpuint(world_job(&answer.job)->steps.count, ==, 5);
    for (guint i = 0; i < 5; i++)
        g_assert_cmpint(((JobStep *) world_job(&answer.job)->steps.items[i])->status, ==, JOB_FINISHED);
    g_assert_true(world_has_event("Walking web1: done."));
    /* one record opens, one stands between two steps each, one ends */
    g_assert_cmpuint(world_store_writes() - writes, ==, 4);
    must_be_free();
    close_world();
}

/* Nothing happens outside before the journal is stored, and nobody is answered. */
static void
test_journal_first(void)
{
    open_world();
    world_store_mode(STORE_HOLDS);
    submit(&walk_command);
    world_settle();
    g_assert_cmpstr(outside.log, ==, "");
    g_assert_cmpuint(answer.calls, ==, 0);
    g_assert_cmpuint(world_store_waiting(), ==, 1);
    g_assert_null(world_vm()->description);
    world_store_answer(1, TRUE);
    world_until(world_store_waiting() == 1);
    world_settle();
    g_assert_cmpstr(outside.log, ==, "run:a ");
    g_assert_cmpstr(world_vm()->description, ==, "staged");
    close_world();
}

/* The manager ends: who waits hears that the job goes on, and so it does; who comes now is refused; one whose journal may never be stored
 * hears at the very end. */
static void
test_parting(void)
{
    open_world();
    world_store_mode(STORE_HOLDS);
    submit(&walk_command);
    world_settle();
    world_store_answer(1, TRUE);
    world_until(world_store_waiting() == 1);
    world_settle();
    g_assert_cmpuint(answer.calls, ==, 0);
    world_store_mode(STORE_ANSWERS);
    world_store_answer(9, TRUE);
    engine_part(world.engine);
    g_assert_cmpuint(answer.calls, ==, 1);
    g_assert_cmpint(answer.fault, ==, FAULT_TIMEOUT);
    g_assert_nonnull(strstr(answer.text, "The manager is stopping while 'Walking web1"));
    Answer late = { 0 };
    world_submit(&plain_command, TRUE, &late);
    g_assert_cmpuint(late.calls, ==, 1);
    g_assert_cmpint(late.fault, ==, FAULT_UNAVAILABLE);
    answer_clear(&late);
    world_crash();
    world_host_up();
    world_until(g_hash_table_size(world.engine->runs) == 0);
    g_assert_cmpuint(answer.calls, ==, 1);
    must_be_free();
    close_world();
}

static void
test_busy(void)
{
    open_world();
    world_store_mode(STORE_HOLDS);
    submit(&walk_command);
    world_settle();
    Answer second = { 0 };
    world_submit(&plain_command, FALSE, &second);
    world_settle();
    g_assert_cmpint(second.fault, ==, FAULT_CONFLICT);
    g_assert_nonnull(strstr(second.text, "VM 'web1'"));
    g_assert_nonnull(strstr(second.text, "Walking web1"));
    g_assert_nonnull(strstr(second.text, "Related operation is currently in progress. Please try again later."));
    answer_clear(&second);
    world_store_mode(STORE_ANSWERS);
    world_store_answer(9, TRUE);
    world_until(answer.calls == 1);
    world_submit(&plain_command, FALSE, &second);
    world_until(second.calls == 1);
    g_assert_false(second.refused);
    g_assert_true(id_is_null(&second.job));
    g_assert_cmpstr(((Vm *) second.object)->comment, ==, "plain");
    answer_clear(&second);
    close_world();
}

/* A store that fails at the first record refuses the command: nothing was done, nothing is claimed. */
static void
test_refused_by_store(void)
{
    open_world();
    world_store_mode(STORE_HOLDS);
    submit(&walk_command);
    world_settle();
    world_store_answer(1, FALSE);
    world_settle();
    g_assert_cmpuint(answer.calls, ==, 1);
    g_assert_cmpint(answer.fault, ==, FAULT_UNAVAILABLE);
    g_assert_cmpstr(outside.log, ==, "");
    g_assert_null(world_vm()->description);
    must_be_free();
    close_world();
}

/* A store that fails later does not lose what was done: the record is tried until it is stored. */
static void
test_record_is_tried_again(void)
{
    open_world();
    world_store_mode(STORE_HOLDS);
    submit(&walk_command);
    world_settle();
    world_store_answer(1, TRUE);
    world_until(world_store_waiting() == 1);
    world_store_answer(1, FALSE);
    world_store_mode(STORE_ANSWERS);
    world_until(answer.calls == 1);
    g_assert_false(answer.refused);
    g_assert_cmpstr(outside.log, ==, "run:a run:b run:c ");
    close_world();
}

static void
test_undo_in_order(void)
{
    open_world();
    outside.run[2] = DOES_THEN_FAILS;
    run(&walk_command);
    g_assert_true(answer.refused);
    g_assert_nonnull(strstr(answer.text, "ordered"));
    g_assert_cmpstr(outside.log, ==, "run:a run:b run:c undo:c undo:b undo:a ");
    g_assert_cmpstr(world_vm()->description, ==, "as before");
    g_assert_false(outside.effect[0] || outside.effect[1] || outside.effect[2]);
    g_assert_cmpint(world_job(&answer.job)->status, ==, JOB_FAILED);
    g_assert_nonnull(strstr(world_job(&answer.job)->fault, "ordered"));
    g_assert_true(world_has_event("failed"));
    must_be_free();
    close_world();
}

/* An undo that fails keeps the claim and is tried again. */
static void
test_undo_is_tried_again(void)
{
    open_world();
    outside.run[1] = FAILS;
    outside.undo_fails = 2;
    submit(&walk_command);
    world_until(strstr(outside.log, "undo:b undo:b"));
    g_assert_nonnull(engine_claimant(world.engine, &vm_type, &world.vm));
    world_until(answer.calls == 1);
    g_assert_cmpstr(outside.log, ==, "run:a run:b undo:b undo:b undo:b undo:a ");
    g_assert_cmpstr(world_vm()->description, ==, "as before");
    must_be_free();
    close_world();
}

static void
test_unknown_but_done(void)
{
    open_world();
    outside.run[1] = UNKNOWN_DONE;
    run(&walk_command);
    g_assert_false(answer.refused);
    g_assert_cmpstr(outside.log, ==, "run:a run:b probe:b run:c ");
    g_assert_cmpstr(world_vm()->description, ==, "finished");
    close_world();
}

/* "It did not happen" is believed the second time, then everything is undone. */
static void
test_unknown_and_not_done(void)
{
    open_world();
    outside.run[1] = UNKNOWN_NOT_DONE;
    run(&walk_command);
    g_assert_true(answer.refused);
    g_assert_cmpstr(outside.log, ==, "run:a run:b probe:b probe:b undo:b undo:a ");
    g_assert_cmpstr(world_vm()->description, ==, "as before");
    close_world();
}

/* Nor the second time while the host may still carry it out. What comes late is found, what does not come is undone. */
static void
test_unknown_and_late(void)
{
    open_world();
    world_linger(600 * CLOCK_SECOND);
    outside.run[1] = UNKNOWN_NOT_DONE;
    submit(&walk_command);
    world_until(strstr(outside.log, "probe:b probe:b probe:b"));
    g_assert_nonnull(engine_claimant(world.engine, &vm_type, &world.vm));
    world_settle();                     /* no probe is under way */
    outside.effect[1] = TRUE;
    world_until(answer.calls == 1);
    g_assert_false(answer.refused);
    g_assert_cmpstr(world_vm()->description, ==, "finished");
    close_world();
    open_world();
    world_linger(CLOCK_SECOND / 2);
    outside.run[1] = UNKNOWN_NOT_DONE;
    Tick begun = clock_tick();
    run(&walk_command);
    g_assert_true(answer.refused);
    g_assert_cmpint(clock_tick() - begun, >=, CLOCK_SECOND / 2);
    g_assert_cmpstr(world_vm()->description, ==, "as before");
    world_linger(0);
    close_world();
}

/* A blind probe keeps the claim; facts about the VM flow on; the host's return asks at once. */
static void
test_unknown_waits(void)
{
    open_world();
    outside.run[1] = UNKNOWN_DONE;
    outside.blind = TRUE;
    submit(&walk_command);
    world_until(strstr(outside.log, "probe:b probe:b"));
    g_assert_nonnull(engine_claimant(world.engine, &vm_type, &world.vm));
    world_state(&world.vm, DOMAIN_PAUSED, "suspended:ioerror");
    g_assert_cmpint(world_vm()->status, ==, VM_PAUSED);
    outside.blind = FALSE;
    world_host_up();
    world_until(answer.calls == 1);
    g_assert_false(answer.refused);
    must_be_free();
    close_world();
}

/* After a few seconds the client is answered and the job says that it does not know; it lives on, claimed, until a person brings a proof. */
static void
test_unsure_and_abandoned(void)
{
    open_world();
    outside.run[1] = UNKNOWN_DONE;
    outside.blind = TRUE;
    submit(&walk_command);
    world_until(answer.calls == 1);
    world_settle();
    g_assert_cmpint(answer.fault, ==, FAULT_UNKNOWN_OUTCOME);
    GHashTableIter iter;
    Run *only;
    g_hash_table_iter_init(&iter, world.engine->runs);
    g_assert_true(g_hash_table_iter_next(&iter, NULL, (gpointer *) &only));
    Id job = only->id;
    g_assert_cmpint(world_job(&job)->status, ==, JOB_UNKNOWN);
    g_assert_true(world_has_event("the outcome of step 'second' is unknown"));
    g_assert_nonnull(engine_claimant(world.engine, &vm_type, &world.vm));
    answer_clear(&answer);
    world_abandon(&job, "", &answer);
    world_until(answer.calls == 1);
    g_assert_cmpint(answer.fault, ==, FAULT_INCOMPLETE);
    answer_clear(&answer);
    world_abandon(&job, "the host burnt down", &answer);
    world_until(answer.calls == 1);
    g_assert_false(answer.refused);
    g_assert_cmpint(world_job(&job)->status, ==, JOB_ABORTED);
    g_assert_true(world_has_event("the host burnt down"));
    g_assert_cmpstr(world_vm()->description, ==, "as before");
    must_be_free();
    close_world();
}

static Answer cancelled;

static void
take_cancelled(gpointer data, gconstpointer object, const Id *job, const GError *error)
{
    (void) data;
    (void) object;
    (void) job;
    cancelled.calls++;
    g_free(cancelled.text);
    cancelled.text = error ? g_strdup(error->message) : NULL;
}

/* Cancels the job of COMMAND before its first step. */
static void
cancel_early(const Command *command)
{
    open_world();
    world_store_mode(STORE_HOLDS);
    submit(command);
    world_until(world_store_waiting() == 1);
    GHashTableIter iter;
    Run *only;
    g_hash_table_iter_init(&iter, world.engine->runs);
    g_assert_true(g_hash_table_iter_next(&iter, NULL, (gpointer *) &only));
    cancelled.calls = 0;
    engine_cancel(world.engine, &only->id, NULL, take_cancelled, NULL);
    world_until(cancelled.calls == 1);
    world_store_mode(STORE_ANSWERS);
    world_store_answer(1, TRUE);
    world_until(answer.calls == 1);
    world_settle();
    must_be_free();
}

/* What is cancelled is undone and ends as failed; what is asked for once cannot be taken back. */
static void
test_cancelled(void)
{
    cancel_early(&walk_command);
    g_assert_null(cancelled.text);
    g_assert_true(answer.refused);
    g_assert_nonnull(strstr(answer.text, "It was cancelled."));
    g_assert_cmpstr(outside.log, ==, "undo:a ");
    g_assert_cmpstr(world_vm()->description, ==, "as before");
    Id gone = id_random();
    engine_cancel(world.engine, &gone, NULL, take_cancelled, NULL);
    world_until(cancelled.calls == 2);
    g_assert_nonnull(cancelled.text);
    close_world();
    cancel_early(&once_command);
    g_assert_nonnull(strstr(cancelled.text, "and cannot take that back"));
    g_assert_false(answer.refused);
    close_world();
    g_clear_pointer(&cancelled.text, g_free);
}

static void
test_forward_only(void)
{
    open_world();
    outside.run[2] = FAILS;             /* behind the point of no return: tried again, never undone */
    run(&forward_command);
    g_assert_false(answer.refused);
    g_assert_cmpstr(outside.log, ==, "run:a run:b run:c run:c ");
    g_assert_cmpstr(world_vm()->description, ==, "finished");
    close_world();
}

/* The point of no return itself failed: only if it certainly did not happen the way back is open. */
static void
test_forward_step_fails(void)
{
    open_world();
    outside.run[1] = DOES_THEN_FAILS;
    run(&forward_command);
    g_assert_false(answer.refused);
    g_assert_cmpstr(outside.log, ==, "run:a run:b probe:b run:c ");
    memset(&outside, 0, sizeof(outside));
    outside.run[1] = FAILS;
    run(&forward_command);
    g_assert_true(answer.refused);
    g_assert_nonnull(strstr(answer.text, "ordered"));
    g_assert_cmpstr(outside.log, ==, "run:a run:b probe:b probe:b undo:a ");
    close_world();
}

/* Behind the point of no return a step that fails for good waits with growing pauses, says so, and a person may end it. */
static void
test_forward_stuck(void)
{
    open_world();
    outside.run[1] = DOES;
    outside.run[2] = FAILS_FOR_EVER;
    submit(&forward_command);
    world_until(answer.calls == 1);
    g_assert_cmpint(answer.fault, ==, FAULT_UNKNOWN_OUTCOME);
    g_assert_cmpuint(strlen(outside.log), <, 60);
    g_assert_true(world_has_event("(Something went wrong inside the manager: ordered.)"));
    GHashTableIter iter;
    Run *only;
    g_hash_table_iter_init(&iter, world.engine->runs);
    g_assert_true(g_hash_table_iter_next(&iter, NULL, (gpointer *) &only));
    Id job = only->id;
    answer_clear(&answer);
    world_abandon(&job, "deleted by hand", &answer);
    world_until(answer.calls == 1);
    g_assert_false(answer.refused);
    g_assert_cmpstr(world_vm()->description, ==, "finished");
    must_be_free();
    close_world();
}

static void
test_once(void)
{
    open_world();
    outside.run[0] = UNKNOWN_NOT_DONE;
    run(&once_command);
    g_assert_true(answer.refused);
    g_assert_cmpstr(outside.log, ==, "run:a probe:a probe:a ");
    must_be_free();
    close_world();
}

/* A step that only thinks needs no record, but what it chose is journaled before the next effect. */
static void
test_thoughts_are_journaled(void)
{
    open_world();
    world_store_mode(STORE_HOLDS);
    submit(&think_command);
    world_settle();
    world_store_answer(1, TRUE);
    world_until(world_store_waiting() == 1);
    g_assert_cmpstr(outside.log, ==, "think ");
    world_store_answer(1, TRUE);
    world_until(world_store_waiting() == 1);
    g_assert_cmpstr(outside.log, ==, "think run:b ");
    world_store_answer(1, TRUE);
    world_store_mode(STORE_ANSWERS);
    world_until(answer.calls == 1);
    g_assert_false(answer.refused);
    close_world();
}

/* A soft failpoint walks the undo path: at a record nothing has happened yet, in the window it has. */
static void
test_failpoints(void)
{
    open_world();
    g_autofree char *step = g_strdup_printf("step!:%" G_GUINT64_FORMAT, failpoint_count(FAILPOINT_STEP) + 2);
    g_assert_true(failpoint_arm(step, NULL));
    run(&walk_command);
    g_assert_true(answer.refused);
    g_assert_cmpstr(outside.log, ==, "run:a undo:b undo:a ");
    memset(&outside, 0, sizeof(outside));
    g_autofree char *effect = g_strdup_printf("effect!:%" G_GUINT64_FORMAT, failpoint_count(FAILPOINT_EFFECT) + 2);
    g_assert_true(failpoint_arm(effect, NULL));
    run(&walk_command);
    g_assert_true(answer.refused);
    g_assert_cmpstr(outside.log, ==, "run:a run:b undo:b undo:a ");
    g_assert_false(outside.effect[0] || outside.effect[1]);
    close_world();
}

static void
take_plan(gpointer data, const char *text, const GError *error)
{
    g_assert_no_error(error);
    *(char **) data = message_lines(text, LANGUAGE_EN);
}

static void
test_plan_changes_nothing(void)
{
    open_world();
    guint writes = world_store_writes();
    g_autofree char *text = NULL;
    Work *work = work_new(&walk_command);
    work->target = world.vm;
    char **told = &text;
    engine_plan(world.engine, work, take_plan, told);
    world_until(*told);
    g_assert_nonnull(strstr(text, "Walking web1"));
    g_assert_cmpuint(world_store_writes(), ==, writes);
    g_assert_null(world_vm()->description);
    must_be_free();
    close_world();
}

static void
test_housekeeping(void)
{
    open_world();
    run(&walk_command);
    Id well = answer.job;
    outside.run[0] = FAILS;
    run(&walk_command);
    Id badly = answer.job;
    Wall now = clock_wall();
    clean_now(world.engine, now + 9 * 60 * CLOCK_SECOND);
    g_assert_nonnull(world_job(&well));
    clean_now(world.engine, now + 11 * 60 * CLOCK_SECOND);
    world_settle();
    g_assert_null(world_job(&well));
    g_assert_nonnull(world_job(&badly));
    clean_now(world.engine, now + 61 * 60 * (Wall) CLOCK_SECOND);
    world_settle();
    g_assert_null(world_job(&badly));
    close_world();
}

/* Edited beside a job that keeps no XML: the report came while the job had the VM, and nobody will say it again. */
static void
test_edited_beside(void)
{
    open_world();
    world_store_mode(STORE_HOLDS);
    world_submit(&walk_command, TRUE, &answer);
    world_settle();
    world_store_answer(1, TRUE);
    world_settle();
    HostReport *report = world_report(REPORT_DOMAIN);
    report->domain = world_facts(&world.vm, NULL, DOMAIN_SHUTOFF, NULL);
    report->domain->xml = g_strdup("<domain>edited</domain>");
    world_send(report);
    guint before = world.refreshes;
    world_store_mode(STORE_ANSWERS);
    world_store_answer(9, TRUE);
    world_until(answer.calls == 1);
    world_settle();
    g_assert_cmpuint(world.refreshes, ==, before + 1);
    answer_clear(&answer);
    world_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/step/forward", test_forward_all_the_way);
    g_test_add_func("/step/journal-first", test_journal_first);
    g_test_add_func("/step/parting", test_parting);
    g_test_add_func("/step/busy", test_busy);
    g_test_add_func("/step/refused-by-store", test_refused_by_store);
    g_test_add_func("/step/record-is-tried-again", test_record_is_tried_again);
    g_test_add_func("/step/undo-in-order", test_undo_in_order);
    g_test_add_func("/step/undo-is-tried-again", test_undo_is_tried_again);
    g_test_add_func("/step/unknown-but-done", test_unknown_but_done);
    g_test_add_func("/step/unknown-and-not-done", test_unknown_and_not_done);
    g_test_add_func("/step/unknown-and-late", test_unknown_and_late);
    g_test_add_func("/step/unknown-waits", test_unknown_waits);
    g_test_add_func("/step/cancelled", test_cancelled);
    g_test_add_func("/step/unsure-and-abandoned", test_unsure_and_abandoned);
    g_test_add_func("/step/forward-only", test_forward_only);
    g_test_add_func("/step/forward-step-fails", test_forward_step_fails);
    g_test_add_func("/step/forward-stuck", test_forward_stuck);
    g_test_add_func("/step/once", test_once);
    g_test_add_func("/step/thoughts", test_thoughts_are_journaled);
    g_test_add_func("/step/edited-beside", test_edited_beside);
    g_test_add_func("/step/failpoints", test_failpoints);
    g_test_add_func("/step/plan", test_plan_changes_nothing);
    g_test_add_func("/step/housekeeping", test_housekeeping);
    return g_test_run();
}
