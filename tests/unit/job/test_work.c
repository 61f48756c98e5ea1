/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The small parts: claims, marks, flags, looking up commands, and merging three readings of one record. */
#include "world.h"

#include "job/journal.h"
#include "job/merge.h"

#include <string.h>

static char *
name_it(G_GNUC_UNUSED gpointer data, const char *claim)
{
    return g_strconcat("object ", claim, NULL);
}

static void
test_claims(void)
{
    Claims *claims = claims_new();
    Claimant one = { .title = "Starting VM a", .step = "start domain", .since = 0 };
    Claimant other = { .title = "Removing VM b" };
    g_autoptr(GPtrArray) both = g_ptr_array_new();
    g_autoptr(GPtrArray) second = g_ptr_array_new();
    g_ptr_array_add(both, "vm:1");
    g_ptr_array_add(both, "vm:2");
    g_ptr_array_add(second, "vm:2");
    g_autoptr(GError) error = NULL;
    g_assert_true(claims_check(claims, both, name_it, NULL, &error));
    claims_take(claims, both, &one);
    g_assert_false(claims_check(claims, second, name_it, NULL, &error));
    g_assert_cmpint(fault_of(error), ==, FAULT_CONFLICT);
    g_assert_nonnull(strstr(error->message, "object vm:2"));
    g_assert_nonnull(strstr(error->message, "Starting VM a"));
    g_assert_nonnull(strstr(error->message, "start domain"));
    g_assert_nonnull(strstr(error->message, "1970-01-01T00:00:00"));
    claims_drop(claims, &other);
    g_assert_cmpuint(claims_count(claims), ==, 2);
    claims_drop(claims, &one);
    g_assert_cmpuint(claims_count(claims), ==, 0);
    claims_free(claims);
}

static gboolean
may_claim(Claims *claims, const Work *work, GError **error)
{
    return claims_check(claims, work->claims, name_it, NULL, error);
}

/* Any number of jobs may use what none of them has; who wants to have it waits for them all. */
static void
test_uses(void)
{
    Claims *claims = claims_new();
    Claimant one = { .title = "Changing the CD of VM a" }, other = { .title = "Removing disk x" };
    g_autoptr(Work) user = work_new(&walk_command), second = work_new(&walk_command), owner = work_new(&walk_command);
    g_autoptr(GError) error = NULL, later = NULL;
    Id disk = id_random();
    work_claim_use(user, &disk_type, &disk);
    work_claim_use(second, &disk_type, &disk);
    work_claim(owner, &disk_type, &disk);
    g_assert_true(may_claim(claims, user, &error));
    claims_take(claims, user->claims, &one);
    g_assert_true(may_claim(claims, second, &error));
    g_assert_false(may_claim(claims, owner, &error));
    g_assert_nonnull(strstr(error->message, "object disk:"));
    g_assert_null(strstr(error->message, "use:"));
    g_assert_nonnull(strstr(error->message, "Changing the CD of VM a"));
    claims_drop(claims, &one);
    g_assert_true(may_claim(claims, owner, &later));
    claims_take(claims, owner->claims, &other);
    g_assert_false(may_claim(claims, second, &later));
    g_assert_nonnull(strstr(later->message, "Removing disk x"));
    claims_free(claims);
}

static void
test_lookup(void)
{
    g_assert_true(command_find("walk", &vm_type) == &walk_command);
    g_assert_null(command_find("walk", &disk_type));
    g_autofree char *name = command_name(&once_command);
    g_assert_cmpstr(name, ==, "vm.once");
    g_assert_true(command_of_name("vm.once") == &once_command);
    g_assert_null(command_of_name("vm.fly"));
    g_assert_null(command_of_name("vm"));
    g_assert_null(command_of_name(NULL));
    const char *const *verbs = command_verbs(&vm_type);
    g_assert_cmpstr(verbs[0], ==, "walk");
    g_assert_null(command_verbs(&disk_type));
    g_assert_cmpstr(permit_name(PERMIT_RUN_VM), ==, "run_vm");
}

