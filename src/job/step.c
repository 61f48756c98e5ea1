/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The walk of one running job: forward by its steps, into doubt, backwards. Each function here runs in the writer and
 * answers one question: what now? Effects happen in trip.c, records and ends in finish.c. */
#include "job/journal.h"

#include "base/log.h"

/* In beats of the engine, each half a second. */
#define LONGEST_PAUSE 60
#define UNSURE_AFTER 10             /* from when a run is stuck until it says so */
#define ONCE_PATIENCE 40            /* how long a command that is never repeated is asked for: meanwhile nobody else may act */
#define DENIALS_NEEDED 2            /* a call may still be on its way: "it did not happen" is believed the second time */

static void go_on(Run *run);
static void ask_again(Run *run);
static void go_back(Run *run);
static void turn_back(Run *run, GError *take_why);

Run *
run_new(Engine *engine, Work *take)
{
    Run *run = g_new0(Run, 1);
    run->engine = engine;
    run->work = take;
    run->id = take->job;
    run->phase = PHASE_RUNNING;
    run->claimant.job = take->job;
    run->claimant.command = take->command;
    run->claimant.since = clock_wall();
    take->orders = orders_new(&engine->orders);
    return run;
}

void
run_free(Run *run)
{
    if (!run)
        return;
    loop_cancel(run->engine->parts.loop, run->timer);
    loop_cancel(run->engine->parts.loop, run->patience);
    work_free(run->work);
    g_clear_error(&run->fault);
    g_clear_error(&run->trip.error);
    g_free(run->journaled);
    g_free(run->claimant.title);
    g_free(run->claimant.told);
    g_free(run->proof);
    g_free(run->proof_correlation);
    g_free(run);
}

const Step *
run_step(const Run *run, int at)
{
    const Step *steps = run->work->command ? run->work->command->steps : NULL;
    for (int i = 0; steps && steps[i].name; i++) {
        if (i == at)
            return &steps[i];
    }
    return NULL;
}

/* --- waiting ----------------------------------------------------------------------------------------------------------- */

static void
pause_over(gpointer data)
{
    Run *run = data;
    run->timer = 0;
    run->next(run);
}

void
run_pause(Run *run, Tick pause, RunNext next)
{
    run->next = next;
    run->timer = loop_timer(run->engine->parts.loop, pause, pause_over, run);
}

void
run_poke(Run *run)
{
    if (!run->timer || run->busy || !run->stuck_since)
        return;
    loop_cancel(run->engine->parts.loop, run->timer);
    run->tries = 0;
    pause_over(run);
}

static Tick
next_pause(Run *run)
{
    Tick beats = (Tick) 1 << MIN(run->tries, 10), beat = run->engine->beat;
    Tick longest = run->give_up ? MAX(run->give_up - clock_tick(), beat) : LONGEST_PAUSE * beat;
    run->tries++;
    return MIN(beats * beat, longest);
}

static void
wait_on(Run *run)
{
    run_pause(run, next_pause(run), run->after_record);
}

/* Nothing can be said or done now: NEXT again later, for as long as it takes. After a few seconds the job says so and whoever waits is answered. */
static void
keep_trying(Run *run, RunNext next)
{
    Tick now = clock_tick();
    run->after_record = next;
    if (!run->stuck_since)
        run->stuck_since = now;
    if (run->unsure || now - run->stuck_since < UNSURE_AFTER * run->engine->beat) {
        wait_on(run);
        return;
    }
    run->unsure = run->tell_unsure = TRUE;
    run_record(run, wait_on);
}

static void
not_stuck(Run *run)
{
    run->stuck_since = 0;
    run->tries = run->denials = 0;
    run->give_up = 0;
    run->unsure = run->tell_unsure = FALSE;
}

/* --- forward ----------------------------------------------------------------------------------------------------------- */

static void
stand_at(Run *run, int at)
{
    for (int i = run->at; i < at; i++) {
        const Step *step = run_step(run, i);
        run->forward_passed |= step && step->forward;
    }
    run->at = at;
    const Step *step = run_step(run, at);
    run->claimant.step = step ? step->name : NULL;
    run->claimant.since = clock_wall();
}

