/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Views, change sets, feed and statistics: what is found, what is shared, what followers see. */
#include "base/lock.h"
#include "model/changes.h"
#include "model/feed.h"
#include "model/places.h"
#include "model/statistics.h"
#include "model/storage.h"

static Id
id_of(guint number)
{
    g_autofree char *name = g_strdup_printf("vm-%u", number);
    return id_named(&id_null, name);
}

static View *
add_vms(Inventory *inventory, View *head, guint from, guint count)
{
    g_autoptr(Changes) changes = changes_new(head, inventory);
    for (guint i = from; i < from + count; i++) {
        Vm *vm = object_new(&vm_type);
        vm->object.id = id_of(i);
        vm->name = g_strdup_printf("vm-%u", i);
        changes_add(changes, vm);
    }
    g_assert_true(changes_seal(changes, NULL));
    g_assert_true(changes_are_stored(changes));
    return changes_apply(changes);
}

static void
test_many(void)
{
    Inventory *inventory = inventory_new();
    g_autoptr(View) empty = view_empty();
    g_autoptr(View) first = add_vms(inventory, empty, 0, 50000);
    g_autoptr(View) second = add_vms(inventory, first, 50000, 1);
    g_assert_cmpuint(view_count(empty, &vm_type), ==, 0);
    g_assert_cmpuint(view_count(first, &vm_type), ==, 50000);
    g_assert_cmpuint(view_count(second, &vm_type), ==, 50001);
    guint shared = 0, found = 0;
    for (guint i = 0; i < 50001; i++) {
        Id id = id_of(i);
        const Vm *vm = view_find(second, &vm_type, &id);
        found += vm != NULL;
        shared += vm && vm == view_find(first, &vm_type, &id);
    }
    g_assert_cmpuint(found, ==, 50001);
    g_assert_cmpuint(shared, ==, 50000);
    const Object *last = NULL, *object;
    guint walked = 0;
    for (ViewWalk walk = view_walk(second, &vm_type); (object = view_next(&walk)); last = object, walked++)
        g_assert_true(!last || id_compare(&last->id, &object->id) < 0);
    g_assert_cmpuint(walked, ==, 50001);
    g_assert_true(view_check(second, NULL));
    inventory_free(inventory);
}

static void
test_edit_and_remove(void)
{
    Inventory *inventory = inventory_new();
    g_autoptr(View) empty = view_empty();
    g_autoptr(View) first = add_vms(inventory, empty, 0, 600);
    g_autoptr(Changes) changes = changes_new(first, inventory);
    for (guint i = 0; i < 600; i += 2) {
        Id id = id_of(i);
        changes_remove(changes, &vm_type, &id);
    }
    Id odd = id_of(301), same = id_of(303), gone = id_of(0);
    Vm *vm = changes_edit(changes, &vm_type, &odd);
    vm->memory = 42;
    g_assert_true(changes_edit(changes, &vm_type, &odd) == vm);
    g_assert_nonnull(changes_edit(changes, &vm_type, &same));
    g_assert_null(changes_find(changes, &vm_type, &gone));
    g_assert_true(changes_seal(changes, NULL));
    guint count;
    changes_rows(changes, &count);
    g_assert_cmpuint(count, ==, 301);       /* what did not change is no row */
    g_autoptr(View) second = changes_apply(changes);
    g_assert_cmpuint(view_count(second, &vm_type), ==, 300);
    g_assert_null(view_find(second, &vm_type, &gone));
    g_assert_cmpint(((const Vm *) view_find(second, &vm_type, &odd))->memory, ==, 42);
    g_assert_cmpint(((const Vm *) view_find(first, &vm_type, &odd))->memory, ==, 0);
    inventory_free(inventory);
}

static void
test_live_is_not_stored(void)
{
    Inventory *inventory = inventory_new();
    g_autoptr(View) empty = view_empty();
    g_autoptr(View) head = add_vms(inventory, empty, 0, 1);
    g_autoptr(Changes) changes = changes_new(head, inventory);
    Id id = id_of(0);
    ((Vm *) changes_edit(changes, &vm_type, &id))->status = VM_UP;
    g_assert_true(changes_seal(changes, NULL));
    g_assert_false(changes_are_stored(changes));
    g_assert_false(changes_are_empty(changes));
    inventory_free(inventory);
}

