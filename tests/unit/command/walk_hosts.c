/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cases of what is done to all VMs of a host; their rows stand in walk_cases.c. */
#include "walk_cases.h"

Work *
walk_start_all(void)
{
    Vm *vm = estate_edit(&vm_type, &estate.hello);
    vm->autostart.enabled = TRUE;
    estate_put(vm);
    return estate_work(&host_startvms, &estate.host, "<action/>");
}

Work *
walk_stop_all(void)
{
    Vm *vm = estate_edit(&vm_type, &estate.running);
    vm->autostart.stop_action = STOP_ACTION_STOP;
    estate_put(vm);
    return estate_work(&host_stopvms, &estate.host, NULL);
}
