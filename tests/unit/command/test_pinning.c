/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Binding VMs to cores: which are chosen, what the definition and what runs then say, oVirt's fields, and what is refused. The host has four cores of
 * two threads, CPU c beside c + 4. */
#include "estate.h"

#include <string.h>

#define PIN(number, set) "<vcpu_pin><vcpu>" number "</vcpu><cpu_set>" set "</cpu_set></vcpu_pin>"
#define PINS(pins) "<vm><cpu><cpu_tune><vcpu_pins>" pins "</vcpu_pins></cpu_tune></cpu></vm>"
#define TUNE(rows) "<vm><cpu><cpu_tune>" rows "</cpu_tune></cpu></vm>"
#define POLICY(policy) "<vm><cpu_pinning_policy>" policy "</cpu_pinning_policy></vm>"

#define refused_edit(body, part) estate_refused(estate_work(&vm_update, &estate.hello, body), part)
#define refused_bind(body, part) estate_refused(estate_work(&vm_bind, &estate.hello, body), part)

static void
open_with(const char *sockets)
{
    g_autofree char *body = g_strdup_printf("<vm><cpu><topology><sockets>%s</sockets></topology></cpu></vm>", sockets);
    estate_open();
    estate_do(estate_work(&vm_update, &estate.hello, body));
}

static void
bind(const Id *vm, const char *rows)
{
    g_autofree char *body = g_strdup_printf("<action>%s</action>", rows);
    estate_do(estate_work(&vm_bind, vm, body));
}

static void
edit(const char *body)
{
    estate_do(estate_work(&vm_update, &estate.hello, body));
}

static void
assert_tune(const Id *vm, const char *wanted)
{
    g_autofree char *text = cpu_tune_text(&estate_vm(vm)->cpu.cpu_tune);
    g_assert_cmpstr(text, ==, wanted);
}

static void
assert_says(const char *xml, const char *part)
{
    if (!xml || !strstr(xml, part))
        g_error("'%s' is not in:\n%s", part, xml);
}

/* --- which cores ---------------------------------------------------------------------------------------------------------------------- */

static void
test_choice(void)
{
    open_with("4");
    bind(&estate.hello, "");
    assert_tune(&estate.hello, "all=0-1,4-5;vcpu0=0;vcpu1=4;vcpu2=1;vcpu3=5;emulator=0-1,4-5");
    g_assert_cmpstr(estate_vm(&estate.hello)->cpu_pinning_policy, ==, "manual");
    g_assert_cmpstr(estate_vm(&estate.hello)->placement_policy.affinity, ==, "pinned");
    assert_says(estate_xml(&estate.hello), "cpuset='0-1,4-5'");
    assert_says(estate_xml(&estate.hello), "<vcpupin vcpu='1' cpuset='4'/>");
    assert_says(estate_xml(&estate.hello), "<emulatorpin cpuset='0-1,4-5'/>");
    bind(&estate.hello, "");                            /* its own cores are free for it */
    assert_tune(&estate.hello, "all=0-1,4-5;vcpu0=0;vcpu1=4;vcpu2=1;vcpu3=5;emulator=0-1,4-5");
    bind(&estate.running, "<mode>cores</mode>");        /* and taken for others */
    assert_tune(&estate.running, "all=2,6;vcpu0=2;emulator=2,6");
    bind(&estate.hello, "<cores>3</cores>");
    assert_tune(&estate.hello, "all=0-1,3-5,7;vcpu0=0-1,3-5,7;vcpu1=0-1,3-5,7;vcpu2=0-1,3-5,7;vcpu3=0-1,3-5,7;emulator=0-1,3-5,7");
    refused_bind("<action><mode>cores</mode></action>", "Cannot bind 4 vCPUs: 4 free cores are needed and 3 are there; missing: 1.");
    bind(&estate.hello, "<reserved>0</reserved>");
    assert_tune(&estate.hello, "all=1,3,5,7;vcpu0=1;vcpu1=5;vcpu2=3;vcpu3=7;emulator=1,3,5,7");
    estate_close();
}

