/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Definitions written by hand: who may when, which files, networks and addresses may be named, and what becomes of the VM. What the text itself may say
 * is the host layer's test; that each write ends as done or as before is test_walks's. */
#include "estate.h"

#include "host/domain_xml.h"
#include "host/domain_xml_override.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* The definition of ID with TO instead of FROM, as a work; VERSION as sent, or NULL. */
static Work *
work_of(const Id *id, const char *from, const char *to, const char *version)
{
    g_autofree char *shown = domain_xml_shown(estate_xml(id), NULL);
    g_auto(GStrv) halves = g_strsplit(shown, from, 2);
    g_assert_cmpuint(g_strv_length(halves), ==, 2);
    g_autofree char *xml = g_strconcat(halves[0], to, halves[1], NULL);
    g_autofree char *body = g_markup_printf_escaped("<action><xml>%s</xml><version>%s</version></action>", xml, version ? version : "");
    return estate_work(&vm_overridexml, id, body);
}

#define END "</devices>"
#define DISK(path) "<disk type='file' device='disk'><source file='" path "'/><target dev='vdx' bus='virtio'/></disk>" END
#define SEALED(path) "<disk type='file' device='disk'><source file='" path "'/><target dev='vdx' bus='virtio'/><readonly/></disk>" END
#define CARD(type, source) "<interface type='" type "'><mac address='52:54:00:aa:bb:cc'/>" source "</interface>" END

/* What its plan says, or the refusal. */
static char *
plan_of(Work *take)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Work) work = take;
    work->view = view_ref(estate.view);
    char *text = work->command->check(work, &error) ? work->command->plan(work, &error) : NULL;
    return text ? text : g_strdup(error->message);
}

static void
refused_late(const char *to, const char *part)
{
    g_autofree char *said = plan_of(work_of(&estate.hello, END, to, NULL));
    if (!strstr(said, part))
        g_error("'%s' is not in '%s'", part, said);
}

static void
set_status(const Id *id, VmStatus status)
{
    Vm *vm = estate_edit(&vm_type, id);
    vm->status = status;
    estate_put(vm);
}

static void
test_when(void)
{
    estate_open();
    estate_refused(estate_work(&vm_overridexml, &estate.hello, NULL), "The field 'xml' must hold the whole domain XML that VM 'hello' shall have.");
    estate_refused(estate_work(&vm_overridexml, &estate.hello, "<action><xml/></action>"), "The field 'xml' must hold");
    estate_refused(work_of(&estate.running, END, END, NULL), "Cannot write the XML of VM 'busy': it is up, and nobody could show");
    set_status(&estate.hello, VM_SUSPENDED);
    estate_refused(work_of(&estate.hello, END, END, NULL), "VM 'hello' is suspended: the memory of its guest is saved and fits this configuration alone.");
    set_status(&estate.hello, VM_UNKNOWN);
    estate_refused(work_of(&estate.hello, END, END, NULL), "It is not known whether VM 'hello' runs");
    Vm *vm = estate_edit(&vm_type, &estate.hello);
    vm->status = VM_DOWN;
    vm->locked = TRUE;
    estate_put(vm);
    estate_refused(work_of(&estate.hello, END, END, NULL), "VM 'hello' is being made, copied or removed.");
    estate_close();
}

/* A saved state that only its host knows of. */
static void
test_saved_outside(void)
{
    estate_open();
    estate_set_saved(&estate.hello, TRUE);
    g_autofree char *said = plan_of(work_of(&estate.hello, END, END, NULL));
    g_assert_nonnull(strstr(said, "is suspended"));
    estate_close();
}

static void
test_named(void)
{
    estate_open();
    refused_late(DISK("/etc/shadow"), "cannot be '/etc/shadow': only files inside storage domains may be named.");
    refused_late(DISK(STORAGE_PATH "/../x"), "only files inside storage domains may be named.");
    refused_late(CARD("network", "<source network='nowhere'/>"), "plugged into 'network:nowhere', which is no network the manager knows.");
    refused_late(CARD("bridge", "<source bridge='virbr0'/>"), "plugged into 'bridge:virbr0'");
    refused_late("<hostdev mode='subsystem' type='usb'/>" END, "In the XML of VM 'hello', devices/hostdev");
    refused_late(DISK(STORAGE_PATH "/own/more.raw"), "<disk type='file' device='disk'><source file='" STORAGE_PATH "/own/more.raw'/>");
    refused_late(CARD("network", "<source network='default'/>"), "<mac address='52:54:00:aa:bb:cc'/>");
    estate_close();
}

