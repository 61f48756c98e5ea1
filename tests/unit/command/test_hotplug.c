/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Devices of a VM that runs: what its guest has and what its definition says after each verb; guests that do not let go; what is
 * refused. Every way through the steps is test_walks'. */
#include "estate.h"

#include "host/domain_xml.h"

#include <string.h>

static void
open_running(void)
{
    estate_open();
    estate_do(estate_work(&vm_start, &estate.hello, "<action/>"));
}

static DomainFacts *
look(void)
{
    GError *error = NULL;
    DomainFacts *facts = estate.link->ops->read(estate.link, &estate.hello, clock_tick() + CLOCK_SECOND, &error);
    g_assert_no_error(error);
    return facts;
}

static const Nic *
first_nic(void)
{
    return estate_vm(&estate.hello)->nics.items[0];
}

static Work *
about_nic(const Command *command, const char *body)
{
    Id id = first_nic()->object.id;
    return estate_child_work(command, &estate.hello, &id, body);
}

/* --- what becomes of it --------------------------------------------------------------------------------------------------------- */

static void
test_nic_comes_and_goes(void)
{
    open_running();
    estate_do(estate_child_work(&nic_add, &estate.hello, NULL, "<nic><name>second</name><interface>e1000e</interface></nic>"));
    g_autoptr(DomainFacts) with = look();
    g_assert_cmpuint(with->live->nics.count, ==, 2);
    g_assert_cmpuint(with->config->nics.count, ==, 2);
    g_assert_cmpstr(((const Nic *) with->live->nics.items[1])->name, ==, "second");
    g_assert_cmpuint(with->differing.count, ==, 0);
    estate_do(about_nic(&nic_deactivate, NULL));
    g_autoptr(DomainFacts) without = look();
    g_assert_cmpuint(without->live->nics.count, ==, 1);
    g_assert_cmpuint(without->config->nics.count, ==, 2);       /* remembered, not plugged */
    g_assert_false(first_nic()->plugged);
    g_assert_cmpuint(without->differing.count, ==, 0);
    estate_do(about_nic(&nic_activate, NULL));
    g_autoptr(DomainFacts) again = look();
    g_assert_cmpuint(again->live->nics.count, ==, 2);
    g_assert_true(first_nic()->plugged);
    estate_do(about_nic(&nic_remove, NULL));
    g_autoptr(DomainFacts) last = look();
    g_assert_cmpuint(last->live->nics.count, ==, 1);
    g_assert_cmpuint(last->config->nics.count, ==, 1);
    estate_close();
}

static void
test_plug_is_pulled(void)
{
    open_running();
    estate_do(about_nic(&nic_update, "<nic><linked>false</linked></nic>"));
    g_autoptr(DomainFacts) facts = look();
    g_assert_false(((const Nic *) facts->live->nics.items[0])->linked);
    g_assert_false(((const Nic *) facts->config->nics.items[0])->linked);
    g_assert_true(strstr(facts->live_xml, "<alias name='ua-") != NULL);
    estate_do(about_nic(&nic_update, "<nic><linked>true</linked></nic>"));
    g_autoptr(DomainFacts) back = look();
    g_assert_true(((const Nic *) back->live->nics.items[0])->linked);
    estate_close();
}

/* A name is the manager's own: no guest feels it. */
static void
test_name_is_not_felt(void)
{
    open_running();
    g_autoptr(DomainFacts) before = look();
    estate_do(about_nic(&nic_update, "<nic><name>other</name></nic>"));
    g_autoptr(DomainFacts) after = look();
    g_assert_cmpstr(before->live_xml, ==, after->live_xml);
    g_assert_cmpstr(first_nic()->name, ==, "other");
    estate_close();
}

#define DEACTIVATE "<disk_attachment><active>false</active></disk_attachment>"
#define ATTACH_FREE "<disk_attachment><disk><name>free</name></disk></disk_attachment>"

static Work *
delete_floating(void)
{
    Work *work = estate_child_work(&disk_attachment_remove, &estate.hello, &estate.floating, NULL);
    estate_query(work, "detach_only", "false");
    return work;
}