static gboolean
is_cancelled(const Run *run)
{
    return g_atomic_int_get(&run->work->cancelled) && !run->forward_passed;
}

static void
end_cancelled(Run *run)
{
    GError *why = NULL;
    g_clear_error(&run->fault);
    fault_set(&why, MSG_JOB_CANCELLED, NULL);
    turn_back(run, why);
}

static void
go_on(Run *run)
{
    if (is_cancelled(run)) {
        end_cancelled(run);
        return;
    }
    if (!run->failed_on_order) {
        run_trip(run, TRIP_RUN);
        return;
    }
    run->failed_on_order = FALSE;
    if (run->forward_passed) {
        keep_trying(run, go_on);
        return;
    }
    GError *why = NULL;
    fault_set(&why, MSG_JOB_FAILED_ON_ORDER, "step", run->claimant.step, NULL);
    turn_back(run, why);
}

static void
advance(Run *run, int at)
{
    stand_at(run, at);
    run->phase = PHASE_RUNNING;
    not_stuck(run);
    g_clear_error(&run->fault);
    if (run_step(run, at))
        run_record(run, go_on);
    else
        run_end(run, END_DONE);
}

void
run_begin(Run *run)
{
    stand_at(run, 0);
    go_on(run);
}

/* --- backwards ------------------------------------------------------------------------------------------------------------ */

static gboolean
has_undo(const Run *run)
{
    for (int at = run->at; at >= 0; at--) {
        const Step *step = run_step(run, at);
        if (step && step->undo)
            return TRUE;
    }
    return FALSE;
}

static void
go_back(Run *run)
{
    run_trip(run, TRIP_UNDO);
}

static void
turn_back(Run *run, GError *take_why)
{
    if (!run->fault)
        run->fault = take_why;
    else
        g_clear_error(&take_why);
    run->phase = PHASE_UNDOING;
    not_stuck(run);
    if (has_undo(run))
        run_record(run, go_back);
    else
        run_end(run, END_FAILED);
}

static void
back_from_undo(Run *run)
{
    run->at = run->trip.at;
    if (!run->trip.error) {
        run_end(run, END_FAILED);
    } else if (run->proof) {
        run_end(run, END_ABORTED);
    } else {
        log_warn("job '%s': undoing waits: %s", run->claimant.title, run->trip.error->message);
        keep_trying(run, go_back);
    }
}

/* --- doubt ------------------------------------------------------------------------------------------------------------- */

static void
ask_again(Run *run)
{
    run_trip(run, TRIP_PROBE);
}

/* The next step at or after AT that has an effect: the one the last record covers. -1 if none. */
static int
next_effect(const Run *run, int at)
{
    for (const Step *step; (step = run_step(run, at)); at++) {
        if (step->probe)
            return at;
    }
    return -1;
}

static void
fall_into_doubt(Run *run)
{
    run->phase = PHASE_UNKNOWN;
    run->denials = 0;
    if (run->work->command->once && !run->give_up)
        run->give_up = clock_tick() + ONCE_PATIENCE * run->engine->beat;
    ask_again(run);
}

/* There is no way back: the step is tried again for as long as it takes, or until a person ends it. */
static void
only_forward(Run *run)
{
    if (run->proof)
        run_end(run, END_ABORTED);
    else
        keep_trying(run, go_on);
}

/* A host may still carry out what was asked of it by a process that died, or over a connection that broke. */
static gboolean
may_still_happen(const Run *run)
{
    return (run->recovered || run->unheard) && clock_tick() - run->denied_since < run->trip.linger;
}

/* The step did not happen: certainly, once it cannot any more. */
static void
denied(Run *run)
{
    if (run->denials++ == 0)
        run->denied_since = clock_tick();
    if (run->denials < DENIALS_NEEDED || may_still_happen(run)) {
        run_pause(run, run->engine->beat, ask_again);
        return;
    }
    if (run->forward_passed && !run->work->command->once) {
        run->phase = PHASE_RUNNING;
        only_forward(run);
        return;
    }
    GError *why = NULL;
    fault_set(&why, run->recovered ? MSG_JOB_INTERRUPTED : MSG_JOB_DID_NOT_HAPPEN, "step", run->claimant.step, NULL);
    turn_back(run, why);
}

