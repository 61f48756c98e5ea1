/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What verbs refuse, and in which words. After each refusal the model is as it was (estate_refused sees to it). */
#include "estate.h"

#include "base/text.h"
#include "command/guest_defaults.h"

#include <string.h>

#define VM(rest) "<vm><name>new</name><cluster><name>Default</name></cluster>" rest "</vm>"

#define refused_vm(body, part) estate_refused(estate_work(&vm_add, NULL, body), part)
#define refused_disk(body, part) estate_refused(estate_work(&disk_add, NULL, body), part)
#define refused_attachment(body, part) estate_refused(estate_child_work(&disk_attachment_add, &estate.hello, NULL, body), part)

static void
test_references(void)
{
    estate_open();
    refused_vm("<vm><name>new</name><cluster><name>Nowhere</name></cluster></vm>", "There is no cluster 'Nowhere'. | Known are: 'Default'.");
    refused_vm("<vm><name>new</name><cluster id='00000000-0000-4000-8000-000000000009'/></vm>", "There is no cluster '00000000-0000-4000-8000-000000000009'.");
    refused_vm(VM("<template><name>Golden</name></template>"), "There is no template 'Golden'.");
    refused_vm(VM("<quota><name>q</name></quota>"), "There is no quota 'q'.");
    g_autofree char *blank = estate_refusal(estate_work(&vm_add, NULL, VM("<template><name>Blank</name></template>")));
    g_assert_null(blank);
    g_autofree char *nil = estate_refusal(estate_work(&vm_add, NULL, VM("<template id='00000000-0000-0000-0000-000000000000'/>")));
    g_assert_null(nil);
    estate_refused(estate_child_work(&nic_add, &estate.hello, NULL, "<nic><name>n</name><vnic_profile><name>other</name></vnic_profile></nic>"),
                   "There is no vnic profile 'other'. | Known are: 'ovirtmgmt'.");
    estate_close();
}

static void
test_adding_vms(void)
{
    estate_open();
    refused_vm("<vm><cluster><name>Default</name></cluster></vm>", "Vm [name] required for add");
    g_autofree char *only_cluster = estate_refusal(estate_work(&vm_add, NULL, "<vm><name>x</name></vm>"));
    g_assert_null(only_cluster);
    refused_vm("<vm><name>hello</name><cluster><name>Default</name></cluster></vm>",
               "The VM name is already in use, please choose a unique name and try again.");
    refused_vm("<vm><name>a/b</name><cluster><name>Default</name></cluster></vm>", "The name of a VM cannot be 'a/b'.");
    refused_vm("<vm><name> </name><cluster><name>Default</name></cluster></vm>", "name");
    refused_vm(VM("<memory>1000</memory>"), "The memory of VM 'new' cannot be 1000 bytes");
    refused_vm(VM("<memory>-1048576</memory>"), "cannot be -1048576 bytes");
    refused_vm(VM("<memory>18014398509481984</memory>"), "between 1 MiB and 16 TiB");
    refused_vm(VM("<memory>1048576</memory><memory_policy><guaranteed>2097152</guaranteed></memory_policy>"),
               "Physical Memory Guaranteed cannot exceed Memory Size");
    refused_vm(VM("<memory>2097152</memory><memory_policy><max>1048576</max></memory_policy>"), "cannot be less than its memory");
    refused_vm(VM("<cpu><topology><sockets>999</sockets></topology></cpu>"), "cpu.topology.sockets");
    refused_vm(VM("<cpu><topology><sockets>100</sockets><cores>8</cores></topology></cpu>"), "100 × 8 × 1 processors");
    refused_vm(VM("<cpu><topology><cores>0</cores></topology></cpu>"), "cpu.topology.cores");
    refused_vm(VM("<os><type>windws</type></os>"), "windws");
    refused_vm(VM("<cpu><topology><cores>-1</cores></topology></cpu>"), "cannot be -1");
    refused_vm(VM("<cpu><topology><cores>700</cores><sockets>700</sockets></topology></cpu>"), "their product at most 710");
    refused_vm(VM("<os><boot><devices><device>floppy</device></devices></boot></os>"), "A VM cannot boot from 'floppy'.");
    refused_vm(VM("<os><initrd>" STORAGE_PATH "/initrd</initrd></os>"), "os.initrd without an os.kernel");
    refused_vm("<vm id='5ca1ab1e-0000-4000-8000-000000000001'><name>new</name><cluster><name>Default</name></cluster></vm>", "VM 'old' has it");
    refused_vm(VM("<disk_attachments><disk_attachment><disk/></disk_attachment></disk_attachments>"), "a disk in its body must exist already");
    refused_vm(VM("<nics><nic><name>a</name></nic><nic><name>a</name></nic></nics>"), "VM 'new' has a NIC 'a' already");
    refused_vm(VM("<nics><nic><name>a</name><mac><address>52:54:00:00:00:01</address></mac></nic></nics>"),
               "The MAC address 52:54:00:00:00:01 is already in use by VM 'old'.");
    estate_refused(estate_work(&vm_add, NULL, NULL), "it is empty");
    estate_close();
}

