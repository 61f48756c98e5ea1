/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The engine's door: parts, submit, plan, events from outside. What a submitted work goes through reads from
 * submit() downwards. Running jobs are step.c's, hosts' reports reconcile.c's, the row of change sets commit.c's. */
#include "base/failpoint.h"
#include "base/lock.h"
#include "base/log.h"
#include "job/journal.h"
#include "job/reconcile.h"
#include "job/wording.h"

#define WORKERS 16
#define PATIENCE (180 * CLOCK_SECOND)       /* how long a client that waits for a job's end is kept */
#define BEAT (CLOCK_SECOND / 2)
#define TROUBLE_BEATS 2                     /* between two looks whether the store can write again */
#define MOST_HELD 1000                      /* events kept in memory while the store cannot write */

typedef struct {
    int code;
    Severity severity;
    Message *message;
    Id vm, host, user;
    char *correlation;
} HeldEvent;

/* --- parts --------------------------------------------------------------------------------------------------------------- */

static void
held_free(HeldEvent *held)
{
    message_unref(held->message);
    g_free(held->correlation);
    g_free(held);
}

static void
set_was_sealed(gpointer data, const Changes *changes)
{
    Engine *engine = data;
    reconcile_learn(engine->reconcile, changes);
}

static void
store_failed(gpointer data)
{
    Engine *engine = data;
    reconcile_again(engine->reconcile);
    engine_refresh_hosts(engine);
}

static void
take_numbers(gpointer data, Sheet *take)
{
    Engine *engine = data;
    statistics_put(engine->parts.statistics, take);
}

static void
submit_order(gpointer data, Work *take, OrderEnded done, gpointer order)
{
    engine_submit(data, take, TRUE, done, order);
}

static void tell_of_order(gpointer data, Severity severity, Message *take, const EventAbout *about);

Engine *
engine_new(const EngineParts *parts)
{
    Engine *engine = g_new0(Engine, 1);
    engine->parts = *parts;
    engine->beat = BEAT;
    CommitParts commit = { parts->loop, parts->inventory, parts->feed, parts->store, set_was_sealed, store_failed, engine };
    engine->commit = commit_new(&commit);
    engine->claims = claims_new();
    engine->runs = g_hash_table_new_full(id_hash, id_equal_key, NULL, (GDestroyNotify) run_free);
    engine->workers = workers_new("step", parts->workers > 0 ? parts->workers : WORKERS);
    engine->reconcile = reconcile_new(engine);
    engine->orders = (OrdersDoor) { submit_order, tell_of_order, engine };
    engine->listener = (HostListener) { reconcile_report, take_numbers, engine };
    g_queue_init(&engine->held);
    lock_init(&engine->door);
    return engine;
}

void
engine_free(Engine *engine)
{
    if (!engine)
        return;
    engine_stop(engine);
    if (engine->hung)
        return;                     /* a step hangs in a call and may come back to what it knows: that stays */
    g_hash_table_unref(engine->runs);
    claims_free(engine->claims);
    reconcile_free(engine->reconcile);
    commit_free(engine->commit);
    g_queue_clear_full(&engine->held, (GDestroyNotify) held_free);
    lock_clear(&engine->door);
    g_free(engine);
}

const HostListener *
engine_listener(Engine *engine)
{
    return &engine->listener;
}

Inventory *
engine_inventory(Engine *engine)
{
    return engine->parts.inventory;
}

Feed *
engine_feed(Engine *engine)
{
    return engine->parts.feed;
}

Statistics *
engine_statistics(Engine *engine)
{
    return engine->parts.statistics;
}

Message *
engine_trouble(Engine *engine)
{
    return store_trouble(engine->parts.store);
}

/* --- start ------------------------------------------------------------------------------------------------------ */

static const Id *
known(const Id *id)
{
    return id_is_null(id) ? NULL : id;
}

static void
tell_held(Engine *engine)
{
    g_autoptr(Changes) changes = commit_begin(engine->commit);
    HeldEvent *held;
    while ((held = g_queue_pop_head(&engine->held))) {
        EventAbout about = { .vm = known(&held->vm), .host = known(&held->host), .user = known(&held->user), .correlation = held->correlation };
        changes_event(changes, held->code, held->severity, g_steal_pointer(&held->message), &about);
        held_free(held);
    }
    engine_put(engine, g_steal_pointer(&changes), NULL, NULL);
}

/* While the store cannot write facts flow without their events; when it can again those are told and the rest is derived anew. */
static void
look_for_trouble(gpointer data)
{
    Engine *engine = data;
    if (engine->held.length == 0 && !reconcile_owes(engine->reconcile))
        return;
    if (engine_facts_only(engine))
        return;
    if (engine->held.length > 0)
        tell_held(engine);
    if (reconcile_owes(engine->reconcile)) {
        reconcile_again(engine->reconcile);
        engine_refresh_hosts(engine);
    }
}

