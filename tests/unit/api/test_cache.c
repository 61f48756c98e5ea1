/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Remembered lists are what writing them anew would give, whatever happened in between, and share what did not change. */
#include "api/cache.h"
#include "api/links.h"
#include "base/lock.h"
#include "model/places.h"
#include "model/record.h"
#include "model/smalls.h"
#include "model/vm.h"

#include <string.h>

#define VMS 90

static Inventory *inventory;
static View *view;
static guint next_name;

static void
put(gpointer take, gboolean remove)
{
    Object *object = take;
    if (!remove)
        object->version = inventory_next_version(inventory);
    View *next = view_with(view, &take, &remove, 1);
    view_unref(view);
    view = next;
    if (!remove)
        object_unref(take);
}

static void
put_cluster(const char *name)
{
    Cluster *cluster = object_new(&cluster_type);
    cluster->object.id = id_named(&id_null, name);
    text_set(&cluster->name, name);
    put(cluster, FALSE);
}

static void
name_vm(Vm *vm, GRand *rand)
{
    g_autofree char *name = g_strdup_printf("vm %d-%u", g_rand_int_range(rand, 0, 1000), next_name++);
    text_set(&vm->name, name);
}

static void
add_vm(GRand *rand)
{
    Vm *vm = object_new(&vm_type);
    vm->object.id = id_random();
    vm_set_defaults(vm);
    name_vm(vm, rand);
    text_set(&vm->description, "a <description> & more");
    vm->cluster.id = id_named(&id_null, g_rand_boolean(rand) ? "east" : "west");
    put(vm, FALSE);
}

static gpointer
any_vm(GRand *rand)
{
    gint32 row = g_rand_int_range(rand, 0, (gint32) view_count(view, &vm_type));
    gpointer vm = NULL;
    for (ViewWalk walk = view_walk(view, &vm_type); row >= 0; row--)
        vm = (gpointer) view_next(&walk);
    return vm;
}

static void
change_something(GRand *rand)
{
    gint32 what = g_rand_int_range(rand, 0, 100);
    if (what < 10 || view_count(view, &vm_type) < 3) {
        add_vm(rand);
    } else if (what < 20) {
        put(any_vm(rand), TRUE);
    } else if (what < 22) {
        const Id east = id_named(&id_null, "east");
        gconstpointer cluster = view_find(view, &cluster_type, &east);
        if (cluster)
            put((gpointer) cluster, TRUE);
        else
            put_cluster("east");
    } else {
        Vm *vm = object_dup(any_vm(rand));
        vm->status = g_rand_int_range(rand, 1, 5);
        if (what < 40)
            name_vm(vm, rand);
        put(vm, FALSE);
    }
}

static int
compare(gconstpointer a, gconstpointer b, gpointer data)
{
    SearchWorld world = view_world(view);
    return search_compare(data, &world, *(const gpointer *) a, *(const gpointer *) b);
}

/* The list as collection.c writes it. */
static char *
written(const CacheKey *key)
{
    g_autoptr(Search) order = search_new(key->type, view_search_words(key->type), NULL, FALSE, NULL);
    g_auto(Members) members = { 0 };
    Above above = { .view = view };
    members_top(&members, key->type);
    g_autoptr(GPtrArray) all = members_list(&members, &above, NULL);
    g_ptr_array_sort_with_data(all, compare, order);
    Text out = TEXT_EMPTY;
    Links links = { .view = view };
    Write write = links_write(&links, &out, key->format, key->all);
    links_write_list(&write, &members, NULL, all->pdata, all->len);
    return text_take(&out);
}

/* With room that is mostly too little for an object, or enough for many. */
static char *
joined(RopeReply *reply)
{
    static gint turns;                  /* of all threads */
    Text out = TEXT_EMPTY;
    const gsize rooms[] = { 1, 100, 5000, 64 << 10 }, room = rooms[(guint) g_atomic_int_add(&turns, 1) % G_N_ELEMENTS(rooms)];
    g_autofree char *buffer = g_malloc(room);
    for (gsize count; (count = rope_reply_read(reply, buffer, room));) {
        g_assert_cmpuint(count, <=, room);
        text_add_bytes(&out, buffer, count);
    }
    g_assert_cmpuint(out.length, ==, rope_reply_size(reply));
    return text_take(&out);
}

static void
check(Cache *cache, const CacheKey *key)
{
    g_autoptr(RopeReply) reply = cache_list(cache, key, view, G_MAXUINT);
    g_autofree char *got = joined(reply), *wanted = written(key);
    if (!g_str_equal(got, wanted))
        g_error("the remembered list is not the list:\n%s\n---\n%s", got, wanted);
}

static void
start(GRand *rand)
{
    inventory = inventory_new();
    view = view_empty();
    next_name = 0;
    put_cluster("east");
    put_cluster("west");
    for (guint i = 0; i < VMS; i++)
        add_vm(rand);
}

