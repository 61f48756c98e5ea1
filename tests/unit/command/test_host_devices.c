/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which devices of its host a VM may have, and start with. */
#include "estate.h"

#include <string.h>

#define DEVICE(name) "<host_device><name>" name "</name></host_device>"
#define GIVE(name) estate_child_work(&host_device_add, &estate.hello, NULL, DEVICE(name))

static const HostDevice *
device_of(const Id *vm, const char *source)
{
    Id id = host_device_id(source);
    return list_find(&estate_vm(vm)->host_devices, &id);
}

static void
test_host_devices(void)
{
    estate_open();
    Id nobody = id_random();
    estate_refused(estate_child_work(&host_device_add, &estate.hello, NULL, "<host_device/>"), "Host device [name] required for add.");
    estate_refused(GIVE("pci_0000_99_00_0"), "Host 'n1' has no device 'pci_0000_99_00_0'. | `shikiri list devices host=n1` shows which there are.");
    estate_refused(GIVE("pci_0000_40_00_0"), "Cannot give 'pci_0000_40_00_0' of host 'n1' to VM 'hello': other devices of the host stand behind it.");
    estate_refused(GIVE("usb_usb1"), "stand behind it");
    estate_refused(GIVE("pci_0000_02_00_0"), "the disk nvme0n1 is on it, and the host uses it.");
    estate_refused(GIVE("usb_1_4"), "the disk sda is on it");
    estate_refused(GIVE("pci_0000_00_14_0"), "the disk sda is on it");
    estate_refused(GIVE("pci_0000_01_00_0"), "it is the network card enp1s0, and the host uses it. | Take it out of the host's networks first: ip link set enp1s0 down.");
    estate_refused(GIVE("pci_0000_05_00_0"), "no IOMMU of the host keeps it to the memory of its VM.");
    estate_refused(GIVE("pci_0000_81_00_0"), "it is divided into 2 devices, which would be gone.");
    estate_refused(GIVE("pci_0000_c1_00_0"), "it is divided into 1 devices");
    estate_refused(estate_child_work(&host_device_add, &estate.running, NULL, DEVICE("usb_1_1")), "Cannot change the host devices of VM 'busy' while it is up. | Shut it down first.");
    estate_refused(estate_child_work(&host_device_remove, &estate.hello, &nobody, NULL), "VM 'hello' has no such host device.");
    estate_do(estate_work(&vm_update, &estate.hello, "<vm><usb><enabled>false</enabled></usb></vm>"));
    estate_refused(GIVE("usb_1_1"), "the VM has no USB. | Set usb.enabled to true first.");
    estate_close();
}

/* A group goes as one, and stays if one of it must. */
static void
test_groups(void)
{
    estate_open();
    estate_do(GIVE("pci_0000_41_00_1"));
    g_assert_cmpuint(estate_vm(&estate.hello)->host_devices.count, ==, 2);
    g_assert_nonnull(device_of(&estate.hello, "pci:0000:41:00.0"));
    estate_refused(GIVE("pci_0000_41_00_0"), "VM 'hello' has the device 'pci_0000_41_00_0' already.");
    Id id = host_device_id("pci:0000:41:00.0");
    estate_do(estate_child_work(&host_device_remove, &estate.hello, &id, NULL));
    g_assert_cmpuint(estate_vm(&estate.hello)->host_devices.count, ==, 0);
    Id audio = host_device_id("pci:0000:41:00.1");
    Host *host = estate_edit(&host_type, &estate.host);
    text_set(&((HostDevice *) list_find(&host->devices, &audio))->held_by, "card ib0");
    estate_put(host);
    estate_refused(GIVE("pci_0000_41_00_0"), "Cannot give 'pci_0000_41_00_0' of host 'n1' to VM 'hello' alone: 'pci_0000_41_00_1' is in the same IOMMU group, 20, and would go with it. "
                                             "Cannot give 'pci_0000_41_00_1' of host 'n1' to VM 'hello': it is the network card ib0");
    estate_close();
}

/* One device runs once, whoever has it; and not where it is gone, or the host's own by then. */
static void
test_shared_devices(void)
{
    estate_open();
    estate_do(GIVE("usb_1_1"));
    estate_do(estate_work(&vm_stop, &estate.running, NULL));
    estate_do(estate_child_work(&host_device_add, &estate.running, NULL, DEVICE("usb_1_1")));
    estate_do(estate_work(&vm_start, &estate.running, NULL));
    estate_refused(estate_work(&vm_start, &estate.hello, NULL), "Cannot run VM 'hello': VM 'busy' runs with its device 'usb_1_1' of host 'n1'. | Stop VM 'busy' first");
    estate_refused(estate_work(&vm_suspend, &estate.running, NULL), "Cannot suspend VM 'busy': the state of its host device 'usb_1_1' cannot be saved.");
    Id id = host_device_id("usb:1050:0407");
    estate_do(estate_child_work(&host_device_remove, &estate.hello, &id, NULL));
    estate_refused(GIVE("usb_1_1"), "VM 'busy' runs with it. | Stop VM 'busy' first.");
    estate_do(estate_work(&vm_stop, &estate.running, NULL));
    estate_lose_device("usb_1_1");
    g_autofree char *said = NULL;
    g_assert_cmpint(estate_try(estate_work(&vm_start, &estate.running, NULL), &said), ==, ENDED_UNDONE);
    g_assert_nonnull(strstr(said, "Host 'n1' no longer has the device 'usb_1_1' of VM 'busy'."));
    estate_lose_device(NULL);
    estate_do(estate_work(&vm_start, &estate.running, NULL));
    estate_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host-devices/refusals", test_host_devices);
    g_test_add_func("/host-devices/groups", test_groups);
    g_test_add_func("/host-devices/shared", test_shared_devices);
    return g_test_run();
}