gboolean
engine_start(Engine *engine, GError **error)
{
    if (!recover_load(engine, error))
        return FALSE;
    recover_jobs(engine);
    clean_start(engine);
    engine->trouble_timer = loop_every(engine->parts.loop, TROUBLE_BEATS * engine->beat, look_for_trouble, engine);
    return TRUE;
}

/* --- services for the engine's own files -------------------------------------------------------------------------------- */

gboolean
engine_put(Engine *engine, Changes *take, CommitDone done, gpointer data)
{
    g_autoptr(GError) error = NULL;
    if (commit_put(engine->commit, take, done, data, &error))
        return TRUE;
    log_warn("a change set is refused: %s", error->message);
    return FALSE;
}

gboolean
engine_facts_only(Engine *engine)
{
    return !commit_can_store(engine->commit, NULL);
}

const Claimant *
engine_claimant(Engine *engine, const Type *type, const Id *id)
{
    char text[ID_TEXT_SIZE];
    char claim[ID_TEXT_SIZE + 64];
    g_snprintf(claim, sizeof(claim), "%s:%s", type->one, id_format(id, type->ids, text));
    return claims_find(engine->claims, claim);
}

static Id
copy_id(const Id *id)
{
    return id ? *id : id_null;
}

void
engine_tell(Engine *engine, Changes *changes, int code, Severity severity, Message *take, const EventAbout *about)
{
    if (!engine_facts_only(engine)) {
        changes_event(changes, code, severity, take, about);
        return;
    }
    if (engine->held.length >= MOST_HELD) {
        message_unref(take);
        return;
    }
    HeldEvent *held = g_new0(HeldEvent, 1);
    *held = (HeldEvent) { code, severity, take, copy_id(about->vm), copy_id(about->host), copy_id(about->user), g_strdup(about->correlation) };
    g_queue_push_tail(&engine->held, held);
}

void
engine_refresh_hosts(Engine *engine)
{
    if (!engine->parts.hosts)
        return;
    ViewWalk walk = view_walk(commit_head(engine->commit), &host_type);
    for (const Host *host; (host = view_next(&walk));) {
        g_autoptr(HostLink) link = hosts_peek(engine->parts.hosts, &host->object.id);
        if (link && link->ops->refresh)
            link->ops->refresh(link);
    }
}

/* --- submit -------------------------------------------------------------------------------------------------------------- */

typedef struct {
    Engine *engine;
    Work *work;
    gboolean wait;
    EngineDone done;
    gpointer data;
} Submission;

static void
refuse(EngineDone done, gpointer data, const GError *error)
{
    done(data, NULL, &id_null, error);
}

static char *
name_claimed(gpointer data, const char *claim)
{
    const View *view = data;
    g_auto(GStrv) parts = g_strsplit(claim, ":", 2);
    const Type *type = parts[0] ? inventory_type_of_name(parts[0]) : NULL;
    Id id;
    gconstpointer object = type && parts[1] && id_parse(parts[1], type->ids, &id) ? view_find(view, type, &id) : NULL;
    if (!object)
        return g_strdup(claim);
    g_autofree char *name = object_name(object);
    g_autoptr(Message) called = message_new(MSG_JOB_OBJECT, "type", type == &vm_type ? "VM" : type->one, "name", name, NULL);
    return message_encode(called);
}

/* Asked by who submits, too: the writer may be waiting for the API to end, and would refuse it too late to be heard. */
static gboolean
is_stopping(const Engine *engine, GError **error)
{
    return g_atomic_int_get(&engine->stopping) && !fault_set(error, MSG_JOB_STOPPING, NULL);
}

/* May it be done now? Nothing has changed when this says no. */
static gboolean
check(Engine *engine, Work *work, GError **error)
{
    if (is_stopping(engine, error))
        return FALSE;
    View *head = commit_head(engine->commit);
    work->view = view_ref(head);
    work->hosts = engine->parts.hosts;
    work->transfers = engine->parts.transfers;
    work->data_dir = engine->parts.data_dir;
    if (work->command->check && !work->command->check(work, error))
        return FALSE;
    return claims_check(engine->claims, work->claims, name_claimed, head, error);
}

static void
tell_started(Work *work, Changes *changes)
{
    const Command *words = work_words(work);
    if (!words->started.message)
        return;
    AboutIds ids;
    EventAbout about = wording_about(work, changes_head(changes), &ids);
    Message *message = wording_message(work, changes_head(changes), words->started.message, NULL);
    changes_event(changes, words->started.code, SEVERITY_NORMAL, message, &about);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    if (work->command->stage && !work->command->stage(work, changes, error))
        return FALSE;
    wording_keep_names(work, changes);
    return TRUE;
}