static void
test_collect(void)
{
    Inventory *inventory = inventory_new();
    g_autoptr(View) empty = view_empty();
    g_autoptr(Changes) changes = changes_new(empty, inventory);
    Id center = id_of(1);
    for (guint i = 10; i < 14; i++) {
        Cluster *cluster = object_new(&cluster_type);
        cluster->object.id = id_of(i);
        if (i % 2)
            cluster->data_center.id = center;
        changes_add(changes, cluster);
    }
    g_assert_true(changes_seal(changes, NULL));
    g_autoptr(View) view = changes_apply(changes);
    g_autoptr(GPtrArray) found = view_collect(view, &cluster_type, "data_center", &center);
    g_assert_cmpuint(found->len, ==, 2);
    g_assert_nonnull(view_user_of(view, &data_center_type, &center));
    g_autoptr(GError) error = NULL;
    g_assert_false(view_check(view, &error));       /* the data center is not there */
    g_assert_nonnull(strstr(error->message, "data_center"));
    inventory_free(inventory);
}

static void
wake(gpointer data)
{
    ++*(guint *) data;
}

static void
test_feed(void)
{
    Inventory *inventory = inventory_new();
    Feed *feed = feed_new(4);
    guint woken = 0, follower = feed_follow(feed, wake, &woken);
    g_autoptr(View) head = view_empty();
    for (guint i = 0; i < 6; i++) {
        g_autoptr(Changes) changes = changes_new(head, inventory);
        Vm *vm = object_new(&vm_type);
        vm->object.id = id_of(i % 3);
        vm->memory = i + 1;
        changes_add(changes, vm);
        g_assert_true(changes_seal(changes, NULL));
        View *next = changes_apply(changes);
        view_unref(head);
        head = next;
        feed_publish(feed, changes, view_serial(head));
    }
    gboolean reset;
    g_autoptr(GPtrArray) all = feed_since(feed, 0, 100, &reset), newest = feed_since(feed, 5, 100, &reset);
    g_assert_false(reset);
    g_assert_cmpuint(all->len, ==, 3);      /* six changes of three objects: each once */
    g_assert_cmpuint(((FeedItem *) g_ptr_array_index(all, 0))->serial, ==, 4);
    g_assert_cmpint(((const Vm *) ((FeedItem *) g_ptr_array_index(all, 2))->object)->memory, ==, 6);
    g_assert_cmpuint(newest->len, ==, 1);
    g_assert_cmpuint(woken, ==, 6);
    feed_unfollow(feed, follower);
    g_autoptr(Changes) changes = changes_new(head, inventory);
    for (guint i = 0; i < 3; i++) {
        Id id = id_of(i);
        changes_remove(changes, &vm_type, &id);
        Vm *vm = object_new(&vm_type);
        vm->object.id = id_of(i + 50);
        changes_add(changes, vm);
    }
    g_assert_true(changes_seal(changes, NULL));
    feed_publish(feed, changes, 7);
    g_assert_cmpuint(woken, ==, 6);
    g_autoptr(GPtrArray) late = feed_since(feed, 5, 100, &reset);
    g_assert_true(reset);                   /* more was dropped than this follower has seen */
    g_assert_cmpuint(late->len, ==, 0);
    g_autoptr(GPtrArray) other = feed_since(feed, 99, 100, &reset);
    g_assert_nonnull(other);
    g_assert_true(reset);                   /* a token from the future: another boot's */
    feed_free(feed);
    inventory_free(inventory);
}

typedef struct {
    Inventory *inventory;
    gint stop;
    gint reads;
} Reader;

static gpointer
read_on(gpointer data)
{
    Reader *reader = data;
    while (!g_atomic_int_get(&reader->stop)) {
        g_autoptr(View) view = inventory_view(reader->inventory);
        guint walked = 0;
        gconstpointer object;
        for (ViewWalk walk = view_walk(view, &vm_type); (object = view_next(&walk));)
            walked++;
        g_assert_cmpuint(walked, ==, view_count(view, &vm_type));
        g_atomic_int_inc(&reader->reads);
    }
    return NULL;
}

