/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A person vouches for a job whose outcome nobody can ask about any more. It is asked about once more and then ended by step.c;
 * here is only whether that may be, and what would happen. Part of the engine's door. */
#include "job/machine.h"

typedef struct {
    Engine *engine;
    Id job, user;
    char *proof, *correlation;
    EngineDone done;
    EnginePlanned planned;
    gpointer data;
} Abandonment;

static gboolean
may_abandon(const Abandonment *abandonment, const Run *run, GError **error)
{
    char id[ID_TEXT_SIZE];
    if (!run)
        return fault_set(error, MSG_JOB_NOT_THERE, "id", id_format(&abandonment->job, ID_UUID, id), NULL);
    if (!run->unsure)
        return fault_set(error, MSG_JOB_NOT_UNKNOWN, "job", run->claimant.told, NULL);
    if (!abandonment->proof || !*abandonment->proof)
        return fault_set(error, MSG_JOB_NEEDS_PROOF, "job", run->claimant.told, NULL);
    if (run->proof)
        return fault_set(error, MSG_JOB_ALREADY_ABANDONED, "job", run->claimant.told, NULL);
    return TRUE;
}

static void
tell_plan(const Abandonment *abandonment, const Run *run)
{
    g_autoptr(Message) message = message_new(MSG_JOB_WOULD_BE_ABANDONED, "job", run->claimant.told, "step", run->claimant.step, NULL);
    g_autofree char *text = message_encode(message);
    abandonment->planned(abandonment->data, text, NULL);
}

static void
refuse(const Abandonment *abandonment, const GError *error)
{
    if (abandonment->planned)
        abandonment->planned(abandonment->data, NULL, error);
    else
        abandonment->done(abandonment->data, NULL, &id_null, error);
}

static void
abandon(gpointer data)
{
    Abandonment *abandonment = data;
    g_autoptr(GError) error = NULL;
    Run *run = g_hash_table_lookup(abandonment->engine->runs, &abandonment->job);
    if (!may_abandon(abandonment, run, &error)) {
        refuse(abandonment, error);
    } else if (abandonment->planned) {
        tell_plan(abandonment, run);
    } else {
        run->proof = g_steal_pointer(&abandonment->proof);
        run->proof_user = abandonment->user;
        run->proof_correlation = g_steal_pointer(&abandonment->correlation);
        run->abandoned = abandonment->done;
        run->abandoned_data = abandonment->data;
        run_abandon(run);
    }
    g_free(abandonment->proof);
    g_free(abandonment->correlation);
    g_free(abandonment);
}

void
engine_abandon(Engine *engine, const Id *job, const EngineProof *proof, EngineDone done, gpointer data)
{
    Abandonment *abandonment = g_new0(Abandonment, 1);
    *abandonment = (Abandonment) { engine, *job, proof->user, g_strdup(proof->text), g_strdup(proof->correlation), done, proof->planned, data };
    loop_post(engine->parts.loop, abandon, abandonment);
}