static void
test_disk_comes_and_goes(void)
{
    open_running();
    estate_do(estate_child_work(&disk_attachment_add, &estate.hello, NULL, ATTACH_FREE));
    g_autoptr(DomainFacts) with = look();
    g_assert_cmpuint(with->live->disk_attachments.count, ==, 2);
    g_assert_nonnull(list_find(&with->live->disk_attachments, &estate.floating));
    g_assert_cmpuint(with->differing.count, ==, 0);
    estate_do(delete_floating());
    g_autoptr(DomainFacts) without = look();
    g_assert_cmpuint(without->live->disk_attachments.count, ==, 1);
    g_assert_false(estate_has_volume(&estate.floating));
    g_assert_true(estate_has_volume(&estate.disk));
    estate_close();
}

/* Out of the guest only for now: nobody has its file open, and the guest runs on. */
static void
test_inactive_disk_is_deleted(void)
{
    open_running();
    estate_do(estate_child_work(&disk_attachment_add, &estate.hello, NULL, ATTACH_FREE));
    estate_do(estate_child_work(&disk_attachment_update, &estate.hello, &estate.floating, DEACTIVATE));
    g_assert_true(estate_has_volume(&estate.floating));
    estate_do(delete_floating());
    g_assert_false(estate_has_volume(&estate.floating));
    g_assert_null(estate_find(&disk_type, &estate.floating));
    g_assert_cmpint(estate_state(&estate.hello), ==, DOMAIN_RUNNING);
    estate_close();
}

static char *floating_element;

static void
put_in_again(void)
{
    g_assert_true(estate.link->ops->device_attach(estate.link, &estate.hello, floating_element, clock_tick() + CLOCK_SECOND, NULL));
}

static void
test_put_in_before_its_file_goes(void)
{
    open_running();
    g_autofree char *said = NULL;
    estate_do(estate_child_work(&disk_attachment_add, &estate.hello, NULL, ATTACH_FREE));
    g_autoptr(DomainFacts) with = look();
    floating_element = domain_xml_device(with->live_xml, with, DEVICE_DISK, &estate.floating, TRUE);
    estate_do(estate_child_work(&disk_attachment_update, &estate.hello, &estate.floating, DEACTIVATE));
    estate_meanwhile(4, put_in_again);
    g_assert_cmpint(estate_try(delete_floating(), &said), ==, ENDED_UNDONE);
    g_assert_nonnull(strstr(said, "The guest of VM 'hello' has that device again: somebody put it in outside the manager."));
    g_assert_true(estate_has_volume(&estate.floating));
    g_clear_pointer(&floating_element, g_free);
    estate_close();
}

static void
hide_live(void)
{
    estate_hide_live(&estate.hello);
}

/* Nobody started it: what it has cannot be read, before anything is written or when a file shall go. */
static void
test_live_is_not_read(void)
{
    open_running();
    g_autofree char *before = NULL, *later = NULL;
    estate_do(estate_child_work(&disk_attachment_add, &estate.hello, NULL, ATTACH_FREE));
    estate_do(estate_child_work(&disk_attachment_update, &estate.hello, &estate.floating, DEACTIVATE));
    estate_meanwhile(4, hide_live);
    g_assert_cmpint(estate_try(delete_floating(), &later), ==, ENDED_UNDONE);
    g_assert_nonnull(strstr(later, "The devices of the running VM 'hello' cannot be read at the moment."));
    g_assert_true(estate_has_volume(&estate.floating));
    g_assert_cmpint(estate_try(about_nic(&nic_remove, NULL), &before), ==, ENDED_UNDONE);
    g_assert_nonnull(strstr(before, "The devices of the running VM 'hello' cannot be read at the moment."));
    estate_close();
}

/* virsh detach-disk --config: the guest has the disk still, and nothing else can have its place. */
static void
test_place_is_taken(void)
{
    open_running();
    g_autofree char *without = g_strdup(estate_xml(&estate.hello)), *said = NULL;
    estate_do(estate_child_work(&disk_attachment_add, &estate.hello, NULL, ATTACH_FREE));
    g_autoptr(DomainFacts) with = look();
    g_autofree char *element = domain_xml_device(with->live_xml, with, DEVICE_DISK, &estate.floating, TRUE);
    estate_set_xml(&estate.hello, without);
    Vm *vm = estate_edit(&vm_type, &estate.hello);
    list_remove(&vm->disk_attachments, &disk_attachment_type, &estate.floating);
    estate_put(vm);
    Work *other = estate_child_work(&disk_attachment_add, &estate.hello, NULL,
                                    "<disk_attachment><disk id='d0000000-0000-4000-8000-000000000001'><provisioned_size>4096</provisioned_size></disk></disk_attachment>");
    g_assert_cmpint(estate_try(other, &said), ==, ENDED_UNDONE);
    g_assert_nonnull(strstr(said, "its guest has another one at 'vdb', which its configuration does not have any more"));
    g_assert_cmpstr(estate_xml(&estate.hello), ==, without);
    g_autoptr(DomainFacts) after = look();
    g_assert_true(domain_xml_has_device(after->live_xml, element));
    estate_close();
}