static void
test_so_many(void)
{
    open_with("2");
    bind(&estate.hello, "<cores>1</cores>");
    assert_tune(&estate.hello, "all=0,4;vcpu0=0;vcpu1=4;emulator=0,4");
    bind(&estate.hello, "<cores>2</cores>");
    assert_tune(&estate.hello, "all=0-1,4-5;vcpu0=0,4;vcpu1=1,5;emulator=0-1,4-5");
    bind(&estate.hello, "<guest_topology>true</guest_topology>");
    g_assert_cmpint(estate_vm(&estate.hello)->cpu.topology.threads, ==, 2);
    g_assert_cmpint(estate_vm(&estate.hello)->cpu.topology.sockets, ==, 1);
    estate_close();
}

/* --- what runs ------------------------------------------------------------------------------------------------------------------------ */

static void
test_running(void)
{
    open_with("2");
    estate_do(estate_work(&vm_start, &estate.hello, NULL));
    bind(&estate.hello, "");
    assert_says(estate_live(&estate.hello), "<vcpupin vcpu='1' cpuset='4'/>");
    g_assert_false(estate_vm(&estate.hello)->next_run_configuration_exists);        /* its set for all stands nowhere else than in each pin */
    bind(&estate.hello, "<guest_topology>true</guest_topology>");
    g_assert_true(estate_vm(&estate.hello)->next_run_configuration_exists);
    estate_do(estate_work(&vm_unbind, &estate.hello, NULL));
    g_assert_null(strstr(estate_live(&estate.hello), "cputune"));
    g_assert_null(strstr(estate_xml(&estate.hello), "cputune"));
    assert_tune(&estate.hello, "");
    g_assert_cmpstr(estate_vm(&estate.hello)->cpu_pinning_policy, ==, "none");
    estate_close();
}

static void
test_plan(void)
{
    open_with("2");
    estate_do(estate_work(&vm_start, &estate.hello, NULL));
    g_autofree char *plan = estate_plan(estate_work(&vm_bind, &estate.hello, "<action><mode>cores</mode></action>"));
    assert_says(plan, "VM 'hello' is bound to cores of host 'n1'; cores: 2.");
    assert_says(plan, "Socket 0, NUMA node 0, core with the CPUs 1,5: vCPUs 1.");
    assert_says(plan, "+    <vcpupin vcpu='0' cpuset='0'/>");
    assert_says(plan, "It runs: its vCPUs, its emulator and its I/O threads are bound at once");
    estate_close();
}

/* --- oVirt's fields -------------------------------------------------------------------------------------------------------------------- */

static void
test_by_hand(void)
{
    open_with("2");
    edit(PINS(PIN("1", "5,^4") PIN("0", "1,0")));
    assert_tune(&estate.hello, "vcpu0=0-1;vcpu1=5");
    g_assert_cmpstr(estate_vm(&estate.hello)->cpu_pinning_policy, ==, "manual");
    edit(TUNE("<emulator_cpu_set>0-1</emulator_cpu_set>"));
    assert_tune(&estate.hello, "vcpu0=0-1;vcpu1=5;emulator=0-1");
    edit("<vm><cpu><topology><sockets>1</sockets></topology></cpu></vm>");
    assert_tune(&estate.hello, "vcpu0=0-1;emulator=0-1");
    edit(POLICY("manual"));                             /* as it is */
    edit(PINS(""));
    assert_tune(&estate.hello, "emulator=0-1");
    g_assert_cmpstr(estate_vm(&estate.hello)->cpu_pinning_policy, ==, "none");
    edit(TUNE("<emulator_cpu_set></emulator_cpu_set>"));
    assert_tune(&estate.hello, "");
    g_assert_null(strstr(estate_xml(&estate.hello), "cputune"));
    estate_close();
}

