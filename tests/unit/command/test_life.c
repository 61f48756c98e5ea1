/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The verbs of a VM's life: what each refuses and in which words, what is told of it, and what others do outside the manager at
 * the worst moment. That each ends as done or as before is test_walks's. */
#include "estate.h"

#include "host/domain_xml.h"

#include <string.h>

static void
set_status(const Id *id, VmStatus status, DomainState state)
{
    Vm *vm = estate_edit(&vm_type, id);
    vm->status = status;
    estate_put(vm);
    estate_set_state(id, state);
    estate_set_saved(id, status == VM_SUSPENDED);
}

#define refused(command, id, body, part) estate_refused(estate_work(&command, &estate.id, body), part)

static void
test_needs_running(void)
{
    estate_open();
    refused(vm_reboot, hello, NULL, "Cannot reboot VM 'hello'. VM is not running: it is down. | Start it.");
    refused(vm_reset, hello, NULL, "Cannot reset VM 'hello'. VM is not running: it is down.");
    refused(vm_suspend, hello, NULL, "Cannot suspend VM 'hello': it is down");
    set_status(&estate.running, VM_PAUSED, DOMAIN_PAUSED);
    refused(vm_reboot, running, NULL, "it is paused, so its guest cannot hear. | Start it, so that it goes on, or reset it");
    refused(vm_shutdown, running, NULL, "it is paused, so its guest cannot hear. | Start it, so that it goes on, or stop it");
    refused(vm_start, running, "<action><pause>true</pause></action>", "VM is running: it is paused");
    set_status(&estate.running, VM_POWERING_DOWN, DOMAIN_RUNNING);
    refused(vm_suspend, running, NULL, "it is powering_down, and only the memory of one that is up or paused can be saved");
    refused(vm_start, running, NULL, "VM is running: it is powering_down");
    estate_close();
}

/* A suspended VM can be started, and its state discarded, and nothing else. */
static void
test_suspended(void)
{
    static const char way_out[] = "VM 'hello' is suspended: the memory of its guest is saved and fits this configuration alone. | "
                                  "Start it, or discard its saved state";
    estate_open();
    refused(vm_discardstate, hello, NULL, "VM 'hello' has no saved state to discard: it is down.");
    refused(vm_discardstate, running, NULL, "VM 'busy' has no saved state to discard: it is up.");
    set_status(&estate.hello, VM_SUSPENDED, DOMAIN_SHUTOFF);
    refused(vm_update, hello, "<vm><memory>536870912</memory></vm>", way_out);
    refused(vm_update, hello, "<vm><description>harmless</description></vm>", way_out);
    refused(vm_remove, hello, NULL, way_out);
    estate_refused(estate_child_work(&nic_add, &estate.hello, NULL, "<nic><name>n</name></nic>"), way_out);
    estate_refused(estate_child_work(&disk_attachment_remove, &estate.hello, &estate.disk, NULL), way_out);
    refused(disk_update, disk, "<disk><provisioned_size>99999999999</provisioned_size></disk>", way_out);
    refused(disk_remove, disk, NULL, way_out);
    refused(vm_shutdown, hello, NULL, "VM is not running: it is suspended");
    refused(vm_reboot, hello, NULL, "VM is not running: it is suspended");
    estate_close();
}

static void
test_round(void)
{
    estate_open();
    estate_do(estate_work(&vm_suspend, &estate.running, "<action><reason>tea</reason></action>"));
    const Vm *vm = estate_vm(&estate.running);
    g_assert_cmpint(vm->status, ==, VM_SUSPENDED);
    g_assert_true(id_is_null(&vm->host.id) && vm->stop_time > 0);
    g_assert_cmpstr(vm->stop_reason, ==, "tea");
    estate_do(estate_work(&vm_start, &estate.running, NULL));
    g_assert_cmpint(estate_vm(&estate.running)->status, ==, VM_UP);
    estate_do(estate_work(&vm_suspend, &estate.running, NULL));
    estate_do(estate_work(&vm_start, &estate.running, "<action><pause>true</pause></action>"));
    g_assert_cmpint(estate_vm(&estate.running)->status, ==, VM_PAUSED);
    estate_do(estate_work(&vm_start, &estate.running, NULL));
    g_assert_cmpint(estate_vm(&estate.running)->status, ==, VM_UP);
    g_assert_cmpint(estate_state(&estate.running), ==, DOMAIN_RUNNING);
    estate_do(estate_work(&vm_suspend, &estate.running, NULL));
    estate_do(estate_work(&vm_discardstate, &estate.running, NULL));
    g_assert_cmpint(estate_vm(&estate.running)->status, ==, VM_DOWN);
    estate_do(estate_work(&vm_update, &estate.running, "<vm><memory>536870912</memory></vm>"));
    estate_close();
}

