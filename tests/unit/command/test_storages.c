/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Storage domains: what is refused, who may hold one, and what comes of imports. */
#include "walk_cases.h"

#include <string.h>

#define add(rest) estate_work(&storage_domain_add, NULL, "<storage_domain>" rest "</storage_domain>")
#define PATH(path) "<storage><path>" path "</path></storage>"

static void
test_add_refused(void)
{
    estate_open();
    estate_refused(add(PATH("/srv/x")), "must have a name");
    estate_refused(add("<name>x</name>"), "absolute path");
    estate_refused(add("<name>x</name>" PATH("srv/x")), "absolute path");
    estate_refused(add("<name>data</name>" PATH("/srv/x")), "The storage domain name 'data' is already in use.");
    estate_refused(add("<name>a/b</name>" PATH("/srv/x")), "cannot be 'a/b'");
    estate_refused(add("<name>x</name>" PATH(STORAGE_PATH)), "of storage domain 'data'");
    estate_refused(add("<name>x</name>" PATH(STORAGE_PATH "/inner")), "lies in, or around, " STORAGE_PATH);
    estate_refused(add("<name>x</name>" PATH(ESTATE_PATH "/")), "lies in, or around");
    estate_refused(add("<name>x</name>" PATH("/")), "lies in, or around");
    estate_refused(add("<name>x</name><type>export</type>" PATH("/srv/x")), "Storage domains for 'export' cannot be added.");
    estate_refused(add("<name>x</name><storage><type>nfs</type><path>/srv/x</path></storage>"), "Storage of type 'nfs' cannot be used yet.");
    estate_refused(add("<name>x</name><host><name>n9</name></host>" PATH("/srv/x")), "There is no host 'n9'.");
    g_autofree char *beside = estate_refusal(add("<name>x</name>" PATH(STORAGE_PATH "2")));
    g_assert_null(beside);
    estate_close();
}

static void
put_status(const Id *id, gboolean attached, gboolean maintenance)
{
    StorageDomain *storage = estate_edit(&storage_domain_type, id);
    storage->maintenance = maintenance;
    storage->data_center.id = attached ? estate.data_center : id_null;
    storage->status = !attached ? STORAGE_UNATTACHED : maintenance ? STORAGE_MAINTENANCE : STORAGE_ACTIVE;
    estate_put(storage);
}

static void
test_states(void)
{
    estate_open();
    estate_refused(estate_work(&storage_domain_attach, &estate.small, "<action/>"), "is attached already; it is active");
    estate_refused(estate_work(&storage_domain_detach, &estate.small, "<action/>"), "only one in maintenance can be detached");
    estate_refused(estate_work(&storage_domain_activate, &estate.small, "<action/>"), "is active and not in maintenance");
    estate_refused(estate_work(&storage_domain_remove, &estate.small, NULL), "is attached to a data center. | Deactivate and detach it first.");
    estate_refused(estate_work(&storage_domain_remove, &estate.unmanaged, NULL), "the files of others are listed");
    put_status(&estate.small, TRUE, TRUE);
    estate_refused(estate_work(&storage_domain_deactivate, &estate.small, "<action/>"), "is in maintenance already");
    put_status(&estate.small, FALSE, FALSE);
    estate_refused(estate_work(&storage_domain_activate, &estate.small, "<action/>"), "is attached to no data center");
    put_status(&estate.storage, TRUE, TRUE);
    estate_refused(estate_work(&vm_start, &estate.hello, NULL), "Cannot run VM 'hello': storage domain 'data', which has a disk or a CD of it, is maintenance.");
    estate_refused(estate_work(&disk_add, NULL, "<disk><provisioned_size>512</provisioned_size><storage_domain><name>data</name></storage_domain></disk>"), "is maintenance");
    estate_close();
}

