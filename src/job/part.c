/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The engine's end, in two steps: it parts from those who wait while they can still be told, and it stops. What was begun stands in
 * the journal, for recover.c at the next start. */
#include "base/fault.h"
#include "base/lock.h"
#include "job/machine.h"

#define PART_PATIENCE (CLOCK_SECOND / 4)    /* for the store to write what was just begun */
#define STOP_PATIENCE CLOCK_SECOND

/* Its job is in the journal and goes on at the next start: who waits hears that, and not only a connection that ends. */
static void
tell_left(Run *run)
{
    g_autoptr(GError) error = NULL;
    char id[ID_TEXT_SIZE];
    fault_set(&error, MSG_JOB_LEFT, "job", run->claimant.title, "id", id_format(&run->id, ID_UUID, id), NULL);
    run_answer_all(run, error);
}

static void
tell_all_left(Engine *engine, gboolean even_unopened)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, engine->runs);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Run *run = value;
        if (run->patience || run->abandoned || even_unopened)
            tell_left(run);
    }
}

static void
run_what_waits(Engine *engine)
{
    while (loop_iterate(engine->parts.loop, FALSE))
        continue;
}

void
engine_part(Engine *engine)
{
    if (engine->stopping)
        return;
    {
        LOCK_HOLD(&engine->door);
        g_atomic_int_set(&engine->stopping, TRUE);
    }
    loop_cancel(engine->parts.loop, engine->clean_timer);
    loop_cancel(engine->parts.loop, engine->trouble_timer);
    run_what_waits(engine);
    commit_settle(engine->commit, clock_tick() + PART_PATIENCE);
    run_what_waits(engine);
    tell_all_left(engine, FALSE);
}

void
engine_stop(Engine *engine)
{
    if (engine->stopped)
        return;
    engine->stopped = TRUE;
    engine_part(engine);
    Tick deadline = clock_tick() + STOP_PATIENCE;
    gboolean ended = workers_stop(engine->workers, deadline);
    run_what_waits(engine);         /* what the last steps found is journaled if it can be */
    ended &= commit_settle(engine->commit, deadline);
    run_what_waits(engine);
    ended &= commit_settle(engine->commit, deadline);
    tell_all_left(engine, TRUE);
    engine->hung = !ended;
}