/* A waiting client is not kept for ever; its job is. */
static void
patience_over(gpointer data)
{
    Run *run = data;
    g_autoptr(GError) error = NULL;
    char id[ID_TEXT_SIZE];
    run->patience = 0;
    fault_set(&error, MSG_JOB_STILL_RUNNING, "job", run->claimant.told, "id", id_format(&run->id, ID_UUID, id), NULL);
    run_answer(run, error);
}

static void
opened(gpointer data, const GError *error)
{
    Run *run = data;
    Engine *engine = run->engine;
    if (error) {
        claims_drop(engine->claims, &run->claimant);
        EngineDone done = g_steal_pointer(&run->done);
        if (done)                   /* else it was parted from before the store answered */
            refuse(done, run->data, error);
        g_hash_table_remove(engine->runs, &run->id);
        return;
    }
    run->failed_on_order |= !failpoint_passes(FAILPOINT_STEP);
    Tick patience = run->work->command->patience;
    if (run->wait)
        run->patience = loop_timer(engine->parts.loop, patience > 0 ? patience : PATIENCE, patience_over, run);
    else
        run_answer(run, NULL);
    run_begin(run);
}

/* A command with steps: journal, claims and staging in one change set; the steps begin when it is stored. */
static gboolean
open_job(Submission *submission, Changes *take, GError **error)
{
    Engine *engine = submission->engine;
    Work *work = g_steal_pointer(&submission->work);
    Run *run = run_new(engine, work);
    run->done = submission->done;
    run->data = submission->data;
    run->wait = submission->wait;
    work_set_mark_id(work, MARK_TARGET, &work->target);
    work_set_mark_id(work, MARK_PARENT, &work->parent);
    journal_open(run, take);
    tell_started(work, take);
    claims_take(engine->claims, work->claims, &run->claimant);
    g_hash_table_insert(engine->runs, &run->id, run);
    if (commit_put(engine->commit, take, opened, run, error))
        return TRUE;
    claims_drop(engine->claims, &run->claimant);
    g_hash_table_remove(engine->runs, &run->id);
    return FALSE;
}

static void
submission_free(Submission *submission)
{
    work_free(submission->work);
    g_free(submission);
}

static void
changed_at_once(gpointer data, const GError *error)
{
    Submission *submission = data;
    Work *work = submission->work;
    if (error) {
        refuse(submission->done, submission->data, error);
    } else {
        view_unref(work->view);
        work->view = inventory_view(submission->engine->parts.inventory);
        submission->done(submission->data, work_find(work, work->command->on, &work->target), &id_null, NULL);
    }
    submission_free(submission);
}

/* A command that is all model: one change set, no job. */
static gboolean
change_at_once(Submission *submission, Changes *take, GError **error)
{
    Work *work = submission->work;
    const Command *command = work_words(work);
    AboutIds ids;
    EventAbout about = wording_about(work, changes_head(take), &ids);
    if (command->done.message) {
        Message *message = wording_message(work, changes_head(take), command->done.message, NULL);
        changes_event(take, command->done.code, SEVERITY_NORMAL, message, &about);
    }
    return commit_put(submission->engine->commit, take, changed_at_once, submission, error);
}

static gboolean
admit(Submission *submission, GError **error)
{
    Engine *engine = submission->engine;
    Work *work = submission->work;
    if (!check(engine, work, error) || !commit_can_store(engine->commit, error))
        return FALSE;
    work->job = id_random();
    g_autoptr(Changes) changes = commit_begin(engine->commit);
    if (!stage(work, changes, error))
        return FALSE;
    if (!work->command->steps || !work->command->steps->name)
        return change_at_once(submission, g_steal_pointer(&changes), error);
    if (!open_job(submission, g_steal_pointer(&changes), error))
        return FALSE;
    submission_free(submission);
    return TRUE;
}

static void post_event(Engine *engine, int code, Severity severity, Message *take, const EventAbout *about);

/* What a licence boundary refused is evidence: it stands in the log, about the VM. */
static void
tell_refusal(Engine *engine, const Work *work, const GError *error)
{
    static const MessageCode told[] = { MSG_BOUNDARY_UNBOUND, MSG_BOUNDARY_OUTSIDE, MSG_BOUNDARY_OTHER_HOST };
    const Message *why = fault_message(error);
    const Vm *vm = work->view ? view_find(work->view, &vm_type, &work->target) : NULL;
    const EventAbout about = { .vm = vm ? &vm->object.id : NULL, .user = id_is_null(&work->user) ? NULL : &work->user, .correlation = work->correlation };
    const User *user = work->view ? view_find(work->view, &user_type, &work->user) : NULL;
    for (guint i = 0; i < G_N_ELEMENTS(told); i++) {
        g_autofree char *text = message_code(why) == told[i] ? message_encode(why) : NULL;
        if (text)
            post_event(engine, 11055, SEVERITY_WARNING, message_new(MSG_BOUNDARY_REFUSED, "user", user && user->user_name ? user->user_name : "", "why", text, NULL), &about);
    }
}

