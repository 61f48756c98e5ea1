/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What hosts report: facts at once, strangers adopted untouched, deeds of others told as theirs and ours not. */
#include "world.h"

#include "host/domain_xml.h"

#include <string.h>

static Id stranger;

static void
open_world(void)
{
    world_open();
    world_host_up();
    stranger = id_random();
}

static const Vm *
vm_of(const Id *id)
{
    g_autoptr(View) view = inventory_view(world.inventory);
    return view_find(view, &vm_type, id);
}

static const Disk *
disk_of(const Id *id)
{
    g_autoptr(View) view = inventory_view(world.inventory);
    return view_find(view, &disk_type, id);
}

static const Host *
host(void)
{
    g_autoptr(View) view = inventory_view(world.inventory);
    return view_find(view, &host_type, &world.host);
}

static DomainFacts *
with_disk(DomainFacts *facts, const char *target, const char *path)
{
    Id id = id_named(&facts->id, target);
    DiskAttachment *attachment = object_new(&disk_attachment_type);
    attachment->object.id = id;
    attachment->target = g_strdup(target);
    list_add(&facts->config->disk_attachments, attachment);
    DomainDisk *file = g_new0(DomainDisk, 1);
    file->target = g_strdup(target);
    file->path = g_strdup(path);
    file->driver = g_strdup("qcow2");
    file->device = g_strdup("disk");
    list_add(&facts->disks, file);
    return facts;
}

static DomainFacts *
with_mac(DomainFacts *facts, const char *mac)
{
    Nic *nic = object_new(&nic_type);
    nic->object.id = id_named(&facts->id, mac);
    nic->mac.address = g_strdup(mac);
    list_add(&facts->config->nics, nic);
    return facts;
}

static void
send_list(DomainFacts *one, DomainFacts *other)
{
    HostReport *report = world_report(REPORT_DOMAINS);
    report->domains = g_ptr_array_new_with_free_func((GDestroyNotify) domain_facts_unref);
    if (one)
        g_ptr_array_add(report->domains, one);
    if (other)
        g_ptr_array_add(report->domains, other);
    world_send(report);
}

static void
send_domain(ReportKind kind, DomainFacts *take, const char *event)
{
    HostReport *report = world_report(kind);
    report->domain = take;
    report->event = g_strdup(event);
    world_send(report);
}

static void
test_up_and_lost(void)
{
    open_world();
    g_assert_cmpint(host()->status, ==, HOST_UP);
    g_assert_cmpint(host()->memory, ==, G_GINT64_CONSTANT(64) << 30);
    g_assert_true(world_has_event("Host n1 is up."));
    world_state(&world.vm, DOMAIN_RUNNING, NULL);
    g_assert_cmpint(world_vm()->status, ==, VM_UP);
    world.engine->beat = CLOCK_SECOND / 4;
    HostReport *report = world_report(REPORT_LOST);
    report->why = message_new(MSG_JOB_STOPPING, NULL);
    world_send(report);
    g_assert_cmpint(host()->status, ==, HOST_NON_RESPONSIVE);
    g_assert_nonnull(host()->status_detail);
    g_assert_cmpint(world_vm()->status, ==, VM_UP);     /* for a few seconds it may be a hiccup */
    world_until(world_vm()->status == VM_UNKNOWN);
    g_assert_nonnull(strstr(world_vm()->status_detail, "n1"));
    world_host_up();
    send_list(world_facts(&world.vm, NULL, DOMAIN_SHUTOFF, "crashed"), NULL);
    g_assert_cmpint(world_vm()->status, ==, VM_DOWN);
    g_assert_null(world_vm()->status_detail);
    g_assert_true(world_has_event("VM 'web1' went from up to down while its host n1 did not respond."));
    world_until(host()->summary.total == 1 && host()->summary.active == 0);
    world_close();
}

