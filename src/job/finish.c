/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Records and ends of running jobs: what is journaled, what is said, who is answered. A record that the store refuses is
 * tried until it takes it: what happened outside has happened. */
#include "job/journal.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "job/reconcile.h"
#include "job/wording.h"

#define STORE_PAUSE(run) (2 * (run)->engine->beat)      /* until a record that the store refused is tried again */

/* --- answers ------------------------------------------------------------------------------------------------------------- */

static gconstpointer
find_target(Run *run, View *view)
{
    Work *work = run->work;
    View *before = work->view;
    work->view = view;
    gconstpointer target = work->command ? work_find(work, work->command->on, &work->target) : NULL;
    work->view = before;
    return target;
}

static void
call_back(Run *run, EngineDone done, gpointer data, const GError *error)
{
    g_autoptr(View) view = inventory_view(run->engine->parts.inventory);
    done(data, error ? NULL : find_target(run, view), &run->id, error);
}

void
run_answer(Run *run, const GError *error)
{
    EngineDone done = g_steal_pointer(&run->done);
    loop_cancel(run->engine->parts.loop, run->patience);
    run->patience = 0;
    if (done)
        call_back(run, done, run->data, error);
}

void
run_answer_all(Run *run, const GError *error)
{
    EngineDone abandoned = g_steal_pointer(&run->abandoned);
    run_answer(run, error);
    if (abandoned)
        call_back(run, abandoned, run->abandoned_data, run->ending == END_ABORTED ? NULL : error);
}

/* --- sentences ------------------------------------------------------------------------------------------------------------ */

/* As {why} of a sentence: told with it, in its language. */
static char *
fault_encoded(const GError *error)
{
    return error ? message_encode(fault_message(error)) : g_strdup("");
}

static Message *
general_sentence(Run *run, const char *why)
{
    const char *job = run->claimant.told;
    switch (run->ending) {
    case END_DONE:
        return message_new(MSG_JOB_DONE, "job", job, NULL);
    case END_FAILED:
        return message_new(MSG_JOB_FAILED, "job", job, "why", why, NULL);
    case END_NOT_KNOWN:
        return message_new(MSG_JOB_NOT_KNOWN, "job", job, "step", run->claimant.step, NULL);
    case END_ABORTED:
        break;
    }
    return message_new(MSG_JOB_ABANDONED, "job", job, "proof", run->proof, NULL);
}

static void
tell_end(Run *run, Changes *changes)
{
    static const Severity severities[] = { SEVERITY_NORMAL, SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_WARNING };
    const Command *command = run->work->command ? work_words(run->work) : NULL;
    const View *view = changes_head(changes);
    if (command && command->unsaid && run->ending == END_DONE)
        return;
    AboutIds ids;
    EventAbout about = command ? wording_about(run->work, view, &ids) : (EventAbout) { .correlation = run->work->correlation };
    g_autofree char *why = fault_encoded(run->fault);
    MessageCode code = 0;
    int number = 0;
    if (command && (run->ending == END_DONE || run->ending == END_FAILED)) {
        code = run->ending == END_DONE ? command->done.message : command->failed.message;
        number = run->ending == END_DONE ? command->done.code : command->failed.code;
    }
    if (run->ending == END_ABORTED) {
        about.user = &run->proof_user;
        about.correlation = run->proof_correlation;
    }
    Message *message = code ? wording_message(run->work, view, code, why) : general_sentence(run, why);
    changes_event(changes, number, severities[run->ending], message, &about);
}

static void
tell_doubt(Run *run, Changes *changes)
{
    AboutIds ids;
    EventAbout about = wording_about(run->work, changes_head(changes), &ids);
    const GError *error_seen = run->trip.error ? run->trip.error : run->fault;
    g_autofree char *why = error_seen ? fault_encoded(error_seen) : g_strdup("nothing could be learnt");
    Message *message = message_new(MSG_JOB_UNSURE, "job", run->claimant.told, "step", run->claimant.step, "why", why, NULL);
    changes_event(changes, 0, SEVERITY_WARNING, message, &about);
}

