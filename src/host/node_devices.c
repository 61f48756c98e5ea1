/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Node devices make a tree by the names of their parents. What a VM can have are its PCI and USB devices and what drivers have divided off; disks
 * and network cards stand on them and say whether the host uses them. */
#include "host/node_devices.h"

#include "host/libvirt_xml.h"

#include <string.h>

#define MOST_DEPTH 32               /* parents that are climbed */
#define NVME "0x0108"               /* class of its controllers */
#define USB_HUB 9                   /* its class */

typedef struct {
    char *name, *parent;
    HostDevice *device;             /* NULL: none that a VM can have; owned until it is in the list */
    char *held;                     /* what of the host's it is; NULL: nothing, or not in use */
    gboolean hub;                   /* an interface by which its parent is a hub */
} Node;

static void
node_free(gpointer data)
{
    Node *node = data;
    object_unref(node->device);
    g_free(node->name);
    g_free(node->parent);
    g_free(node->held);
    g_free(node);
}

/* --- one device ----------------------------------------------------------------------------------------------------------------- */

/* Of an element with a `domain`, `bus`, `slot` and `function` of its own, as elements or attributes: "0000:00:1f.3". Yours. */
static char *
address_of(xmlDoc *doc, xmlNode *node, const char *at)
{
    static const char *const parts[] = { "domain", "bus", "slot", "function" };
    guint64 numbers[G_N_ELEMENTS(parts)];
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *path = g_strconcat(at, parts[i], NULL), *text = libvirt_xml_text(doc, node, path);
        if (!text)
            return NULL;
        numbers[i] = g_ascii_strtoull(text, NULL, 0);
    }
    return g_strdup_printf("%04x:%02x:%02x.%x", (guint) numbers[0], (guint) numbers[1], (guint) numbers[2], (guint) numbers[3]);
}

static void
read_maker(xmlDoc *doc, xmlNode *capability, const char *which, DeviceMaker *ret)
{
    g_autofree char *id = g_strconcat(which, "/@id", NULL), *name = libvirt_xml_text(doc, capability, which);
    ret->id = libvirt_xml_text(doc, capability, id);
    ret->name = name && *name ? g_steal_pointer(&name) : NULL;
}

/* libvirt's name of the PCI device at an address. */
static char *
name_at(const char *address)
{
    return g_strdelimit(g_strconcat("pci_", address, NULL), ":.", '_');
}

static void
read_kinds(xmlDoc *doc, xmlNode *capability, HostDevice *device)
{
    g_autoptr(GPtrArray) kinds = libvirt_xml_nodes(doc, capability, "capability[@type='mdev_types']/type");
    for (guint i = 0; i < kinds->len; i++) {
        MdevKind *kind = g_new0(MdevKind, 1);
        kind->name = libvirt_xml_text(doc, kinds->pdata[i], "@id");
        kind->human_readable_name = libvirt_xml_text(doc, kinds->pdata[i], "name");
        kind->description = libvirt_xml_text(doc, kinds->pdata[i], "deviceAPI");
        kind->available_instances = libvirt_xml_int(doc, kinds->pdata[i], "availableInstances");
        list_add(&device->m_dev_types, kind);
    }
}

static void
read_pci(xmlDoc *doc, xmlNode *capability, HostDevice *device)
{
    g_autofree char *address = address_of(doc, capability, "");
    g_autofree char *whole = address_of(doc, capability, "capability[@type='phys_function']/address/@");
    g_autoptr(GPtrArray) parts = libvirt_xml_nodes(doc, capability, "capability[@type='virt_functions']/address");
    device->source = address ? g_strconcat("pci:", address, NULL) : NULL;
    device->place = libvirt_xml_text(doc, capability, "class");
    device->physical_function.name = whole ? name_at(whole) : NULL;
    device->virtual_functions = parts->len;
    read_kinds(doc, capability, device);
}

