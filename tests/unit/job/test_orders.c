/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Steps that rest, and orders: what a job learns is recorded at each rest, it can be cancelled meanwhile, holds no worker, and what it
 * orders is a job of its own that carries its id. */
#include "world.h"

#include <string.h>

static Answer answer;
static gint looked;                     /* how often the step was run, by a worker; atomic */
static gint rests;                      /* and how often it rests; atomic */
static gboolean orders;
static gint seen;                       /* OrderState; atomic */

static guint
looks(void)
{
    return (guint) g_atomic_int_get(&looked);
}

static gboolean
check(Work *work, GError **error)
{
    work_set_about(work, "job", "Resting");
    return work_find(work, &vm_type, &work->target) || fault_set(error, MSG_JOB_NOT_THERE, "id", "vm", NULL);
}

static gboolean
look(Work *work, G_GNUC_UNUSED GError **error)
{
    guint turn = (guint) g_atomic_int_add(&looked, 1) + 1;
    g_autofree char *count = g_strdup_printf("%u", turn);
    OrderState state = orders_state(work, &work->target, NULL, NULL);
    work_set_mark(work, "looks", count);
    if (orders && state == ORDER_NONE)
        orders_give(work, &walk_command, &work->target);
    g_atomic_int_set(&seen, (gint) state);
    gboolean ended = orders ? state == ORDER_DONE || state == ORDER_FAILED : (gint) turn > g_atomic_int_get(&rests);
    work->rest = ended ? 0 : CLOCK_SECOND / 100;
    return TRUE;
}

static const Command rest_command = { .verb = "rest", .on = &vm_type, .title = MSG_JOB_DONE, .check = check,
                                      .steps = (const Step[]) { { "look", look, NULL, NULL, FALSE }, { 0 } } };

static void
begin(guint count, gboolean gives)
{
    world_open();
    world_host_up();
    world_state(&world.vm, DOMAIN_SHUTOFF, NULL);
    g_atomic_int_set(&looked, 0);
    g_atomic_int_set(&rests, (gint) count);
    orders = gives;
    answer_clear(&answer);
    world_submit(&rest_command, TRUE, &answer);
}

static void
end(void)
{
    world_settle();
    g_assert_cmpuint(g_hash_table_size(world.engine->runs), ==, 0);
    g_assert_cmpuint(claims_count(world.engine->claims), ==, 0);
    answer_clear(&answer);
    world_close();
}

static void
test_rests(void)
{
    begin(3, FALSE);
    world_until(looks() == 2);
    world_until(answer.calls == 1);
    g_assert_false(answer.refused);
    g_assert_cmpuint(looks(), ==, 4);
    g_assert_cmpint(world_job(&answer.job)->status, ==, JOB_FINISHED);
    end();
}

/* What it has learnt is stored before it looks again. */
static void
test_records(void)
{
    begin(1, FALSE);
    world_until(looks() == 1);
    world_store_mode(STORE_HOLDS);
    world_until(looks() == 2 || world_store_waiting() == 1);
    guint before = looks();
    world_settle();
    g_usleep(CLOCK_SECOND / 20);
    world_settle();
    g_assert_cmpuint(looks(), ==, before);
    world_store_answer(1, TRUE);
    world_store_mode(STORE_ANSWERS);
    world_until(answer.calls == 1);
    end();
}

static void
unheard(gpointer data, gconstpointer object, const Id *job, const GError *error)
{
    (void) object;
    (void) job;
    g_assert_no_error(error);
    *(gboolean *) data = TRUE;
}

static void
test_cancelled(void)
{
    gboolean told = FALSE;
    begin(G_MAXINT, FALSE);
    world_until(looks() >= 2);
    GHashTableIter iter;
    Run *run;
    g_hash_table_iter_init(&iter, world.engine->runs);
    g_assert_true(g_hash_table_iter_next(&iter, NULL, (gpointer *) &run));
    Id id = run->id;
    engine_cancel(world.engine, &id, NULL, unheard, &told);
    world_until(answer.calls == 1);
    g_assert_true(told && answer.refused && world_job(&answer.job)->status == JOB_FAILED);
    end();
}

static void
test_orders(void)
{
    begin(0, TRUE);
    world_until(answer.calls == 1);
    g_assert_cmpint(g_atomic_int_get(&seen), ==, ORDER_DONE);
    g_assert_cmpstr(outside.log, ==, "run:a run:b run:c ");
    char text[ID_TEXT_SIZE];
    guint found = 0;
    g_autoptr(View) view = inventory_view(world.inventory);
    ViewWalk walk = view_walk(view, &job_type);
    for (const Job *job; (job = view_next(&walk));)
        found += g_strcmp0(job->correlation_id, id_format(&answer.job, ID_UUID, text)) == 0 && g_str_equal(job->command, "vm.walk");
    g_assert_cmpuint(found, ==, 1);
    end();
}

static void
test_order_fails(void)
{
    outside = (Outside) { 0 };
    begin(0, TRUE);
    outside.run[1] = FAILS;
    world_until(answer.calls == 1);
    g_assert_cmpint(g_atomic_int_get(&seen), ==, ORDER_FAILED);
    g_assert_false(answer.refused);         /* what to make of it is the step's */
    end();
}

static const Command *
quiet(G_GNUC_UNUSED const Work *work)
{
    static const Command nothing = { .title = MSG_JOB_DONE, .unsaid = TRUE };
    return &nothing;
}

/* What had nothing to do is told by no event if it ends well. */
static void
test_unsaid(void)
{
    Command command = rest_command;
    for (guint i = 0; i < 2; i++) {
        begin(0, FALSE);
        world_until(answer.calls == 1);
        world_settle();
        answer_clear(&answer);
        guint before = world_events();
        command.words = i == 0 ? NULL : quiet;
        world_submit(&command, TRUE, &answer);
        world_until(answer.calls == 1);
        g_assert_false(answer.refused);
        g_assert_cmpuint(world_events() - before, ==, i == 0 ? 1 : 0);
        end();
    }
}

