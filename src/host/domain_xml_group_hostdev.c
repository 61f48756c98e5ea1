/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Devices of the host that a domain has as they are. How its definition names one is its source (model/host_devices.h). Reading and patching
 * make it of the same element, so that what we cannot write (SCSI, what is still to come) can be shown, and taken away, all the same.
 * libvirt takes a PCI device from the host when the domain starts and gives it back when it stops. */
#include "host/domain_xml_group.h"

#include <stdio.h>
#include <string.h>

/* --- its source ----------------------------------------------------------------------------------------------------------------- */

static guint
number_of(const ScanDoc *doc, const ScanNode *node, const char *attribute)
{
    g_autofree char *text = scan_get(doc, node, attribute);
    return text ? (guint) g_ascii_strtoull(text, NULL, 0) : 0;
}

static char *
pci_source(const ScanDoc *doc, const ScanNode *address)
{
    return g_strdup_printf("pci:%04x:%02x:%02x.%x", number_of(doc, address, "domain"), number_of(doc, address, "bus"), number_of(doc, address, "slot"),
                           number_of(doc, address, "function"));
}

static char *
usb_source(const ScanDoc *doc, const ScanNode *source)
{
    const ScanNode *vendor = scan_child(doc, source, "vendor"), *product = scan_child(doc, source, "product"), *address = scan_child(doc, source, "address");
    GString *text = g_string_new("usb:");
    if (vendor && product)
        g_string_append_printf(text, "%04x:%04x", number_of(doc, vendor, "id"), number_of(doc, product, "id"));
    if (address)
        g_string_append_printf(text, "@%u.%u", number_of(doc, address, "bus"), number_of(doc, address, "device"));
    return g_string_free(text, FALSE);
}

static char *
mdev_source(const ScanDoc *doc, const ScanNode *address)
{
    g_autofree char *uuid = scan_get(doc, address, "uuid"), *plain = uuid ? g_ascii_strdown(uuid, -1) : g_strdup("");
    return g_strconcat("mdev:", plain, NULL);
}

/* Two of a kind that we do not know differ where their sources do. */
static char *
other_source(const ScanDoc *doc, const ScanNode *node, const char *type)
{
    const ScanNode *source = scan_child(doc, node, "source");
    g_autofree char *text = source ? g_strndup(doc->bytes + source->start, source->end - source->start) : g_strdup("");
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    digest[12] = '\0';
    return g_strconcat(type, ":", digest, NULL);
}

static char *
source_of(const ScanDoc *doc, const ScanNode *node)
{
    const ScanNode *source = scan_child(doc, node, "source"), *address = scan_child(doc, source, "address");
    g_autofree char *type = scan_get(doc, node, "type");
    if (g_strcmp0(type, "pci") == 0 && address)
        return pci_source(doc, address);
    if (g_strcmp0(type, "usb") == 0 && source)
        return usb_source(doc, source);
    if (g_strcmp0(type, "mdev") == 0 && address)
        return mdev_source(doc, address);
    return other_source(doc, node, type ? type : "capabilities");
}

/* --- reading ---------------------------------------------------------------------------------------------------------------------- */

/* libvirt's name of a PCI device; of others, whose names say where they are plugged in today, one of that form. */
static char *
name_of(const char *source)
{
    return g_strdelimit(g_strdup(source), ":.@-", '_');
}

static const char *
capability_of(const char *source)
{
    static const char *const words[][2] = { { "pci:", DEVICE_PCI }, { "usb:", DEVICE_USB }, { "mdev:", DEVICE_MDEV }, { "scsi_host:", "scsi_host" }, { "scsi:", "scsi" } };
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_str_has_prefix(source, words[i][0]))
            return words[i][1];
    }
    return "other";
}

static void
read_hostdevs(Reading *reading)
{
    const ScanDoc *doc = reading->doc;
    for (const ScanNode *node = scan_child(doc, reading->devices, "hostdev"); node; node = scan_next(doc, node)) {
        g_autofree char *source = source_of(doc, node);
        Id id = host_device_id(source);
        if (list_find(&reading->vm->host_devices, &id))
            continue;
        HostDevice *device = object_new(&vm_device_type);
        device->object.id = id;
        device->name = name_of(source);
        device->capability = g_strdup(capability_of(source));
        device->source = g_steal_pointer(&source);
        list_add(&reading->vm->host_devices, device);
    }
}

/* --- patching --------------------------------------------------------------------------------------------------------------------- */

static char *
pci_fragment(const char *source)
{
    guint domain, bus, slot, function;
    if (sscanf(source, "pci:%x:%x:%x.%x", &domain, &bus, &slot, &function) != 4)
        return NULL;
    return g_strdup_printf("<hostdev mode='subsystem' type='pci' managed='yes'>\n  <source>\n"
                           "    <address domain='0x%04x' bus='0x%02x' slot='0x%02x' function='0x%x'/>\n  </source>\n</hostdev>",
                           domain, bus, slot, function);
}

static char *
usb_fragment(const char *source)
{
    guint vendor, product, bus = 0, device = 0;
    int found = sscanf(source, "usb:%x:%x@%u.%u", &vendor, &product, &bus, &device);
    g_autofree char *address = found == 4 ? g_strdup_printf("    <address bus='%u' device='%u'/>\n", bus, device) : g_strdup("");
    if (found != 2 && found != 4)
        return NULL;
    return g_strdup_printf("<hostdev mode='subsystem' type='usb' managed='yes'>\n  <source>\n    <vendor id='0x%04x'/>\n    <product id='0x%04x'/>\n"
                           "%s  </source>\n</hostdev>",
                           vendor, product, address);
}

static char *
mdev_fragment(const char *source)
{
    Id id;
    const char *uuid = source + strlen("mdev:");
    return !id_parse(uuid, ID_UUID, &id) ? NULL : g_strdup_printf("<hostdev mode='subsystem' type='mdev' managed='no' model='vfio-pci'>\n  <source>\n"
                                                                  "    <address uuid='%s'/>\n  </source>\n</hostdev>", uuid);
}

static char *
fragment_of(const char *source)
{
    const char *capability = capability_of(source);
    return g_str_equal(capability, DEVICE_PCI) ? pci_fragment(source) : g_str_equal(capability, DEVICE_USB) ? usb_fragment(source)
           : g_str_equal(capability, DEVICE_MDEV) ? mdev_fragment(source) : NULL;
}

static void
remove_each(Patch *patch)
{
    const ScanDoc *doc = patch->now->doc;
    for (const ScanNode *node = scan_child(doc, patch->now->devices, "hostdev"); node; node = scan_next(doc, node)) {
        g_autofree char *source = source_of(doc, node);
        Id id = host_device_id(source);
        if (!list_find(&patch->vm->host_devices, &id))
            splice_remove(&patch->splices, node);
    }
}

static gboolean
patch_hostdevs(Patch *patch, GError **error)
{
    remove_each(patch);
    for (guint i = 0; i < patch->vm->host_devices.count; i++) {
        const HostDevice *device = patch->vm->host_devices.items[i];
        if (list_find(&patch->now->vm->host_devices, &device->object.id))
            continue;
        g_autofree char *fragment = device->source ? fragment_of(device->source) : NULL;
        if (!fragment)
            return fault_set(error, MSG_DOMAIN_XML_HOSTDEV, "device", device->name, "vm", patch->vm->name, NULL);
        patch_insert(patch, patch->now->devices, "hostdev", fragment);
    }
    return TRUE;
}

const DomainGroup group_hostdev = { .read = read_hostdevs, .patch = patch_hostdevs };
