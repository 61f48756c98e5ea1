/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is asked of the agents in guests. */
#include "walk_cases.h"

Work *
walk_freeze(void)
{
    return estate_work(&vm_freezefilesystems, &estate.running, "<action><timeout>5</timeout></action>");
}

Work *
walk_thaw(void)
{
    Vm *vm = estate_edit(&vm_type, &estate.running);
    vm->frozen_until = 1000;
    estate_put(vm);
    estate_set_frozen(&estate.running, TRUE);
    return estate_work(&vm_thawfilesystems, &estate.running, NULL);
}

Work *
walk_forget_freeze(void)
{
    Vm *vm = estate_edit(&vm_type, &estate.hello);
    vm->frozen_until = 1000;
    estate_put(vm);
    return estate_work(&vm_thawfilesystems, &estate.hello, NULL);
}

Work *
walk_set_password(void)
{
    return estate_work(&vm_setpassword, &estate.running, "<action><user_name>root</user_name><password>secret word</password></action>");
}

Work *
walk_run_command(void)
{
    return estate_work(&vm_exec, &estate.running, "<action><command>/bin/true</command><arguments><argument>x</argument></arguments></action>");
}