/* Without having been asked before, a guest is asked even with force; asked again with force it is not. */
static void
test_force(void)
{
    estate_open();
    estate_do(estate_work(&vm_reboot, &estate.running, "<action><force>true</force></action>"));
    g_assert_cmpint(estate_vm(&estate.running)->status, ==, VM_REBOOT_IN_PROGRESS);
    estate_do(estate_work(&vm_reboot, &estate.running, "<action><force>true</force></action>"));
    g_assert_cmpint(estate_vm(&estate.running)->status, ==, VM_UP);
    g_assert_cmpuint(estate_pressed(&estate.running), ==, 2);
    estate_do(estate_work(&vm_shutdown, &estate.running, "<action><force>true</force></action>"));
    g_assert_cmpint(estate_state(&estate.running), ==, DOMAIN_SHUTTING_DOWN);
    estate_set_state(&estate.running, DOMAIN_RUNNING);
    estate_do(estate_work(&vm_shutdown, &estate.running, NULL));
    g_assert_cmpint(estate_state(&estate.running), ==, DOMAIN_SHUTTING_DOWN);
    estate_do(estate_work(&vm_shutdown, &estate.running, "<action><force>true</force></action>"));
    g_assert_cmpint(estate_state(&estate.running), ==, DOMAIN_SHUTOFF);
    g_assert_cmpint(estate_vm(&estate.running)->status, ==, VM_DOWN);
    estate_close();
}

/* --- for one run ------------------------------------------------------------------------------------------------------------------ */

#define ONCE(rows) "<action><vm>" rows "</vm></action>"

static void
test_once_refused(void)
{
    static const char *const later[] = { "<stateless>true</stateless>", "<display><type>vnc</type></display>", "<custom_cpu_model>qemu64</custom_cpu_model>",
                                         "<bios><type>q35_ovmf</type></bios>", "<cpu><mode>host_passthrough</mode></cpu>" };
    estate_open();
    for (guint i = 0; i < G_N_ELEMENTS(later); i++) {
        g_autofree char *body = g_strdup_printf(ONCE("%s"), later[i]);
        refused(vm_start, hello, body, "that cannot be set for one run yet. | Start it without");
    }
    refused(vm_start, hello, "<action><volatile>true</volatile></action>", "with 'volatile'");
    refused(vm_start, hello, ONCE("<os><boot><devices><device>floppy</device></devices></boot></os>"), "A VM cannot boot from 'floppy'.");
    refused(vm_start, hello, ONCE("<os><kernel>/boot/vmlinuz</kernel></os>"), "only files inside storage domains may be named");
    refused(vm_start, hello, ONCE("<os><initrd>" STORAGE_PATH "/initrd</initrd></os>"), "os.initrd without an os.kernel");
    refused(vm_start, hello, ONCE("<cdroms><cdrom><file id='none.iso'/></cdrom></cdroms>"), "No storage domain has a file 'none.iso'");
    refused(vm_start, hello, ONCE("<cpu><topology><sockets>999</sockets></topology></cpu>"), "999 × 1 × 1 processors");
    refused(vm_start, hello, ONCE("<memory>70368744177664</memory>"), "cannot be 70368744177664 bytes");
    refused(vm_start, running, ONCE("<memory>536870912</memory>"), "VM is running: it is up");
    set_status(&estate.hello, VM_SUSPENDED, DOMAIN_SHUTOFF);
    refused(vm_start, hello, ONCE("<memory>536870912</memory>"), "VM 'hello' is suspended");
    estate_close();
}

