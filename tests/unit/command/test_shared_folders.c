/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Folders of the host: which a VM may have, where they really lead, and what the definition says of them and of memory. */
#include "estate.h"

#include "host/domain_xml.h"
#include "model/machines.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define FOLDER(name, path) "<shared_folder><name>" name "</name><path>" path "</path></shared_folder>"
#define GIVE(name, path) estate_child_work(&shared_folder_add, &estate.hello, NULL, FOLDER(name, path))
#define LETTERS "abcdefghijklmnopqrstuvwxyz0123456789"

static gboolean
says(const Id *vm, const char *text)
{
    return strstr(estate_xml(vm), text) != NULL;
}

static Work *
take(const Id *vm, const char *name)
{
    Id id = shared_folder_id(vm, name);
    return estate_child_work(&shared_folder_remove, vm, &id, NULL);
}

static void
test_refusals(void)
{
    estate_open();
    estate_refused(estate_child_work(&shared_folder_add, &estate.hello, NULL, NULL), "it is empty");
    estate_refused(estate_child_work(&shared_folder_add, &estate.hello, NULL, "<shared_folder><path>/x</path></shared_folder>"), "SharedFolder [name] required for add.");
    estate_refused(estate_child_work(&shared_folder_add, &estate.hello, NULL, "<shared_folder><name>x</name></shared_folder>"), "SharedFolder [path] required for add.");
    estate_refused(GIVE("", ESTATE_SHARED), "cannot have a shared folder named ''.");
    estate_refused(GIVE("x", ""), "VM 'hello' cannot have the folder '': that is no plain path.");
    estate_refused(estate_child_work(&shared_folder_add, &estate.hello, NULL, "<shared_folder><name/><path/></shared_folder>"), "VM 'hello' cannot have a shared folder");
    estate_refused(GIVE("a b", ESTATE_SHARED), "VM 'hello' cannot have a shared folder named 'a b'.");
    estate_refused(GIVE("a,b", ESTATE_SHARED), "1 to 36 letters, digits");
    estate_refused(GIVE(LETTERS "x", ESTATE_SHARED), "cannot have a shared folder named");
    estate_refused(GIVE("x", "shared"), "VM 'hello' cannot have the folder 'shared': that is no plain path.");
    estate_refused(GIVE("x", ESTATE_SHARED "/../etc"), "that is no plain path.");
    estate_refused(GIVE("x", ESTATE_SHARED "/./a"), "that is no plain path.");
    estate_refused(GIVE("x", ESTATE_SHARED "//a"), "that is no plain path.");
    estate_refused(GIVE("x", ESTATE_SHARED "/a/"), "that is no plain path.");
    estate_refused(GIVE("x", ESTATE_SHARED "/a,source=/etc"), "that is no plain path.");
    estate_refused(GIVE("x", "/etc"), "host 'n1' gives VMs only what lies in " ESTATE_SHARED ". | Choose a folder there");
    estate_refused(GIVE("x", ESTATE_SHARED "2"), "host 'n1' gives VMs only what lies in " ESTATE_SHARED);
    estate_refused(GIVE("x", ESTATE_PATH), "host 'n1' gives VMs only what lies in " ESTATE_SHARED);
    estate_refused(estate_child_work(&shared_folder_add, &estate.running, NULL, FOLDER("x", ESTATE_SHARED)), "Cannot change the shared folders of VM 'busy' while it is up.");
    estate_refused(take(&estate.running, "x"), "Cannot change the shared folders of VM 'busy' while it is up.");
    estate_refused(take(&estate.hello, "x"), "VM 'hello' has no such shared folder.");
    estate_close();
}

static void
test_hosts(void)
{
    estate_open();
    estate_set_machine(MACHINES_VIRTIOFS, "no");
    estate_refused(GIVE("x", ESTATE_SHARED), "host 'n1' has no virtiofsd. | Install it");
    estate_set_machine(MACHINES_VIRTIOFS, "yes");
    estate_set_machine(MACHINES_SHARE, NULL);
    estate_refused(GIVE("x", ESTATE_SHARED), "host 'n1' gives no folders to VMs. | Its administrator names those that may be given: shikirid --shared-folder DIR.");
    estate_set_machine(MACHINES_SHARE, STORAGE_PATH);
    estate_refused(GIVE("x", STORAGE_PATH "/a"), "disks of storage domain 'data' lie there.");
    estate_set_machine(MACHINES_SHARE, ESTATE_PATH);
    estate_refused(GIVE("x", ESTATE_PATH), "lie there.");
    estate_close();
}