/* The host of the estate has SeaBIOS alone and says nothing of a TPM. */
static void
test_firmware(void)
{
    estate_open();
    refused_vm(VM("<bios><type>q35_ovmf</type></bios>"), "no host in cluster 'Default' that is up has firmware for q35_ovmf. | Host 'n1' has");
    refused_vm(VM("<bios><type>q35_secure_boot</type></bios>"), "has firmware for q35_secure_boot");
    refused_vm(VM("<os><type>windows_11</type></os>"), "has firmware for q35_secure_boot");
    refused_vm(VM("<os><type>windows_11</type></os><tpm_enabled>false</tpm_enabled>"), "VM 'new' cannot be without a TPM: its operating system 'windows_11' requires one.");
    refused_vm(VM("<os><type>windows_xp</type></os><tpm_enabled>true</tpm_enabled>"), "its operating system 'windows_xp' does not use one");
    refused_vm(VM("<os><type>ol_9x64</type></os><tpm_enabled>true</tpm_enabled>"), "a TPM needs UEFI. | Set bios.type to q35_ovmf");
    refused_vm(VM("<cpu><architecture>aarch64</architecture></cpu>"), "is aarch64");
    refused_vm(VM("<cpu><architecture>aarch64</architecture></cpu><os><type>rhel_9x64</type></os>"), "that runs on x86_64, and the VM is aarch64");
    refused_vm(VM("<cpu><architecture>aarch64</architecture></cpu><bios><type>q35_ovmf</type></bios>"), "a machine of aarch64, which has UEFI of its own");
    estate_refused(estate_work(&vm_update, &estate.hello, "<vm><bios><type>q35_ovmf</type></bios></vm>"), "Host 'n1' has no firmware for q35_ovmf, which VM 'hello' needs.");
    g_autofree char *suits = estate_refusal(estate_work(&vm_add, NULL, VM("<os><type>windows_2025</type></os>")));
    g_assert_null(suits);               /* what only suits it is left away where no host has it */
    estate_close();
}

static void
check_devices(const Vm *vm, int disk, int nic)
{
    g_assert_cmpint(guest_defaults_disk(estate.view, vm), ==, disk);
    g_assert_cmpint(guest_defaults_nic(estate.view, vm), ==, nic);
}

/* What a guest has drivers for, where its client does not say. */
static void
test_devices_of_systems(void)
{
    estate_open();
    Vm *vm = object_new(&vm_type);
    check_devices(vm, DISK_INTERFACE_VIRTIO, NIC_VIRTIO);
    text_set(&vm->os.type, "ol_9x64");
    check_devices(vm, DISK_INTERFACE_VIRTIO, NIC_VIRTIO);
    text_set(&vm->os.type, "windows_xp");
    vm->bios.type = BIOS_I440FX_SEA_BIOS;
    check_devices(vm, DISK_INTERFACE_IDE, NIC_RTL8139);
    vm->bios.type = BIOS_Q35_SEA_BIOS;
    check_devices(vm, DISK_INTERFACE_SATA, NIC_RTL8139);
    text_set(&vm->os.type, "windows_2022");
    check_devices(vm, DISK_INTERFACE_SATA, NIC_E1000E);
    Nic *nic = list_add(&vm->nics, object_new(&nic_type));
    nic->interface = NIC_VIRTIO;
    check_devices(vm, DISK_INTERFACE_VIRTIO, NIC_VIRTIO);
    object_unref(vm);
    estate_close();
}

/* Where there are two clusters somebody must say which. */
static void
test_two_clusters(void)
{
    estate_open();
    Cluster *second = object_new(&cluster_type);
    second->object.id = id_named(&id_null, "second cluster");
    second->name = g_strdup("second");
    second->data_center.id = estate.data_center;
    estate_put(second);
    refused_vm("<vm><name>x</name></vm>", "Vm [cluster] required for add");
    refused_vm("<vm><name>x</name><cluster><name>third</name></cluster></vm>", "Known are: 'second', 'Default'.");
    estate_close();
}

