/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The journal is the Job object itself: phase, step, marks and claims stand in rows nobody is shown. The visible steps follow
 * from the same numbers. Decides nothing; step.c does. */
#include "job/journal.h"

#include "base/log.h"
#include "base/text.h"
#include "job/wording.h"
#include "schema/body.h"

#include <json-c/json.h>
#include <string.h>

#define MARKS_MOST (4 * 1024 * 1024)        /* a journal larger than this is damaged */

char *
journal_marks(const Work *work)
{
    g_auto(Text) out = TEXT_EMPTY;
    GHashTableIter iter;
    gpointer name, value;
    const char *comma = "";
    text_add(&out, "{");
    g_hash_table_iter_init(&iter, work->marks);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        text_add(&out, comma);
        text_add_json(&out, name);
        text_add(&out, ":");
        text_add_json(&out, value);
        comma = ",";
    }
    text_add(&out, "}");
    return text_take(&out);
}

static JobStep *
add_step(Job *job, const char *name, const char *type)
{
    JobStep *step = object_new(&job_step_type);
    g_autofree char *number = g_strdup_printf("step-%u", job->steps.count);
    step->object.id = id_named(&job->object.id, number);
    step->description = g_strdup(name);
    step->name = g_strdup(name);
    step->type = g_strdup(type);
    step->number = job->steps.count;
    step->job.id = job->object.id;
    return list_add(&job->steps, step);
}

static void
move_step(JobStep *step, JobStatus status, Wall now)
{
    if (step->status == (int) status)
        return;
    step->status = status;
    if (step->start_time == 0)
        step->start_time = now;
    step->end_time = status == JOB_STARTED || status == JOB_UNKNOWN ? 0 : now;
}

static void
add_steps(Job *job, const Command *command, Wall now)
{
    move_step(add_step(job, "validating", "validating"), JOB_FINISHED, now);
    for (const Step *step = command->steps; step->name; step++)
        add_step(job, step->name, "executing");
    add_step(job, "finalizing", "finalizing");
}

/* The visible steps before AT are finished, the one at AT stands as STATUS says. Undoing: those that had begun have failed. */
static void
show_steps(Job *job, int at, JobStatus status, Wall now)
{
    for (guint i = 1; i < job->steps.count; i++) {
        JobStep *step = job->steps.items[i];
        if ((int) i - 1 < at && step->status != JOB_FAILED)
            move_step(step, JOB_FINISHED, now);
        else if ((int) i - 1 == at)
            move_step(step, status, now);
    }
}

static void
set_refs(const Work *work, Job *job)
{
    const Type *on = work->command->on;
    if (on == &vm_type)
        job->vm.id = work->target;
    else if (on->parent == &vm_type)
        job->vm.id = work->parent;
    if (on == &disk_type)
        job->disk.id = work->target;
    job->owner.id = work->user;
}

static void
set_claims(const Work *work, Job *job)
{
    g_autoptr(GPtrArray) items = g_ptr_array_new();
    for (guint i = 0; i < work->claims->len; i++)
        g_ptr_array_add(items, work->claims->pdata[i]);
    g_ptr_array_add(items, NULL);
    words_set(&job->claims, (const char *const *) items->pdata);
}

static void
put_state(Run *run, Job *job, Wall now)
{
    job->phase = run->phase;
    job->at = run->at;
    job->last_updated = now;
    g_free(run->journaled);
    run->journaled = journal_marks(run->work);
    text_set(&job->marks, run->journaled);
}

void
journal_open(Run *run, Changes *changes)
{
    Work *work = run->work;
    Wall now = clock_wall();
    Job *job = object_new(&job_type);
    job->object.id = run->id;
    g_autoptr(Message) title = wording_message(work, changes_head(changes), work_words(work)->title, NULL);
    job->description = message_text(title, LANGUAGE_EN);
    job->message = message_encode(title);
    job->status = JOB_STARTED;
    job->start_time = now;
    job->auto_cleared = TRUE;
    job->correlation_id = g_strdup(work->correlation);
    job->command = command_name(work->command);
    text_set(&run->claimant.title, job->description);
    text_set(&run->claimant.told, job->message);
    set_refs(work, job);
    set_claims(work, job);
    add_steps(job, work->command, now);
    show_steps(job, run->at, JOB_STARTED, now);
    put_state(run, job, now);
    changes_add(changes, job);
}

static void
put_fault(Run *run, Job *job)
{
    if (!run->fault)
        return;
    g_free(job->fault_message);
    g_free(job->fault);
    job->fault_message = message_encode(fault_message(run->fault));
    job->fault = message_text(fault_message(run->fault), LANGUAGE_EN);
}