/* It is given, found again in the definition, and taken away; what it was given besides, shared memory, stays. */
static void
test_given(void)
{
    estate_open();
    estate_do(GIVE("data", ESTATE_SHARED "/a"));
    g_assert_true(says(&estate.hello, "<driver type='virtiofs'/>") && says(&estate.hello, "<source dir='" ESTATE_SHARED "/a'/>") && says(&estate.hello, "<target dir='data'/>"));
    g_assert_true(says(&estate.hello, "<source type='memfd'/>") && says(&estate.hello, "<access mode='shared'/>"));
    Id id = shared_folder_id(&estate.hello, "data");
    const SharedFolder *folder = list_find(&estate_vm(&estate.hello)->shared_folders, &id);
    g_assert_cmpstr(folder->path, ==, ESTATE_SHARED "/a");
    g_assert_cmpstr(folder->driver, ==, SHARED_VIRTIOFS);
    estate_refused(GIVE("data", ESTATE_SHARED "/b"), "VM 'hello' has a shared folder 'data' already.");
    estate_do(GIVE("more", ESTATE_SHARED "/b"));
    estate_do(estate_work(&vm_start, &estate.hello, NULL));
    estate_refused(estate_work(&vm_suspend, &estate.hello, NULL), "Cannot suspend VM 'hello': what its guest does in its shared folder 'data' cannot be saved.");
    estate_do(estate_work(&vm_stop, &estate.hello, NULL));
    estate_do(take(&estate.hello, "data"));
    g_assert_true(!says(&estate.hello, "'data'") && says(&estate.hello, "<target dir='more'/>"));
    estate_do(take(&estate.hello, "more"));
    g_assert_true(!says(&estate.hello, "<filesystem") && says(&estate.hello, "<access mode='shared'/>"));
    estate_close();
}

/* Guests are root in what they have. */
static void
test_within(void)
{
    estate_open();
    estate_do(GIVE("all", ESTATE_SHARED "/a"));
    estate_do(estate_work(&vm_stop, &estate.running, NULL));
    estate_refused(estate_child_work(&shared_folder_add, &estate.running, NULL, FOLDER("x", ESTATE_SHARED "/a/b")),
                   "it lies in " ESTATE_SHARED "/a, where the guest of VM 'hello' may put what it likes in its place.");
    estate_refused(GIVE("x", ESTATE_SHARED "/a/b"), "it lies in " ESTATE_SHARED "/a");
    estate_do(estate_child_work(&shared_folder_add, &estate.running, NULL, FOLDER("x", ESTATE_SHARED "/a")));
    estate_do(estate_child_work(&shared_folder_add, &estate.running, NULL, FOLDER("y", ESTATE_SHARED "/ab")));
    estate_refused(estate_child_work(&shared_folder_add, &estate.running, NULL, FOLDER("z", ESTATE_SHARED)),
                   ESTATE_SHARED "/a, which VM 'hello' has, lies in it, where the guest could put what it likes in its place.");
    estate_close();
}

static void
add_folder(const Id *id, const char *name, const char *path, const char *driver)
{
    Vm *vm = estate_edit(&vm_type, id);
    SharedFolder *folder = object_new(&shared_folder_type);
    folder->object.id = shared_folder_id(id, name);
    folder->name = g_strdup(name);
    folder->path = g_strdup(path);
    folder->driver = g_strdup(driver);
    list_add(&vm->shared_folders, folder);
    estate_put(vm);
}

/* virsh asks nobody: what it gave around a folder of ours makes that one unsafe. */
static void
test_around_later(void)
{
    g_autofree char *said = NULL;
    estate_open();
    estate_do(GIVE("data", ESTATE_SHARED "/a"));
    add_folder(&estate.adopted, "all", ESTATE_SHARED, "9p");
    g_assert_cmpint(estate_try(estate_work(&vm_start, &estate.hello, NULL), &said), ==, ENDED_UNDONE);
    g_assert_nonnull(strstr(said, "it lies in " ESTATE_SHARED ", where the guest of VM"));
    estate_close();
}

static void
replace_in(const Id *vm, const char *from, const char *to)
{
    g_auto(GStrv) halves = g_strsplit(estate_xml(vm), from, 2);
    g_autofree char *xml = g_strjoinv(to, halves);
    g_assert_cmpuint(g_strv_length(halves), ==, 2);
    estate_set_xml(vm, xml);
}

/* Memory that somebody wants for the guest alone is not shared behind his back; hugepages and nodes are. */
static void
test_memory(void)
{
    static const char *const private[] = { "<memoryBacking><access mode='private'/></memoryBacking>\n  <os>", "<memoryBacking><source type='anonymous'/></memoryBacking>\n  <os>" };
    for (guint i = 0; i < G_N_ELEMENTS(private); i++) {
        g_autofree char *said = NULL;
        estate_open();
        replace_in(&estate.hello, "<os>", private[i]);
        g_assert_cmpint(estate_try(GIVE("x", ESTATE_SHARED), &said), ==, ENDED_UNDONE);
        g_assert_nonnull(strstr(said, "Cannot give VM 'hello' a folder: its definition says that its memory is its own"));
        estate_close();
    }
    estate_open();
    estate_do(estate_work(&vm_update, &estate.hello, "<vm><custom_properties><custom_property><name>hugepages</name><value>2048</value></custom_property></custom_properties></vm>"));
    estate_do(GIVE("x", ESTATE_SHARED));
    g_assert_true(says(&estate.hello, "<page size='2048'") && says(&estate.hello, "<source type='memfd'/>") && says(&estate.hello, "<access mode='shared'/>"));
    estate_do(estate_work(&vm_update, &estate.hello, "<vm><custom_properties/></vm>"));
    g_assert_true(!says(&estate.hello, "hugepages") && says(&estate.hello, "<source type='memfd'/>") && says(&estate.hello, "<access mode='shared'/>"));
    estate_close();
}

