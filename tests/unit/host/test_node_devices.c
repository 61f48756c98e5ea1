/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Devices of hosts, out of what libvirt says of its nodes. */
#include "host/fake_parts.h"
#include "host/local_facts.h"
#include "host/node_devices.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static const HostDevice *
named(const List *devices, const char *name)
{
    for (guint i = 0; i < devices->count; i++) {
        if (g_str_equal(((const HostDevice *) devices->items[i])->name, name))
            return devices->items[i];
    }
    g_assert_not_reached();
}

static void
clear(List *devices)
{
    while (devices->count > 0)
        object_unref(devices->items[--devices->count]);
    g_free(devices->items);
    *devices = (List) { 0 };
}

/* As libvirt 9.0 says of a machine without an IOMMU. */
static const char card[] = "<device><name>pci_0000_00_02_0</name><path>/sys/devices/pci0000:00/0000:00:02.0</path><parent>computer</parent>"
    "<driver><name>virtio-pci</name></driver><capability type='pci'><class>0x018000</class><domain>0</domain><bus>0</bus><slot>2</slot><function>0</function>"
    "<product id='0x1042'/><vendor id='0x1af4'/></capability></device>";
static const char disk[] = "<device><name>block_vda</name><path>/sys/devices/pci0000:00/0000:00:02.0/virtio1/block/vda</path>"
    "<devnode type='dev'>/dev/vda</devnode><parent>pci_0000_00_02_0</parent><capability type='storage'><block>/dev/vda</block><drive_type>disk</drive_type>"
    "</capability></device>";
static const char nic[] = "<device><name>net_eth0_ae</name><parent>pci_0000_00_02_0</parent><capability type='net'><interface>eth0</interface>"
    "<link state='down'/></capability></device>";

static gboolean
is_up(const char *name, gboolean has_link)
{
    g_assert_cmpstr(name, ==, "eth0");
    g_assert_false(has_link);
    return TRUE;
}

static gboolean
is_free(const char *path)
{
    g_assert_cmpstr(path, ==, "/dev/vda");
    return TRUE;
}

static void
gather(List *ret, const char *first, const char *second, const NodeProbe *probe)
{
    g_autoptr(GPtrArray) xmls = g_ptr_array_new();
    g_ptr_array_add(xmls, (gpointer) first);
    g_ptr_array_add(xmls, (gpointer) second);
    node_devices_read(xmls, probe, ret);
}

static void
test_plain(void)
{
    static const NodeProbe probe = { is_up, is_free };
    List devices = { 0 };
    gather(&devices, disk, card, NULL);
    g_assert_cmpuint(devices.count, ==, 1);
    const HostDevice *device = devices.items[0];
    g_assert_cmpstr(device->source, ==, "pci:0000:00:02.0");
    g_assert_cmpstr(device->driver, ==, "virtio-pci");
    g_assert_cmpstr(device->vendor.id, ==, "0x1af4");
    g_assert_null(device->vendor.name);
    g_assert_null(device->iommu_group);
    g_assert_cmpstr(device->held_by, ==, "disk vda");       /* nobody here can say more of another machine's */
    g_assert_cmpstr(device->parent_device.name, ==, "computer");
    clear(&devices);
    gather(&devices, disk, card, &probe);
    g_assert_null(((const HostDevice *) devices.items[0])->held_by);
    clear(&devices);
    gather(&devices, nic, card, NULL);
    g_assert_null(((const HostDevice *) devices.items[0])->held_by);
    clear(&devices);
    gather(&devices, nic, card, &probe);
    g_assert_cmpstr(((const HostDevice *) devices.items[0])->held_by, ==, "card eth0");
    clear(&devices);
}

