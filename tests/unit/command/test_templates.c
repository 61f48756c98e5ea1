/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Templates: what is refused, what they hold, what VMs get of them, and that nothing that a VM stands on ever goes. That each verb ends as done or as
 * before is test_walks's. */
#include "estate.h"

#include "model/template.h"

#include <string.h>

#define ADD_BODY(name, more) "<template><name>" name "</name><vm><name>hello</name></vm>" more "</template>"
#define refused(command, id, body, part) estate_refused(estate_work(&(command), id, body), part)

static const Template *
find(const char *name, gint64 version)
{
    ViewWalk walk = view_walk(estate.view, &template_type);
    for (const Template *template; (template = view_next(&walk));) {
        if (g_str_equal(template->name, name) && template->version.version_number == version)
            return template;
    }
    return NULL;
}

static void
make(void)
{
    estate_do(estate_work(&template_add, NULL, ADD_BODY("base", "<description>first</description>")));
}

static const Vm *
add_vm(const char *name, gboolean whole)
{
    g_autofree char *body = g_strdup_printf("<vm><name>%s</name><template><name>base</name></template></vm>", name);
    Work *work = estate_work(&vm_add, NULL, body);
    if (whole)
        estate_query(work, "clone", "true");
    estate_do(work);
    return view_find_name(estate.view, &vm_type, name);
}

static void
test_refused(void)
{
    estate_open();
    refused(template_add, NULL, "<template><name>base</name></template>", "Template [vm.id|name] required for add");
    refused(template_add, NULL, "<template><vm><name>hello</name></vm></template>", "[name] required for add");
    refused(template_add, NULL, "<template><name>base</name><vm><name>busy</name></vm></template>", "Cannot make a template of VM 'busy': it is up");
    refused(template_add, NULL, "<template><name>base</name><vm><name>nobody</name></vm></template>", "There is no vm 'nobody'.");
    refused(template_add, NULL, ADD_BODY("a/b", ""), "The name of a template cannot be 'a/b'.");
    refused(template_add, NULL, ADD_BODY("Blank", ""), "There is a template 'Blank' already.");
    Work *sealed = estate_work(&template_add, NULL, ADD_BODY("base", ""));
    estate_query(sealed, "seal", "true");
    estate_refused(sealed, "cannot be sealed by the manager: it does not look into disks. | Run virt-sysprep");
    make();
    refused(template_add, NULL, ADD_BODY("base", ""), "There is a template 'base' already. | Choose another name, or give version.base_template");
    refused(template_add, NULL, ADD_BODY("other", "<version><base_template><name>base</name></base_template></version>"), "A version of template 'base' cannot be called 'other'");
    const Template *template = find("base", 1);
    Id id = template->object.id, disk = ((const Object *) template->disk_attachments.items[0])->id;
    refused(disk_remove, &disk, NULL, "belongs to template 'base': VMs stand on it, and nobody changes it.");
    refused(disk_update, &disk, "<disk><provisioned_size>2147483648</provisioned_size></disk>", "belongs to template 'base'");
    add_vm("thin", FALSE);
    refused(template_remove, &id, NULL, "Cannot remove template 'base': VM 'thin' stands on it. | Remove that VM, or make a clone of it");
    Template *edited = estate_edit(&template_type, &id);
    edited->delete_protected = TRUE;
    estate_put(edited);
    refused(template_remove, &id, NULL, "it is delete protected");
    estate_close();
}

/* What it is, its cards without addresses, and disks that are its own. */
static void
test_holds(void)
{
    estate_open();
    make();
    const Vm *vm = estate_vm(&estate.hello);
    const Template *template = find("base", 1);
    g_assert_true(template && template->status == TEMPLATE_OK && vm->status == VM_DOWN && !vm->locked);
    g_assert_cmpint(template->memory, ==, vm->memory);
    g_assert_cmpstr(template->description, ==, "first");
    g_assert_cmpuint(template->nics.count, ==, vm->nics.count);
    g_assert_null(((const Nic *) template->nics.items[0])->mac.address);
    const DiskAttachment *attachment = template->disk_attachments.items[0];
    const Disk *disk = estate_find(&disk_type, &attachment->object.id);
    g_assert_true(disk && disk->status == DISK_OK && !id_equal(&disk->object.id, &estate.disk) && estate_has_volume(&disk->object.id));
    g_assert_true(id_equal(&disk->template_.id, &template->object.id));
    g_assert_true(g_str_has_prefix(disk->alias, "base"));
    estate_close();
}

static void
test_thin(void)
{
    estate_open();
    make();
    const Template *template = find("base", 1);
    const Vm *vm = add_vm("thin", FALSE);
    const DiskAttachment *attachment = vm->disk_attachments.items[0];
    const Disk *disk = estate_find(&disk_type, &attachment->object.id), *base = estate_find(&disk_type, &((const Object *) template->disk_attachments.items[0])->id);
    char text[ID_TEXT_SIZE];
    g_assert_true(id_equal(&vm->template_.id, &template->object.id) && id_equal(&vm->original_template.id, &template->object.id));
    g_assert_true(disk && disk->status == DISK_OK && disk->format == DISK_FORMAT_COW && id_is_null(&disk->template_.id));
    g_assert_cmpint(disk->provisioned_size, ==, base->provisioned_size);
    g_assert_cmpstr(disk->alias, ==, "thin_Disk1");
    g_assert_true(attachment->bootable && estate_has_volume(&disk->object.id));
    g_assert_nonnull(strstr(estate_xml(&vm->object.id), id_format(&disk->object.id, ID_UUID, text)));
    g_assert_null(strstr(estate_xml(&vm->object.id), id_format(&base->object.id, ID_UUID, text)));
    const Nic *nic = vm->nics.items[0];
    g_assert_true(nic->mac.address && vm->nics.count == template->nics.count);
    Id id = vm->object.id, thin = disk->object.id, under = base->object.id;
    estate_do(estate_work(&vm_start, &id, NULL));
    estate_do(estate_work(&vm_stop, &id, NULL));
    estate_do(estate_work(&vm_remove, &id, NULL));
    g_assert_true(!estate_has_volume(&thin) && estate_has_volume(&under));
    Id template_id = template->object.id;
    estate_do(estate_work(&template_remove, &template_id, NULL));
    g_assert_true(!estate_has_volume(&under) && !find("base", 1) && !estate_find(&disk_type, &under));
    estate_close();
}