/* What virsh gave is shown, and is nobody's to look into. */
static void
test_foreign(void)
{
    estate_open();
    replace_in(&estate.adopted, "<devices>", "<devices>\n    <filesystem type='mount' accessmode='mapped'><source dir='/home'/><target dir='home'/></filesystem>");
    add_folder(&estate.adopted, "home", "/home", "9p");
    estate_do(estate_work(&vm_update, &estate.adopted, "<vm><description>ours now</description></vm>"));
    g_assert_true(says(&estate.adopted, "<filesystem type='mount' accessmode='mapped'><source dir='/home'/><target dir='home'/></filesystem>"));
    g_assert_false(says(&estate.adopted, "memfd"));
    estate_refused(GIVE("x", "/home/a"), "host 'n1' gives VMs only what lies in");
    estate_do(estate_work(&vm_start, &estate.adopted, NULL));
    estate_close();
}

static void
test_clone(void)
{
    estate_open();
    estate_do(GIVE("data", ESTATE_SHARED));
    estate_do(estate_work(&vm_clone, &estate.hello, "<action><vm><name>copy</name></vm></action>"));
    const Vm *clone = view_find_name(estate.view, &vm_type, "copy");
    Id id = shared_folder_id(&clone->object.id, "data");
    g_assert_nonnull(list_find(&clone->shared_folders, &id));
    g_assert_true(says(&clone->object.id, "<source dir='" ESTATE_SHARED "'/>"));
    estate_close();
}

/* --- where it leads: the one test here that has a disk --------------------------------------------------------------------------------- */

static void
assert_said(const char *path, const char *part)
{
    g_autofree char *said = NULL, *body = g_markup_printf_escaped("<shared_folder><name>x</name><path>%s</path></shared_folder>", path);
    WalkEnd end = estate_try(estate_child_work(&shared_folder_add, &estate.hello, NULL, body), &said);
    g_assert_cmpint(end, ==, part ? ENDED_UNDONE : ENDED_DONE);
    g_assert_true(!part || strstr(said, part));
}

static void
test_links(void)
{
    estate_open();
    g_autofree char *root = g_dir_make_tmp("shikiri-shared-XXXXXX", NULL), *folder = g_build_filename(root, "a", NULL), *link = g_build_filename(root, "link", NULL);
    g_autofree char *behind = g_build_filename(link, "b", NULL), *file = g_build_filename(root, "file", NULL), *none = g_build_filename(root, "none", NULL), *said = NULL;
    g_assert_true(g_mkdir(folder, 0700) == 0 && symlink("/etc", link) == 0 && g_file_set_contents(file, "", 0, NULL));
    estate_set_machine(MACHINES_SHARE, root);
    assert_said(link, "a part of that path is a link, and leads elsewhere.");
    assert_said(behind, "cannot have the folder");
    assert_said(file, "Not a directory");
    assert_said(none, "No such file or directory");
    assert_said(folder, NULL);
    estate_do(estate_work(&vm_start, &estate.hello, NULL));
    estate_do(estate_work(&vm_stop, &estate.hello, NULL));
    g_assert_true(g_rmdir(folder) == 0 && symlink("/etc", folder) == 0);        /* somebody put a link in its place */
    g_assert_cmpint(estate_try(estate_work(&vm_start, &estate.hello, NULL), &said), ==, ENDED_UNDONE);
    g_assert_nonnull(strstr(said, "a part of that path is a link"));
    g_unlink(folder);
    g_unlink(link);
    g_unlink(file);
    g_rmdir(root);
    estate_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/shared-folders/refusals", test_refusals);
    g_test_add_func("/shared-folders/hosts", test_hosts);
    g_test_add_func("/shared-folders/given", test_given);
    g_test_add_func("/shared-folders/within", test_within);
    g_test_add_func("/shared-folders/around-later", test_around_later);
    g_test_add_func("/shared-folders/memory", test_memory);
    g_test_add_func("/shared-folders/foreign", test_foreign);
    g_test_add_func("/shared-folders/clone", test_clone);
    g_test_add_func("/shared-folders/links", test_links);
    return g_test_run();
}