static void
test_every_sort(void)
{
    const Fake fake = { .devices = TRUE };
    List devices = { 0 };
    fake_nodes_tell(&fake, &devices);
    g_assert_cmpuint(devices.count, ==, 18);
    g_assert_cmpstr(named(&devices, "pci_0000_41_00_1")->iommu_group, ==, "20");
    g_assert_cmpint(named(&devices, "pci_0000_81_00_0")->virtual_functions, ==, 2);
    g_assert_cmpstr(named(&devices, "pci_0000_81_02_1")->physical_function.name, ==, "pci_0000_81_00_0");
    const HostDevice *gpu = named(&devices, "pci_0000_c1_00_0");
    const MdevKind *kind = gpu->m_dev_types.items[0];
    g_assert_cmpstr(kind->human_readable_name, ==, "GRID T4-1B");
    g_assert_cmpint(kind->available_instances, ==, 15);
    g_assert_cmpstr(named(&devices, "mdev_a297db4a_f4c2_11e6_90f6_d3b88d6c9525_0000_c1_00_0")->source, ==, "mdev:a297db4a-f4c2-11e6-90f6-d3b88d6c9525");
    g_assert_cmpstr(named(&devices, "usb_1_1")->source, ==, "usb:1050:0407");
    g_assert_cmpstr(named(&devices, "usb_1_2")->source, ==, "usb:0403:6001@1.3");      /* two of a make */
    g_assert_cmpstr(named(&devices, "usb_1_3")->source, ==, "usb:0403:6001@1.4");
    g_assert_cmpstr(named(&devices, "usb_usb1")->place, ==, "hub");
    g_assert_cmpstr(named(&devices, "usb_1_4")->held_by, ==, "disk sda");
    g_assert_cmpstr(named(&devices, "pci_0000_00_14_0")->held_by, ==, "disk sda");     /* through the hub */
    g_assert_null(named(&devices, "pci_0000_81_00_0")->held_by);
    g_assert_true(host_device_find(&devices, "usb:@1.4") == named(&devices, "usb_1_3"));
    g_assert_true(host_device_find(&devices, "usb:1050:0407@1.2") == named(&devices, "usb_1_1"));
    g_assert_null(host_device_find(&devices, "usb:1050:0407@1.9"));
    clear(&devices);
}

static void
test_nonsense(void)
{
    static const char *const texts[] = { "", "<device/>", "<device><name>x</name></device>", "<device><name>x</name><capability type='pci'/></device>",
                                         "<device><name>mdev_1</name><capability type='mdev'/></device>", "nothing" };
    static const char self[] = "<device><name>block_vda</name><parent>block_vda</parent><capability type='storage'><block>/dev/vda</block></capability></device>";
    List devices = { 0 };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        gather(&devices, texts[i], self, NULL);
    g_assert_cmpuint(devices.count, ==, 0);
    for (gsize length = 0; length < strlen(card); length++) {
        g_autofree char *part = g_strndup(card, length);
        gather(&devices, part, self, NULL);
    }
    g_assert_cmpuint(devices.count, ==, 0);
}

/* As a server's NVMe stands there: the disk is below a subsystem, which is below no controller. */
static void
test_many_ways(void)
{
    static const char controller[] = "<device><name>pci_0000_01_00_0</name><parent>pci_0000_00_01_0</parent><capability type='pci'><class>0x010802</class>"
        "<domain>0</domain><bus>1</bus><slot>0</slot><function>0</function><product id='0xa808'/><vendor id='0x144d'/></capability></device>";
    static const char space[] = "<device><name>block_nvme0n1</name><path>/sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1</path>"
        "<parent>computer</parent><capability type='storage'><block>/dev/nvme0n1</block><drive_type>disk</drive_type></capability></device>";
    List devices = { 0 };
    gather(&devices, space, controller, NULL);
    g_assert_cmpstr(((const HostDevice *) devices.items[0])->held_by, ==, "disk nvme0n1");
    clear(&devices);
    gather(&devices, space, card, NULL);
    g_assert_null(((const HostDevice *) devices.items[0])->held_by);
    clear(&devices);
}

/* A guest's disk is locked by its QEMU and by nothing else. */
static void
test_locked(void)
{
    g_autofree char *file = NULL;
    int theirs = g_file_open_tmp("shikiri-node-XXXXXX", &file, NULL);
    struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 100, .l_len = 1 };
    g_assert_true(local_facts_disk_is_free(file));
    g_assert_cmpint(fcntl(theirs, F_OFD_SETLK, &lock), ==, 0);
    g_assert_false(local_facts_disk_is_free(file));
    close(theirs);
    g_assert_true(local_facts_disk_is_free(file));
    g_unlink(file);
    g_assert_false(local_facts_disk_is_free(file));
}

static void
test_same(void)
{
    g_assert_true(host_device_same("usb:1050:0407", "usb:1050:0407@1.2"));
    g_assert_true(host_device_same("usb:@1.2", "usb:1050:0407@1.2"));
    g_assert_false(host_device_same("usb:1050:0407@1.3", "usb:1050:0407@1.2"));
    g_assert_false(host_device_same("usb:1050:0407", "pci:0000:00:02.0"));
    g_assert_true(host_device_same("pci:0000:00:02.0", "pci:0000:00:02.0"));
    g_assert_false(host_device_same(NULL, "pci:0000:00:02.0"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/node-devices/plain", test_plain);
    g_test_add_func("/node-devices/every-sort", test_every_sort);
    g_test_add_func("/node-devices/nonsense", test_nonsense);
    g_test_add_func("/node-devices/many-ways", test_many_ways);
    g_test_add_func("/node-devices/locked", test_locked);
    g_test_add_func("/node-devices/same", test_same);
    return g_test_run();
}
