/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The notes of a storage domain follow the inventory by themselves: they come, change and go; what waits to be registered stays; a storage that
 * does not answer is told once, and is caught up with. The host is a table in memory. */
#include "catalogue/catalogue.h"

#include "base/lock.h"
#include "catalogue/note.h"
#include "catalogue/shelf.h"
#include "model/places.h"

#include <string.h>

#define PATIENCE (10 * CLOCK_SECOND)

static struct {
    Lock lock;
    GHashTable *notes, *volumes;        /* name → text; id → itself */
    gboolean deaf;
    guint writes, told, told_again;
} world;

static Inventory *inventory;
static Feed *feed;
static Hosts *hosts;
static View *head;
static Id storage_id, host_id;

/* --- a host ------------------------------------------------------------------------------------------------------------------------------ */

static gboolean
answers(GError **error)
{
    return !world.deaf || fault_set(error, MSG_STORE_MISSING, "path", "/x", "host", "h", "reason", "gone", NULL);
}

static gboolean
note_read(G_GNUC_UNUSED HostLink *link, G_GNUC_UNUSED const HostStore *store, const char *name, char **ret, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&world.lock);
    *ret = g_strdup(g_hash_table_lookup(world.notes, name));
    return answers(error);
}

static gboolean
note_write(G_GNUC_UNUSED HostLink *link, G_GNUC_UNUSED const HostStore *store, const char *name, const char *text, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&world.lock);
    if (!answers(error))
        return FALSE;
    world.writes++;
    if (text)
        g_hash_table_replace(world.notes, g_strdup(name), g_strdup(text));
    else
        g_hash_table_remove(world.notes, name);
    return TRUE;
}

static char **
note_list(G_GNUC_UNUSED HostLink *link, G_GNUC_UNUSED const HostStore *store, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&world.lock);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    GHashTableIter iter;
    gpointer name;
    if (!answers(error))
        return NULL;
    g_hash_table_iter_init(&iter, world.notes);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_add(names, NULL);
    return (char **) g_ptr_array_steal(names, NULL);
}

static gboolean
volume_read(G_GNUC_UNUSED HostLink *link, const HostVolume *volume, VolumeFacts *ret, G_GNUC_UNUSED Tick deadline, GError **error)
{
    char text[ID_TEXT_SIZE];
    LOCK_HOLD(&world.lock);
    gboolean there = g_hash_table_contains(world.volumes, id_format(&volume->disk, ID_UUID, text));
    *ret = (VolumeFacts) { there ? VOLUME_WHOLE : VOLUME_ABSENT, DISK_FORMAT_RAW, 1, 1 };
    return answers(error);
}

static void
stop(G_GNUC_UNUSED HostLink *link)
{
}

static void
release(HostLink *link)
{
    host_link_clear(link);
    g_free(link);
}

static const HostOps ops = { .name = "table", .stop = stop, .free = release, .note_read = note_read, .note_write = note_write, .note_list = note_list, .volume_read = volume_read };

static void
set_deaf(gboolean deaf)
{
    LOCK_HOLD(&world.lock);
    world.deaf = deaf;
}

static void
tell(G_GNUC_UNUSED gpointer data, G_GNUC_UNUSED const StorageDomain *storage, const GError *why)
{
    LOCK_HOLD(&world.lock);
    world.told += why != NULL;
    world.told_again += why == NULL;
}

/* --- an inventory ---------------------------------------------------------------------------------------------------------------------------- */

static void
change(gpointer take, const Type *type, const Id *remove)
{
    GError *error = NULL;
    g_autoptr(Changes) changes = changes_new(head, inventory);
    if (remove)
        changes_remove(changes, type, remove);
    else if (changes_find(changes, ((Object *) take)->type, &((Object *) take)->id))
        g_assert_not_reached();
    else
        changes_add(changes, take);
    g_assert_true(changes_seal(changes, &error));
    View *next = changes_apply(changes);
    view_unref(head);
    head = next;
    inventory_publish(inventory, head);
    feed_publish(feed, changes, view_serial(head));
}

