/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Starts that tell their guests something, and a VM made in a size. */
#include "walk_cases.h"

#define TOLD "<initialization><host_name>web1</host_name><root_password>secret word</root_password><custom_script>#!/bin/sh\ntrue\n</custom_script></initialization>"

Work *
walk_start_cloud_init(void)
{
    return estate_work(&vm_start, &estate.hello, "<action><use_cloud_init>true</use_cloud_init><vm>" TOLD "</vm></action>");
}

Work *
walk_first_start(void)
{
    Vm *vm = estate_edit(&vm_type, &estate.hello);
    text_set(&vm->initialization.host_name, "web1");
    estate_put(vm);
    return estate_work(&vm_start, &estate.hello, NULL);
}

Work *
walk_start_sysprep(void)
{
    Vm *vm = estate_edit(&vm_type, &estate.hello);
    text_set(&vm->os.type, "windows_2022");
    text_set(&vm->initialization.root_password, "secret word");
    estate_put(vm);
    return estate_work(&vm_start, &estate.hello, "<action><use_sysprep>true</use_sysprep></action>");
}

Work *
walk_edit_initialization(void)
{
    return estate_work(&vm_update, &estate.hello, "<vm>" TOLD "</vm>");
}

Work *
walk_add_sized_vm(void)
{
    return estate_work(&vm_add, NULL, "<vm><name>sized</name><instance_type><name>Medium</name></instance_type></vm>");
}