/* A null id is no wish. */
static void
test_null_ids(void)
{
    static const char nobody[] = "00000000-0000-0000-0000-000000000000";
    estate_open();
    estate_do(estate_work(&vm_add, NULL, "<vm id='00000000-0000-0000-0000-000000000000'><name>new</name></vm>"));
    estate_do(estate_work(&disk_add, NULL, "<disk id='00000000-0000-0000-0000-000000000000'><alias>new</alias><provisioned_size>1024</provisioned_size></disk>"));
    estate_do(estate_child_work(&disk_attachment_add, &estate.hello, NULL,
                                "<disk_attachment><disk id='00000000-0000-0000-0000-000000000000'><provisioned_size>1024</provisioned_size></disk></disk_attachment>"));
    g_assert_null(estate_vm(&id_null));
    g_assert_null(estate_find(&disk_type, &id_null));
    g_assert_nonnull(view_find_name(estate.view, &vm_type, "new"));
    g_autofree char *picture = estate_picture();
    g_assert_null(strstr(picture, nobody));
    estate_close();
}

/* What is sent back as it was read is no edit, even where nobody could wish it. */
static void
test_sent_back(void)
{
    estate_open();
    Vm *vm = estate_edit(&vm_type, &estate.adopted);
    text_set(&vm->os.kernel, "/boot/vmlinuz-of-others");
    estate_put(vm);
    g_auto(GStrv) halves = g_strsplit(estate_xml(&estate.adopted), "<boot dev='hd'/>", 2);
    g_autofree char *xml = g_strjoin("<kernel>/boot/vmlinuz-of-others</kernel><boot dev='hd'/>", halves[0], halves[1], NULL);
    estate_set_xml(&estate.adopted, xml);
    estate_do(estate_work(&vm_update, &estate.adopted, "<vm><name>old</name><memory>1073742848</memory><os><kernel>/boot/vmlinuz-of-others</kernel></os></vm>"));
    g_assert_cmpstr(estate_xml(&estate.adopted), ==, xml);
    g_assert_cmpint(estate_vm(&estate.adopted)->memory, ==, 1073742848);
    estate_refused(estate_work(&vm_update, &estate.adopted, "<vm><os><kernel>/boot/another</kernel></os></vm>"), "only files inside storage domains may be named");
    estate_close();
}

/* The file of somebody's disk is nobody's medium and nobody's kernel. */
static void
test_disks_as_media(void)
{
    char text[ID_TEXT_SIZE];
    estate_open();
    g_autofree char *path = g_strdup_printf(STORAGE_PATH "/%s", id_format(&estate.disk, ID_UUID, text));
    g_autofree char *kernel = g_strdup_printf(VM("<os><kernel>%s</kernel></os>"), path);
    refused_vm(kernel, "only files inside storage domains may be named");
    const Cdrom *cdrom = estate_vm(&estate.hello)->cdroms.items[0];
    Id id = cdrom->object.id;
    const char *media[] = { path, text };
    for (guint i = 0; i < G_N_ELEMENTS(media); i++) {
        Work *work = estate_child_work(&cdrom_update, &estate.hello, &id, "<cdrom><file/></cdrom>");
        text_set(&((Cdrom *) work->draft->record)->file.id, media[i]);
        estate_refused(work, i == 0 ? "only files inside storage domains" : "No storage domain has a file");
    }
    estate_close();
}

/* A domain made outside the manager that uses a file of ours: nothing may pull it away. */
static void
share_file(const Id *disk)
{
    char text[ID_TEXT_SIZE];
    Disk *foreign = estate_edit(&disk_type, &estate.foreign);
    g_free(foreign->path);
    foreign->path = g_strdup_printf(STORAGE_PATH "/%s", id_format(disk, ID_UUID, text));
    estate_put(foreign);
}

#define ATTACH_FREE estate_child_work(&disk_attachment_add, &estate.hello, NULL, "<disk_attachment><disk><name>free</name></disk></disk_attachment>")

/* Two guests upon one file damage it, unless it is made for that. */
static void
test_attaching_shared_files(void)
{
    estate_open();
    share_file(&estate.floating);
    estate_refused(ATTACH_FREE, "The file of disk 'free' is a disk of VM 'old' too");
    Disk *disk = estate_edit(&disk_type, &estate.floating);
    disk->shareable = TRUE;
    estate_put(disk);
    g_autofree char *said = estate_refusal(ATTACH_FREE);
    g_assert_null(said);
    estate_close();
}

