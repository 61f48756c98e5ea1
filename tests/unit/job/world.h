/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A small world for the engine's unit tests: a store that answers when told to, a host that is a flag, commands whose steps do
 * what a test ordered. No disk, no libvirt. A "crash" throws the engine and the inventory away and keeps only what the store
 * had acknowledged, as kill -9 would. */
#pragma once

#include "job/machine.h"
#include "job/reconcile.h"

typedef struct {
    Loop *loop;
    Inventory *inventory;
    Feed *feed;
    Statistics *statistics;
    Hosts *hosts;
    Engine *engine;
    Id host, cluster, vm, blank;
    guint refreshes;                /* how often the host was asked to read again */
} World;

extern World world;

void world_open(void);              /* a fresh estate: data center, cluster, host, one VM that is down, started engine */
void world_close(void);
void world_crash(void);             /* kill -9 and start again on the same store, with an empty log of what is done outside */
/* Turns the loop until CONDITION; fails the test after a minute. */
#define world_until(condition) for (Tick limit_ = clock_tick() + 60 * CLOCK_SECOND; !(condition); world_turn(limit_))
void world_turn(Tick limit);
void world_settle(void);            /* until nothing moves any more */

/* --- the store --- */
typedef enum { STORE_ANSWERS, STORE_HOLDS } StoreMode;
void world_store_mode(StoreMode mode);      /* HOLDS: writes wait for world_store_answer */
guint world_store_waiting(void);
void world_store_answer(guint count, gboolean well);    /* answers the oldest COUNT; not well: disk full, and all that follow fail until resumed */
void world_store_trouble(gboolean full);    /* full: every write fails, store_trouble says so */
guint world_store_writes(void);             /* transactions acknowledged */
void world_store_put(gpointer take);        /* as if it had always been stored */
gpointer world_stored(const Type *type, const Id *id);      /* what a restart would read; unref; NULL */

/* --- reports of the host --- */
DomainFacts *world_facts(const Id *id, const char *name, DomainState state, const char *reason);
HostReport *world_report(ReportKind kind);
void world_send(HostReport *report);        /* and settles */
void world_host_up(void);
void world_linger(Tick linger);             /* of its calls; 0 at first */
void world_state(const Id *id, DomainState state, const char *event);

/* --- commands --- */
#define STEPS 3
typedef enum { DOES, FAILS, DOES_THEN_FAILS, UNKNOWN_DONE, UNKNOWN_NOT_DONE, FAILS_FOR_EVER } Behaviour;
typedef struct {
    Behaviour run[STEPS];           /* used up: after one turn a step DOES */
    gboolean effect[STEPS];         /* the world outside */
    gboolean blind;                 /* probes cannot tell */
    guint undo_fails;               /* so many undos fail first */
    char log[512];                  /* "run:a probe:a undo:a " */
} Outside;
extern Outside outside;
extern const Command walk_command, once_command, forward_command, plain_command, think_command;

typedef struct {
    guint calls;
    Id job;
    Fault fault;
    gboolean refused;
    char *text;
    gpointer object;                /* the target as told; unref */
} Answer;
void answer_clear(Answer *answer);
void world_submit(const Command *command, gboolean wait, Answer *answer);   /* on the world's VM */
void world_abandon(const Id *job, const char *proof, Answer *answer);
const Vm *world_vm(void);           /* as published; borrowed until the next change */
const Job *world_job(const Id *id);
gboolean world_has_event(const char *part);             /* does some event's text contain it? */
guint world_events(void);
