/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A running job is not wanted any more. It is told so, and turns back at its next step, or within the present one where that
 * looks (copies of disks). A manager that dies meanwhile turns back by itself. Part of the engine's door. */
#include "job/machine.h"

typedef struct {
    Engine *engine;
    Id job;
    EnginePlanned planned;
    EngineDone done;
    gpointer data;
} Cancellation;

static gboolean
may_cancel(const Cancellation *cancellation, const Run *run, GError **error)
{
    char id[ID_TEXT_SIZE];
    const char *step = run && run->claimant.step ? run->claimant.step : "";
    if (!run || !run->work->command)
        return fault_set(error, MSG_JOB_NOT_THERE, "id", id_format(&cancellation->job, ID_UUID, id), NULL);
    if (run->work->command->once)
        return fault_set(error, MSG_JOB_CANCEL_ONCE, "job", run->claimant.title, NULL);
    const Step *now = run_step(run, run->at);
    if (run->forward_passed || (now && now->forward))
        return fault_set(error, MSG_JOB_ONLY_FORWARD, "job", run->claimant.title, "step", step, NULL);
    return TRUE;
}

static void
tell_plan(const Cancellation *cancellation, const Run *run)
{
    g_autoptr(Message) message = message_new(MSG_JOB_WOULD_BE_CANCELLED, "job", run->claimant.title, "step", run->claimant.step ? run->claimant.step : "", NULL);
    g_autofree char *text = message_text(message, LANGUAGE_EN);
    cancellation->planned(cancellation->data, text, NULL);
}

static void
cancel(gpointer data)
{
    g_autofree Cancellation *cancellation = data;
    g_autoptr(GError) error = NULL;
    Engine *engine = cancellation->engine;
    Run *run = g_hash_table_lookup(engine->runs, &cancellation->job);
    gboolean may = may_cancel(cancellation, run, &error);
    if (!may && cancellation->planned) {
        cancellation->planned(cancellation->data, NULL, error);
    } else if (!may) {
        cancellation->done(cancellation->data, NULL, &id_null, error);
    } else if (cancellation->planned) {
        tell_plan(cancellation, run);
    } else {
        g_atomic_int_set(&run->work->cancelled, 1);
        run_poke(run);
        cancellation->done(cancellation->data, view_find(commit_head(engine->commit), &job_type, &cancellation->job), &cancellation->job, NULL);
    }
}

void
engine_cancel(Engine *engine, const Id *job, EnginePlanned planned, EngineDone done, gpointer data)
{
    Cancellation *cancellation = g_new0(Cancellation, 1);
    *cancellation = (Cancellation) { engine, *job, planned, done, data };
    loop_post(engine->parts.loop, cancel, cancellation);
}