/* While it is put into a drive, others may put it into theirs; nobody removes it. */
static void
test_disk_on_its_way_into_a_drive(void)
{
    char text[ID_TEXT_SIZE];
    estate_open();
    Disk *disk = estate_edit(&disk_type, &estate.floating);
    disk->content_type = DISK_CONTENT_ISO;
    estate_put(disk);
    Id id = ((const Cdrom *) estate_vm(&estate.hello)->cdroms.items[0])->object.id;
    Work *work = estate_child_work(&cdrom_update, &estate.hello, &id, "<cdrom><file/></cdrom>");
    text_set(&((Cdrom *) work->draft->record)->file.id, id_format(&estate.floating, ID_UUID, text));
    draft_mark(work->draft, "file.id");
    work->view = view_ref(estate.view);
    g_assert_true(work->command->check(work, NULL));
    g_autofree char *use = g_strdup_printf("use:disk:%s:", text);
    guint found = 0;
    for (guint i = 0; i < work->claims->len; i++)
        found += g_str_has_prefix(work->claims->pdata[i], use) ? 1 : 0;
    g_assert_cmpuint(found, ==, 1);
    disk = estate_edit(&disk_type, &estate.floating);
    disk->status = DISK_LOCKED;
    estate_put(disk);
    g_ptr_array_set_size(work->claims, 0);
    estate_refused(work, "Disk is locked");
    estate_close();
}

static void
test_shared_files(void)
{
    estate_open();
    share_file(&estate.disk);
    estate_refused(estate_work(&disk_remove, &estate.disk, NULL), "is a disk of VM 'old' too");
    estate_refused(estate_work(&disk_update, &estate.disk, "<disk><provisioned_size>99999999999</provisioned_size></disk>"), "is a disk of VM 'old' too");
    Work *work = estate_child_work(&disk_attachment_remove, &estate.hello, &estate.disk, NULL);
    estate_query(work, "detach_only", "false");
    estate_refused(work, "is a disk of VM 'old' too");
    estate_do(estate_work(&vm_remove, &estate.hello, NULL));
    g_assert_null(estate_vm(&estate.hello));
    g_assert_true(estate_has_volume(&estate.disk));
    g_assert_nonnull(estate_find(&disk_type, &estate.disk));
    estate_close();
}

static void
test_network_disks(void)
{
    estate_open();
    Disk *foreign = estate_edit(&disk_type, &estate.foreign);
    g_free(foreign->path);
    foreign->path = g_strdup("rbd:vms/old");
    estate_put(foreign);
    estate_refused(estate_child_work(&disk_attachment_update, &estate.adopted, &estate.foreign, "<disk_attachment><active>false</active></disk_attachment>"),
                   "is 'rbd:vms/old', which only the program that made its VM can attach");
    estate_close();
}

/* Two jobs that would both make one name, or one address, true. */
static void
test_claimed_words(void)
{
    estate_open();
    g_autoptr(Work) rename = estate_work(&vm_update, &estate.hello, "<vm><name>wanted</name></vm>");
    rename->view = view_ref(estate.view);
    g_assert_true(rename->command->check(rename, NULL));
    g_assert_true(g_ptr_array_find_with_equal_func(rename->claims, "The name 'wanted'", g_str_equal, NULL));
    g_autoptr(Work) add = estate_child_work(&nic_add, &estate.hello, NULL, "<nic><name>n</name><mac><address>56:6F:00:00:00:AB</address></mac></nic>");
    add->view = view_ref(estate.view);
    g_assert_true(add->command->check(add, NULL));
    g_assert_true(g_ptr_array_find_with_equal_func(add->claims, "The MAC address 56:6f:00:00:00:ab", g_str_equal, NULL));
    refused_vm(VM("<nics><nic><name>a</name><mac><address>56:6f:00:00:00:01</address></mac></nic><nic><name>b</name><mac><address>56:6F:00:00:00:01</address></mac></nic></nics>"),
               "The MAC address 56:6f:00:00:00:01 is already in use by VM 'new'.");
    estate_close();
}

static void
test_long_texts(void)
{
    estate_open();
    g_autofree char *name = g_strnfill(256, 'n');
    g_autofree char *body = g_strdup_printf("<vm><name>%s</name><cluster><name>Default</name></cluster></vm>", name);
    refused_vm(body, "A name has 1 to 255 bytes of UTF-8");
    g_autofree char *prose = g_strnfill(4097, 'd');
    g_autofree char *described = g_strdup_printf(VM("<description>%s</description>"), prose);
    refused_vm(described, "The field 'description' of a vm holds more than 4096 bytes");
    g_autofree char *line = g_strnfill(2001, 'c');
    g_autofree char *long_line = g_strdup_printf(VM("<os><kernel>" STORAGE_PATH "/k</kernel><cmdline>%s</cmdline></os>"), line);
    refused_vm(long_line, "os.cmdline");
    g_autofree char *unicode = estate_refusal(estate_work(&vm_add, NULL, "<vm><name>サーバー 😀</name><cluster><name>Default</name></cluster></vm>"));
    g_assert_null(unicode);
    estate_close();
}