/* What it runs by has them; what it will start with next time is the same to the byte. */
static void
test_once(void)
{
    estate_open();
    g_autofree char *before = g_strdup(estate_xml(&estate.hello));
    estate_do(estate_work(&vm_start, &estate.hello, ONCE("<memory>536870912</memory><os><boot><devices><device>cdrom</device><device>hd</device></devices></boot></os>"
                                                         "<cdroms><cdrom><file id='boot.iso'/></cdrom></cdroms>")));
    g_assert_cmpstr(estate_xml(&estate.hello), ==, before);
    const char *live = estate_live(&estate.hello);
    g_assert_nonnull(strstr(live, "<memory unit='KiB'>524288</memory>"));
    g_assert_nonnull(strstr(live, STORAGE_PATH "/boot.iso"));
    g_assert_nonnull(strstr(live, "run_once='yes'"));
    const Vm *vm = estate_vm(&estate.hello);
    g_assert_true(vm->run_once);
    g_assert_cmpint(vm->memory, ==, 268435456);
    estate_do(estate_work(&vm_stop, &estate.hello, NULL));
    g_assert_false(estate_vm(&estate.hello)->run_once);
    g_assert_cmpstr(estate_xml(&estate.hello), ==, before);
    estate_close();
}

/* --- while it runs ---------------------------------------------------------------------------------------------------------------- */

static void
test_live(void)
{
    estate_open();
    estate_do(estate_work(&vm_update, &estate.running, "<vm><memory>134217728</memory><cpu><topology><sockets>2</sockets></topology></cpu><description>four</description></vm>"));
    g_assert_cmpint(estate_adjusted(&estate.running, LIVE_MEMORY), ==, 134217728);
    g_assert_cmpint(estate_adjusted(&estate.running, LIVE_CPUS), ==, 2);
    g_assert_cmpint(estate_adjusted(&estate.running, LIVE_DESCRIPTION), ==, 4);
    g_assert_nonnull(strstr(estate_xml(&estate.running), "<memory unit='KiB'>131072</memory>"));
    g_assert_nonnull(strstr(estate_xml(&estate.running), "current='2'>8</vcpu>"));
    estate_do(estate_work(&vm_update, &estate.running, "<vm><memory>536870912</memory></vm>"));     /* refused by what runs: at the next start */
    g_assert_cmpint(estate_adjusted(&estate.running, LIVE_MEMORY), ==, 134217728);
    g_assert_nonnull(strstr(estate_xml(&estate.running), "<memory unit='KiB'>524288</memory>"));
    Work *work = estate_work(&vm_update, &estate.running, "<vm><cpu><topology><sockets>3</sockets></topology></cpu></vm>");
    estate_query(work, "next_run", "true");
    estate_do(work);
    g_assert_cmpint(estate_adjusted(&estate.running, LIVE_CPUS), ==, 2);
    g_assert_nonnull(strstr(estate_xml(&estate.running), "current='3'>8</vcpu>"));
    refused(vm_update, running, "<vm><name>other</name></vm>", "name can be changed only while it is down. | Stop it first.");
    estate_close();
}

/* --- others ----------------------------------------------------------------------------------------------------------------------- */

static void
start_hello(void)
{
    estate_set_state(&estate.hello, DOMAIN_RUNNING);
    estate_set_saved(&estate.hello, FALSE);
}

/* Somebody's virsh start has used the state up: the running guest is left alone, by `stop` too. */
static void
test_started_beside(void)
{
    const Command *const verbs[] = { &vm_discardstate, &vm_stop };
    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++) {
        estate_open();
        g_autofree char *said = NULL;
        set_status(&estate.hello, VM_SUSPENDED, DOMAIN_SHUTOFF);
        estate_meanwhile(0, start_hello);
        g_assert_cmpint(estate_try(estate_work(verbs[i], &estate.hello, NULL), &said), !=, ENDED_DONE);
        g_assert_nonnull(strstr(said, "The saved state of VM 'hello' is gone"));
        g_assert_cmpint(estate_state(&estate.hello), ==, DOMAIN_RUNNING);
        estate_close();
    }
}

static const char *
words_of(Work *take)
{
    g_autoptr(Work) work = take;
    work->view = view_ref(estate.view);
    g_assert_true(work->command->check(work, NULL));
    return message_code_name(work_words(work)->done.message);
}