/* The very file of another VM's disk, and the file of a disk of the manager's. */
static void
test_taken(void)
{
    char id[ID_TEXT_SIZE];
    estate_open();
    Disk *foreign = estate_edit(&disk_type, &estate.foreign);
    text_set(&foreign->path, STORAGE_PATH "/own/theirs.raw");
    estate_put(foreign);
    refused_late(DISK(STORAGE_PATH "/own/theirs.raw"), "names the file '" STORAGE_PATH "/own/theirs.raw', which VM 'old' has too.");
    refused_late("<disk type='file' device='cdrom'><source file='" STORAGE_PATH "/own/theirs.raw'/><target dev='sdx' bus='sata'/></disk>" END, "which VM 'old' has too.");
    g_autofree char *managed = g_strdup_printf(DISK(STORAGE_PATH "/%s"), id_format(&estate.floating, ID_UUID, id));
    refused_late(managed, "only files inside storage domains may be named.");
    const Vm *old = estate_vm(&estate.adopted);
    const char *mac = old->nics.count > 0 ? ((const Nic *) old->nics.items[0])->mac.address : NULL;
    g_assert_nonnull(mac);
    g_autofree char *card = g_strdup_printf("<interface type='network'><mac address='%s'/><source network='default'/></interface>" END, mac);
    refused_late(card, "In the XML of VM 'hello' a card has the MAC address");
    refused_late(card, "is already in use by VM 'old'");
    estate_close();
}

/* What every VM finds its images and kernels by is read by guests, and not written. */
static void
test_library(void)
{
    char id[ID_TEXT_SIZE];
    static const char library[] = "as a disk that its guest can write, and it lies where every VM finds its ISO images and kernels.";
    estate_open();
    Disk *image = object_new(&disk_type);
    image->object.id = id_named(&id_null, "image");
    image->content_type = DISK_CONTENT_ISO;
    g_autofree char *iso = g_strdup_printf(DISK(STORAGE_PATH "/%s"), id_format(&image->object.id, ID_UUID, id)), *sealed = g_strdup_printf(SEALED(STORAGE_PATH "/%s"), id);
    estate_put(image);
    refused_late(iso, library);
    refused_late(sealed, "<readonly/>");
    refused_late(DISK(STORAGE_PATH "/debian.iso"), library);
    refused_late(SEALED(STORAGE_PATH "/debian.iso"), "<disk type='file' device='disk'><source file='" STORAGE_PATH "/debian.iso'/>");
    refused_late(DISK(STORAGE_PATH "/own/more.raw"), "<source file='" STORAGE_PATH "/own/more.raw'/>");
    Vm *other = estate_edit(&vm_type, &estate.running);
    text_set(&other->os.initrd, STORAGE_PATH "/own/initrd");
    estate_put(other);
    refused_late(DISK(STORAGE_PATH "/own/initrd"), "which VM 'busy' has too.");
    StorageDomain *storage = estate_edit(&storage_domain_type, &estate.storage);
    storage->type = STORAGE_USE_ISO;
    estate_put(storage);
    refused_late(DISK(STORAGE_PATH "/own/more.raw"), library);
    estate_close();
}

/* A folder of one's own that leads back there. */
static void
test_library_by_links(void)
{
    estate_open();
    g_autofree char *dir = g_dir_make_tmp("override-XXXXXX", NULL), *own = g_build_filename(dir, "own", NULL), *image = g_build_filename(dir, "a.iso", NULL);
    g_autofree char *link = g_build_filename(own, "innocent", NULL), *file = g_build_filename(own, "more.raw", NULL);
    g_assert_true(g_mkdir(own, 0700) == 0 && g_file_set_contents(image, "x", -1, NULL) && g_file_set_contents(file, "x", -1, NULL) && symlink("../a.iso", link) == 0);
    StorageDomain *storage = estate_edit(&storage_domain_type, &estate.storage);
    text_set(&storage->storage.path, dir);
    estate_put(storage);
    g_autofree char *disk = g_strdup_printf(DISK("%s"), link), *well = g_strdup_printf(DISK("%s"), file);
    refused_late(disk, "it lies where every VM finds its ISO images and kernels.");
    refused_late(well, "/own/more.raw'/>");
    g_assert_true(unlink(link) == 0 && unlink(file) == 0 && unlink(image) == 0 && g_rmdir(own) == 0 && g_rmdir(dir) == 0);
    estate_close();
}