static HostDevice *
device(const Type *type, const char *name, const char *source)
{
    HostDevice *made = object_new(type);
    made->object.id = host_device_id(source);
    made->name = g_strdup(name);
    made->source = g_strdup(source);
    return made;
}

static void
send_devices(const char *driver)
{
    HostReport *report = world_report(REPORT_UP);
    report->facts = object_new(&host_type);
    HostDevice *key = device(&host_device_type, "usb_1_1", "usb:1050:0407");
    key->place = g_strdup("1.2");
    key->driver = g_strdup(driver);
    list_add(&report->facts->devices, key);
    list_add(&report->facts->devices, device(&host_device_type, "pci_0000_41_00_0", "pci:0000:41:00.0"));
    world_send(report);
}

static const HostDevice *
first(const List *devices)
{
    return devices->count > 0 ? devices->items[0] : NULL;
}

/* A host's device says who runs with it, and a VM's what it is; whether the VM or the host is heard of first. */
static void
test_devices(void)
{
    open_world();
    DomainFacts *facts = world_facts(&stranger, "old", DOMAIN_RUNNING, NULL);
    facts->xml = g_strdup("<domain/>");
    list_add(&facts->config->host_devices, device(&vm_device_type, "usb_1050_0407", "usb:1050:0407"));
    send_list(facts, world_facts(&world.vm, NULL, DOMAIN_SHUTOFF, NULL));
    g_assert_cmpstr(first(&vm_of(&stranger)->host_devices)->name, ==, "usb_1050_0407");
    send_devices("usb");
    world_until(first(&host()->devices) && id_equal(&first(&host()->devices)->vm.id, &stranger));
    world_until(g_strcmp0(first(&vm_of(&stranger)->host_devices)->driver, "usb") == 0);
    g_assert_cmpstr(first(&vm_of(&stranger)->host_devices)->name, ==, "usb_1_1");
    g_assert_true(id_is_null(&((const HostDevice *) host()->devices.items[1])->vm.id));
    send_devices("usbfs");
    g_assert_true(id_equal(&first(&host()->devices)->vm.id, &stranger));       /* not for a moment forgotten */
    world_until(g_strcmp0(first(&vm_of(&stranger)->host_devices)->driver, "usbfs") == 0);
    world_state(&stranger, DOMAIN_SHUTOFF, NULL);
    world_until(id_is_null(&first(&host()->devices)->vm.id));
    world_close();
}

static void
test_destroyed_by_virsh(void)
{
    open_world();
    world_state(&world.vm, DOMAIN_RUNNING, NULL);
    guint events = world_events();
    world_state(&world.vm, DOMAIN_SHUTOFF, "stopped:destroyed");
    g_assert_cmpint(world_vm()->status, ==, VM_DOWN);
    g_assert_true(id_is_null(&world_vm()->host.id));
    g_assert_true(world_has_event("VM 'web1' is down: destroyed by somebody outside the manager (libvirt: stopped, destroyed)."));
    g_assert_cmpuint(world_events(), ==, events + 1);
    g_assert_cmpint(world_vm()->stop_time, >, 0);
    world_state(&world.vm, DOMAIN_SHUTOFF, "stopped:destroyed");        /* told once */
    g_assert_cmpuint(world_events(), ==, events + 1);
    world_state(&world.vm, DOMAIN_RUNNING, "started:booted");
    g_assert_true(world_has_event("started by somebody outside the manager (libvirt: started, booted)"));
    g_assert_true(id_equal(&world_vm()->host.id, &world.host));
    world_state(&world.vm, DOMAIN_SHUTOFF, "stopped:crashed");
    g_assert_true(world_has_event("crashed or was killed"));
    world_close();
}

static void
set_status(VmStatus status)
{
    Changes *changes = commit_begin(world.engine->commit);
    ((Vm *) changes_edit(changes, &vm_type, &world.vm))->status = status;
    g_assert_true(engine_put(world.engine, changes, NULL, NULL));
    world_settle();
}