static void
back_from_probe(Run *run)
{
    Probe probe = run->trip.probe;
    if (probe == PROBE_DONE) {
        advance(run, run->at + 1);
    } else if (probe == PROBE_NOT_DONE) {
        denied(run);
    } else if (run->proof) {
        run_end(run, END_ABORTED);
    } else if (run->give_up && clock_tick() >= run->give_up) {
        run_end(run, END_NOT_KNOWN);
    } else {
        run->denials = 0;
        keep_trying(run, ask_again);
    }
}

static void
keep_fault(Run *run)
{
    g_clear_error(&run->fault);
    run->fault = g_steal_pointer(&run->trip.error);
}

/* It has no probe: it sees itself how far it is, whenever it is run. */
static gboolean
is_forward_at_rest(const Step *step)
{
    return step && step->rests && step->forward && !step->probe;
}

/* A step said no. Whether it may have had an effect all the same decides the way. */
static void
step_failed(Run *run)
{
    const Step *step = run_step(run, run->trip.at);
    stand_at(run, run->trip.at);
    gboolean unknown = fault_of(run->trip.error) == FAULT_UNKNOWN_OUTCOME;
    run->unheard = unknown;
    run->forward_passed |= unknown && is_forward_at_rest(step);
    if (unknown && !step->probe && run->work->command->once) {
        run_end(run, END_NOT_KNOWN);
    } else if (run->trip.effect && (unknown || step->forward)) {
        if (unknown)
            g_clear_error(&run->fault);     /* whatever comes of it has its own sentence */
        else
            keep_fault(run);
        fall_into_doubt(run);
    } else if (run->forward_passed) {
        log_warn("job '%s': %s waits, it can only go forward: %s", run->claimant.title, step->name, run->trip.error->message);
        only_forward(run);
    } else if (is_cancelled(run)) {
        end_cancelled(run);
    } else {
        turn_back(run, g_steal_pointer(&run->trip.error));
    }
}

static void
rest(Run *run)
{
    run_pause(run, run->work->rest, go_on);
}

/* A step that is not done, and waits for others to be. What it has learnt is recorded. */
static void
begin_rest(Run *run)
{
    gboolean moved = run->at != run->trip.at;
    if (moved)
        stand_at(run, run->trip.at);
    run->forward_passed |= is_forward_at_rest(run_step(run, run->at));
    g_autofree char *marks = journal_marks(run->work);
    if (g_str_equal(marks, run->journaled) && !(moved && run_step(run, run->at)->rests))
        rest(run);
    else
        run_record(run, rest);
}

void
run_back(Run *run)
{
    switch (run->trip.kind) {
    case TRIP_RUN:
        if (run->trip.error)
            step_failed(run);
        else if (run->work->rest > 0)
            begin_rest(run);
        else
            advance(run, run->trip.at);
        break;
    case TRIP_PROBE:
        back_from_probe(run);
        break;
    case TRIP_UNDO:
        back_from_undo(run);
        break;
    }
}

/* --- after a restart; by a person ------------------------------------------------------------------------------------- */

void
run_resume(Run *run)
{
    int at = run->at;
    run->at = 0;
    stand_at(run, at);
    run->claimant.since = clock_wall();
    run->stuck_since = clock_tick();
    if (!run->work->command) {
        run->unsure = TRUE;         /* it keeps its claims until somebody abandons it */
        return;
    }
    int effect = next_effect(run, at);
    const Step *step = run_step(run, at);
    if (run->phase == PHASE_UNDOING) {
        go_back(run);
    } else if (effect < 0 && run->work->command->once) {
        run_end(run, END_NOT_KNOWN);
    } else if (effect < 0 || (step->rests && run->phase == PHASE_RUNNING)) {
        run->forward_passed |= is_forward_at_rest(step);
        go_on(run);                 /* only thinking is left, or nothing else has begun */
    } else {
        stand_at(run, effect);
        fall_into_doubt(run);
    }
}

void
run_abandon(Run *run)
{
    if (!run->work->command)
        run_end(run, END_ABORTED);
    else
        run_poke(run);
}