static void
test_files_outside(void)
{
    static const char *const bad[] = { "/etc/passwd", STORAGE_PATH "/../../etc/passwd", STORAGE_PATH, STORAGE_PATH "/", STORAGE_PATH "//etc",
                                       STORAGE_PATH "x/file", "/nowhere/shikiri/data/./x", STORAGE_PATH "/a/..", "/", "iso:///etc/passwd", "../x", "vmlinuz" };
    estate_open();
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *body = g_strdup_printf(VM("<os><kernel>%s</kernel></os>"), bad[i]);
        refused_vm(body, "os.kernel");
        g_autofree char *initrd = g_strdup_printf(VM("<os><kernel>" STORAGE_PATH "/k</kernel><initrd>%s</initrd></os>"), bad[i]);
        refused_vm(initrd, "os.initrd");
    }
    g_autofree char *good = estate_refusal(estate_work(&vm_add, NULL, VM("<os><kernel>" STORAGE_PATH "/boot/vmlinuz</kernel></os>")));
    g_assert_null(good);
    refused_vm(VM("<os><kernel>" STORAGE_PATH "/k</kernel><initrd>" STORAGE_PATH "/a,/etc/passwd</initrd></os>"), "QEMU would read that name as those of several files.");
    refused_vm(VM("<os><kernel>" STORAGE_PATH "/k</kernel><initrd>" STORAGE_PATH "/a b</initrd></os>"), "QEMU would read that name as those of several files.");
    g_autofree char *spaced = estate_refusal(estate_work(&vm_add, NULL, VM("<os><kernel>" STORAGE_PATH "/my, kernel</kernel></os>")));
    g_assert_null(spaced);
    g_autofree char *listed = estate_refusal(estate_work(&vm_add, NULL, VM("<os><kernel>iso://boot.iso</kernel></os>")));
    g_assert_null(listed);
    estate_close();
}

static void
test_editing_vms(void)
{
    estate_open();
    Id nobody = id_named(&id_null, "nobody");
    estate_refused(estate_work(&vm_update, &nobody, "<vm/>"), "There is no VM ");
    estate_refused(estate_work(&vm_update, &estate.running, "<vm><memory>536870912</memory><name>other</name></vm>"),
                   "Cannot edit VM 'busy' while it runs: name can be changed only while it is down.");
    estate_refused(estate_work(&vm_update, &estate.hello, "<vm><name>busy</name></vm>"), "the name 'busy' is already in use");
    estate_refused(estate_work(&vm_update, &estate.hello, "<vm><memory_policy><guaranteed>1073741824</guaranteed></memory_policy></vm>"),
                   "Physical Memory Guaranteed cannot exceed Memory Size");
    g_autofree char *same = estate_refusal(estate_work(&vm_update, &estate.running, "<vm><name>busy</name><memory>268435456</memory></vm>"));
    g_assert_null(same);
    Vm *vm = estate_edit(&vm_type, &estate.hello);
    vm->locked = TRUE;
    estate_put(vm);
    estate_refused(estate_work(&vm_update, &estate.hello, "<vm/>"), "VM is locked");
    vm = estate_edit(&vm_type, &estate.hello);
    vm->locked = FALSE;
    vm->status = VM_UNKNOWN;
    estate_put(vm);
    estate_refused(estate_work(&vm_update, &estate.hello, "<vm/>"), "It is not known whether VM 'hello' runs");
    vm = estate_edit(&vm_type, &estate.hello);
    vm->status = VM_SUSPENDED;
    estate_put(vm);
    estate_refused(estate_work(&vm_update, &estate.hello, "<vm/>"), "VM 'hello' is suspended");
    estate_close();
}

static void
test_life(void)
{
    estate_open();
    estate_refused(estate_work(&vm_start, &estate.running, NULL), "VM is running: it is up");
    estate_refused(estate_work(&vm_stop, &estate.hello, NULL), "Cannot stop VM 'hello'. VM is not running");
    estate_refused(estate_work(&vm_shutdown, &estate.hello, NULL), "VM is not running");
    estate_refused(estate_work(&vm_start, &estate.hello, "<action><use_ignition>true</use_ignition></action>"), "with 'use_ignition'");
    estate_refused(estate_work(&vm_start, &estate.hello, "<action><vm><memory>1</memory></vm></action>"), "cannot be 1 bytes");
    g_autofree char *plain = estate_refusal(estate_work(&vm_start, &estate.hello, "<action><use_cloud_init>false</use_cloud_init><async>true</async></action>"));
    g_assert_null(plain);
    Disk *disk = estate_edit(&disk_type, &estate.disk);
    disk->status = DISK_LOCKED;
    estate_put(disk);
    estate_refused(estate_work(&vm_start, &estate.hello, NULL), "Disk is locked");
    disk = estate_edit(&disk_type, &estate.disk);
    disk->status = DISK_ILLEGAL;
    estate_put(disk);
    estate_refused(estate_work(&vm_start, &estate.hello, NULL), "is damaged");
    Vm *vm = estate_edit(&vm_type, &estate.running);
    vm->status = VM_PAUSED;
    estate_put(vm);
    estate_refused(estate_work(&vm_shutdown, &estate.running, NULL), "it is paused");
    estate_close();
}

