/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The engine as its own files see it: engine.c makes and asks it, step.c walks the running jobs, recover.c takes them up after
 * a restart, reconcile*.c believe the hosts. Everything here belongs to the writer's thread, except a Run's work and trip while
 * the run is `busy`: then they are the worker's. Not for other folders: their door is job/engine.h. */
#pragma once

#include "base/lock.h"
#include "base/workers.h"
#include "job/claims.h"
#include "job/commit.h"
#include "job/engine.h"
#include "job/job.h"
#include "job/orders.h"

typedef struct Reconcile Reconcile;
typedef struct Run Run;

struct Engine {
    EngineParts parts;
    Commit *commit;
    Claims *claims;
    GHashTable *runs;               /* Id in Run → Run *, owned */
    Workers *workers;
    Reconcile *reconcile;
    HostListener listener;
    OrdersDoor orders;
    guint clean_timer, trouble_timer;
    GQueue held;                    /* HeldEvent *: events that wait for the store */
    Tick beat;                      /* the unit of every pause; half a second, less in tests */
    Lock door;                      /* over `stopping`, for those who post from outside: what they post is still run */
    gint stopping;                  /* set by the writer */
    gboolean stopped;               /* engine_stop has been called */
    gboolean hung;                  /* stopped while a step or the store would not answer */
};

/* --- running jobs: step.c, trip.c, finish.c ------------------------------------------------------------------------------ */

typedef enum { TRIP_RUN, TRIP_PROBE, TRIP_UNDO } TripKind;

/* One visit of a worker: some steps in a row that need no record between them. */
typedef struct {
    TripKind kind;
    int at;                         /* in: where to begin; out: RUN, the next step or the failed one; PROBE, the one asked; UNDO, the failed one or -1 */
    gboolean effect;                /* RUN, out: the failed step was given a chance to have an effect */
    Probe probe;                    /* PROBE, out */
    Tick linger;                    /* PROBE, out: of the host that was asked */
    GError *error;                  /* out */
} Trip;

typedef enum { END_DONE, END_FAILED, END_NOT_KNOWN, END_ABORTED } Ending;
typedef void (*RunNext)(Run *run);

/* Marks of the engine's own: what the Work points at. */
#define MARK_TARGET ".target"
#define MARK_PARENT ".parent"

struct Run {
    Engine *engine;
    Id id;
    Work *work;                     /* command NULL: a journal of a command this program does not know */
    Claimant claimant;
    JobPhase phase;
    int at;
    gboolean forward_passed;        /* a forward step is behind us: no way back */
    gboolean recovered;             /* taken up from the journal: nobody waits, and what had begun is not known */
    gboolean busy;
    gboolean unsure;                /* told to the world as `unknown` */
    gboolean tell_unsure;           /* the next record tells so */
    gboolean bare;                  /* its end must do without finish or revert: the model refused what they staged */
    GError *fault;                  /* why it goes backwards or waits */
    Trip trip;
    char *journaled;                /* the marks as last recorded */
    RunNext next;                   /* when the timer fires */
    RunNext after_put;              /* when the record is stored */
    gboolean failed_on_order;       /* a failpoint says that the next step fails */
    guint timer;                    /* a pause that a host's return cuts short */
    guint tries;                    /* for the back-off */
    guint denials;                  /* NOT_DONE answers in a row, */
    Tick denied_since;              /* and since when */
    gboolean unheard;               /* the end of the step's call was not heard: it may still be under way */
    Tick stuck_since;               /* 0: not stuck */
    Tick give_up;                   /* of a `once` command: when asking ends; 0: not asked yet */
    RunNext after_record;           /* what a stuck run goes back to after it has said so */
    Ending ending;
    EngineDone done;                /* the submitter, until answered */
    gpointer data;
    gboolean wait;
    guint patience;                 /* timer: the waiter's */
    EngineDone abandoned;           /* the person who abandons, until answered */
    gpointer abandoned_data;
    char *proof;                    /* not NULL: abandoned */
    char *proof_correlation;
    Id proof_user;
};

Run *run_new(Engine *engine, Work *take);
void run_free(Run *run);
const Step *run_step(const Run *run, int at);           /* NULL behind the last */
void run_begin(Run *run);                               /* the first record is stored: run the steps */
void run_resume(Run *run);                              /* after a restart: by the phase of the journal */
void run_poke(Run *run);                                /* a host is back: do not wait for the timer */
void run_abandon(Run *run);                             /* proof is set: probe once more, then end it */
void run_trip(Run *run, TripKind kind);                 /* trip.c: sends it to a worker; run_back gets the answer */
void run_back(Run *run);                                /* step.c: what now? By trip */
void run_record(Run *run, RunNext next);                /* finish.c: journals where it stands, then NEXT; tried until it is stored */
void run_end(Run *run, Ending ending);                  /* finish.c */
void run_answer(Run *run, const GError *error);         /* tells the submitter, once */
void run_answer_all(Run *run, const GError *error);     /* and who abandoned it */
void run_pause(Run *run, Tick pause, RunNext next);     /* NEXT after a while, or when poked */

/* --- engine.c ---------------------------------------------------------------------------------------------------------- */

gboolean engine_put(Engine *engine, Changes *take, CommitDone done, gpointer data);    /* commit_put with the refusal logged */
gboolean engine_facts_only(Engine *engine);             /* the store cannot write now: only LIVE fields may move */
/* The job that works on an object; NULL if it is free. */
const Claimant *engine_claimant(Engine *engine, const Type *type, const Id *id);
/* Adds an event to CHANGES if it may be stored now, else holds it until the store is back. */
void engine_tell(Engine *engine, Changes *changes, int code, Severity severity, Message *take, const EventAbout *about);
/* What this whole house does with a host that is back: re-read everything. */
void engine_refresh_hosts(Engine *engine);

gboolean recover_load(Engine *engine, GError **error);  /* recover.c: the store into the inventory */
void recover_jobs(Engine *engine);                      /* recover.c: unfinished jobs, claims first */
void clean_start(Engine *engine);                       /* clean.c: old jobs and events go */
void clean_now(Engine *engine, Wall now);