/* What is told is what was done. */
static void
test_words(void)
{
    estate_open();
    g_assert_cmpstr(words_of(estate_work(&vm_stop, &estate.running, NULL)), ==, "vm.stopped");
    g_assert_cmpstr(words_of(estate_work(&vm_start, &estate.hello, NULL)), ==, "vm.started");
    set_status(&estate.hello, VM_SUSPENDED, DOMAIN_SHUTOFF);
    g_assert_cmpstr(words_of(estate_work(&vm_stop, &estate.hello, NULL)), ==, "vm.state_discarded");
    set_status(&estate.running, VM_PAUSED, DOMAIN_PAUSED);
    g_assert_cmpstr(words_of(estate_work(&vm_start, &estate.running, NULL)), ==, "vm.resumed");
    set_status(&estate.running, VM_POWERING_DOWN, DOMAIN_RUNNING);
    g_assert_cmpstr(words_of(estate_work(&vm_shutdown, &estate.running, NULL)), ==, "vm.asked_to_shut_down");
    g_assert_cmpstr(words_of(estate_work(&vm_shutdown, &estate.running, "<action><force>true</force></action>")), ==, "vm.stopped");
    set_status(&estate.running, VM_REBOOT_IN_PROGRESS, DOMAIN_RUNNING);
    g_assert_cmpstr(words_of(estate_work(&vm_reboot, &estate.running, "<action><force>true</force></action>")), ==, "vm.reset");
    estate_close();
}

/* --- looking at its XML ------------------------------------------------------------------------------------------------------------- */

/* What is answered, or the refusal. */
static char *
look(const Id *id, const char *row)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Work) work = estate_work(&vm_domainxml, id, NULL);
    work->answer = work_answer_new(vm_domainxml.answer);
    work->view = view_ref(estate.view);
    g_autofree char *text = vm_domainxml.check(work, &error) ? vm_domainxml.plan(work, &error) : NULL;
    if (!text)
        return g_strdup(error->message);
    g_assert_no_error(error);
    g_assert_cmpuint(work->claims->len, ==, 0);
    const Field *field = type_find(vm_domainxml.answer, row);
    return g_strdup(*(char **) ((char *) work->answer->record + field->offset));
}

/* Is SEEN all of XML but its password? */
static void
check_seen(const char *seen, const char *xml)
{
    g_autofree char *expected = domain_xml_shown(xml, NULL);
    g_assert_true(g_strcmp0(seen, expected) == 0 && !strstr(seen, " passwd=") && strstr(xml, " passwd="));
}

static void
test_domainxml(void)
{
    estate_open();
    g_autofree char *down = look(&estate.hello, "active"), *next = look(&estate.hello, "inactive");
    g_assert_null(down);
    check_seen(next, estate_xml(&estate.hello));
    g_autofree char *active = look(&estate.running, "active"), *inactive = look(&estate.running, "inactive");
    check_seen(active, estate_live(&estate.running));
    check_seen(inactive, estate_xml(&estate.running));
    estate_deaf(TRUE);
    g_autofree char *deaf = look(&estate.hello, "inactive");
    g_assert_null(strstr(deaf, "<domain"));
    estate_deaf(FALSE);
    estate_forget_domain(&estate.hello);
    g_autofree char *gone = look(&estate.hello, "inactive");
    g_assert_cmpstr(gone, ==, "The host of VM 'hello' does not have it: somebody undefined it outside the manager.");
    Host *host = estate_edit(&host_type, &estate.host);
    host->status = HOST_NON_RESPONSIVE;
    estate_put(host);
    g_autofree char *away = look(&estate.running, "inactive");
    g_assert_nonnull(strstr(away, "VM 'busy'"));
    estate_close();
}

/* What its plan shows of the definition is what people see of it. */
static void
test_plan_hides(void)
{
    estate_open();
    g_autofree char *plan = estate_plan(estate_work(&vm_start, &estate.hello, NULL)), *expected = domain_xml_shown(estate_xml(&estate.hello), NULL);
    g_assert_true(strstr(plan, expected) && !strstr(plan, " passwd=") && strstr(estate_xml(&estate.hello), " passwd="));
    estate_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/life/needs_running", test_needs_running);
    g_test_add_func("/life/suspended", test_suspended);
    g_test_add_func("/life/round", test_round);
    g_test_add_func("/life/force", test_force);
    g_test_add_func("/life/once_refused", test_once_refused);
    g_test_add_func("/life/once", test_once);
    g_test_add_func("/life/live", test_live);
    g_test_add_func("/life/started_beside", test_started_beside);
    g_test_add_func("/life/words", test_words);
    g_test_add_func("/life/domainxml", test_domainxml);
    g_test_add_func("/life/plan_hides", test_plan_hides);
    return g_test_run();
}
