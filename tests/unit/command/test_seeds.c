/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What guests are told at their start: what is refused, when they are told, that it is of the one run alone, and that no password is anywhere it need
 * not be. That YAML's own readers find what was said is tests/flow/test_seed.py's; that a guest does, tests/lab's. */
#include "estate.h"

#include "model/machines.h"

#include <string.h>

#define SAYS(rows) "<vm><initialization>" rows "</initialization></vm>"
#define CARD(rows) SAYS("<nic_configurations><nic_configuration>" rows "</nic_configuration></nic_configurations>")
#define START(rows) "<action>" rows "</action>"
#define refused(command, id, body, part) estate_refused(estate_work(&(command), &estate.id, body), part)

static gboolean
seed_has(const Id *vm, const char *text)
{
    gsize length = 0;
    GBytes *seed = estate_seed(vm);
    const char *bytes = seed ? g_bytes_get_data(seed, &length) : NULL;
    return bytes && memmem(bytes, length, text, strlen(text));
}

static void
edit(const Id *vm, const char *body)
{
    estate_do(estate_work(&vm_update, vm, body));
}

static void
give_system(const char *system)
{
    Vm *vm = estate_edit(&vm_type, &estate.hello);
    text_set(&vm->os.type, system);
    estate_put(vm);
}

static void
test_refused(void)
{
    estate_open();
    refused(vm_update, hello, SAYS("<host_name>web 1</host_name>"), "The guest of VM 'hello' cannot be called 'web 1'. | A host name has letters");
    refused(vm_update, hello, SAYS("<host_name>-web</host_name>"), "cannot be called '-web'");
    refused(vm_update, hello, SAYS("<host_name>web..lan</host_name>"), "cannot be called 'web..lan'");
    refused(vm_update, hello, SAYS("<user_name>a:b</user_name>"), "The guest of VM 'hello' cannot have the user 'a:b'.");
    refused(vm_update, hello, SAYS("<root_password>one\ntwo</root_password>"), "has more than 256 bytes or a line end");
    refused(vm_update, hello, SAYS("<dns_servers>10.0.0.1 ten</dns_servers>"), "'ten', for the field 'dns_servers' in the initialization of VM 'hello', is no IP address");
    refused(vm_update, hello, SAYS("<dns_search>lan, a_b</dns_search>"), "'a_b', for the field 'dns_search' in the initialization of VM 'hello', is no domain.");
    refused(vm_update, hello, CARD("<boot_protocol>dhcp</boot_protocol>"), "'' is no name of a network card");
    refused(vm_update, hello, CARD("<name>a name far too long</name>"), "'a name far too long' is no name of a network card");
    refused(vm_update, hello, CARD("<name>eth0</name><boot_protocol>static</boot_protocol>"), "shall be static, and its 'ip' lacks address or netmask");
    refused(vm_update, hello, CARD("<name>eth0</name><boot_protocol>static</boot_protocol><ip><address>10.0.0.256</address><netmask>24</netmask></ip>"),
            "'10.0.0.256', for the field 'ip' in the initialization of VM 'hello', is no IP address of that kind.");
    refused(vm_update, hello, CARD("<name>eth0</name><boot_protocol>static</boot_protocol><ip><address>10.0.0.2</address><netmask>255.0.255.0</netmask></ip>"),
            "'255.0.255.0' is no netmask of the card 'eth0'");
    refused(vm_update, hello, CARD("<name>eth0</name><ipv6_boot_protocol>static</ipv6_boot_protocol><ipv6><address>10.0.0.2</address><netmask>64</netmask></ipv6>"),
            "'10.0.0.2', for the field 'ipv6'");
    refused(vm_update, hello, CARD("<name>eth0</name></nic_configuration><nic_configuration><name>eth0</name>"), "The card 'eth0' stands twice");
    refused(vm_start, hello, START("<use_cloud_init>true</use_cloud_init><use_sysprep>true</use_sysprep>"), "with cloud-init and sysprep at once");
    refused(vm_start, hello, START("<use_sysprep>true</use_sysprep>"), "its operating system is 'other', and sysprep is of Windows. | Send use_cloud_init, or set os.type.");
    refused(vm_start, hello, START("<vm><initialization><host_name>a b</host_name></initialization></vm>"), "cannot be called 'a b'");
    refused(vm_start, hello, START("<use_ignition>true</use_ignition>"), "with 'use_ignition': that cannot be set for one run yet.");
    refused(vm_start, running, START("<use_cloud_init>true</use_cloud_init>"), "VM is running: it is up");
    g_autofree char *much = g_strnfill(32769, 'x'), *body = g_strdup_printf(SAYS("<custom_script>%s</custom_script>"), much);
    refused(vm_update, hello, body, "The field 'initialization.custom_script' of VM 'hello' holds more than 32768 bytes");
    estate_close();
}