static void
test_version(void)
{
    estate_open();
    g_autofree char *version = domain_xml_version(estate_xml(&estate.hello));
    g_autofree char *stale = plan_of(work_of(&estate.hello, END, END, "0123456789abcdef"));
    g_assert_cmpstr(stale, ==, "The XML sent for VM 'hello' was made from an older one: its definition has changed since.");
    estate_do(work_of(&estate.hello, END, "<watchdog model='i6300esb' action='reset'/>" END, version));
    g_autofree char *late = plan_of(work_of(&estate.hello, END, END, version));
    g_assert_cmpstr(late, ==, stale);
    estate_close();
}

/* The model has what was written, and what the host has now is kept: nobody will take it for somebody else's deed. */
static void
test_written(void)
{
    estate_open();
    guint keeps = estate.keeps;
    estate_do(work_of(&estate.hello, END, CARD("network", "<source network='default'/>"), NULL));
    const Vm *vm = estate_vm(&estate.hello);
    const Nic *nic = vm->nics.items[vm->nics.count - 1];
    g_assert_cmpuint(vm->nics.count, ==, 2);
    g_assert_cmpstr(nic->mac.address, ==, "52:54:00:aa:bb:cc");
    g_assert_true(id_equal(&nic->network.id, &estate.network) && id_equal(&nic->vnic_profile.id, &estate.profile));
    g_assert_cmpuint(estate.keeps, >, keeps);
    g_assert_nonnull(strstr(estate_xml(&estate.hello), " passwd='"));
    estate_do(work_of(&estate.hello, END, DISK(STORAGE_PATH "/own/more.raw"), NULL));
    vm = estate_vm(&estate.hello);
    g_assert_cmpuint(vm->disk_attachments.count, ==, 2);
    const DiskAttachment *attachment = vm->disk_attachments.items[1];
    const Disk *disk = estate_find(&disk_type, &attachment->disk.id);
    g_assert_true(disk && g_strcmp0(disk->path, STORAGE_PATH "/own/more.raw") == 0);
    estate_close();
}

/* What is not ours becomes ours with it, and stays what it is. */
static void
test_adopted(void)
{
    estate_open();
    const Vm *vm = estate_vm(&estate.adopted);
    guint nics = vm->nics.count, disks = vm->disk_attachments.count;
    Id first = ((const Object *) vm->disk_attachments.items[0])->id;
    estate_do(work_of(&estate.adopted, END, "<watchdog model='i6300esb' action='reset'/>" END, NULL));
    vm = estate_vm(&estate.adopted);
    g_assert_false(vm->adopted);
    g_assert_cmpuint(vm->nics.count, ==, nics);
    g_assert_cmpuint(vm->disk_attachments.count, ==, disks);
    g_assert_true(id_equal(&((const Object *) vm->disk_attachments.items[0])->id, &first));
    g_assert_nonnull(strstr(estate_xml(&estate.adopted), "urn:shikiri:domain:1"));
    estate_close();
}

static void
test_plan(void)
{
    estate_open();
    g_autofree char *plan = estate_plan(work_of(&estate.hello, END, "<watchdog model='i6300esb' action='reset'/>" END, NULL));
    g_assert_true(strstr(plan, "the definition of VM 'hello':") && strstr(plan, "\n+  <watchdog") && !strstr(plan, "passwd="));
    g_autofree char *same = estate_plan(work_of(&estate.hello, END, END "<!-- nothing -->", NULL));
    g_assert_null(strstr(same, "\n+"));
    estate_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/override/when", test_when);
    g_test_add_func("/override/saved_outside", test_saved_outside);
    g_test_add_func("/override/named", test_named);
    g_test_add_func("/override/taken", test_taken);
    g_test_add_func("/override/library", test_library);
    g_test_add_func("/override/library_by_links", test_library_by_links);
    g_test_add_func("/override/version", test_version);
    g_test_add_func("/override/written", test_written);
    g_test_add_func("/override/adopted", test_adopted);
    g_test_add_func("/override/plan", test_plan);
    return g_test_run();
}