#define DISK(path, alias) "<disk type='file' device='disk'><source file='" path "'/><target dev='vdb' bus='virtio'/>" alias "</disk>"
#define LIVE(device) "<domain><devices>" device "</devices></domain>"

/* A place says nothing of who has it. */
static void
test_who_a_device_is(void)
{
    const char *ours = DISK("/b", "<alias name='ua-00000000-0000-4000-8000-00000000000b'/>"), *nameless = DISK("/b", "");
    const char *live = LIVE(DISK("/a", "<alias name='virtio-disk1'/>"));
    g_assert_false(domain_xml_has_device(live, ours));
    g_assert_false(domain_xml_has_device(live, nameless));
    g_assert_false(domain_xml_has_device(LIVE(DISK("/b", "<alias name='virtio-disk1'/>")), ours));
    g_assert_true(domain_xml_has_device(LIVE(DISK("/b", "<alias name='virtio-disk1'/>")), nameless));
    g_assert_true(domain_xml_has_device(LIVE(DISK("/elsewhere", "<alias name='ua-00000000-0000-4000-8000-00000000000b'/>")), ours));
    g_autofree char *taken = domain_xml_place_taken(live, ours), *with = domain_xml_with_device(live, ours), *free = domain_xml_place_taken(LIVE(""), ours);
    g_assert_cmpstr(taken, ==, "vdb");
    g_assert_null(with);
    g_assert_null(free);
}

/* An adopted domain's devices have no alias of ours while it runs; they are found by MAC and file all the same. */
static void
test_adopted(void)
{
    estate_open();
    estate_set_state(&estate.adopted, DOMAIN_RUNNING);
    Vm *vm = estate_edit(&vm_type, &estate.adopted);
    vm->status = VM_UP;
    Id nic = ((const Nic *) vm->nics.items[0])->object.id;
    estate_put(vm);
    estate_do(estate_child_work(&nic_update, &estate.adopted, &nic, "<nic><linked>false</linked></nic>"));
    estate_do(estate_child_work(&disk_attachment_remove, &estate.adopted, &estate.foreign, NULL));
    estate_do(estate_child_work(&nic_add, &estate.adopted, NULL, "<nic><name>ours</name><network><name>ovirtmgmt</name></network></nic>"));
    g_autoptr(DomainFacts) facts = estate.link->ops->read(estate.link, &estate.adopted, clock_tick() + CLOCK_SECOND, NULL);
    g_assert_cmpuint(facts->live->disk_attachments.count, ==, 0);
    g_assert_cmpuint(facts->live->nics.count, ==, 2);
    g_assert_true(list_find(&facts->live->nics, &nic) != NULL);
    g_assert_cmpuint(facts->differing.count, ==, 0);

    estate_close();
}

static Work *
put_cd(const char *current)
{
    Id id = ((const Cdrom *) estate_vm(&estate.hello)->cdroms.items[0])->object.id;
    Work *work = estate_child_work(&cdrom_update, &estate.hello, &id, "<cdrom><file/></cdrom>");
    text_set(&((Cdrom *) work->draft->record)->file.id, "boot.iso");
    draft_mark(work->draft, "file.id");
    if (current)
        estate_query(work, "current", current);
    return work;
}

static const Cdrom *
drive_of(const Vm *vm)
{
    return vm->cdroms.items[0];
}