static void
test_marks(void)
{
    g_autoptr(Work) work = work_new(&walk_command);
    Id id = id_random(), back;
    work_set_mark(work, "path", "/a \"quoted\" \\ \n name");
    work_set_mark_id(work, "disk", &id);
    work_set_mark(work, "gone", "x");
    work_set_mark(work, "gone", NULL);
    g_assert_null(work_mark(work, "gone"));
    g_assert_true(work_mark_id(work, "disk", &back));
    g_assert_true(id_equal(&id, &back));
    g_assert_false(work_mark_id(work, "path", &back));
    work_claim(work, &vm_type, &id);
    work_claim(work, &vm_type, &id);
    g_assert_cmpuint(work->claims->len, ==, 1);
    g_autoptr(GError) error = NULL;
    g_assert_null(work_host(work, &error));
    g_assert_cmpint(fault_of(error), ==, FAULT_INTERNAL);
}

static void
test_flags(void)
{
    g_autoptr(Work) work = work_new(&walk_command);
    g_assert_true(command_takes(&walk_command, "force"));
    g_assert_false(command_takes(&walk_command, "gently") || command_takes(&once_command, "force"));
    g_assert_true(work_flag(work, "delete_protected", TRUE));
    g_assert_false(work_flag(work, "delete_protected", FALSE));
    g_hash_table_insert(work->query, g_strdup("delete_protected"), g_strdup("true"));
    g_assert_true(work_flag(work, "delete_protected", FALSE));
    g_hash_table_insert(work->query, g_strdup("force"), g_strdup(""));
    g_assert_true(work_flag(work, "force", FALSE));
    g_hash_table_insert(work->query, g_strdup("force"), g_strdup("false"));
    g_assert_false(work_flag(work, "force", TRUE));
    work->draft = draft_new(&vm_type);
    draft_mark(work->draft, "delete_protected");        /* sent, as false: wins over the query */
    g_assert_false(work_flag(work, "delete_protected", TRUE));
}

static Vm *
vm_with(gint64 memory, gint64 cores, const char *comment)
{
    Vm *vm = object_new(&vm_type);
    vm->name = g_strdup("web1");
    vm->memory = memory;
    vm->cpu.topology.cores = cores;
    text_set(&vm->comment, comment);
    return vm;
}

static Nic *
add_nic(Vm *vm, const char *mac)
{
    Nic *nic = object_new(&nic_type);
    nic->object.id = id_named(&id_null, mac);
    nic->mac.address = g_strdup(mac);
    return list_add(&vm->nics, nic);
}

/* Only what differs between the readings is taken; the rest of the object is the manager's. */
static void
test_merge(void)
{
    Vm *before = vm_with(1, 2, NULL), *after = vm_with(4, 2, NULL), *target = vm_with(1, 8, "mine");
    add_nic(before, "gone");
    add_nic(before, "stays");
    add_nic(after, "stays");
    add_nic(after, "new");
    add_nic(target, "gone");
    text_set(&add_nic(target, "stays")->name, "nic1");
    g_auto(Text) what = TEXT_EMPTY;
    g_assert_true(merge_changes(&vm_type, target, before, after, &what));
    g_assert_cmpint(target->memory, ==, 4);
    g_assert_cmpint(target->cpu.topology.cores, ==, 8);
    g_assert_cmpstr(target->comment, ==, "mine");
    g_assert_cmpuint(target->nics.count, ==, 2);
    g_assert_cmpstr(((Nic *) target->nics.items[0])->name, ==, "nic1");
    g_assert_cmpstr(((Nic *) target->nics.items[1])->mac.address, ==, "new");
    g_autofree char *words = text_take(&what);
    g_assert_cmpstr(words, ==, "memory, nics");
    g_assert_false(merge_changes(&vm_type, target, after, after, NULL));
    object_unref(before);
    object_unref(after);
    object_unref(target);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/work/claims", test_claims);
    g_test_add_func("/work/uses", test_uses);
    g_test_add_func("/work/lookup", test_lookup);
    g_test_add_func("/work/marks", test_marks);
    g_test_add_func("/work/flags", test_flags);
    g_test_add_func("/work/merge", test_merge);
    return g_test_run();
}