/* A guest that was asked to reboot is at it until its host says it has, whatever else is seen of it meanwhile. */
static void
test_reboot(void)
{
    open_world();
    world_state(&world.vm, DOMAIN_RUNNING, NULL);
    set_status(VM_REBOOT_IN_PROGRESS);
    world_state(&world.vm, DOMAIN_RUNNING, NULL);
    g_assert_cmpint(world_vm()->status, ==, VM_REBOOT_IN_PROGRESS);
    world_state(&world.vm, DOMAIN_SHUTTING_DOWN, "shutdown:guest");
    g_assert_cmpint(world_vm()->status, ==, VM_REBOOT_IN_PROGRESS);
    world_state(&world.vm, DOMAIN_RUNNING, "rebooted:by reset");
    g_assert_cmpint(world_vm()->status, ==, VM_UP);
    g_assert_true(world_has_event("VM 'web1' rebooted on host n1."));
    world_state(&world.vm, DOMAIN_RUNNING, "watchdog:reset");
    g_assert_true(world_has_event("The guest of VM 'web1' on host n1 has hung: its watchdog was not fed. What was done: reset."));
    guint events = world_events();
    world_state(&world.vm, DOMAIN_RUNNING, "rebooted:by reset");     /* by its own wish: nobody asked, nobody is told */
    g_assert_cmpuint(world_events(), ==, events);
    set_status(VM_REBOOT_IN_PROGRESS);
    world_state(&world.vm, DOMAIN_SHUTOFF, "stopped:shutdown");
    g_assert_cmpint(world_vm()->status, ==, VM_DOWN);
    world_close();
}