static void
test_booting(void)
{
    estate_open();
    estate_do(estate_work(&vm_add, NULL, VM("")));
    const Vm *vm = view_find_name(estate.view, &vm_type, "new");
    Id id = vm->object.id;
    estate_refused(estate_work(&vm_start, &id, NULL), "Cannot run VM without at least one bootable disk.");
    Vm *edited = estate_edit(&vm_type, &id);
    edited->status = VM_SUSPENDED;      /* in a run with other settings */
    estate_put(edited);
    g_autofree char *goes_on = estate_refusal(estate_work(&vm_start, &id, NULL));
    g_assert_null(goes_on);
    edited = estate_edit(&vm_type, &id);
    edited->status = VM_DOWN;
    words_set(&edited->os.boot.devices, (const char *const[]) { "network", NULL });
    estate_put(edited);
    estate_refused(estate_work(&vm_start, &id, NULL), "Cannot run VM without at least one bootable disk. | A VM with a kernel");
    edited = estate_edit(&vm_type, &id);
    Cdrom *cdrom = edited->cdroms.items[0];
    text_set(&cdrom->file.id, "boot.iso");
    estate_put(edited);
    g_autofree char *cd = estate_refusal(estate_work(&vm_start, &id, NULL));
    g_assert_null(cd);
    estate_close();
}

static void
test_removing(void)
{
    estate_open();
    estate_refused(estate_work(&vm_remove, &estate.running, NULL), "Cannot remove VM 'busy'. VM is running");
    estate_refused(estate_work(&vm_remove, &estate.adopted, NULL), "it is delete protected. | Set delete_protected to false first.");
    estate_close();
}

static void
test_hosts_away(void)
{
    estate_open();
    Host *host = estate_edit(&host_type, &estate.host);
    host->status = HOST_NON_RESPONSIVE;
    estate_put(host);
    estate_refused(estate_work(&vm_start, &estate.hello, NULL), "The host 'n1', where VM 'hello' is defined, is non_responsive.");
    estate_refused(estate_work(&vm_update, &estate.hello, "<vm/>"), "is non_responsive");
    estate_refused(estate_work(&disk_remove, &estate.floating, NULL), "its host 'n1' does not respond");
    estate_refused(estate_work(&vm_add, NULL, VM("")), "n1");
    estate_close();
}

static void
test_disks(void)
{
    estate_open();
    refused_disk("<disk/>", "Disk [provisioned_size] required for add.");
    refused_disk("<disk><provisioned_size>0</provisioned_size></disk>", "cannot have 0 bytes");
    refused_disk("<disk><provisioned_size>-5</provisioned_size></disk>", "cannot have -5 bytes");
    refused_disk("<disk><provisioned_size>9223372036854775807</provisioned_size></disk>", "between 1 byte and 64 TiB");
    refused_disk("<disk><alias>big</alias><sparse>false</sparse><provisioned_size>1073741824</provisioned_size><storage_domain><name>small</name></storage_domain></disk>",
                 "Low disk space on Storage Domain small");
    refused_disk("<disk><provisioned_size>1024</provisioned_size><storage_domain><name>unmanaged</name></storage_domain></disk>", "takes no disks: its use is unmanaged");
    refused_disk("<disk><provisioned_size>1024</provisioned_size><storage_type>lun</storage_type></disk>", "storage type 'lun' are not built yet");
    refused_disk("<disk><provisioned_size>1024</provisioned_size><format>cow</format><shareable>true</shareable></disk>", "cannot have the format cow");
    estate_refused(estate_work(&disk_update, &estate.disk, "<disk><provisioned_size>1024</provisioned_size></disk>"), "cannot be made smaller");
    estate_refused(estate_work(&disk_update, &estate.foreign, "<disk><provisioned_size>99999999999</provisioned_size></disk>"), "did not make its file");
    estate_refused(estate_work(&disk_update, &estate.disk, "<disk><alias>a/b</alias></disk>"), "The alias of a disk cannot be 'a/b'.");
    char iso[ID_TEXT_SIZE];
    Vm *vm = estate_edit(&vm_type, &estate.hello);
    text_set(&((Cdrom *) vm->cdroms.items[0])->file.id, id_format(&estate.floating, ID_UUID, iso));
    estate_put(vm);
    estate_refused(estate_work(&disk_remove, &estate.floating, NULL), "it lies in the CD-ROM drive of VM 'hello'. | Eject it first.");
    estate_do(estate_work(&vm_start, &estate.hello, NULL));
    estate_refused(estate_work(&disk_update, &estate.disk, "<disk><provisioned_size>99999999999</provisioned_size></disk>"), "VM 'hello' has it and is up");
    estate_refused(estate_work(&disk_remove, &estate.disk, NULL), "Cannot remove a disk of VM 'hello': it is up");
    estate_close();
}