static void
rename_vm(const Id *id, const char *name)
{
    GError *error = NULL;
    g_autoptr(Changes) changes = changes_new(head, inventory);
    Vm *vm = changes_edit(changes, &vm_type, id);
    text_set(&vm->name, name);
    g_assert_true(changes_seal(changes, &error));
    View *next = changes_apply(changes);
    view_unref(head);
    head = next;
    inventory_publish(inventory, head);
    feed_publish(feed, changes, view_serial(head));
}

static Id
add_disk(const char *word)
{
    char text[ID_TEXT_SIZE];
    Disk *disk = object_new(&disk_type);
    Id id = disk->object.id = id_named(&id_null, word);
    disk->alias = g_strdup(word);
    disk->format = DISK_FORMAT_RAW;
    disk->status = DISK_OK;
    StorageDomainRef *in = g_new0(StorageDomainRef, 1);
    in->storage_domain.id = storage_id;
    list_add(&disk->storage_domains, in);
    lock_take(&world.lock);
    g_hash_table_add(world.volumes, g_strdup(id_format(&id, ID_UUID, text)));
    lock_drop(&world.lock);
    change(disk, NULL, NULL);
    return id;
}

static Id
add_vm(const char *name, const Id *disk)
{
    Vm *vm = object_new(&vm_type);
    Id id = vm->object.id = id_named(&id_null, name);
    vm->name = g_strdup(name);
    DiskAttachment *attachment = object_new(&disk_attachment_type);
    attachment->object.id = attachment->disk.id = *disk;
    list_add(&vm->disk_attachments, attachment);
    change(vm, NULL, NULL);
    return id;
}

static void
open_world(void)
{
    world.notes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    world.volumes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    world.deaf = FALSE;
    world.writes = world.told = world.told_again = 0;
    lock_init(&world.lock);
    inventory = inventory_new();
    feed = feed_new(1000);
    hosts = hosts_new();
    head = inventory_view(inventory);
    host_id = id_named(&id_null, "host");
    storage_id = id_named(&id_null, "storage");
    DataCenter *center = object_new(&data_center_type);
    center->object.id = id_named(&id_null, "center");
    center->name = g_strdup("Default");
    change(center, NULL, NULL);
    Host *host = object_new(&host_type);
    host->object.id = host_id;
    host->name = g_strdup("h");
    host->status = HOST_UP;
    change(host, NULL, NULL);
    StorageDomain *storage = object_new(&storage_domain_type);
    storage->object.id = storage_id;
    storage->name = g_strdup("data");
    storage->type = STORAGE_USE_DATA;
    storage->status = STORAGE_ACTIVE;
    storage->marked = TRUE;
    storage->host.id = host_id;
    storage->data_center.id = id_named(&id_null, "center");
    storage->storage.path = g_strdup("/nowhere/data");
    change(storage, NULL, NULL);
    HostLink *link = g_new0(HostLink, 1);
    host_link_init(link, &ops, &host_id, "h");
    g_atomic_int_set(&link->lost, FALSE);
    hosts_add(hosts, link);
}

static void
close_world(void)
{
    hosts_free(hosts);
    view_unref(head);
    feed_free(feed);
    inventory_free(inventory);
    lock_clear(&world.lock);
    g_hash_table_unref(world.notes);
    g_hash_table_unref(world.volumes);
}

static char *
note(const Type *type, const Id *id)
{
    g_autofree char *name = note_name(type, id);
    LOCK_HOLD(&world.lock);
    return g_strdup(g_hash_table_lookup(world.notes, name));
}

static gboolean
has_note(const Type *type, const Id *id)
{
    g_autofree char *text = note(type, id);
    return text != NULL;
}

static gboolean
says_name(const Id *id, const char *name)
{
    g_autofree char *text = note(&vm_type, id), *line = g_strconcat("\nname=", name, "\n", NULL);
    return text && strstr(text, line);
}

#define wait_until(question)                                                    \
    G_STMT_START {                                                              \
        Tick until_ = clock_tick() + PATIENCE;                                  \
        while (!(question) && clock_tick() < until_)                            \
            g_usleep(2000);                                                     \
        g_assert_true(question);                                                \
    } G_STMT_END

