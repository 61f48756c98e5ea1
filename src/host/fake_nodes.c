/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Devices of fake hosts, told as libvirt's node devices are and read as those: one of each sort that a rule is about. */
#include "host/fake_parts.h"

#include "host/node_devices.h"

#define ADDRESS "<address domain='0x0000' bus='0x%02x' slot='0x%02x' function='0x%x'/>"

typedef struct {
    guint bus, slot, function;
    const char *class, *product, *name, *vendor, *maker, *driver;
    int group;                      /* -1: nothing shields it */
    const char *more;               /* of its capability */
} Card;

/* clang-format off */
static const Card cards[] = {
    { 0x00, 0x14, 0, "0x0c0330", "0xa12f", "USB 3.0 xHCI Controller", "0x8086", "Intel Corporation", "xhci_hcd", 8, "" },
    { 0x00, 0x1f, 0, "0x060100", "0xa149", "LPC Controller", "0x8086", "Intel Corporation", "lpc_ich", 9, "" },
    { 0x01, 0x00, 0, "0x020000", "0x1533", "I210 Gigabit Network Connection", "0x8086", "Intel Corporation", "igb", 10, "" },
    { 0x02, 0x00, 0, "0x010802", "0xa808", "NVMe SSD Controller", "0x144d", "Samsung Electronics Co Ltd", "nvme", 11, "" },
    { 0x05, 0x00, 0, "0x020000", "0x8168", "RTL8111 Gigabit Ethernet Controller", "0x10ec", "Realtek Semiconductor Co., Ltd.", "r8169", -1, "" },
    { 0x40, 0x00, 0, "0x060400", "0x2030", "PCI Express Root Port", "0x8086", "Intel Corporation", "pcieport", 20, "" },
    { 0x41, 0x00, 0, "0x030000", "0x1eb8", "TU104GL", "0x10de", "NVIDIA Corporation", "nouveau", 20, "" },
    { 0x41, 0x00, 1, "0x040300", "0x10f8", "TU104 HD Audio Controller", "0x10de", "NVIDIA Corporation", "snd_hda_intel", 20, "" },
    { 0x81, 0x00, 0, "0x020000", "0x1572", "Ethernet Controller X710", "0x8086", "Intel Corporation", "i40e", 30,
      "<capability type='virt_functions' maxCount='64'><address domain='0x0000' bus='0x81' slot='0x02' function='0x0'/>"
      "<address domain='0x0000' bus='0x81' slot='0x02' function='0x1'/></capability>" },
    { 0x81, 0x02, 0, "0x020000", "0x154c", "Ethernet Virtual Function 700", "0x8086", "Intel Corporation", "iavf", 31,
      "<capability type='phys_function'><address domain='0x0000' bus='0x81' slot='0x00' function='0x0'/></capability>" },
    { 0x81, 0x02, 1, "0x020000", "0x154c", "Ethernet Virtual Function 700", "0x8086", "Intel Corporation", "iavf", 32,
      "<capability type='phys_function'><address domain='0x0000' bus='0x81' slot='0x00' function='0x0'/></capability>" },
    { 0xc1, 0x00, 0, "0x030200", "0x1eb8", "TU104GL", "0x10de", "NVIDIA Corporation", "nvidia", 40,
      "<capability type='mdev_types'><type id='nvidia-222'><name>GRID T4-1B</name><deviceAPI>vfio-pci</deviceAPI>"
      "<availableInstances>15</availableInstances></type></capability>" },
};