static void
test_attachments(void)
{
    char text[ID_TEXT_SIZE];
    estate_open();
    refused_attachment("<disk_attachment/>", "Disk [provisioned_size] required for add.");
    refused_attachment("<disk_attachment><disk><name>none</name></disk></disk_attachment>", "There is no disk 'none'.");
    refused_attachment("<disk_attachment><disk id='00000000-0000-4000-8000-000000000007'/></disk_attachment>", "There is no disk 0000");
    g_autofree char *again = g_strdup_printf("<disk_attachment><disk id='%s'/></disk_attachment>", id_format(&estate.disk, ID_UUID, text));
    refused_attachment(again, "is already attached to VM 'hello'");
    refused_attachment("<disk_attachment><disk><name>old_vda</name></disk></disk_attachment>", "VM 'old' has it, and it is not shareable");
    refused_attachment("<disk_attachment><bootable>true</bootable><disk><name>free</name></disk></disk_attachment>", "VM 'hello' already has a bootable disk");
    refused_attachment("<disk_attachment><interface>sata</interface><read_only>true</read_only><disk><name>free</name></disk></disk_attachment>", "cannot be read only");
    estate_refused(estate_child_work(&disk_attachment_add, &estate.running, NULL,
                                     "<disk_attachment><interface>sata</interface><disk><name>free</name></disk></disk_attachment>"),
                   "Failed to hot-plug disk: nothing can be plugged into or out of sata while VM 'busy' runs");
    estate_refused(estate_child_work(&disk_attachment_remove, &estate.hello, &estate.floating, NULL), "That disk is not attached to VM 'hello'.");
    estate_close();
}

static void
test_nics_and_cds(void)
{
    Id nobody = id_named(&id_null, "nobody");
    estate_open();
    estate_refused(estate_child_work(&nic_add, &estate.hello, NULL, "<nic/>"), "Nic [name] required for add");
    estate_refused(estate_child_work(&nic_add, &estate.hello, NULL, "<nic><name>nic1</name></nic>"), "VM 'hello' has a NIC 'nic1' already");
    estate_refused(estate_child_work(&nic_add, &estate.hello, NULL, "<nic><name>n</name><mac><address>01:00:00:00:00:01</address></mac></nic>"), "is not the address");
    estate_refused(estate_child_work(&nic_add, &estate.hello, NULL, "<nic><name>n</name><mac><address>56:6f:00:00:01</address></mac></nic>"), "is not the address");
    estate_refused(estate_child_work(&nic_add, &estate.hello, NULL, "<nic><name>n</name><interface>pci_passthrough</interface></nic>"), "cannot be given as");
    estate_refused(estate_child_work(&nic_remove, &estate.hello, &nobody, NULL), "VM 'hello' has no such NIC.");
    const Cdrom *cdrom = estate_vm(&estate.hello)->cdroms.items[0];
    Id id = cdrom->object.id;
    estate_refused(estate_child_work(&cdrom_update, &estate.hello, &id, "<cdrom/>"), "Cdrom [file.id] required");
    Work *work = estate_child_work(&cdrom_update, &estate.hello, &id, "<cdrom><file/></cdrom>");
    text_set(&((Cdrom *) work->draft->record)->file.id, "/etc/passwd");
    estate_refused(work, "only files inside storage domains may be named");
    estate_refused(estate_child_work(&cdrom_update, &estate.hello, &nobody, "<cdrom><file/></cdrom>"), "no such CD-ROM drive");
    estate_close();
}