/* Its numbers without "0x", four digits each. */
static char *
kind_of(const HostDevice *device)
{
    guint64 vendor = device->vendor.id ? g_ascii_strtoull(device->vendor.id, NULL, 0) : 0;
    guint64 product = device->product.id ? g_ascii_strtoull(device->product.id, NULL, 0) : 0;
    return g_strdup_printf("%04x:%04x", (guint) vendor & 0xffff, (guint) product & 0xffff);
}

static void
read_usb(xmlDoc *doc, xmlNode *capability, HostDevice *device)
{
    g_autofree char *kind = kind_of(device);
    device->source = g_strconcat("usb:", kind, NULL);
    device->place = g_strdup_printf("%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT, libvirt_xml_int(doc, capability, "bus"), libvirt_xml_int(doc, capability, "device"));
}

/* Older libvirts say its UUID in its name alone. */
static void
read_mdev(xmlDoc *doc, xmlNode *capability, HostDevice *device)
{
    g_autofree char *uuid = libvirt_xml_text(doc, capability, "uuid");
    if (!uuid && g_str_has_prefix(device->name, "mdev_") && strlen(device->name) >= strlen("mdev_") + 36)
        uuid = g_strdelimit(g_strndup(device->name + strlen("mdev_"), 36), "_", '-');
    device->source = uuid ? g_strconcat("mdev:", uuid, NULL) : NULL;
    device->product.name = libvirt_xml_text(doc, capability, "type/@id");
}

static HostDevice *
read_device(xmlDoc *doc, xmlNode *capability, const char *type, const Node *node)
{
    HostDevice *device = object_new(&host_device_type);
    device->name = g_strdup(node->name);
    device->capability = g_strdup(type);
    device->driver = libvirt_xml_text(doc, NULL, "driver/name");
    device->iommu_group = libvirt_xml_text(doc, capability, "iommuGroup/@number");
    device->parent_device.name = g_strdup(node->parent);
    read_maker(doc, capability, "product", &device->product);
    read_maker(doc, capability, "vendor", &device->vendor);
    if (g_str_equal(type, DEVICE_PCI))
        read_pci(doc, capability, device);
    else if (g_str_equal(type, DEVICE_USB))
        read_usb(doc, capability, device);
    else
        read_mdev(doc, capability, device);
    if (device->source)
        return device;
    object_unref(device);
    return NULL;
}

/* --- what is the host's own --------------------------------------------------------------------------------------------------------- */

static char *
read_card(xmlDoc *doc, xmlNode *capability, const NodeProbe *probe)
{
    g_autofree char *card = libvirt_xml_text(doc, capability, "interface");
    gboolean link = libvirt_xml_has(doc, capability, "link[@state='up']");
    gboolean up = card && (probe ? probe->card_is_up(card, link) : link);
    return up ? g_strconcat("card ", card, NULL) : NULL;
}

static char *
read_disk(xmlDoc *doc, xmlNode *capability, const NodeProbe *probe)
{
    g_autofree char *path = libvirt_xml_text(doc, capability, "block");
    g_autofree char *name = path ? g_path_get_basename(path) : NULL;
    return path && !(probe && probe->disk_is_free(path)) ? g_strconcat("disk ", name, NULL) : NULL;
}

static Node *
read_node(const char *xml, const NodeProbe *probe)
{
    g_autoptr(xmlDoc) doc = libvirt_xml_parse(xml);
    g_autoptr(GPtrArray) found = libvirt_xml_nodes(doc, NULL, "capability");
    g_autofree char *name = libvirt_xml_text(doc, NULL, "name");
    if (found->len == 0 || !name || !*name)
        return NULL;
    xmlNode *capability = found->pdata[0];
    g_autofree char *type = libvirt_xml_text(doc, capability, "@type");
    Node *node = g_new0(Node, 1);
    node->name = g_steal_pointer(&name);
    node->parent = libvirt_xml_text(doc, NULL, "parent");
    if (g_strcmp0(type, "net") == 0)
        node->held = read_card(doc, capability, probe);
    else if (g_strcmp0(type, "storage") == 0)
        node->held = read_disk(doc, capability, probe);
    else if (g_strcmp0(type, "usb") == 0)
        node->hub = libvirt_xml_int(doc, capability, "class") == USB_HUB;
    else if (g_strcmp0(type, DEVICE_PCI) == 0 || g_strcmp0(type, DEVICE_USB) == 0 || g_strcmp0(type, DEVICE_MDEV) == 0)
        node->device = read_device(doc, capability, type, node);
    return node;
}

/* --- the tree ---------------------------------------------------------------------------------------------------------------------- */

static void
hold(HostDevice *device, const char *held)
{
    if (!device->held_by)
        device->held_by = g_strdup(held);
}

/* Where a disk may be reached on several ways, as an NVMe's of a server's make, the kernel hangs it below none of its controllers: it may be any's. */
static void
hold_controllers(const GPtrArray *nodes, const char *held)
{
    for (guint i = 0; i < nodes->len; i++) {
        HostDevice *device = ((const Node *) nodes->pdata[i])->device;
        if (device && device->place && g_str_has_prefix(device->place, NVME))
            hold(device, held);
    }
}

/* Everything below which it stands. */
static gboolean
climb(GHashTable *nodes, const Node *node)
{
    gboolean reached = FALSE;
    const Node *above = node->parent ? g_hash_table_lookup(nodes, node->parent) : NULL;
    if (node->hub && above && above->device)
        text_set(&above->device->place, "hub");
    for (guint depth = 0; node->held && above && depth < MOST_DEPTH; depth++) {
        if (above->device)
            hold(above->device, node->held);
        reached |= above->device != NULL;
        above = above->parent ? g_hash_table_lookup(nodes, above->parent) : NULL;
    }
    return reached;
}

/* Two of one make can only be told apart by where they are plugged in. */
static void
tell_apart(GPtrArray *nodes)
{
    g_autoptr(GHashTable) counts = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < nodes->len; i++) {
        const HostDevice *device = ((const Node *) nodes->pdata[i])->device;
        if (device)
            g_hash_table_replace(counts, device->source, GUINT_TO_POINTER(GPOINTER_TO_UINT(g_hash_table_lookup(counts, device->source)) + 1));
    }
    g_autoptr(GPtrArray) old = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < nodes->len; i++) {
        HostDevice *device = ((const Node *) nodes->pdata[i])->device;
        if (!device || GPOINTER_TO_UINT(g_hash_table_lookup(counts, device->source)) < 2 || !g_str_equal(device->capability, DEVICE_USB))
            continue;
        g_ptr_array_add(old, device->source);       /* still a key */
        device->source = g_strconcat(device->source, "@", device->place, NULL);
    }
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp((*(Node *const *) a)->name, (*(Node *const *) b)->name);
}

void
node_devices_read(const GPtrArray *xmls, const NodeProbe *probe, List *ret)
{
    g_autoptr(GPtrArray) nodes = g_ptr_array_new_with_free_func(node_free);
    g_autoptr(GHashTable) by_name = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < xmls->len; i++) {
        Node *node = read_node(xmls->pdata[i], probe);
        if (node)
            g_ptr_array_add(nodes, node);
        if (node)
            g_hash_table_replace(by_name, node->name, node);
    }
    tell_apart(nodes);
    for (guint i = 0; i < nodes->len; i++) {
        const Node *node = nodes->pdata[i];
        if (!climb(by_name, node) && node->held && g_str_has_prefix(node->held, "disk nvme"))
            hold_controllers(nodes, node->held);
    }
    g_ptr_array_sort(nodes, compare_names);
    for (guint i = 0; i < nodes->len; i++) {
        Node *node = nodes->pdata[i];
        if (!node->device)
            continue;
        node->device->object.id = host_device_id(node->device->source);
        list_add(ret, g_steal_pointer(&node->device));
    }
}