static void
test_windows_refused(void)
{
    estate_open();
    give_system("windows_xp");
    refused(vm_start, hello, START("<use_sysprep>true</use_sysprep>"), "its operating system 'windows_xp' does not read unattend.xml");
    give_system("other_linux");
    edit(&estate.hello, SAYS("<root_password>secret word</root_password>"));
    give_system("windows_10x64");
    refused(vm_start, hello, START("<use_sysprep>true</use_sysprep>"), "only a hash for Linux was kept");
    edit(&estate.hello, SAYS("<root_password></root_password><host_name>web.example.com</host_name>"));
    refused(vm_start, hello, START("<use_sysprep>true</use_sysprep>"), "Windows cannot be called 'web.example.com'");
    edit(&estate.hello, SAYS("<custom_script>no XML</custom_script>"));
    refused(vm_start, hello, START("<use_sysprep>true</use_sysprep>"), "its initialization.custom_script is no well-formed XML");
    estate_close();
}

/* The word itself is nowhere: not in what is kept, not in what the guest reads. */
static void
test_first_start(void)
{
    estate_open();
    g_autofree char *before = g_strdup(estate_xml(&estate.hello));
    edit(&estate.hello, SAYS("<host_name>web1.example.com</host_name><user_name>ops</user_name><root_password>secret word</root_password>"
                             "<authorized_ssh_keys>ssh-ed25519 AAAA one\nssh-ed25519 BBBB two</authorized_ssh_keys><timezone>Asia/Tokyo</timezone>"));
    const Initialization *kept = &estate_vm(&estate.hello)->initialization;
    g_assert_true(g_str_has_prefix(kept->root_password, "$6$"));
    g_assert_cmpstr(estate_xml(&estate.hello), ==, before);
    g_autofree char *plan = estate_plan(estate_work(&vm_start, &estate.hello, NULL));
    g_assert_nonnull(strstr(plan, "root_password ***"));
    g_assert_nonnull(strstr(plan, "host_name web1.example.com"));
    g_assert_null(strstr(plan, kept->root_password));
    g_assert_nonnull(strstr(plan, ESTATE_SEEDS));
    estate_do(estate_work(&vm_start, &estate.hello, NULL));
    g_assert_true(seed_has(&estate.hello, "hostname: \"web1\"\nfqdn: \"web1.example.com\"\nuser: \"ops\"\n"));
    g_assert_true(seed_has(&estate.hello, "  - \"ssh-ed25519 AAAA one\"\n  - \"ssh-ed25519 BBBB two\"\n"));
    g_assert_true(seed_has(&estate.hello, "password: \"$6$"));
    g_assert_false(seed_has(&estate.hello, "secret word"));
    g_assert_nonnull(strstr(estate_live(&estate.hello), ESTATE_SEEDS));
    g_assert_nonnull(strstr(estate_live(&estate.hello), "<alias name='ua-seed'/>"));
    g_assert_cmpstr(estate_xml(&estate.hello), ==, before);
    estate_do(estate_work(&vm_stop, &estate.hello, NULL));
    g_assert_null(estate_seed(&estate.hello));
    estate_do(estate_work(&vm_start, &estate.hello, NULL));
    g_assert_null(estate_seed(&estate.hello));
    g_assert_false(estate_vm(&estate.hello)->run_once);
    estate_do(estate_work(&vm_stop, &estate.hello, NULL));
    estate_do(estate_work(&vm_start, &estate.hello, START("<use_cloud_init>true</use_cloud_init>")));
    g_assert_true(seed_has(&estate.hello, "password: \"$6$"));
    estate_close();
}

