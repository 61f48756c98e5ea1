/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Housekeeping: finished jobs are kept a while for those who ask how they ended, then go; the event log is kept within
 * bounds. A running job, or one whose outcome is unknown, is never touched. */
#include "job/machine.h"

#include "model/transfer.h"

#define PERIOD (30 * CLOCK_SECOND)
#define KEEP_FINISHED (10 * 60 * (Wall) CLOCK_SECOND)
#define KEEP_FAILED (60 * 60 * (Wall) CLOCK_SECOND)
#define KEEP_EVENTS (30 * 24 * 3600 * (Wall) CLOCK_SECOND)
#define MOST_EVENTS 10000
#define MOST_AT_ONCE 1000

static gboolean
is_old_job(const Job *job, Wall now)
{
    Wall keep = job->status == JOB_FINISHED ? KEEP_FINISHED : KEEP_FAILED;
    return job->end_time > 0 && now - job->end_time > keep;
}

static void
remove_jobs(Engine *engine, Changes *changes, Wall now)
{
    guint left = MOST_AT_ONCE;
    ViewWalk walk = view_walk(changes_head(changes), &job_type);
    for (const Job *job; left > 0 && (job = view_next(&walk));) {
        if (!is_old_job(job, now) || g_hash_table_contains(engine->runs, &job->object.id))
            continue;
        changes_remove(changes, &job_type, &job->object.id);
        left--;
    }
}

/* Events stand in the order of their numbers: the oldest come first. */
static void
remove_events(Changes *changes, Wall now)
{
    guint count = view_count(changes_head(changes), &event_type);
    guint surplus = count > MOST_EVENTS ? count - MOST_EVENTS : 0;
    guint seen = 0;
    ViewWalk walk = view_walk(changes_head(changes), &event_type);
    for (const Event *event; seen < MOST_AT_ONCE && (event = view_next(&walk)); seen++) {
        if (seen >= surplus && now - event->time <= KEEP_EVENTS)
            return;
        changes_remove(changes, &event_type, &event->object.id);
    }
}

/* A transfer that is over is kept as long as its job, so that who moved it can ask how it ended. */
static void
remove_transfers(Changes *changes)
{
    ViewWalk walk = view_walk(changes_head(changes), &image_transfer_type);
    for (const ImageTransfer *transfer; (transfer = view_next(&walk));) {
        Id job;
        gboolean kept = transfer->job && id_parse(transfer->job, ID_UUID, &job) && view_find(changes_head(changes), &job_type, &job);
        if (!kept && transfer_is_over(transfer->phase))
            changes_remove(changes, &image_transfer_type, &transfer->object.id);
    }
}

void
clean_now(Engine *engine, Wall now)
{
    if (engine_facts_only(engine))
        return;
    Changes *changes = commit_begin(engine->commit);
    remove_jobs(engine, changes, now);
    remove_events(changes, now);
    remove_transfers(changes);
    engine_put(engine, changes, NULL, NULL);
}

static void
clean(gpointer data)
{
    clean_now(data, clock_wall());
}

void
clean_start(Engine *engine)
{
    engine->clean_timer = loop_every(engine->parts.loop, PERIOD, clean, engine);
}
