/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * After a start: the store into the inventory, then the jobs the last process left unfinished, claims before anything
 * else. How such a job goes on is step.c's: what had begun is probed, the rest is undone or continued. */
#include "base/log.h"
#include "job/journal.h"
#include "job/reconcile.h"

static void
rest_storage(StorageDomain *domain)
{
    StorageStatus rests = storage_domain_rests(domain);
    gboolean listed = domain->type == STORAGE_USE_UNMANAGED;       /* nobody reports it */
    domain->status = listed ? STORAGE_ACTIVE : rests ? rests : STORAGE_UNKNOWN;
}

/* Facts are not stored: until hosts report nobody knows how they and their VMs are. The objects are not published yet, so this may
 * write into them. */
static void
forget_facts(Changes *changes)
{
    guint count;
    const Change *rows = changes_rows(changes, &count);
    for (guint i = 0; i < count; i++) {
        Object *object = (gpointer) rows[i].after;
        if (object->type == &vm_type)
            ((Vm *) object)->status = VM_UNKNOWN;
        else if (object->type == &host_type)
            ((Host *) object)->status = HOST_CONNECTING;
        else if (object->type == &storage_domain_type)
            rest_storage((StorageDomain *) object);
    }
}

typedef struct { gboolean done; GError *error; } Staged;

static void
staged(gpointer data, const GError *error)
{
    Staged *staged = data;
    staged->done = TRUE;
    staged->error = error ? g_error_copy(error) : NULL;
}

/* A backup tells which boots were seen to when it was made. What was stopped on purpose since then would start: so the boot each host runs
 * in now counts as seen, as the first one does that it is known in. */
static void
forget_boots(Changes *changes)
{
    ViewWalk walk = view_walk(changes_head(changes), &host_type);
    for (const Host *host; (host = view_next(&walk));) {
        Host *edit = changes_edit(changes, &host_type, &host->object.id);
        g_clear_pointer(&edit->boot_seen, g_free);
    }
    changes_keep(changes, STORE_RESTORED, &id_null, NULL);
}

/* What every estate has, and what no restored one may have, through the one door; before anybody is served. */
static gboolean
stage_first(Engine *engine, gboolean restored, GError **error)
{
    Staged result = { FALSE, NULL };
    Changes *changes = commit_begin(engine->commit);
    if (engine->parts.wishes)
        estate_stage(changes, engine->parts.wishes);
    if (restored)
        forget_boots(changes);
    if (!commit_put(engine->commit, changes, staged, &result, error))
        return FALSE;
    while (!result.done)
        loop_iterate(engine->parts.loop, TRUE);
    if (result.error)
        g_propagate_error(error, result.error);
    return !result.error;
}

gboolean
recover_load(Engine *engine, GError **error)
{
    g_autoptr(Changes) changes = commit_begin(engine->commit);
    g_autoptr(GError) why = NULL;
    if (!store_load(engine->parts.store, changes, error) || !changes_seal(changes, error))
        return FALSE;
    g_autofree char *restored = store_kept(engine->parts.store, STORE_RESTORED, &id_null, &why);
    if (why) {
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    inventory_set_last_event(engine->parts.inventory, store_next_event(engine->parts.store) - 1);
    forget_facts(changes);
    commit_seed(engine->commit, changes);
    return (!engine->parts.wishes && !restored) || stage_first(engine, restored != NULL, error);
}

static gboolean
is_unfinished(const Job *job)
{
    return job->end_time == 0 && job->command && job->phase > PHASE_NONE_ && job->phase < PHASE_ENDED;
}

void
recover_jobs(Engine *engine)
{
    g_autoptr(GPtrArray) runs = g_ptr_array_new();
    ViewWalk walk = view_walk(commit_head(engine->commit), &job_type);
    for (const Job *job; (job = view_next(&walk));) {
        if (!is_unfinished(job))
            continue;
        Run *run = journal_read(engine, job);
        g_hash_table_insert(engine->runs, &run->id, run);
        claims_take(engine->claims, run->work->claims, &run->claimant);
        g_ptr_array_add(runs, run);
    }
    for (guint i = 0; i < runs->len; i++) {
        Run *run = runs->pdata[i];
        log_info("taking up job '%s' at step %d", run->claimant.title, run->at);
        run_resume(run);
    }
}
