/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The row of change sets between the writer's head and the published view. The store answers in its own thread and in
 * order; its answers are posted to the writer. When it fails, every set in the row fails with the same reason, the head falls
 * back to the published view, and nothing is given to the store until it has answered for all it was given. */
#include "job/commit.h"

#include "base/fault.h"
#include "base/lock.h"
#include "base/log.h"

typedef enum { SET_WAITS, SET_READY, SET_DROPPED } SetState;

typedef struct {
    Commit *commit;
    Changes *changes;
    View *view;                     /* the head with the set applied */
    SetState state;
    gboolean written;               /* given to the store: it must answer before this is freed */
    CommitDone done;
    gpointer data;
    GError *error;                  /* the store's, set in its thread before it posts */
} Set;

struct Commit {
    CommitParts parts;
    View *head;
    GQueue row;                     /* Set *, oldest first */
    GQueue ghosts;                  /* Set *, dropped, the store has not answered for them */
    gboolean broken;                /* from a failure until the store is resumed */
    Lock lock;                      /* unanswered */
    Condition answered;
    guint unanswered;               /* sets the store's thread may still look at */
};

static void
set_free(Set *set)
{
    changes_free(set->changes);
    if (set->view)
        view_unref(set->view);
    g_clear_error(&set->error);
    g_free(set);
}

Commit *
commit_new(const CommitParts *parts)
{
    Commit *commit = g_new0(Commit, 1);
    commit->parts = *parts;
    commit->head = inventory_view(parts->inventory);
    g_queue_init(&commit->row);
    g_queue_init(&commit->ghosts);
    lock_init(&commit->lock);
    condition_init(&commit->answered);
    return commit;
}

void
commit_free(Commit *commit)
{
    if (!commit)
        return;
    g_queue_clear_full(&commit->row, (GDestroyNotify) set_free);
    g_queue_clear_full(&commit->ghosts, (GDestroyNotify) set_free);
    view_unref(commit->head);
    condition_clear(&commit->answered);
    lock_clear(&commit->lock);
    g_free(commit);
}

gboolean
commit_settle(Commit *commit, Tick deadline)
{
    LOCK_HOLD(&commit->lock);
    gboolean more_time = TRUE;
    while (commit->unanswered > 0 && more_time)
        more_time = condition_wait_until(&commit->answered, &commit->lock, deadline);
    return commit->unanswered == 0;
}

View *
commit_head(Commit *commit)
{
    return commit->head;
}

Changes *
commit_begin(Commit *commit)
{
    return changes_new(commit->head, commit->parts.inventory);
}

guint
commit_waiting(const Commit *commit)
{
    return commit->row.length;
}

gboolean
commit_can_store(Commit *commit, GError **error)
{
    Message *trouble = store_trouble(commit->parts.store);
    if (trouble)
        return fault_take(error, trouble);
    if (commit->broken)
        return fault_set(error, MSG_JOB_STORE_RESTING, NULL);
    return TRUE;
}

static void
move_head(Commit *commit, View *take)
{
    view_unref(commit->head);
    commit->head = take;
}

void
commit_seed(Commit *commit, const Changes *sealed)
{
    View *view = changes_apply(sealed);
    inventory_publish(commit->parts.inventory, view);
    commit->parts.sealed(commit->parts.data, sealed);
    move_head(commit, view);
}

static void
tell(Set *set, const GError *error)
{
    if (set->done)
        set->done(set->data, error);
}

static void
publish(Commit *commit, Set *set)
{
    inventory_publish(commit->parts.inventory, set->view);
    feed_publish(commit->parts.feed, set->changes, view_serial(set->view));
    tell(set, NULL);
    set_free(set);
}

static void
publish_ready(Commit *commit)
{
    Set *set;
    while ((set = g_queue_peek_head(&commit->row)) && set->state == SET_READY) {
        g_queue_pop_head(&commit->row);
        publish(commit, set);
    }
}

static void
resume_when_answered(Commit *commit)
{
    if (!commit->broken || commit->ghosts.length > 0)
        return;
    store_resume(commit->parts.store);
    commit->broken = FALSE;
}

/* Everything in the row was built on the failed set or stands behind it: all of it is thrown away. */
static void
fall_back(Commit *commit, const GError *error)
{
    GQueue dropped = commit->row;
    g_queue_init(&commit->row);
    commit->broken = TRUE;
    move_head(commit, inventory_view(commit->parts.inventory));
    for (GList *link = dropped.head; link; link = link->next) {
        Set *set = link->data;
        set->state = SET_DROPPED;
        if (set->written)
            g_queue_push_tail(&commit->ghosts, set);
    }
    log_warn("the store failed, %u change sets are taken back: %s", dropped.length, error->message);
    Set *set;
    while ((set = g_queue_pop_head(&dropped))) {
        tell(set, error);
        if (!set->written)
            set_free(set);
    }
    commit->parts.lost(commit->parts.data);
}

/* In the writer: the store has answered for one set. */
static void
take_answer(gpointer data)
{
    Set *set = data;
    Commit *commit = set->commit;
    set->written = FALSE;
    if (set->state == SET_DROPPED) {
        g_queue_remove(&commit->ghosts, set);
        set_free(set);
    } else if (!set->error) {
        set->state = SET_READY;
        publish_ready(commit);
    } else {
        g_autoptr(GError) error = g_steal_pointer(&set->error);
        fall_back(commit, error);
    }
    resume_when_answered(commit);
}

/* In the store's thread. */
static void
store_answered(gpointer data, const GError *error)
{
    Set *set = data;
    Commit *commit = set->commit;
    set->error = error ? g_error_copy(error) : NULL;
    loop_post(commit->parts.loop, take_answer, set);
    LOCK_HOLD(&commit->lock);
    commit->unanswered--;
    condition_broadcast(&commit->answered);
}

static void
give_to_store(Commit *commit, Set *set)
{
    lock_take(&commit->lock);
    commit->unanswered++;
    lock_drop(&commit->lock);
    store_write(commit->parts.store, set->changes, store_answered, set);
}

static Set *
line_up(Commit *commit, Changes *take, CommitDone done, gpointer data)
{
    Set *set = g_new0(Set, 1);
    set->commit = commit;
    set->changes = take;
    set->view = changes_apply(take);
    set->done = done;
    set->data = data;
    move_head(commit, view_ref(set->view));
    commit->parts.sealed(commit->parts.data, take);
    return set;
}

gboolean
commit_put(Commit *commit, Changes *take, CommitDone done, gpointer data, GError **error)
{
    g_autoptr(Changes) changes = take;
    if (!changes_seal(changes, error))
        return FALSE;
    gboolean stored = changes_are_stored(changes);
    if (stored && !commit_can_store(commit, error))
        return FALSE;
    if (changes_are_empty(changes) && commit->row.length == 0) {
        if (done)
            done(data, NULL);
        return TRUE;
    }
    Set *set = line_up(commit, g_steal_pointer(&changes), done, data);
    if (!stored && commit->row.length == 0) {
        publish(commit, set);
        return TRUE;
    }
    set->state = stored ? SET_WAITS : SET_READY;
    set->written = stored;
    g_queue_push_tail(&commit->row, set);
    if (stored)
        give_to_store(commit, set);
    return TRUE;
}