/* The domain that runs keeps its own from resting. */
static void
test_used(void)
{
    estate_open();
    estate_do(estate_child_work(&disk_attachment_add, &estate.running, NULL, "<disk_attachment><interface>virtio</interface><active>true</active><disk><name>d</name>"
                                "<provisioned_size>1048576</provisioned_size><storage_domains><storage_domain><name>data</name></storage_domain></storage_domains></disk></disk_attachment>"));
    estate_refused(estate_work(&storage_domain_deactivate, &estate.storage, "<action/>"), "is in use: VM 'busy' is up and has a disk or a CD of it.");
    estate_close();
}

static void
test_held(void)
{
    g_autofree char *said = NULL;
    Id id = id_named(&id_null, "theirs");
    estate_open();
    estate_mark_store("/nowhere/theirs", &id);
    estate_note("/nowhere/theirs", "domain", "[storage domain]\nname=theirs\nuse=iso\nholder=5ca1ab1e-0000-4000-8000-000000000077\nmanager=elsewhere\n");
    g_assert_cmpint(estate_try(add("<import>true</import>" PATH("/nowhere/theirs")), &said), ==, ENDED_UNDONE);
    g_assert_nonnull(strstr(said, "is held by another manager (that of host 'elsewhere')"));
    g_assert_null(estate_find(&storage_domain_type, &id));
    Work *work = add("<import>true</import>" PATH("/nowhere/theirs"));
    estate_query(work, "force", "true");
    estate_do(work);
    const StorageDomain *taken = estate_find(&storage_domain_type, &id);
    g_assert_nonnull(taken);
    g_assert_cmpstr(taken->name, ==, "theirs");
    g_assert_cmpint(taken->type, ==, STORAGE_USE_ISO);
    g_assert_cmpint(taken->status, ==, STORAGE_UNATTACHED);
    g_autofree char *again = NULL;
    g_assert_cmpint(estate_try(add("<name>b</name>" PATH("/nowhere/empty") "<import>true</import>"), &again), ==, ENDED_UNDONE);
    g_assert_nonnull(strstr(again, "There is no storage domain in the directory /nowhere/empty."));
    estate_close();
}

static void
test_master(void)
{
    estate_open();
    estate_do(estate_work(&storage_domain_deactivate, &estate.storage, "<action/>"));
    const StorageDomain *data = estate_find(&storage_domain_type, &estate.storage), *small = estate_find(&storage_domain_type, &estate.small);
    g_assert_false(data->master);
    g_assert_true(small->master);
    estate_do(estate_work(&storage_domain_activate, &estate.storage, "<action/>"));
    small = estate_find(&storage_domain_type, &estate.small);
    g_assert_true(small->master);       /* the one that is it stays it */
    estate_close();
}

static void
test_edit(void)
{
    estate_open();
    estate_refused(estate_work(&storage_domain_update, &estate.small, "<storage_domain><name>data</name></storage_domain>"), "is already in use");
    estate_refused(estate_work(&storage_domain_update, &estate.small, "<storage_domain><warning_low_space_indicator>101</warning_low_space_indicator></storage_domain>"),
                   "from 0 to 100");
    estate_refused(estate_work(&storage_domain_update, &estate.small, "<storage_domain><critical_space_action_blocker>-1</critical_space_action_blocker></storage_domain>"),
                   "from 0 to 1048576");
    estate_do(estate_work(&storage_domain_update, &estate.small, "<storage_domain><name>disks</name><warning_low_space_indicator>20</warning_low_space_indicator></storage_domain>"));
    const StorageDomain *small = estate_find(&storage_domain_type, &estate.small);
    g_assert_cmpstr(small->name, ==, "disks");
    g_assert_cmpint(small->warning_low_space_indicator, ==, 20);
    g_assert_cmpint(small->status, ==, STORAGE_ACTIVE);
    estate_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/storages/add refused", test_add_refused);
    g_test_add_func("/storages/states", test_states);
    g_test_add_func("/storages/used", test_used);
    g_test_add_func("/storages/held", test_held);
    g_test_add_func("/storages/edit", test_edit);
    g_test_add_func("/storages/master", test_master);
    return g_test_run();
}
