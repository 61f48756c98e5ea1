/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a worker does for a running job: steps forward, one question, or undos backwards. It looks at the run's work and trip
 * alone and posts the run back to the writer; it decides nothing about what comes next. */
#include "job/journal.h"

#include "base/failpoint.h"

#define STEP_DEADLINE (60 * CLOCK_SECOND)

/* A step sees the newest published view and gets a deadline of its own. */
static void
prepare(Run *run)
{
    Work *work = run->work;
    if (work->view)
        view_unref(work->view);
    work->view = inventory_view(run->engine->parts.inventory);
    Tick allowed = run->engine->parts.step_deadline;
    work->rest = 0;
    work->deadline = clock_tick() + (allowed > 0 ? allowed : STEP_DEADLINE);
}

static void
need_error(GError **error)
{
    if (!*error)
        fault_set(error, MSG_INTERNAL, "text", "a step failed without saying why", NULL);
}

/* Steps without probe have no effect outside and need no record of their own, unless they chose something (a mark) that the
 * next effect stands on. */
static gboolean
needs_record(const Run *run)
{
    g_autofree char *marks = journal_marks(run->work);
    return !g_str_equal(marks, run->journaled);
}

static gboolean
take_step(Run *run, const Step *step)
{
    Trip *trip = &run->trip;
    prepare(run);
    trip->effect = step->probe != NULL;
    if (!step->run(run->work, &trip->error)) {
        need_error(&trip->error);
        return FALSE;
    }
    if (step->probe && !failpoint_passes(FAILPOINT_EFFECT))
        return fault_set(&trip->error, MSG_JOB_FAILED_ON_ORDER, "step", step->name, NULL);
    return TRUE;
}

static void
go_forward(Run *run)
{
    Trip *trip = &run->trip;
    gboolean moved = FALSE;
    for (const Step *step; (step = run_step(run, trip->at)); moved = TRUE) {
        if (moved && (step->probe || step->rests) && needs_record(run))
            return;
        if (!take_step(run, step) || run->work->rest > 0)
            return;
        trip->at++;
        if (step->probe)
            return;
    }
}

/* Whether it is connected in this moment or not. */
static Tick
linger_of_host(const Work *work)
{
    Id id;
    g_autoptr(HostLink) link = work_mark_id(work, "host", &id) ? hosts_peek(work->hosts, &id) : NULL;
    return link ? link->ops->linger : 0;
}

static void
ask(Run *run)
{
    Trip *trip = &run->trip;
    const Step *step = run_step(run, trip->at);
    prepare(run);
    trip->probe = step->probe(run->work, &trip->error);
    trip->linger = linger_of_host(run->work);
}

static void
go_backward(Run *run)
{
    Trip *trip = &run->trip;
    for (; trip->at >= 0; trip->at--) {
        const Step *step = run_step(run, trip->at);
        if (!step || !step->undo)
            continue;
        prepare(run);
        if (!step->undo(run->work, &trip->error)) {
            need_error(&trip->error);
            return;
        }
        failpoint_passes(FAILPOINT_EFFECT);     /* a soft failure here would only be undone again */
    }
}

static void
arrive(gpointer data)
{
    Run *run = data;
    run->busy = FALSE;
    if (run->work->view)
        view_unref(g_steal_pointer(&run->work->view));      /* a waiting run holds no old view */
    run_back(run);
}

static void
travel(gpointer data)
{
    Run *run = data;
    switch (run->trip.kind) {
    case TRIP_RUN:
        go_forward(run);
        break;
    case TRIP_PROBE:
        ask(run);
        break;
    case TRIP_UNDO:
        go_backward(run);
        break;
    }
    loop_post(run->engine->parts.loop, arrive, run);
}

void
run_trip(Run *run, TripKind kind)
{
    if (run->engine->stopping)
        return;                     /* left to the next start */
    g_clear_error(&run->trip.error);
    run->trip = (Trip) { .kind = kind, .at = run->at, .probe = PROBE_UNKNOWN };
    run->busy = TRUE;
    workers_push(run->engine->workers, travel, run);
}
