/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The one door: sets are published in order, when they are stored; a failing store takes everything back. */
#include "world.h"

#include <string.h>

typedef struct {
    char order[64];
    guint failures;
} Log;
static Log log_of_sets;

typedef struct {
    const char *word;
} Named;

static void
log_done(gpointer data, const GError *error)
{
    g_strlcat(log_of_sets.order, ((Named *) data)->word, sizeof(log_of_sets.order));
    if (error) {
        g_strlcat(log_of_sets.order, "!", sizeof(log_of_sets.order));
        log_of_sets.failures++;
    }
}

static Named a = { "a" }, b = { "b" }, c = { "c" }, d = { "d" };

static gboolean
put_stored(const char *description, Named *name)
{
    Changes *changes = commit_begin(world.engine->commit);
    Vm *vm = changes_edit(changes, &vm_type, &world.vm);
    text_set(&vm->description, description);
    g_autoptr(GError) error = NULL;
    return commit_put(world.engine->commit, changes, log_done, name, &error);
}

static gboolean
put_live(VmStatus status, Named *name)
{
    Changes *changes = commit_begin(world.engine->commit);
    Vm *vm = changes_edit(changes, &vm_type, &world.vm);
    vm->status = status;
    g_autoptr(GError) error = NULL;
    return commit_put(world.engine->commit, changes, log_done, name, &error);
}

static void
open_world(void)
{
    memset(&log_of_sets, 0, sizeof(log_of_sets));
    world_open();
    world_settle();
}

/* A fact behind a stored set waits for it; readers see both in order, and nothing before the store has answered. */
static void
test_order(void)
{
    open_world();
    world_store_mode(STORE_HOLDS);
    g_assert_true(put_stored("one", &a));
    g_assert_true(put_live(VM_PAUSED, &b));
    g_assert_true(put_stored("two", &c));
    world_settle();
    g_assert_cmpstr(log_of_sets.order, ==, "");
    g_assert_null(world_vm()->description);
    g_assert_cmpint(world_vm()->status, ==, VM_UNKNOWN);
    const Vm *head = view_find(commit_head(world.engine->commit), &vm_type, &world.vm);
    g_assert_cmpstr(head->description, ==, "two");
    g_assert_cmpint(head->status, ==, VM_PAUSED);
    world_store_answer(1, TRUE);
    world_settle();
    g_assert_cmpstr(log_of_sets.order, ==, "ab");
    g_assert_cmpstr(world_vm()->description, ==, "one");
    g_assert_cmpint(world_vm()->status, ==, VM_PAUSED);
    world_store_answer(1, TRUE);
    world_settle();
    g_assert_cmpstr(log_of_sets.order, ==, "abc");
    g_assert_cmpstr(world_vm()->description, ==, "two");
    world_close();
}

/* With nothing before it a fact is published before the call returns, and the store hears nothing of it. */
static void
test_facts_at_once(void)
{
    open_world();
    guint writes = world_store_writes();
    g_assert_true(put_live(VM_DOWN, &a));
    g_assert_cmpstr(log_of_sets.order, ==, "a");
    g_assert_cmpint(world_vm()->status, ==, VM_DOWN);
    g_assert_cmpuint(world_store_writes(), ==, writes);
    world_close();
}

static void
test_failure_takes_all_back(void)
{
    open_world();
    g_assert_true(put_stored("kept", &a));
    world_settle();
    world_store_mode(STORE_HOLDS);
    g_assert_true(put_stored("lost", &b));
    g_assert_true(put_live(VM_PAUSED, &c));
    g_assert_true(put_stored("lost too", &d));
    guint refreshes = world.refreshes;
    world_store_answer(1, FALSE);
    world_settle();
    g_assert_cmpstr(log_of_sets.order, ==, "ab!c!d!");
    const Vm *head = view_find(commit_head(world.engine->commit), &vm_type, &world.vm);
    g_assert_cmpstr(head->description, ==, "kept");
    g_assert_true(head == world_vm());
    g_assert_cmpuint(world.refreshes, >, refreshes);
    /* "lost too" is still with the store: nothing new goes there until it has answered */
    g_assert_false(put_stored("early", &a));
    g_assert_true(put_live(VM_DOWN, &a));
    g_assert_cmpint(world_vm()->status, ==, VM_DOWN);
    world_store_answer(1, TRUE);        /* fails: the store was not resumed */
    world_settle();
    world_store_mode(STORE_ANSWERS);
    g_assert_true(put_stored("again", &a));
    world_settle();
    g_assert_cmpstr(world_vm()->description, ==, "again");
    Vm *stored = world_stored(&vm_type, &world.vm);
    g_assert_cmpstr(stored->description, ==, "again");
    object_unref(stored);
    world_close();
}

/* With a full disk commands are refused with a sentence, and facts flow. */
static void
test_full_disk(void)
{
    open_world();
    world_host_up();
    world_store_trouble(TRUE);
    Answer answer = { 0 };
    world_submit(&walk_command, FALSE, &answer);
    world_settle();
    g_assert_cmpuint(answer.calls, ==, 1);
    g_assert_cmpint(answer.fault, ==, FAULT_UNAVAILABLE);
    g_assert_cmpstr(outside.log, ==, "");
    g_assert_cmpuint(claims_count(world.engine->claims), ==, 0);
    world_state(&world.vm, DOMAIN_RUNNING, "started:booted");
    g_assert_cmpint(world_vm()->status, ==, VM_UP);
    world_state(&world.vm, DOMAIN_SHUTOFF, "stopped:destroyed");
    g_assert_cmpint(world_vm()->status, ==, VM_DOWN);
    g_assert_false(world_has_event("destroyed"));
    world_store_trouble(FALSE);
    world_until(world_has_event("VM 'web1' is down: destroyed by somebody outside the manager (libvirt: stopped, destroyed)."));
    g_assert_cmpuint(world.refreshes, >, 0);
    answer_clear(&answer);
    world_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/commit/order", test_order);
    g_test_add_func("/commit/facts-at-once", test_facts_at_once);
    g_test_add_func("/commit/failure-takes-all-back", test_failure_takes_all_back);
    g_test_add_func("/commit/full-disk", test_full_disk);
    return g_test_run();
}
