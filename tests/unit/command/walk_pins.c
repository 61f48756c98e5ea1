/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cases of what binds VMs to cores, or waits for the next start; their rows stand in walk_cases.c. */
#include "walk_cases.h"

static void
two_processors(void)
{
    estate_do(estate_work(&vm_update, &estate.hello, "<vm><cpu><topology><sockets>2</sockets></topology></cpu><io><threads>1</threads></io></vm>"));
}

Work *
walk_bind(void)
{
    two_processors();
    return estate_work(&vm_bind, &estate.hello, "<action><guest_topology>true</guest_topology></action>");
}

Work *
walk_bind_running(void)
{
    two_processors();
    estate_do(estate_work(&vm_start, &estate.hello, "<action/>"));
    return estate_work(&vm_bind, &estate.hello, "<action><cores>2</cores></action>");
}

Work *
walk_unbind(void)
{
    estate_do(walk_bind());
    return estate_work(&vm_unbind, &estate.hello, "<action/>");
}

Work *
walk_unbind_running(void)
{
    estate_do(walk_bind_running());
    return estate_work(&vm_unbind, &estate.hello, "<action/>");
}

#define PIN(number, set) "<vcpu_pin><vcpu>" number "</vcpu><cpu_set>" set "</cpu_set></vcpu_pin>"

static Work *
pin(void)
{
    return estate_work(&vm_update, &estate.hello, "<vm><cpu><cpu_tune><cpu_set>0,4,1</cpu_set><emulator_cpu_set>1</emulator_cpu_set>"
                       "<vcpu_pins>" PIN("1", "4") PIN("0", "0") "</vcpu_pins></cpu_tune></cpu></vm>");
}

Work *
walk_pin_by_hand(void)
{
    two_processors();
    return pin();
}

Work *
walk_pin_running(void)
{
    two_processors();
    estate_do(estate_work(&vm_start, &estate.hello, "<action/>"));
    return pin();
}

Work *
walk_add_pinned(void)
{
    return estate_work(&vm_add, NULL, "<vm id='a0000000-0000-4000-8000-000000000001'><name>new</name><cluster><name>Default</name></cluster>"
                       "<cpu_pinning_policy>isolate_threads</cpu_pinning_policy><cpu><topology><sockets>2</sockets></topology></cpu></vm>");
}

Work *
walk_edit_next_run(void)
{
    Work *work = estate_work(&vm_update, &estate.running, "<vm><memory>536870912</memory></vm>");
    estate_query(work, "next_run", "true");
    return work;
}