static void
submit(gpointer data)
{
    Submission *submission = data;
    g_autoptr(GError) error = NULL;
    Engine *engine = submission->engine;
    if (admit(submission, &error))
        return;                     /* the job or the commit owns it */
    tell_refusal(engine, submission->work, error);
    refuse(submission->done, submission->data, error);
    submission_free(submission);
}

void
engine_submit(Engine *engine, Work *take, gboolean wait, EngineDone done, gpointer data)
{
    g_autoptr(GError) error = NULL;
    if (is_stopping(engine, &error)) {
        work_free(take);
        refuse(done, data, error);
        return;
    }
    Submission *submission = g_new0(Submission, 1);
    *submission = (Submission) { engine, take, wait, done, data };
    loop_post(engine->parts.loop, submit, submission);
}

/* --- plan ---------------------------------------------------------------------------------------------------------------- */

typedef struct {
    Engine *engine;
    Work *work;
    EnginePlanned done;
    gpointer data;
    char *text;
    GError *error;
} Planning;

static void
planned(gpointer data)
{
    Planning *planning = data;
    planning->done(planning->data, planning->error ? NULL : planning->text, planning->error);
    work_free(planning->work);
    g_clear_error(&planning->error);
    g_free(planning->text);
    g_free(planning);
}

static void
make_plan(gpointer data)
{
    Planning *planning = data;
    planning->text = planning->work->command->plan(planning->work, &planning->error);
    loop_post(planning->engine->parts.loop, planned, planning);
}

/* Checks and stages as a submit does, and throws it away. */
static gboolean
rehearse(Planning *planning, GError **error)
{
    Engine *engine = planning->engine;
    Work *work = planning->work;
    if (!check(engine, work, error))
        return FALSE;
    work->job = id_random();
    g_autoptr(Changes) changes = commit_begin(engine->commit);
    if (!stage(work, changes, error))
        return FALSE;
    g_autoptr(Message) title = wording_message(work, changes_head(changes), work_words(work)->title, NULL);
    planning->text = message_encode(title);
    return TRUE;
}

static void
plan(gpointer data)
{
    Planning *planning = data;
    Work *work = planning->work;
    if (!rehearse(planning, &planning->error) || !work->command->plan) {
        planned(planning);
        return;
    }
    g_clear_pointer(&planning->text, g_free);
    work->deadline = clock_tick() + PATIENCE;
    workers_push(planning->engine->workers, make_plan, planning);
}

void
engine_plan(Engine *engine, Work *take, EnginePlanned done, gpointer data)
{
    Planning *planning = g_new0(Planning, 1);
    *planning = (Planning) { engine, take, done, data, NULL, NULL };
    loop_post(engine->parts.loop, plan, planning);
}

/* --- events from outside ----------------------------------------------------------------------------------------------------- */

typedef struct {
    Engine *engine;
    HeldEvent event;
} OutsideEvent;

static void
tell_outside(gpointer data)
{
    OutsideEvent *outside = data;
    Engine *engine = outside->engine;
    HeldEvent *event = &outside->event;
    Changes *changes = commit_begin(engine->commit);
    EventAbout about = { .vm = known(&event->vm), .host = known(&event->host), .user = known(&event->user), .correlation = event->correlation };
    engine_tell(engine, changes, event->code, event->severity, event->message, &about);
    engine_put(engine, changes, NULL, NULL);
    g_free(event->correlation);
    g_free(outside);
}

static void
post_event(Engine *engine, int code, Severity severity, Message *take, const EventAbout *about)
{
    LOCK_HOLD(&engine->door);
    if (engine->stopping) {
        message_unref(take);        /* a login refused while everything ends: nobody would hear it from the loop */
        return;
    }
    OutsideEvent *outside = g_new0(OutsideEvent, 1);
    outside->engine = engine;
    outside->event = (HeldEvent) { code, severity, take, copy_id(about->vm), copy_id(about->host), copy_id(about->user), g_strdup(about->correlation) };
    loop_post(engine->parts.loop, tell_outside, outside);
}

void
engine_event(Engine *engine, int code, Severity severity, Message *take, const Id *user, const char *correlation)
{
    const EventAbout about = { .user = user, .correlation = correlation };
    post_event(engine, code, severity, take, &about);
}

void
engine_event_about(Engine *engine, int code, Severity severity, Message *take, const EventAbout *about)
{
    post_event(engine, code, severity, take, about);
}

static void
tell_of_order(gpointer data, Severity severity, Message *take, const EventAbout *about)
{
    post_event(data, 0, severity, take, about);
}