static const struct { const char *name, *parent, *capability; } others[] = {
    { "net_enp1s0_52_54_00_fa_ce_01", "pci_0000_01_00_0", "<capability type='net'><interface>enp1s0</interface><link speed='1000' state='up'/></capability>" },
    { "net_enp129s0f0_52_54_00_fa_ce_02", "pci_0000_81_00_0", "<capability type='net'><interface>enp129s0f0</interface><link state='down'/></capability>" },
    { "block_nvme0n1", "pci_0000_02_00_0", "<capability type='storage'><block>/dev/nvme0n1</block><drive_type>disk</drive_type></capability>" },
    { "usb_usb1", "pci_0000_00_14_0", "<capability type='usb_device'><bus>1</bus><device>1</device><product id='0x0002'>xHCI Host Controller</product>"
      "<vendor id='0x1d6b'>Linux Foundation</vendor></capability>" },
    { "usb_1_0_1_0", "usb_usb1", "<capability type='usb'><number>0</number><class>9</class></capability>" },
    { "usb_1_1", "usb_usb1", "<capability type='usb_device'><bus>1</bus><device>2</device><product id='0x0407'>Yubikey</product>"
      "<vendor id='0x1050'>Yubico.com</vendor></capability>" },
    { "usb_1_2", "usb_usb1", "<capability type='usb_device'><bus>1</bus><device>3</device><product id='0x6001'>FT232 Serial</product>"
      "<vendor id='0x0403'>Future Technology Devices International, Ltd</vendor></capability>" },
    { "usb_1_3", "usb_usb1", "<capability type='usb_device'><bus>1</bus><device>4</device><product id='0x6001'>FT232 Serial</product>"
      "<vendor id='0x0403'>Future Technology Devices International, Ltd</vendor></capability>" },
    { "usb_1_4", "usb_usb1", "<capability type='usb_device'><bus>1</bus><device>5</device><product id='0x5583'>Ultra Fit</product>"
      "<vendor id='0x0781'>SanDisk Corp.</vendor></capability>" },
    { "block_sda", "usb_1_4", "<capability type='storage'><block>/dev/sda</block><drive_type>disk</drive_type></capability>" },
    { "mdev_a297db4a_f4c2_11e6_90f6_d3b88d6c9525_0000_c1_00_0", "pci_0000_c1_00_0",
      "<capability type='mdev'><type id='nvidia-222'/><uuid>a297db4a-f4c2-11e6-90f6-d3b88d6c9525</uuid><iommuGroup number='41'/></capability>" },
};
/* clang-format on */

static char *
tell_card(const Card *card)
{
    g_autofree char *group = card->group < 0 ? g_strdup("")
                                             : g_strdup_printf("<iommuGroup number='%d'>" ADDRESS "</iommuGroup>", card->group, card->bus, card->slot, card->function);
    return g_strdup_printf("<device><name>pci_0000_%02x_%02x_%x</name><parent>computer</parent><driver><name>%s</name></driver><capability type='pci'>"
                           "<class>%s</class><domain>0</domain><bus>%u</bus><slot>%u</slot><function>%u</function><product id='%s'>%s</product>"
                           "<vendor id='%s'>%s</vendor>%s%s</capability></device>",
                           card->bus, card->slot, card->function, card->driver, card->class, card->bus, card->slot, card->function, card->product, card->name,
                           card->vendor, card->maker, card->more, group);
}

void
fake_nodes_tell(const Fake *fake, List *ret_devices)
{
    g_autoptr(GPtrArray) xmls = g_ptr_array_new_with_free_func(g_free);
    if (!fake->devices)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(cards); i++)
        g_ptr_array_add(xmls, tell_card(&cards[i]));
    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        g_ptr_array_add(xmls, g_strdup_printf("<device><name>%s</name><parent>%s</parent>%s</device>", others[i].name, others[i].parent, others[i].capability));
    node_devices_read(xmls, NULL, ret_devices);
}

gboolean
fake_nodes_list(HostLink *link, List *ret_devices, Tick deadline, GError **error)
{
    FakeHost *host = FAKE_HOST(link);
    LOCK_HOLD(&host->fake->lock);
    FakeCall call = { .host = host, .operation = "devices", .id = &id_null, .question = TRUE };
    if (!fake_begin(&call, deadline, error))
        return FALSE;
    if (call.silent)
        return fake_unknown(&call, error);
    fake_nodes_tell(host->fake, ret_devices);
    return TRUE;
}
