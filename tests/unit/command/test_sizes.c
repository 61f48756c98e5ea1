/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Instance types: what they may be, and that a VM gets of one what its client does not say, half groups too. */
#include "estate.h"

#include "model/instance_type.h"

#define refused(command, id, body, part) estate_refused(estate_work(&(command), id, body), part)

static const InstanceType *
size(const char *name)
{
    return view_find_name(estate.view, &instance_type_type, name);
}

static void
test_refused(void)
{
    estate_open();
    refused(instance_type_add, &id_null, "<instance_type/>", "[name] required for add");
    refused(instance_type_add, &id_null, "<instance_type><name>Tiny</name></instance_type>", "There is an instance type 'Tiny' already. | Choose another name.");
    refused(instance_type_add, &id_null, "<instance_type><name>a/b</name></instance_type>", "cannot be 'a/b'");
    refused(instance_type_add, &id_null, "<instance_type><name>x</name><memory>1</memory></instance_type>", "cannot be 1 bytes");
    refused(instance_type_add, &id_null, "<instance_type><name>x</name><cpu><topology><cores>9999</cores></topology></cpu></instance_type>", "9999");
    refused(vm_add, &id_null, "<vm><name>x</name><instance_type><name>Enormous</name></instance_type></vm>", "There is no instance type 'Enormous'.");
    estate_close();
}

static void
test_vm(void)
{
    estate_open();
    estate_do(estate_work(&vm_add, &id_null, "<vm><name>large</name><instance_type><name>Large</name></instance_type></vm>"));
    const Vm *vm = view_find_name(estate.view, &vm_type, "large");
    g_assert_cmpint(vm->memory, ==, (gint64) 8 << 30);
    g_assert_cmpint(vm->memory_policy.guaranteed, ==, (gint64) 8 << 30);
    g_assert_cmpint(vm->memory_policy.max, ==, (gint64) 32 << 30);
    g_assert_cmpint(vm->cpu.topology.sockets, ==, 2);
    g_assert_true(id_equal(&vm->instance_type.id, &size("Large")->object.id));
    estate_do(estate_work(&vm_add, &id_null, "<vm><name>less</name><memory>1073741824</memory><memory_policy><guaranteed>1073741824</guaranteed></memory_policy><cpu><topology><cores>2</cores></topology></cpu>"
                          "<instance_type><name>XLarge</name></instance_type></vm>"));
    const Vm *less = view_find_name(estate.view, &vm_type, "less");
    g_assert_cmpint(less->memory, ==, (gint64) 1 << 30);
    g_assert_cmpint(less->cpu.topology.cores, ==, 2);
    g_assert_cmpint(less->cpu.topology.sockets, ==, 4);
    estate_close();
}

static void
test_own(void)
{
    estate_open();
    estate_do(estate_work(&instance_type_add, &id_null, "<instance_type><name>Half</name><memory>536870912</memory><usb><enabled>false</enabled></usb></instance_type>"));
    estate_do(estate_work(&vm_add, &id_null, "<vm><name>half</name><instance_type><name>Half</name></instance_type></vm>"));
    const Vm *vm = view_find_name(estate.view, &vm_type, "half");
    g_assert_cmpint(vm->memory, ==, 536870912);
    g_assert_false(vm->usb.enabled);
    Id id = size("Half")->object.id;
    estate_do(estate_work(&instance_type_update, &id, "<instance_type><name>Third</name><memory>1073741824</memory></instance_type>"));
    g_assert_true(size("Third") && !size("Half"));
    g_assert_cmpint(estate_vm(&vm->object.id)->memory, ==, 536870912);
    estate_do(estate_work(&instance_type_remove, &id, NULL));
    vm = view_find_name(estate.view, &vm_type, "half");
    g_assert_true(!size("Third") && id_is_null(&vm->instance_type.id));
    refused(instance_type_update, &id, "<instance_type><name>x</name></instance_type>", "That instance type is not there any more.");
    estate_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sizes/refused", test_refused);
    g_test_add_func("/sizes/vm", test_vm);
    g_test_add_func("/sizes/own", test_own);
    return g_test_run();
}