/* Whoever waits is told that the outcome is not known yet; the job lives on. */
static void
answer_doubt(Run *run)
{
    g_autoptr(GError) error = NULL;
    char id[ID_TEXT_SIZE];
    fault_set(&error, MSG_JOB_OUTCOME_UNKNOWN, "job", run->claimant.told, "id", id_format(&run->id, ID_UUID, id), NULL);
    run_answer(run, error);
}

/* --- records --------------------------------------------------------------------------------------------------------------- */

static void put_record(Run *run);

static void
recorded(gpointer data, const GError *error)
{
    Run *run = data;
    if (error) {
        run_pause(run, STORE_PAUSE(run), put_record);
        return;
    }
    if (run->tell_unsure)
        answer_doubt(run);
    run->tell_unsure = FALSE;
    run->failed_on_order |= !failpoint_passes(FAILPOINT_STEP);
    run->after_put(run);
}

/* What the model shows of a step that rests. */
static void
note_rest(Run *run, Changes *changes)
{
    const Command *command = run->work->command;
    const Step *step = run_step(run, run->at);
    if (run->phase == PHASE_RUNNING && step && step->rests && command->note)
        command->note(run->work, changes);
}

static void
put_record(Run *run)
{
    Changes *changes = commit_begin(run->engine->commit);
    journal_write(run, changes);
    note_rest(run, changes);
    if (run->tell_unsure)
        tell_doubt(run, changes);
    if (!engine_put(run->engine, changes, recorded, run))
        run_pause(run, STORE_PAUSE(run), put_record);
}

void
run_record(Run *run, RunNext next)
{
    run->after_put = next;
    put_record(run);
}

/* --- ends ------------------------------------------------------------------------------------------------------------------ */

static void put_end(Run *run);

static void
set_view(Work *work, View *view)
{
    if (work->view)
        view_unref(work->view);
    work->view = view_ref(view);
}

static GError *
end_fault(Run *run)
{
    GError *error = NULL;
    char id[ID_TEXT_SIZE];
    if (run->ending == END_FAILED)
        return run->fault ? g_error_copy(run->fault) : NULL;
    if (run->ending == END_NOT_KNOWN)
        fault_set(&error, MSG_JOB_OUTCOME_UNKNOWN, "job", run->claimant.told, "id", id_format(&run->id, ID_UUID, id), NULL);
    if (run->ending == END_ABORTED)
        fault_set(&error, MSG_JOB_WAS_ABANDONED, "job", run->claimant.told, NULL);
    return error;
}

static void
ended(gpointer data, const GError *error)
{
    Run *run = data;
    if (error) {
        run_pause(run, STORE_PAUSE(run), put_end);
        return;
    }
    failpoint_passes(FAILPOINT_STEP);
    Engine *engine = run->engine;
    claims_drop(engine->claims, &run->claimant);
    reconcile_settled(engine->reconcile, run->work);
    g_autoptr(GError) fault = end_fault(run);
    run_answer_all(run, fault);
    g_hash_table_remove(engine->runs, &run->id);
}

static void
stage_end(Run *run, Changes *changes)
{
    Work *work = run->work;
    const Command *command = work->command;
    if (!command || run->bare)
        return;
    set_view(work, commit_head(run->engine->commit));
    gboolean forward = run->ending == END_DONE || (run->ending == END_ABORTED && run->forward_passed);
    if (forward && command->finish)
        command->finish(work, changes);
    else if (!forward && command->revert)
        command->revert(work, changes);
}

static void
put_end(Run *run)
{
    Engine *engine = run->engine;
    Changes *changes = commit_begin(engine->commit);
    stage_end(run, changes);
    tell_end(run, changes);
    g_autoptr(GError) fault = end_fault(run);
    journal_close(run, changes, fault ? fault_message(fault) : NULL);
    if (engine_put(engine, changes, ended, run))
        return;
    run->bare |= commit_can_store(engine->commit, NULL);    /* the model's refusal, not the store's: it would be the same again */
    run_pause(run, STORE_PAUSE(run), put_end);
}

void
run_end(Run *run, Ending ending)
{
    run->ending = ending;
    put_end(run);
}