static void
test_cd(void)
{
    open_running();
    estate_do(put_cd(NULL));
    g_autoptr(DomainFacts) next = look();
    g_assert_nonnull(drive_of(next->config)->file.id);
    g_assert_null(drive_of(next->config)->current.id);
    estate_do(put_cd("true"));
    g_autoptr(DomainFacts) now = look();
    g_assert_nonnull(drive_of(now->config)->current.id);
    g_assert_cmpstr(drive_of(now->config)->current.id, ==, drive_of(now->config)->file.id);
    Work *eject = put_cd("true");
    text_set(&((Cdrom *) eject->draft->record)->file.id, "");
    estate_do(eject);
    g_autoptr(DomainFacts) empty = look();
    g_assert_null(drive_of(empty->config)->current.id);
    g_assert_null(drive_of(empty->config)->file.id);
    estate_close();
}

/* --- guests that do not let go ----------------------------------------------------------------------------------------------------- */

static Work *
begin_removal(void)
{
    GError *error = NULL;
    Work *work = about_nic(&nic_remove, NULL);
    work->view = view_ref(estate.view);
    work->deadline = clock_tick() + CLOCK_SECOND;
    g_assert_true(work->command->check(work, &error));
    work->job = id_random();
    g_assert_true(work->command->steps[0].run(work, &error));
    g_assert_no_error(error);
    return work;
}

/* It is asked again and again and is neither gone nor refused; that the guest ends settles it. */
static void
test_silent_guest(void)
{
    open_running();
    estate_guest(GUEST_IS_SILENT);
    g_autoptr(GError) error = NULL, unheard = NULL, still = NULL;
    g_autoptr(Work) work = begin_removal();
    const Step *leave = &work->command->steps[1];
    g_autofree char *picture = estate_picture();
    g_assert_false(leave->run(work, &error));
    g_assert_cmpint(fault_of(error), ==, FAULT_UNKNOWN_OUTCOME);
    g_assert_cmpint(leave->probe(work, &unheard), ==, PROBE_UNKNOWN);
    g_assert_cmpint(leave->probe(work, &still), ==, PROBE_UNKNOWN);
    g_autofree char *after = estate_picture();
    g_assert_cmpstr(picture, ==, after);            /* its definition too has it still */
    estate_set_state(&estate.hello, DOMAIN_SHUTOFF);
    g_assert_cmpint(leave->probe(work, NULL), ==, PROBE_DONE);
    estate_close();
}

/* One that lets go late. */
static void
test_slow_guest(void)
{
    open_running();
    estate_guest(GUEST_IS_SILENT);
    g_autoptr(GError) error = NULL, unheard = NULL;
    g_autoptr(Work) work = begin_removal();
    const Step *leave = &work->command->steps[1];
    g_assert_false(leave->run(work, &error));
    g_assert_cmpint(leave->probe(work, &unheard), ==, PROBE_UNKNOWN);
    estate_guest(GUEST_LETS_GO);
    g_assert_cmpint(leave->probe(work, NULL), ==, PROBE_DONE);
    estate_close();
}

static void
test_unwilling_guest(void)
{
    open_running();
    estate_guest(GUEST_SAYS_NO);
    g_autofree char *picture = estate_picture(), *model = estate_model(), *said = NULL;
    g_assert_cmpint(estate_try(about_nic(&nic_remove, NULL), &said), ==, ENDED_UNDONE);
    g_assert_nonnull(strstr(said, "refuses to let go of the device"));
    g_autofree char *after = estate_picture(), *model_after = estate_model();
    g_assert_cmpstr(picture, ==, after);
    g_assert_cmpstr(model, ==, model_after);
    estate_close();
}

static void
test_paused_guest(void)
{
    open_running();
    estate_set_state(&estate.hello, DOMAIN_PAUSED);
    g_autofree char *said = NULL;
    g_assert_cmpint(estate_try(about_nic(&nic_remove, NULL), &said), ==, ENDED_UNDONE);
    g_assert_nonnull(strstr(said, "it is paused, so its guest cannot let go"));
    estate_close();
}

static void
stop_hello(void)
{
    estate_set_state(&estate.hello, DOMAIN_SHUTOFF);
}

/* Whoever stops beside us takes the guest's part away; the definition's stays. */
static void
test_stopped_meanwhile(void)
{
    open_running();
    g_autofree char *said = NULL;
    estate_meanwhile(2, stop_hello);
    g_assert_cmpint(estate_try(estate_child_work(&nic_add, &estate.hello, NULL, "<nic><name>second</name></nic>"), &said), ==, ENDED_DONE);
    g_autoptr(DomainFacts) facts = look();
    g_assert_cmpuint(facts->config->nics.count, ==, 2);
    g_assert_null(facts->live);
    estate_close();
}

