/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The engine and the writer: the one place where the inventory moves. Owns the loop, the head view, the claims, the
 * running jobs; uses the store, the hosts and the feed. Other threads submit and are called back. */
#pragma once

#include "base/loop.h"
#include "job/command.h"
#include "model/estate.h"
#include "model/feed.h"
#include "store/store.h"

typedef struct Engine Engine;

typedef struct {
    Loop *loop;                     /* the writer's */
    Inventory *inventory;
    Feed *feed;
    Store *store;
    Hosts *hosts;
    Transfers *transfers;           /* what is open of disks; NULL: nothing can be */
    Statistics *statistics;
    guint workers;                  /* threads for steps; 0: 16 */
    Tick step_deadline;             /* 0: 60 s */
    const char *data_dir;           /* where the evidence ledger lies; NULL: nowhere */
    const EstateWishes *wishes;     /* what engine_start stages where it is missing (model/estate.h); NULL: nothing */
} EngineParts;

Engine *engine_new(const EngineParts *parts);           /* borrows all parts; they outlive it */
void engine_free(Engine *engine);
/* Loads the store into the inventory, stages what is missing, takes up unfinished jobs (job/recover.c). Before serving. */
gboolean engine_start(Engine *engine, GError **error);
void engine_part(Engine *engine);                       /* no new work, and who waits is told that his job goes on. Before api_stop, while it can be heard */
void engine_stop(Engine *engine);                       /* no new work; running steps get 1 s to end, else are left to recovery */

/* From any thread. The callback runs in the writer's thread (in the caller's, if the engine is stopping), once; it must not block. On refusal ERROR is set and OBJECT NULL.
 * Else OBJECT is the target as it is now (borrowed for the call: object_ref it to keep it; of a NIC and the like object_dup; NULL where it is
 * gone) and JOB the job's id, or the null id if it needed none. WAIT: called when the job has ended (its fault, if any, is ERROR), or when its
 * outcome cannot be known soon (UNKNOWN_OUTCOME or TIMEOUT naming the job, which lives on); else as soon as the job is journaled. */
typedef void (*EngineDone)(gpointer data, gconstpointer object, const Id *job, const GError *error);
void engine_submit(Engine *engine, Work *take, gboolean wait, EngineDone done, gpointer data);
/* ?plan=1: checks, then runs `plan` on a worker; TEXT (borrowed; lines that are messages are encoded) or ERROR. Nothing is changed. */
typedef void (*EnginePlanned)(gpointer data, const char *text, const GError *error);
void engine_plan(Engine *engine, Work *take, EnginePlanned done, gpointer data);
/* A person says of a job whose outcome is unknown: it is settled (probes again first). The proof stands in the event log under the user.
 * With `planned` set nothing is done: that is told, instead of DONE, what would be. */
typedef struct { Id user; const char *text, *correlation; EnginePlanned planned; } EngineProof;
void engine_abandon(Engine *engine, const Id *job, const EngineProof *proof, EngineDone done, gpointer data);

/* Ends a running job as if it had failed: what it did is undone. Refused once it can only go forward, and of what is asked for once. PLANNED: only told. */
void engine_cancel(Engine *engine, const Id *job, EnginePlanned planned, EngineDone done, gpointer data);

/* What hosts report: give this to the links. */
const HostListener *engine_listener(Engine *engine);

Inventory *engine_inventory(Engine *engine);
Feed *engine_feed(Engine *engine);
Statistics *engine_statistics(Engine *engine);
/* Health, for /health and alarms: NULL, or what is wrong. Any thread. Yours. */
Message *engine_trouble(Engine *engine);
/* Plain event from outside the engine (login, certificate): queued to the writer. Takes MESSAGE. */
void engine_event(Engine *engine, int code, Severity severity, Message *take, const Id *user, const char *correlation);
/* The same about a VM, a host, a user; each may be NULL. */
void engine_event_about(Engine *engine, int code, Severity severity, Message *take, const EventAbout *about);