static Catalogue *
begin(void)
{
    CatalogueParts parts = { .inventory = inventory, .feed = feed, .hosts = hosts, .tell = tell, .pause = CLOCK_SECOND / 100 };
    return catalogue_new(&parts);
}

/* --- tests ---------------------------------------------------------------------------------------------------------------------------------------- */

static void
test_follows(void)
{
    open_world();
    Id disk = add_disk("root");
    Id vm = add_vm("web", &disk);
    Catalogue *catalogue = begin();
    wait_until(says_name(&vm, "web"));
    g_assert_false(has_note(&disk_type, &disk));
    Id loose = add_disk("loose");
    wait_until(has_note(&disk_type, &loose));
    rename_vm(&vm, "shop");
    wait_until(says_name(&vm, "shop"));
    Id second = add_vm("second", &loose);
    wait_until(has_note(&vm_type, &second));
    change(NULL, &vm_type, &second);
    wait_until(!has_note(&vm_type, &second));
    wait_until(has_note(&disk_type, &loose));
    catalogue_stop(catalogue);
    catalogue_free(catalogue);
    close_world();
}

/* A manager that begins anew writes only what is not true. */
static void
test_writes_little(void)
{
    open_world();
    Id disk = add_disk("root");
    Id vm = add_vm("web", &disk);
    Catalogue *catalogue = begin();
    wait_until(says_name(&vm, "web"));
    catalogue_stop(catalogue);
    catalogue_free(catalogue);
    guint before = world.writes;
    catalogue = begin();
    Id loose = add_disk("loose");
    wait_until(has_note(&disk_type, &loose));
    g_assert_cmpuint(world.writes, ==, before + 1);
    catalogue_stop(catalogue);
    catalogue_free(catalogue);
    close_world();
}

/* What nobody here knows waits to be registered, as long as its file is there. */
static void
test_strangers(void)
{
    char text[ID_TEXT_SIZE];
    open_world();
    Id disk = add_disk("root");
    Id vm = add_vm("web", &disk);
    Catalogue *catalogue = begin();
    wait_until(says_name(&vm, "web"));
    catalogue_stop(catalogue);
    catalogue_free(catalogue);
    lock_take(&world.lock);
    g_hash_table_insert(world.notes, g_strdup("vm-00000000-0000-4000-8000-00000000000b"), g_strdup("what is this"));
    lock_drop(&world.lock);
    change(NULL, &vm_type, &vm);
    change(NULL, &disk_type, &disk);
    catalogue = begin();
    Id loose = add_disk("loose");
    wait_until(has_note(&disk_type, &loose));
    g_assert_true(has_note(&vm_type, &vm));
    catalogue_stop(catalogue);
    catalogue_free(catalogue);
    lock_take(&world.lock);
    g_hash_table_remove(world.volumes, id_format(&disk, ID_UUID, text));
    lock_drop(&world.lock);
    catalogue = begin();
    wait_until(!has_note(&vm_type, &vm));
    g_assert_nonnull(g_hash_table_lookup(world.notes, "vm-00000000-0000-4000-8000-00000000000b"));
    catalogue_stop(catalogue);
    catalogue_free(catalogue);
    close_world();
}

static guint
count_of(const guint *counter)
{
    LOCK_HOLD(&world.lock);
    return *counter;
}

static void
test_deaf(void)
{
    open_world();
    Id disk = add_disk("root");
    set_deaf(TRUE);
    Catalogue *catalogue = begin();
    wait_until(count_of(&world.told) == 1);
    Id vm = add_vm("web", &disk);
    g_usleep(300000);
    g_assert_cmpuint(count_of(&world.told), ==, 1);
    g_assert_cmpuint(count_of(&world.told_again), ==, 0);
    set_deaf(FALSE);
    wait_until(has_note(&vm_type, &vm));
    wait_until(count_of(&world.told_again) == 1);
    catalogue_stop(catalogue);
    catalogue_free(catalogue);
    close_world();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/catalogue/follows", test_follows);
    g_test_add_func("/catalogue/writes little", test_writes_little);
    g_test_add_func("/catalogue/strangers", test_strangers);
    g_test_add_func("/catalogue/deaf", test_deaf);
    return g_test_run();
}