/* A death before the first record leaves no choice behind: nothing may be taken for done. */
static void
test_unprepared(void)
{
    open_running();
    const Command *const commands[] = { &nic_remove, &nic_activate, &nic_update };
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autoptr(Work) work = about_nic(commands[i], NULL);
        for (const Step *step = commands[i]->steps; step->name; step++)
            g_assert_true(!step->probe || step->probe(work, NULL) == PROBE_NOT_DONE);
    }
    estate_close();
}

/* --- refusals ------------------------------------------------------------------------------------------------------------------------ */

/* Of a guest that was started without a controller for it. */
static void
test_no_controller(void)
{
    estate_open();
    estate_do(estate_work(&vm_update, &estate.hello, "<vm><virtio_scsi><enabled>false</enabled></virtio_scsi></vm>"));
    estate_do(estate_work(&vm_start, &estate.hello, "<action/>"));
    g_autofree char *said = NULL;
    WalkEnd ending = estate_try(estate_child_work(&disk_attachment_add, &estate.hello, NULL,
                                                  "<disk_attachment><interface>virtio_scsi</interface><disk><name>free</name></disk></disk_attachment>"), &said);
    g_assert_cmpint(ending, ==, ENDED_UNDONE);
    g_assert_nonnull(strstr(said, "the running VM 'hello' has no SCSI controller"));
    estate_close();
}

static void
test_refusals(void)
{
    open_running();
    estate_refused(about_nic(&nic_update, "<nic><mac><address>56:6f:00:00:00:99</address></mac></nic>"), "Cannot change the card or the address of NIC 'nic1'");
    estate_refused(about_nic(&nic_update, "<nic><interface>e1000</interface></nic>"), "Cannot change the card or the address of NIC 'nic1'");
    estate_refused(estate_child_work(&disk_attachment_update, &estate.hello, &estate.disk, "<disk_attachment><interface>sata</interface></disk_attachment>"),
                   "Cannot change how VM 'hello' sees a disk while its guest has it");
    estate_refused(estate_child_work(&disk_attachment_add, &estate.hello, NULL,
                                     "<disk_attachment><interface>ide</interface><disk><name>free</name></disk></disk_attachment>"),
                   "nothing can be plugged into or out of ide");
    Vm *vm = estate_edit(&vm_type, &estate.hello);
    vm->status = VM_MIGRATING;
    estate_put(vm);
    estate_refused(about_nic(&nic_remove, NULL), "Cannot change the devices of VM 'hello' while it is migrating");
    estate_refused(about_nic(&nic_activate, NULL), "Cannot change the devices of VM 'hello' while it is migrating");
    estate_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hotplug/nic_comes_and_goes", test_nic_comes_and_goes);
    g_test_add_func("/hotplug/plug_is_pulled", test_plug_is_pulled);
    g_test_add_func("/hotplug/name_is_not_felt", test_name_is_not_felt);
    g_test_add_func("/hotplug/disk_comes_and_goes", test_disk_comes_and_goes);
    g_test_add_func("/hotplug/inactive_disk_is_deleted", test_inactive_disk_is_deleted);
    g_test_add_func("/hotplug/put_in_before_its_file_goes", test_put_in_before_its_file_goes);
    g_test_add_func("/hotplug/live_is_not_read", test_live_is_not_read);
    g_test_add_func("/hotplug/place_is_taken", test_place_is_taken);
    g_test_add_func("/hotplug/who_a_device_is", test_who_a_device_is);
    g_test_add_func("/hotplug/adopted", test_adopted);
    g_test_add_func("/hotplug/cd", test_cd);
    g_test_add_func("/hotplug/silent_guest", test_silent_guest);
    g_test_add_func("/hotplug/slow_guest", test_slow_guest);
    g_test_add_func("/hotplug/unwilling_guest", test_unwilling_guest);
    g_test_add_func("/hotplug/paused_guest", test_paused_guest);
    g_test_add_func("/hotplug/stopped_meanwhile", test_stopped_meanwhile);
    g_test_add_func("/hotplug/unprepared", test_unprepared);
    g_test_add_func("/hotplug/refusals", test_refusals);
    g_test_add_func("/hotplug/no_controller", test_no_controller);
    return g_test_run();
}