/* It stands alone: its template may go, and it remembers it no more. */
static void
test_whole(void)
{
    estate_open();
    make();
    Id template = find("base", 1)->object.id;
    const Vm *vm = add_vm("whole", TRUE);
    Id id = vm->object.id, disk = ((const Object *) vm->disk_attachments.items[0])->id;
    g_assert_true(id_is_null(&vm->template_.id) && id_equal(&vm->original_template.id, &template));
    estate_do(estate_work(&template_remove, &template, NULL));
    g_assert_true(id_is_null(&estate_vm(&id)->original_template.id) && estate_has_volume(&disk));
    estate_do(estate_work(&vm_start, &id, NULL));
    estate_close();
}

static void
test_versions(void)
{
    estate_open();
    make();
    Id base = find("base", 1)->object.id;
    estate_do(estate_work(&template_add, NULL, ADD_BODY("base", "<version><base_template><name>base</name></base_template><version_name>second</version_name></version>")));
    const Template *second = find("base", 2);
    g_assert_true(second && id_equal(&second->version.base_template.id, &base));
    refused(template_remove, &base, NULL, "Cannot remove template 'base': it is the base of its version 'second'.");
    Id newer = second->object.id;
    estate_do(estate_work(&template_update, &newer, "<template><name>renamed</name><memory>536870912</memory></template>"));
    g_assert_true(find("renamed", 1) && find("renamed", 2));
    g_assert_cmpint(find("renamed", 2)->memory, ==, 536870912);
    estate_do(estate_work(&template_remove, &newer, NULL));
    estate_do(estate_work(&template_remove, &base, NULL));
    estate_close();
}

/* What the client says wins; half a group that it says is completed. */
static void
test_values(void)
{
    estate_open();
    make();
    Id template = find("base", 1)->object.id;
    estate_do(estate_work(&template_update, &template, "<template><memory>536870912</memory><cpu><topology><cores>2</cores><sockets>2</sockets></topology></cpu><usb><enabled>false</enabled></usb>"
                          "<initialization><host_name>web</host_name></initialization></template>"));
    estate_do(estate_work(&vm_add, NULL, "<vm><name>mine</name><template><name>base</name></template><cpu><topology><sockets>1</sockets></topology></cpu></vm>"));
    const Vm *vm = view_find_name(estate.view, &vm_type, "mine");
    g_assert_cmpint(vm->memory, ==, 536870912);
    g_assert_cmpint(vm->cpu.topology.cores, ==, 2);
    g_assert_cmpint(vm->cpu.topology.sockets, ==, 1);
    g_assert_false(vm->usb.enabled);
    g_assert_cmpstr(vm->initialization.host_name, ==, "web");
    estate_close();
}

/* Its disks by themselves: where, and how. */
static void
test_wishes(void)
{
    estate_open();
    make();
    char text[ID_TEXT_SIZE];
    id_format(&((const Object *) find("base", 1)->disk_attachments.items[0])->id, ID_UUID, text);
#define WITH(rows) "<vm><name>mine</name><template><name>base</name></template><disk_attachments><disk_attachment><interface>sata</interface><disk id='%s'>" rows "</disk></disk_attachment></disk_attachments></vm>"
    g_autofree char *elsewhere = g_strdup_printf(WITH("<storage_domains><storage_domain><name>small</name></storage_domain></storage_domains>"), text);
    g_autofree char *raw = g_strdup_printf(WITH("<format>raw</format><storage_domains><storage_domain><name>data</name></storage_domain></storage_domains>"), text);
    refused(vm_add, NULL, elsewhere, "can only lie where that does: in storage domain 'data'. | Add the VM with clone=true");
    refused(vm_add, NULL, raw, "cannot be raw: it holds only what differs");
    Work *work = estate_work(&vm_add, NULL, raw);
    estate_query(work, "clone", "true");
    estate_do(work);
    const Vm *vm = view_find_name(estate.view, &vm_type, "mine");
    const DiskAttachment *attachment = vm->disk_attachments.items[0];
    const Disk *disk = estate_find(&disk_type, &attachment->object.id);
    g_assert_true(vm->disk_attachments.count == 1 && attachment->interface == DISK_INTERFACE_SATA && disk->format == DISK_FORMAT_RAW && attachment->wish.format == 0);
    estate_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/templates/refused", test_refused);
    g_test_add_func("/templates/holds", test_holds);
    g_test_add_func("/templates/thin", test_thin);
    g_test_add_func("/templates/whole", test_whole);
    g_test_add_func("/templates/versions", test_versions);
    g_test_add_func("/templates/values", test_values);
    g_test_add_func("/templates/wishes", test_wishes);
    return g_test_run();
}