static void
end(void)
{
    view_unref(view);
    inventory_free(inventory);
}

static void
test_random(void)
{
    GRand *rand = g_rand_new_with_seed((guint32) g_test_rand_int());
    for (guint most = 1; most < 3; most++) {
        start(rand);
        /* Once with room for all, once with room for a part. */
        Cache *cache = cache_new(most == 1 ? 64 << 20 : 200 << 10);
        CacheKey xml = { &vm_type, FORMAT_XML, FALSE }, json = { &vm_type, FORMAT_JSON, FALSE }, all = { &vm_type, FORMAT_XML, TRUE };
        for (guint round = 0; round < 150; round++) {
            for (gint32 i = g_rand_int_range(rand, 0, 6); i >= 0; i--)
                change_something(rand);
            check(cache, &xml);
            if (round % 3 == 0)
                check(cache, &json);
            if (round % 5 == 0)
                check(cache, &all);
        }
        g_assert_cmpuint(cache_bytes(cache), <=, most == 1 ? 64 << 20 : 200 << 10);
        cache_free(cache);
        end();
    }
    g_rand_free(rand);
}

static void
test_sharing(void)
{
    GRand *rand = g_rand_new_with_seed(7);
    start(rand);
    Cache *cache = cache_new(64 << 20);
    CacheKey key = { &vm_type, FORMAT_XML, FALSE };
    g_autoptr(RopeReply) first = cache_list(cache, &key, view, G_MAXUINT);
    guint pieces = rope_reply_shares(first, first);
    g_assert_cmpuint(pieces, >, 5);
    g_autoptr(RopeReply) again = cache_list(cache, &key, view, 0);
    g_assert_nonnull(again);
    g_assert_cmpuint(rope_reply_shares(first, again), ==, pieces);
    put_cluster("north");                                            /* of a type that VMs refer to */
    g_assert_null(cache_list(cache, &key, view, VMS - 1));
    g_autoptr(RopeReply) anew = cache_list(cache, &key, view, VMS);
    g_assert_nonnull(anew);
    Vm *vm = object_dup(any_vm(rand));
    vm->status = VM_UP;
    put(vm, FALSE);
    g_assert_null(cache_list(cache, &key, view, 0));
    g_autoptr(RopeReply) changed = cache_list(cache, &key, view, 1);
    g_assert_nonnull(changed);
    g_assert_cmpuint(rope_reply_shares(anew, changed), ==, rope_reply_shares(anew, anew) - 1);
    /* What no VM refers to changes nothing. */
    Event *event = object_new(&event_type);
    event->object.id = id_number(1);
    put(event, FALSE);
    g_autoptr(RopeReply) same = cache_list(cache, &key, view, 0);
    g_assert_nonnull(same);
    cache_free(cache);
    end();
    g_rand_free(rand);
}

static gpointer
ask_often(gpointer data)
{
    CacheKey key = { &vm_type, FORMAT_JSON, FALSE };
    for (guint i = 0; i < 200; i++) {
        g_autoptr(View) mine = inventory_view(inventory);
        g_autoptr(RopeReply) reply = cache_list(data, &key, mine, G_MAXUINT);
        g_assert_nonnull(reply);
        g_autofree char *text = joined(reply);
        g_assert_true(g_str_has_prefix(text, "{\"vm\":[{") && g_str_has_suffix(text, "}]}"));
    }
    return NULL;
}

static void
test_threads(void)
{
    GRand *rand = g_rand_new_with_seed(11);
    start(rand);
    inventory_publish(inventory, view);
    Cache *cache = cache_new(100 << 10);
    Thread *threads[3];
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = thread_new("asks", ask_often, cache);
    for (guint i = 0; i < 300; i++) {
        change_something(rand);
        inventory_publish(inventory, view);
    }
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        thread_join(threads[i]);
    cache_free(cache);
    end();
    g_rand_free(rand);
}

static void
test_events(void)
{
    inventory = inventory_new();
    view = view_empty();
    Cache *cache = cache_new(64 << 20);
    CacheKey key = { &event_type, FORMAT_XML, FALSE };
    for (guint i = 1; i < 400; i++) {
        Event *event = object_new(&event_type);
        event->object.id = id_number(i);
        event->index = i;
        event->description = g_strdup("something");
        put(event, FALSE);
        if (i % 7 == 0)
            check(cache, &key);
    }
    g_autoptr(RopeReply) reply = cache_list(cache, &key, view, G_MAXUINT);
    g_autofree char *text = joined(reply);
    g_assert_true(g_str_has_prefix(text, "<events><event href=\"/ovirt-engine/api/events/399\""));      /* newest first */
    cache_free(cache);
    end();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/api/cache/random", test_random);
    g_test_add_func("/api/cache/sharing", test_sharing);
    g_test_add_func("/api/cache/threads", test_threads);
    g_test_add_func("/api/cache/events", test_events);
    return g_test_run();
}