void
journal_write(Run *run, Changes *changes)
{
    Job *job = changes_edit(changes, &job_type, &run->id);
    if (!job)
        return;                     /* removed by hand: the run still ends by itself */
    Wall now = clock_wall();
    job->status = run->unsure ? JOB_UNKNOWN : JOB_STARTED;
    JobStatus step = run->phase == PHASE_UNDOING ? JOB_FAILED : run->unsure ? JOB_UNKNOWN : JOB_STARTED;
    show_steps(job, run->at, step, now);
    put_fault(run, job);
    put_state(run, job, now);
}

static const JobStatus end_status[] = {
    [END_DONE] = JOB_FINISHED, [END_FAILED] = JOB_FAILED, [END_NOT_KNOWN] = JOB_UNKNOWN, [END_ABORTED] = JOB_ABORTED,
};

void
journal_close(Run *run, Changes *changes, const Message *why)
{
    Job *job = changes_edit(changes, &job_type, &run->id);
    if (!job)
        return;
    Wall now = clock_wall();
    run->phase = PHASE_ENDED;
    job->status = end_status[run->ending];
    for (guint i = 0; i < job->steps.count; i++) {
        JobStep *step = job->steps.items[i];
        if (run->ending == END_DONE || step->status == JOB_STARTED || step->status == JOB_UNKNOWN)
            move_step(step, job->status, now);
    }
    job->end_time = now;
    if (why) {
        g_free(job->fault_message);
        g_free(job->fault);
        job->fault_message = message_encode(why);
        job->fault = message_text(why, LANGUAGE_EN);
    } else {
        g_clear_pointer(&job->fault, g_free);
        g_clear_pointer(&job->fault_message, g_free);
    }
    words_set(&job->claims, (const char *const[]) { NULL });
    put_state(run, job, now);
    g_clear_pointer(&job->marks, g_free);       /* nobody needs them any more */
}

static void
read_marks(const char *text, Work *work)
{
    gsize length = text ? strlen(text) : 0;
    if (length == 0 || length > MARKS_MOST)
        return;
    struct json_object *root = json_tokener_parse(text);
    if (!json_object_is_type(root, json_type_object)) {
        json_object_put(root);
        return;
    }
    json_object_object_foreach(root, name, value) {
        const char *word = json_object_get_string(value);
        if (word)
            work_set_mark(work, name, word);
    }
    json_object_put(root);
}

static void
read_draft(Work *work)
{
    const char *text = work_mark(work, "draft");
    if (!text || !work->command)
        return;
    gsize length;
    g_autofree guchar *body = g_base64_decode(text, &length);
    g_autoptr(GError) error = NULL;
    const Type *type = work->command->params ? work->command->params : work->command->on;
    work->draft = body_read_draft(type, body, length, &error);
    if (!work->draft)
        log_warn("a job's kept draft cannot be read: %s", error->message);
}

static void
read_target(Work *work)
{
    work_mark_id(work, MARK_TARGET, &work->target);
    work_mark_id(work, MARK_PARENT, &work->parent);
}

Run *
journal_read(Engine *engine, const Job *job)
{
    Work *work = work_new(command_of_name(job->command));
    g_free(work->correlation);
    work->correlation = g_strdup(job->correlation_id ? job->correlation_id : "");
    work->user = job->owner.id;
    work->job = job->object.id;
    work->hosts = engine->parts.hosts;
    work->transfers = engine->parts.transfers;
    for (guint i = 0; i < job->claims.count; i++)
        g_ptr_array_add(work->claims, g_strdup(job->claims.items[i]));
    read_marks(job->marks, work);
    read_target(work);
    read_draft(work);
    Run *run = run_new(engine, work);
    run->id = job->object.id;
    run->phase = job->phase;
    run->at = (int) CLAMP(job->at, 0, 1000);
    run->recovered = TRUE;
    run->unsure = job->status == JOB_UNKNOWN;
    run->journaled = g_strdup(job->marks ? job->marks : "{}");
    run->claimant.title = g_strdup(job->description ? job->description : "");
    run->claimant.told = g_strdup(job->message ? job->message : run->claimant.title);
    run->claimant.since = job->last_updated;
    g_autoptr(Message) fault = job->fault_message ? message_decode(job->fault_message) : NULL;
    if (fault)
        fault_take(&run->fault, g_steal_pointer(&fault));
    return run;
}