/* One that does nothing makes no event: its host is asked, and the sentence says what to do. */
static void
test_deaf_guests(void)
{
    static const struct { VmStatus status; const char *said; } rows[] = {
        { VM_POWERING_DOWN, "was asked to shut down and has not done so in its time" },
        { VM_REBOOT_IN_PROGRESS, "was asked to reboot and has not done so in its time" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        open_world();
        world.engine->beat = CLOCK_SECOND / 2000;
        world_state(&world.vm, DOMAIN_RUNNING, NULL);
        guint refreshes = world.refreshes;
        set_status(rows[i].status);
        world_state(&world.vm, DOMAIN_RUNNING, NULL);
        g_assert_cmpint(world_vm()->status, ==, rows[i].status);
        world_until(world.refreshes > refreshes);
        world_state(&world.vm, DOMAIN_RUNNING, NULL);
        g_assert_cmpint(world_vm()->status, ==, VM_UP);
        g_assert_true(world_has_event(rows[i].said));
        world_close();
    }
}

static void
test_old_generation(void)
{
    open_world();
    HostReport *up = world_report(REPORT_UP);
    up->generation = 5;
    world_send(up);
    world_state(&world.vm, DOMAIN_RUNNING, NULL);           /* generation 1 */
    g_assert_cmpint(world_vm()->status, ==, VM_UNKNOWN);
    world_close();
}

static void
test_adoption(void)
{
    open_world();
    DomainFacts *facts = with_disk(world_facts(&stranger, "old", DOMAIN_RUNNING, NULL), "vda", "/srv/old.qcow2");
    facts->xml = g_strdup("<domain/>");
    send_list(facts, world_facts(&world.vm, NULL, DOMAIN_SHUTOFF, NULL));
    const Vm *vm = vm_of(&stranger);
    g_assert_nonnull(vm);
    g_assert_true(vm->adopted && vm->delete_protected);
    g_assert_cmpstr(vm->origin, ==, "external");
    g_assert_cmpint(vm->status, ==, VM_UP);
    g_assert_true(id_equal(&vm->home.id, &world.host));
    g_assert_true(id_equal(&vm->cluster.id, &world.cluster));
    g_assert_cmpuint(vm->snapshots.count, ==, 1);
    Id disk_id = id_named(&stranger, "vda");
    const Disk *disk = disk_of(&disk_id);
    g_assert_nonnull(disk);
    g_assert_cmpstr(disk->path, ==, "/srv/old.qcow2");
    g_assert_cmpint(disk->format, ==, DISK_FORMAT_COW);
    g_autoptr(View) view = inventory_view(world.inventory);
    const StorageDomainRef *in = disk->storage_domains.items[0];
    const StorageDomain *storage = view_find(view, &storage_domain_type, &in->storage_domain.id);
    g_assert_cmpint(storage->type, ==, STORAGE_USE_UNMANAGED);
    g_assert_cmpint(world_vm()->status, ==, VM_DOWN);
    g_assert_true(world_has_event("VM 'old' was found on host n1"));
    g_autofree char *kept = store_kept(world.engine->parts.store, "domain-xml", &stranger, NULL);
    g_assert_cmpstr(kept, ==, "<domain/>");
    world_close();
}

/* A domain that comes by an event is adopted too; one that a job of ours is making is not. */
static void
test_defined_by_virsh(void)
{
    open_world();
    send_domain(REPORT_DOMAIN, world_facts(&stranger, "new", DOMAIN_SHUTOFF, NULL), "defined:added");
    g_assert_nonnull(vm_of(&stranger));
    g_assert_true(world_has_event("VM 'new' was found on host n1"));
    world_store_mode(STORE_HOLDS);
    Answer answer = { 0 };
    world_submit(&walk_command, FALSE, &answer);
    world_settle();
    GHashTableIter iter;
    Run *run;
    g_hash_table_iter_init(&iter, world.engine->runs);
    g_assert_true(g_hash_table_iter_next(&iter, NULL, (gpointer *) &run));
    Id ours = id_random();
    char job[ID_TEXT_SIZE];
    DomainFacts *facts = world_facts(&ours, "half-made", DOMAIN_SHUTOFF, NULL);
    facts->ours = TRUE;
    facts->job = g_strdup(id_format(&run->id, ID_UUID, job));
    send_domain(REPORT_DOMAIN, facts, "defined:added");
    world_store_mode(STORE_ANSWERS);
    world_store_answer(9, TRUE);
    world_settle();
    g_assert_null(vm_of(&ours));
    answer_clear(&answer);
    world_close();
}

static void
test_undefined_by_virsh(void)
{
    open_world();
    send_domain(REPORT_DOMAIN, with_disk(world_facts(&stranger, "old", DOMAIN_SHUTOFF, NULL), "vda", "/srv/old.qcow2"), NULL);
    Id disk = id_named(&stranger, "vda");
    g_assert_nonnull(disk_of(&disk));
    send_domain(REPORT_GONE, world_facts(&stranger, NULL, DOMAIN_ABSENT, NULL), "undefined:removed");
    g_assert_null(vm_of(&stranger));
    g_assert_null(disk_of(&disk));
    g_assert_true(world_has_event("VM 'old' is gone: somebody outside the manager undefined it on host n1 (libvirt: undefined, removed)."));
    world_close();
}

/* A disk of ours floats when its VM is undefined behind our back. */
static void
test_our_disk_stays(void)
{
    Id storage_id = id_random(), disk_id = id_random();
    open_world();
    Changes *changes = commit_begin(world.engine->commit);
    StorageDomain *storage = object_new(&storage_domain_type);
    storage->object.id = storage_id;
    storage->name = g_strdup("data");
    storage->type = STORAGE_USE_DATA;
    changes_add(changes, storage);
    Disk *disk = object_new(&disk_type);
    disk->object.id = disk_id;
    disk->alias = g_strdup("ours");
    StorageDomainRef *in = g_new0(StorageDomainRef, 1);
    in->storage_domain.id = storage_id;
    list_add(&disk->storage_domains, in);
    changes_add(changes, disk);
    Vm *vm = changes_edit(changes, &vm_type, &world.vm);
    DiskAttachment *attachment = object_new(&disk_attachment_type);
    attachment->object.id = attachment->disk.id = disk_id;
    list_add(&vm->disk_attachments, attachment);
    g_assert_true(commit_put(world.engine->commit, changes, NULL, NULL, NULL));
    world_settle();
    send_domain(REPORT_GONE, world_facts(&world.vm, NULL, DOMAIN_ABSENT, NULL), "undefined:removed");
    g_assert_null(world_vm());
    g_assert_nonnull(disk_of(&disk_id));
    world_close();
}

/* Facts our own job makes are not told as somebody else's, and late echoes of it change nothing. */
static void
test_own_deeds(void)
{
    open_world();
    world_state(&world.vm, DOMAIN_RUNNING, NULL);
    world_store_mode(STORE_HOLDS);
    Answer answer = { 0 };
    world_submit(&walk_command, TRUE, &answer);
    world_settle();
    world_store_answer(1, TRUE);
    world_settle();
    HostReport *echo = world_report(REPORT_STATE);
    echo->domain = world_facts(&world.vm, NULL, DOMAIN_RUNNING, NULL);
    HostReport *report = world_report(REPORT_STATE);
    report->domain = world_facts(&world.vm, NULL, DOMAIN_SHUTOFF, NULL);
    report->event = g_strdup("stopped:destroyed");
    world_send(report);
    world_store_mode(STORE_ANSWERS);
    world_store_answer(9, TRUE);
    world_until(answer.calls == 1);
    world_settle();
    g_assert_cmpint(world_vm()->status, ==, VM_DOWN);
    g_assert_false(world_has_event("destroyed by somebody"));
    world_send(echo);                   /* from before the job ended */
    g_assert_cmpint(world_vm()->status, ==, VM_DOWN);
    answer_clear(&answer);
    world_close();
}

/* A job that is taken up after a restart ends between the moment its host's list was read and the moment it is believed: the list is too
 * old to be believed, and is all the host has to say. */
static void
test_list_before_the_end(void)
{
    for (int running = 0; running < 2; running++) {
        Answer answer = { 0 };
        open_world();
        HostReport *list = world_report(REPORT_DOMAINS);
        list->domains = g_ptr_array_new_with_free_func((GDestroyNotify) domain_facts_unref);
        g_ptr_array_add(list->domains, world_facts(&world.vm, NULL, running ? DOMAIN_RUNNING : DOMAIN_SHUTOFF, NULL));
        world_submit(&walk_command, TRUE, &answer);
        world_until(answer.calls == 1);
        world_settle();
        guint before = world.refreshes;
        world_send(list);
        g_assert_cmpint(world_vm()->status, ==, VM_UNKNOWN);
        g_assert_cmpuint(world.refreshes, ==, before + 1);
        send_list(world_facts(&world.vm, NULL, running ? DOMAIN_RUNNING : DOMAIN_SHUTOFF, NULL), NULL);
        g_assert_cmpint(world_vm()->status, ==, running ? VM_UP : VM_DOWN);
        g_assert_cmpuint(world.refreshes, ==, before + 1);          /* asked once */
        answer_clear(&answer);
        world_close();
    }
}

/* What is too old to be believed and says what is shown makes nobody ask; that a domain is gone, or not as kept, does. */
static void
test_old_news(void)
{
    Answer answer = { 0 };
    open_world();
    world_state(&world.vm, DOMAIN_RUNNING, NULL);
    HostReport *late[4];
    const DomainState states[] = { DOMAIN_RUNNING, DOMAIN_PAUSED, DOMAIN_SHUTOFF, DOMAIN_ABSENT };
    for (guint i = 0; i < G_N_ELEMENTS(late); i++) {
        late[i] = world_report(states[i] == DOMAIN_ABSENT ? REPORT_GONE : REPORT_STATE);
        late[i]->domain = world_facts(&world.vm, NULL, states[i], NULL);
    }
    world_submit(&walk_command, TRUE, &answer);
    world_until(answer.calls == 1);
    world_settle();
    guint before = world.refreshes;
    for (guint i = 0; i < G_N_ELEMENTS(late); i++) {
        world_send(late[i]);
        g_assert_cmpint(world_vm()->status, ==, VM_UP);
        g_assert_cmpuint(world.refreshes, ==, before + i);
    }
    answer_clear(&answer);
    world_close();
}

static void
test_doubles_are_shown(void)
{
    open_world();
    Id other = id_random();
    send_list(with_mac(world_facts(&stranger, "web1", DOMAIN_SHUTOFF, NULL), "52:54:00:00:00:01"),
              world_facts(&world.vm, NULL, DOMAIN_SHUTOFF, NULL));
    g_assert_cmpstr(vm_of(&stranger)->same_as, ==, "web1");
    g_assert_true(world_has_event("VM 'web1' on host n1 has the same name as VM 'web1'."));
    send_domain(REPORT_DOMAIN, with_mac(world_facts(&other, "copy", DOMAIN_SHUTOFF, NULL), "52:54:00:00:00:01"), NULL);
    g_assert_true(world_has_event("VM 'copy' on host n1 has the same MAC address as VM 'web1'."));
    world_close();
}

/* A host that suddenly reports none of its VMs has lost something else than them. */
static void
test_empty_host(void)
{
    open_world();
    Id ids[3] = { id_random(), id_random(), id_random() };
    for (guint i = 0; i < 3; i++) {
        g_autofree char *name = g_strdup_printf("vm%u", i);
        send_domain(REPORT_DOMAIN, world_facts(&ids[i], name, DOMAIN_SHUTOFF, NULL), NULL);
    }
    send_list(NULL, NULL);
    for (guint i = 0; i < 3; i++)
        g_assert_cmpint(vm_of(&ids[i])->status, ==, VM_UNKNOWN);
    g_assert_true(world_has_event("Host n1 reports none of its 4 virtual machines."));
    send_list(world_facts(&ids[0], "vm0", DOMAIN_SHUTOFF, NULL), world_facts(&ids[1], "vm1", DOMAIN_RUNNING, NULL));
    g_assert_cmpint(vm_of(&ids[0])->status, ==, VM_DOWN);
    g_assert_cmpint(vm_of(&ids[1])->status, ==, VM_UP);
    g_assert_null(vm_of(&ids[2]));
    world_close();
}

#define XML(memory) "<domain type='qemu'><name>old</name><uuid>%s</uuid><memory unit='KiB'>" memory "</memory><vcpu>1</vcpu>" \
    "<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>"

static DomainFacts *
facts_of_xml(const char *format)
{
    char text[ID_TEXT_SIZE];
    g_autoptr(GString) xml = g_string_new(NULL);
    g_string_printf(xml, format, id_format(&stranger, ID_UUID, text));
    DomainFacts *facts = domain_facts_new();
    g_autoptr(GError) error = NULL;
    g_assert_true(domain_xml_read(xml->str, facts, &error));
    g_assert_no_error(error);
    facts->id = stranger;
    facts->state = DOMAIN_SHUTOFF;
    if (!facts->xml)
        facts->xml = g_strdup(xml->str);
    return facts;
}

/* virsh edit: what became different is taken, what the manager knows beside the XML stays, and the event says what. */
static void
test_edited_by_virsh(void)
{
    open_world();
    send_domain(REPORT_DOMAIN, facts_of_xml(XML("1048576")), NULL);
    g_assert_cmpint(vm_of(&stranger)->memory, ==, 1 << 30);
    Changes *changes = commit_begin(world.engine->commit);
    Vm *vm = changes_edit(changes, &vm_type, &stranger);
    text_set(&vm->comment, "known here only");
    g_assert_true(commit_put(world.engine->commit, changes, NULL, NULL, NULL));
    guint events = world_events();
    send_domain(REPORT_DOMAIN, facts_of_xml(XML("1048576")), "defined:updated");
    g_assert_cmpuint(world_events(), ==, events);
    send_domain(REPORT_DOMAIN, facts_of_xml(XML("2097152")), "defined:updated");
    world_until(vm_of(&stranger)->memory == G_GINT64_CONSTANT(2) << 30);
    world_settle();
    g_assert_cmpstr(vm_of(&stranger)->comment, ==, "known here only");
    g_assert_true(world_has_event("VM 'old' was changed by somebody outside the manager: memory"));
    g_assert_cmpuint(world_events(), ==, events + 1);
    world_crash();                      /* and while nobody watched */
    world_host_up();
    send_list(facts_of_xml(XML("4194304")), world_facts(&world.vm, NULL, DOMAIN_SHUTOFF, NULL));
    world_until(vm_of(&stranger)->memory == G_GINT64_CONSTANT(4) << 30);
    world_close();
}

/* Ten thousand VMs: a batch a thousand, and the second list costs no transaction at all. (The one that was there is not in it.) */
static void
test_many(void)
{
    enum { MANY = 10000 };
    open_world();
    for (guint round = 0; round < 2; round++) {
        HostReport *report = world_report(REPORT_DOMAINS);
        report->domains = g_ptr_array_new_with_free_func((GDestroyNotify) domain_facts_unref);
        for (guint i = 0; i < MANY; i++) {
            g_autofree char *name = g_strdup_printf("vm-%05u", i);
            Id id = id_named(&world.host, name);
            g_ptr_array_add(report->domains, world_facts(&id, name, i % 2 ? DOMAIN_RUNNING : DOMAIN_SHUTOFF, NULL));
        }
        guint writes = world_store_writes();
        Tick before = clock_tick();
        world_send(report);
        g_test_message("round %u: %" G_GINT64_FORMAT " ms, %u writes", round, (clock_tick() - before) / 1000, world_store_writes() - writes);
        g_assert_cmpuint(world_store_writes() - writes, <=, round == 0 ? 25 : 1);
    }
    g_autoptr(View) view = inventory_view(world.inventory);
    g_assert_cmpuint(view_count(view, &vm_type), ==, MANY);
    g_assert_true(world_has_event("1000 virtual machines were found on host n1"));
    world_until(host()->summary.total == MANY && host()->summary.active == MANY / 2);
    world_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/reconcile/up-and-lost", test_up_and_lost);
    g_test_add_func("/reconcile/devices", test_devices);
    g_test_add_func("/reconcile/destroyed-by-virsh", test_destroyed_by_virsh);
    g_test_add_func("/reconcile/reboot", test_reboot);
    g_test_add_func("/reconcile/deaf-guests", test_deaf_guests);
    g_test_add_func("/reconcile/old-generation", test_old_generation);
    g_test_add_func("/reconcile/adoption", test_adoption);
    g_test_add_func("/reconcile/defined-by-virsh", test_defined_by_virsh);
    g_test_add_func("/reconcile/undefined-by-virsh", test_undefined_by_virsh);
    g_test_add_func("/reconcile/our-disk-stays", test_our_disk_stays);
    g_test_add_func("/reconcile/own-deeds", test_own_deeds);
    g_test_add_func("/reconcile/list-before-the-end", test_list_before_the_end);
    g_test_add_func("/reconcile/old-news", test_old_news);
    g_test_add_func("/reconcile/doubles-are-shown", test_doubles_are_shown);
    g_test_add_func("/reconcile/empty-host", test_empty_host);
    g_test_add_func("/reconcile/edited-by-virsh", test_edited_by_virsh);
    g_test_add_func("/reconcile/many", test_many);
    return g_test_run();
}