/* A hash that somebody made is kept as it is; for one run what is sent stands beside what is kept. */
static void
test_once(void)
{
    estate_open();
    edit(&estate.hello, SAYS("<host_name>web1</host_name><root_password>$5$salt$abcdefghijklmnop</root_password>"));
    g_assert_cmpstr(estate_vm(&estate.hello)->initialization.root_password, ==, "$5$salt$abcdefghijklmnop");
    estate_do(estate_work(&vm_start, &estate.hello, START("<use_cloud_init>true</use_cloud_init><vm><initialization><host_name>web2</host_name></initialization></vm>")));
    g_assert_true(seed_has(&estate.hello, "hostname: \"web2\"\n"));
    g_assert_true(seed_has(&estate.hello, "password: \"$5$salt$abcdefghijklmnop\"\n"));
    g_assert_cmpstr(estate_vm(&estate.hello)->initialization.host_name, ==, "web1");
    estate_close();
}

/* Its drive, its files, and that its password is kept no longer than it is needed. */
static void
test_windows(void)
{
    estate_open();
    give_system("windows_2022");
    edit(&estate.hello, SAYS("<root_password>secret word</root_password><org_name>A &amp; B</org_name><timezone>Tokyo Standard Time</timezone>"
                             "<domain>example.com</domain><active_directory_ou>OU=VMs,DC=example,DC=com</active_directory_ou><ui_language>ja-JP</ui_language>"));
    g_assert_cmpstr(estate_vm(&estate.hello)->initialization.root_password, ==, "secret word");
    estate_do(estate_work(&vm_start, &estate.hello, NULL));
    g_assert_true(seed_has(&estate.hello, "<ComputerName>hello</ComputerName>"));
    g_assert_true(seed_has(&estate.hello, "<RegisteredOrganization>A &amp; B</RegisteredOrganization>"));
    g_assert_true(seed_has(&estate.hello, "<MachineObjectOU>OU=VMs,DC=example,DC=com</MachineObjectOU>"));
    g_assert_true(seed_has(&estate.hello, "processorArchitecture=\"amd64\""));
    g_assert_false(seed_has(&estate.hello, "secret word"));
    g_assert_nonnull(strstr(estate_live(&estate.hello), "device='cdrom'>\n      <driver name='qemu' type='raw'/>\n      <source file='" ESTATE_SEEDS));
    g_assert_null(estate_vm(&estate.hello)->initialization.root_password);
    estate_close();
}

/* One without a folder for it, as a host far away. */
static void
test_nowhere(void)
{
    estate_open();
    g_autofree char *said = NULL;
    estate_set_machine(MACHINES_SEEDS, NULL);
    g_assert_cmpint(estate_try(estate_work(&vm_start, &estate.hello, START("<use_cloud_init>true</use_cloud_init>")), &said), ==, ENDED_UNDONE);
    g_assert_nonnull(strstr(said, "host 'n1' keeps no folder for what guests are told"));
    estate_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/seeds/refused", test_refused);
    g_test_add_func("/seeds/windows_refused", test_windows_refused);
    g_test_add_func("/seeds/first_start", test_first_start);
    g_test_add_func("/seeds/once", test_once);
    g_test_add_func("/seeds/windows", test_windows);
    g_test_add_func("/seeds/nowhere", test_nowhere);
    return g_test_run();
}