static guint notes;                     /* by the writer */
static gint worked;                     /* the step behind; atomic */

static void
note(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    text_set(&vm->comment, work_mark(work, "looks"));
    notes++;
}

static gboolean
work_behind(G_GNUC_UNUSED Work *work, G_GNUC_UNUSED GError **error)
{
    g_atomic_int_set(&worked, 1);
    return TRUE;
}

static Probe
worked_behind(G_GNUC_UNUSED Work *work, G_GNUC_UNUSED GError **error)
{
    return g_atomic_int_get(&worked) ? PROBE_DONE : PROBE_NOT_DONE;
}

/* While it rests the model is told with each record, what it rests with is in the journal before anything behind it begins, and then it is
 * told no more. */
static void
test_notes(void)
{
    const Command noting = { .verb = "rest", .on = &vm_type, .title = MSG_JOB_DONE, .check = check, .note = note, .steps = (const Step[]) {
        { "look", look, NULL, NULL, FALSE, TRUE }, { "work", work_behind, worked_behind, NULL, TRUE }, { 0 } } };
    begin(0, FALSE);
    world_until(answer.calls == 1);
    world_settle();
    answer_clear(&answer);
    g_atomic_int_set(&looked, 0);
    g_atomic_int_set(&worked, 0);
    g_atomic_int_set(&rests, G_MAXINT);
    notes = 0;
    world_submit(&noting, TRUE, &answer);
    world_until(looks() >= 3);
    g_assert_cmpuint(notes, >=, 1);
    world_until(g_strcmp0(world_vm()->comment, "2") == 0);
    g_assert_cmpint(g_atomic_int_get(&worked), ==, 0);
    g_atomic_int_set(&rests, 0);
    world_until(answer.calls == 1);
    g_assert_false(answer.refused);
    guint before = notes;
    world_settle();
    g_assert_true(g_atomic_int_get(&worked) && notes == before);
    end();
}

static gint refusals, refuses_from;     /* so many looks say no, from that one on; atomic */

static gboolean
look_or_refuse(Work *work, GError **error)
{
    gint turn = g_atomic_int_get(&looked) + 1, from = g_atomic_int_get(&refuses_from);
    if (turn < from || turn >= from + g_atomic_int_get(&refusals))
        return look(work, error);
    g_atomic_int_inc(&looked);
    return fault_set(error, MSG_JOB_NOT_THERE, "id", "what it needs", NULL);
}

static const Command only_forward_command = { .verb = "rest", .on = &vm_type, .title = MSG_JOB_DONE, .check = check, .steps = (const Step[]) {
    { "look", look_or_refuse, NULL, NULL, TRUE, TRUE }, { "work", work_behind, worked_behind, NULL, TRUE }, { 0 } } };

static void
begin_forward(gint from, gint count)
{
    begin(0, FALSE);
    world_until(answer.calls == 1);
    world_settle();
    answer_clear(&answer);
    g_atomic_int_set(&looked, 0);
    g_atomic_int_set(&worked, 0);
    g_atomic_int_set(&refuses_from, from);
    g_atomic_int_set(&refusals, count);
    g_atomic_int_set(&rests, 2 + count);
    world_submit(&only_forward_command, TRUE, &answer);
    world_until(answer.calls == 1);
}

/* A step that sees itself how far it is may say no before it has rested; from then on it is asked until it is done. */
static void
test_forward_at_rest(void)
{
    begin_forward(1, 1);
    g_assert_true(answer.refused);
    g_assert_cmpuint(looks(), ==, 1);
    g_assert_cmpint(g_atomic_int_get(&worked), ==, 0);
    end();
    begin_forward(2, 2);
    g_assert_false(answer.refused);
    g_assert_cmpuint(looks(), >=, 5);
    g_assert_cmpint(g_atomic_int_get(&worked), ==, 1);
    end();
}

/* The manager ends before the store has said that the job is in the journal: who waits was told, and is not told again when it says no. */
static void
test_refused_behind_the_end(void)
{
    world_open();
    world_host_up();
    g_atomic_int_set(&looked, 0);
    answer_clear(&answer);
    world_store_mode(STORE_HOLDS);
    world_submit(&rest_command, TRUE, &answer);
    world_settle();
    g_assert_cmpuint(world_store_waiting(), ==, 1);
    engine_stop(world.engine);
    g_assert_cmpuint(answer.calls, ==, 1);
    g_assert_cmpint(answer.fault, ==, FAULT_TIMEOUT);
    world_store_answer(1, FALSE);
    while (loop_iterate(world.loop, FALSE))
        continue;
    g_assert_cmpuint(answer.calls, ==, 1);
    g_assert_cmpuint(g_hash_table_size(world.engine->runs), ==, 0);
    world.engine->hung = FALSE;         /* the store has answered after all: nothing comes back to it */
    answer_clear(&answer);
    world_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/orders/rests", test_rests);
    g_test_add_func("/orders/forward_at_rest", test_forward_at_rest);
    g_test_add_func("/orders/records", test_records);
    g_test_add_func("/orders/notes", test_notes);
    g_test_add_func("/orders/cancelled", test_cancelled);
    g_test_add_func("/orders/orders", test_orders);
    g_test_add_func("/orders/order_fails", test_order_fails);
    g_test_add_func("/orders/unsaid", test_unsaid);
    g_test_add_func("/orders/refused_behind_the_end", test_refused_behind_the_end);
    return g_test_run();
}