static void
test_policies(void)
{
    open_with("2");
    edit(POLICY("dedicated"));
    assert_tune(&estate.hello, "all=0,4;vcpu0=0;vcpu1=4;emulator=0,4");
    g_assert_cmpstr(estate_vm(&estate.hello)->cpu_pinning_policy, ==, "dedicated");
    edit(POLICY("dedicated"));                          /* sent back: chosen once */
    edit(POLICY("isolate_threads"));
    assert_tune(&estate.hello, "all=0-1,4-5;vcpu0=0;vcpu1=1;emulator=0-1,4-5");
    edit(POLICY("none"));
    assert_tune(&estate.hello, "");
    estate_do(estate_work(&vm_add, NULL, "<vm id='a0000000-0000-4000-8000-000000000001'><name>new</name><cpu_pinning_policy>dedicated</cpu_pinning_policy></vm>"));
    Id new;
    g_assert_true(id_parse("a0000000-0000-4000-8000-000000000001", ID_UUID, &new));
    assert_tune(&new, "all=0,4;vcpu0=0;emulator=0,4");
    assert_says(estate_xml(&new), "<vcpupin vcpu='0' cpuset='0'/>");
    estate_close();
}

/* --- what is refused -------------------------------------------------------------------------------------------------------------------- */

static void
test_refusals(void)
{
    open_with("2");
    refused_edit(PINS(PIN("0", "x")), "Cannot bind a vCPU of VM 'hello' to 'x': that is no set of numbers. | Write it as 0-3,8 or 0-7,^2.");
    refused_edit(PINS(PIN("0", "")), "Cannot bind a vCPU of VM 'hello' to ''");
    refused_edit(PINS(PIN("0", "0,8")), "to CPU 8: host 'n1' has none, or it is offline.");
    refused_edit(PINS(PIN("2", "0")), "Cannot bind a vCPU with the number 2 of VM 'hello': it has none. | The last one has the number 1;");
    refused_edit(PINS(PIN("-1", "0")), "the number -1 of VM 'hello'");
    refused_edit(PINS(PIN("0", "0") PIN("0", "1")), "Cannot bind a vCPU with the number 0 of VM 'hello' twice.");
    refused_edit(TUNE("<cpu_set>9</cpu_set>"), "Cannot bind the threads of VM 'hello' to CPU 9");
    refused_edit(TUNE("<memory_node_set>0-1</memory_node_set>"), "Cannot bind the memory of VM 'hello' to NUMA node 1: host 'n1' has no such node.");
    refused_edit(TUNE("<io_thread_pins><io_thread_pin><io_thread>1</io_thread><cpu_set>0</cpu_set></io_thread_pin></io_thread_pins>"), "an I/O thread with the number 1");
    refused_edit(POLICY("all"), "VM 'hello' cannot have the pinning policy 'all'. | There are none, manual, dedicated and isolate_threads.");
    refused_edit(POLICY("resize_and_pin_numa"), "it would be given nearly all processors of its host.");
    refused_edit(POLICY("manual"), "cannot have the pinning policy manual without a pin.");
    refused_edit("<vm><cpu_pinning_policy>dedicated</cpu_pinning_policy><cpu><cpu_tune><vcpu_pins>" PIN("0", "0") "</vcpu_pins></cpu_tune></cpu></vm>",
                 "cannot have the pinning policy 'dedicated' and pins of its own.");
    refused_bind("<action><mode>some</mode></action>", "Cannot bind VM 'hello' by the mode 'some'.");
    refused_bind("<action><cores>-1</cores></action>", "Cannot bind VM 'hello': cores cannot be -1.");
    refused_bind("<action><max_sockets>-1</max_sockets></action>", "max_sockets cannot be -1.");
    refused_bind("<action><cores>5</cores></action>", "5 free cores are needed and 4 are there");
    refused_bind("<action><reserved>a</reserved></action>", "Cannot bind the reserved CPUs of VM 'hello' to 'a'");
    Host *host = estate_edit(&host_type, &estate.host);
    for (guint i = 0; i < host->cpu_units.count; i++) {
        words_set(&((HostCpuUnit *) host->cpu_units.items[i])->siblings, NULL);
        g_free(host->cpu_units.items[i]);
    }
    host->cpu_units.count = 0;
    estate_put(host);
    refused_bind(NULL, "Host 'n1' has not said which processors it has.");
    estate_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pinning/choice", test_choice);
    g_test_add_func("/pinning/so_many", test_so_many);
    g_test_add_func("/pinning/running", test_running);
    g_test_add_func("/pinning/plan", test_plan);
    g_test_add_func("/pinning/by_hand", test_by_hand);
    g_test_add_func("/pinning/policies", test_policies);
    g_test_add_func("/pinning/refusals", test_refusals);
    return g_test_run();
}