static void
test_gadgets(void)
{
    const Id *vm = &estate.hello;
    estate_open();
    Id nobody = id_random();
    estate_refused(estate_child_work(&watchdog_add, vm, NULL, "<watchdog><model>i6300esb</model></watchdog>"), "Watchdog [action] required for add");
    estate_refused(estate_child_work(&watchdog_add, vm, NULL, "<watchdog><model>diag288</model><action>reset</action></watchdog>"),
                   "Cannot give VM 'hello' a watchdog 'diag288': its machine has none of that kind. | Use i6300esb.");
    estate_refused(estate_child_work(&watchdog_update, vm, &nobody, "<watchdog><action>none</action></watchdog>"), "VM 'hello' has no such watchdog.");
    estate_refused(estate_child_work(&watchdog_remove, vm, &nobody, NULL), "VM 'hello' has no such watchdog.");
    estate_do(estate_child_work(&watchdog_add, vm, NULL, "<watchdog><action>reset</action></watchdog>"));
    estate_refused(estate_child_work(&watchdog_add, vm, NULL, "<watchdog><action>reset</action></watchdog>"), "Cannot add a watchdog to VM 'hello': it has one.");
    estate_refused(estate_work(&vm_update, vm, "<vm><io><threads>65</threads></io></vm>"), "Cannot give VM 'hello' 65 I/O threads. | It can have 0 to 64.");
    estate_refused(estate_work(&vm_update, vm, "<vm><io><threads>-1</threads></io></vm>"), "-1 I/O threads");
    estate_refused(estate_work(&vm_update, vm, "<vm><rng_device><source>urandom</source><rate><period>5</period></rate></rng_device></vm>"),
                   "a period needs bytes");
    estate_do(estate_work(&vm_update, vm, "<vm><rng_device><source>hwrng</source><rate><bytes>5</bytes></rate></rng_device></vm>"));
    estate_do(estate_work(&vm_update, vm, "<vm><rng_device><source></source></rng_device></vm>"));
    g_assert_cmpint(estate_vm(vm)->rng_device.rate.bytes, ==, 0);       /* the limit of nothing goes with it */
#define PROPERTY(name, value) "<vm><custom_properties><custom_property><name>" name "</name><value>" value "</value></custom_property></custom_properties></vm>"
    estate_refused(estate_work(&vm_update, vm, PROPERTY("sap_agent", "true")), "cannot have the custom property 'sap_agent': nobody knows it. | There is one: hugepages.");
    estate_refused(estate_work(&vm_update, vm, PROPERTY("hugepages", "2000")), "VM 'hello' cannot have pages of '2000' KiB.");
    estate_refused(estate_work(&vm_update, vm, PROPERTY("hugepages", "1048576")), "a whole number of, as 2048 or 1048576");
    estate_refused(estate_work(&vm_update, vm, PROPERTY("hugepages", "x")), "pages of 'x' KiB");
    estate_do(estate_child_work(&disk_attachment_add, vm, NULL, "<disk_attachment><interface>virtio_scsi</interface><disk><name>free</name></disk></disk_attachment>"));
    g_assert_true(estate_vm(vm)->virtio_scsi.enabled);
    estate_refused(estate_work(&vm_update, vm, "<vm><virtio_scsi><enabled>false</enabled></virtio_scsi></vm>"),
                   "Cannot switch virtio-scsi off in VM 'hello': a disk of it stands on it.");
    estate_close();
}

static void
test_events_and_jobs(void)
{
    estate_open();
    estate_refused(estate_work(&event_add, NULL, "<event><description>x</description></event>"), "Event [severity, origin, custom_id] required for add.");
    estate_refused(estate_work(&event_add, NULL, "<event><description>x</description><severity>normal</severity><origin>oVirt</origin><custom_id>1</custom_id></event>"),
                   "needs an origin of its own");
    estate_refused(estate_work(&job_abandon, &estate.hello, NULL), "never as a job");
    estate_refused(estate_work(&job_cancel, &estate.hello, NULL), "never as a job");
    estate_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/refusals/references", test_references);
    g_test_add_func("/refusals/adding_vms", test_adding_vms);
    g_test_add_func("/refusals/firmware", test_firmware);
    g_test_add_func("/refusals/devices_of_systems", test_devices_of_systems);
    g_test_add_func("/refusals/two_clusters", test_two_clusters);
    g_test_add_func("/refusals/null_ids", test_null_ids);
    g_test_add_func("/refusals/sent_back", test_sent_back);
    g_test_add_func("/refusals/disks_as_media", test_disks_as_media);
    g_test_add_func("/refusals/shared_files", test_shared_files);
    g_test_add_func("/refusals/attaching_shared_files", test_attaching_shared_files);
    g_test_add_func("/refusals/disk_on_its_way_into_a_drive", test_disk_on_its_way_into_a_drive);
    g_test_add_func("/refusals/network_disks", test_network_disks);
    g_test_add_func("/refusals/claimed_words", test_claimed_words);
    g_test_add_func("/refusals/long_texts", test_long_texts);
    g_test_add_func("/refusals/files_outside", test_files_outside);
    g_test_add_func("/refusals/editing_vms", test_editing_vms);
    g_test_add_func("/refusals/life", test_life);
    g_test_add_func("/refusals/booting", test_booting);
    g_test_add_func("/refusals/removing", test_removing);
    g_test_add_func("/refusals/hosts_away", test_hosts_away);
    g_test_add_func("/refusals/disks", test_disks);
    g_test_add_func("/refusals/attachments", test_attachments);
    g_test_add_func("/refusals/nics_and_cds", test_nics_and_cds);
    g_test_add_func("/refusals/gadgets", test_gadgets);
    g_test_add_func("/refusals/events_and_jobs", test_events_and_jobs);
    return g_test_run();
}