static void
test_readers(void)
{
    Reader reader = { .inventory = inventory_new() };
    Thread *threads[2];
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = thread_new("reader", read_on, &reader);
    View *head = view_empty();
    for (guint i = 0; i < 300; i++) {
        View *next = add_vms(reader.inventory, head, i * 7, 7);
        inventory_publish(reader.inventory, next);
        view_unref(head);
        head = next;
    }
    view_unref(head);
    while (g_atomic_int_get(&reader.reads) < 10)
        g_usleep(1000);
    g_atomic_int_set(&reader.stop, 1);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        thread_join(threads[i]);
    inventory_free(reader.inventory);
}

static void
test_statistics(void)
{
    Statistics *statistics = statistics_new();
    HostNumbers host = { .id = id_of(1), .cpu_user = 7 };
    Id a = id_of(2), b = id_of(3), other = id_of(4);
    Sheet *sheet = sheet_new(&host, 1000, 2);
    sheet_add(sheet, &a)->memory_used = 5;
    sheet_add(sheet, &b)->memory_used = 6;
    statistics_put(statistics, sheet);
    VmNumbers vm;
    Wall when;
    g_assert_true(statistics_vm(statistics, &b, &vm, &when));
    g_assert_cmpint(vm.memory_used, ==, 6);
    g_assert_cmpint(when, ==, 1000);
    g_assert_false(statistics_vm(statistics, &other, &vm, &when));
    sheet = sheet_new(&host, 2000, 1);
    sheet_add(sheet, &a)->memory_used = 9;
    statistics_put(statistics, sheet);
    g_assert_true(statistics_vm(statistics, &a, &vm, &when));
    g_assert_cmpint(vm.memory_used, ==, 9);
    g_assert_false(statistics_vm(statistics, &b, &vm, &when));
    statistics_drop(statistics, &host.id);
    g_assert_false(statistics_host(statistics, &host.id, &host, &when));
    statistics_free(statistics);
}

/* A member without a row would be lost in every copy: the rows of a type must fill its struct up to small gaps of alignment. */
static void
test_rows_cover_structs(void)
{
    static const guint sizes[] = { [KIND_TEXT] = sizeof(char *), [KIND_BOOL] = sizeof(gboolean), [KIND_INT] = 8, [KIND_REAL] = 8, [KIND_TIME] = 8,
        [KIND_ENUM] = sizeof(int), [KIND_REF] = sizeof(Ref), [KIND_LIST] = sizeof(List), [KIND_WORDS] = sizeof(Words), [KIND_CHILDREN] = sizeof(List) };
    for (guint t = 0; inventory_types[t]; t++) {
        const Type *type = inventory_types[t];
        g_autofree guint8 *covered = g_malloc0(type->size);
        memset(covered, 1, sizeof(Object));
        for (const Field *row = type->fields; row->name; row++) {
            gsize size = row->kind == KIND_GROUP ? ((const Type *) row->of)->size : row->kind == KIND_COLLECT ? 0 : sizes[row->kind];
            memset(covered + row->offset, 1, size);
        }
        /* Holes of up to four bytes are alignment. */
        guint hole = 0;
        for (gsize i = 0; i < type->size; i++) {
            hole = covered[i] ? 0 : hole + 1;
            if (hole > 4)
                g_error("%s: the member at byte %" G_GSIZE_FORMAT " has no row", type->one, i);
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inventory/many", test_many);
    g_test_add_func("/inventory/edit_and_remove", test_edit_and_remove);
    g_test_add_func("/inventory/live_is_not_stored", test_live_is_not_stored);
    g_test_add_func("/inventory/collect", test_collect);
    g_test_add_func("/inventory/feed", test_feed);
    g_test_add_func("/inventory/readers", test_readers);
    g_test_add_func("/inventory/statistics", test_statistics);
    g_test_add_func("/inventory/rows_cover_structs", test_rows_cover_structs);
    return g_test_run();
}
