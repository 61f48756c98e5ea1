/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The devices of a domain as children of its Vm: disks, CD-ROM drives, NICs, consoles. Who a device is: the row of our mark
 * that names its target or MAC, else its alias "ua-<id>" (both only of a domain that is ours), else UUIDv5 of the
 * domain's UUID and its target or MAC. Floppies and host devices are seen only as far as the boot order goes. */
#include "host/domain_xml_reading.h"

#include "host/domain_xml_mark.h"
#include "host/seed.h"
#include "host/volume_name.h"

#include <string.h>

#define ALIAS "ua-"

/* --- who it is ------------------------------------------------------------------------------------------------------------------ */

static gboolean
id_in_alias(const Reading *reading, const ScanNode *node, Id *ret_id)
{
    g_autofree char *alias = scan_get(reading->doc, scan_child(reading->doc, node, "alias"), "name");
    return alias && g_str_has_prefix(alias, ALIAS) && id_parse(alias + strlen(ALIAS), ID_UUID, ret_id);
}

static gboolean
id_in_mark(const Reading *reading, const Device *device, Id *ret_id)
{
    const ScanNode *row = mark_row(reading, device->kind, device->kind == DEVICE_NIC ? "mac" : "target", device->key);
    g_autofree char *id = scan_get(reading->doc, row, "id");
    return id && id_parse(id, ID_UUID, ret_id);
}

/* What a <source> names: a file, a device, a volume "pool/volume", a network image "rbd:pool/image". NULL: nothing. */
static char *
find_path(const Reading *reading, const ScanNode *node)
{
    const ScanDoc *doc = reading->doc;
    const ScanNode *source = scan_child(doc, node, "source");
    for (guint i = 0; i < 3; i++) {
        char *path = scan_get(doc, source, ((const char *const[]) { "file", "dev", "dir" })[i]);
        if (path && *path)
            return path;
        g_free(path);
    }
    g_autofree char *pool = scan_get(doc, source, "pool"), *volume = scan_get(doc, source, "volume");
    g_autofree char *protocol = scan_get(doc, source, "protocol"), *name = scan_get(doc, source, "name");
    if (pool && volume)
        return g_strdup_printf("%s/%s", pool, volume);
    return protocol ? g_strdup_printf("%s:%s", protocol, name ? name : "") : NULL;
}

/* Of a domain that runs, where its definition tells: an alias the definition gave out; else the same card, or the same file at the same place. */
static gboolean
is_file_of(const Reading *reading, const char *target, const char *path)
{
    for (guint i = 0; i < reading->next->disks.count; i++) {
        const DomainDisk *disk = reading->next->disks.items[i];
        if (g_strcmp0(disk->target, target) == 0)
            return g_str_equal(disk->device, "cdrom") || g_strcmp0(disk->path, path) == 0;
    }
    return FALSE;
}

static gboolean
id_in_definition(const Reading *reading, const Device *device, const Id *aliased, Id *ret_id)
{
    const Vm *vm = reading->next->config;
    const List *lists[] = { [DEVICE_DISK] = &vm->disk_attachments, [DEVICE_CDROM] = &vm->cdroms, [DEVICE_NIC] = &vm->nics };
    const List *list = lists[device->kind];
    g_autofree char *path = device->kind == DEVICE_DISK ? find_path(reading, device->node) : NULL;
    if (list_find(list, aliased)) {
        *ret_id = *aliased;
        return TRUE;
    }
    for (guint i = 0; i < list->count; i++) {
        const Object *known = list->items[i];
        const char *key = device->kind == DEVICE_NIC     ? ((const Nic *) known)->mac.address
                          : device->kind == DEVICE_CDROM ? ((const Cdrom *) known)->target
                                                         : ((const DiskAttachment *) known)->target;
        gboolean same = key && *device->key && g_ascii_strcasecmp(key, device->key) == 0;
        if (!same || (device->kind == DEVICE_DISK && !is_file_of(reading, key, path)))
            continue;
        *ret_id = known->id;
        return TRUE;
    }
    return FALSE;
}

static Id
derived_id(const Reading *reading, const Device *device)
{
    const char *kinds[] = { [DEVICE_DISK] = "disk:", [DEVICE_CDROM] = "cdrom:", [DEVICE_NIC] = "", [DEVICE_OTHER] = "" };
    g_autofree char *name = g_strconcat(kinds[device->kind], device->key, NULL);
    return id_named(&reading->id, name);
}

/* Two cards of one MAC, two disks of one alias: the second gets an id of its own. */
static void
make_unique(const Reading *reading, Device *device)
{
    for (guint i = 0; i < reading->device->len; i++) {
        const Device *other = &g_array_index(reading->device, Device, i);
        if (other->kind == DEVICE_OTHER || !id_equal(&other->id, &device->id))
            continue;
        device->id = id_named(&device->id, "again");
        device->by_alias = device->by_mark = FALSE;
        i = G_MAXUINT;
    }
}

static Device *
add_device(Reading *reading, DeviceKind kind, const ScanNode *node, char *take_key)
{
    Device device = { .kind = kind, .node = node, .key = take_key ? take_key : g_strdup("") };
    scan_get_number(reading->doc, scan_child(reading->doc, node, "boot"), "order", &device.order);
    if (kind != DEVICE_OTHER) {
        Id aliased = id_null;
        gboolean has_alias = (reading->ours || reading->next) && id_in_alias(reading, node, &aliased);
        device.by_mark = !reading->next && id_in_mark(reading, &device, &device.id);
        gboolean known = reading->next && id_in_definition(reading, &device, &aliased, &device.id);
        if (!device.by_mark && !known)
            device.id = has_alias ? aliased : derived_id(reading, &device);
        device.by_alias = has_alias && id_equal(&device.id, &aliased);
        make_unique(reading, &device);
    }
    g_array_append_val(reading->device, device);
    return &g_array_index(reading->device, Device, reading->device->len - 1);
}

/* --- disks ------------------------------------------------------------------------------------------------------------------------ */

static int
find_bus(const Reading *reading, const ScanNode *node)
{
    static const struct {
        const char *bus;
        DiskInterface interface;
    } buses[] = { { "virtio", DISK_INTERFACE_VIRTIO }, { "scsi", DISK_INTERFACE_VIRTIO_SCSI }, { "sata", DISK_INTERFACE_SATA },
                  { "ide", DISK_INTERFACE_IDE }, { "usb", DISK_INTERFACE_USB } };
    for (guint i = 0; i < G_N_ELEMENTS(buses); i++) {
        if (scan_has(reading->doc, scan_child(reading->doc, node, "target"), "bus", buses[i].bus))
            return buses[i].interface;
    }
    return 0;
}

static void
read_disk(Reading *reading, const ScanNode *node, char *take_target)
{
    const Device *device = add_device(reading, DEVICE_DISK, node, take_target);
    DiskAttachment *attachment = object_new(&disk_attachment_type);
    attachment->object.id = attachment->disk.id = device->id;
    attachment->interface = find_bus(reading, node);
    attachment->active = TRUE;
    attachment->read_only = scan_child(reading->doc, node, "readonly") != NULL;
    attachment->target = g_strdup(device->key);
    list_add(&reading->vm->disk_attachments, attachment);
}

/* The medium's id: what the mark says of this path, else the file's name, which is an ISO disk's id in our own directories. */
static char *
find_medium(const Reading *reading, const Device *device)
{
    char text[ID_TEXT_SIZE];
    g_autofree char *path = find_path(reading, device->node);
    if (!path)
        return NULL;
    const ScanNode *row = mark_row(reading, DEVICE_CDROM, "id", id_format(&device->id, ID_UUID, text));
    if (row && scan_has(reading->doc, row, "path", path))
        return scan_get(reading->doc, row, "file");
    return g_path_get_basename(path);
}

static void
read_cdrom(Reading *reading, const ScanNode *node, char *take_target)
{
    const Device *device = add_device(reading, DEVICE_CDROM, node, take_target);
    Cdrom *cdrom = object_new(&cdrom_type);
    cdrom->object.id = device->id;
    cdrom->target = g_strdup(device->key);
    cdrom->file.id = find_medium(reading, device);
    list_add(&reading->vm->cdroms, cdrom);
}

/* What its guest was told at its start is no disk of anybody. */
static gboolean
is_seed(const Reading *reading, const ScanNode *node)
{
    return scan_has(reading->doc, scan_child(reading->doc, node, "alias"), "name", SEED_ALIAS);
}

static void
read_disks(Reading *reading)
{
    const ScanDoc *doc = reading->doc;
    for (const ScanNode *node = scan_child(doc, reading->devices, "disk"); node; node = scan_next(doc, node)) {
        g_autofree char *device = scan_get(doc, node, "device");
        char *target = scan_get(doc, scan_child(doc, node, "target"), "dev");
        if (is_seed(reading, node))
            add_device(reading, DEVICE_OTHER, node, target);
        else if (!device || g_str_equal(device, "disk") || g_str_equal(device, "lun"))
            read_disk(reading, node, target);
        else if (g_str_equal(device, "cdrom"))
            read_cdrom(reading, node, target);
        else
            add_device(reading, DEVICE_OTHER, node, target);
    }
}

/* Only a name of this disk's own counts: that of another's is just a file. */
static Id
image_of(const DomainDisk *file)
{
    Id disk, image;
    g_autofree char *name = file->path && !id_is_null(&file->disk) ? g_path_get_basename(file->path) : NULL;
    return name && volume_name_parse(name, &disk, &image) && id_equal(&disk, &file->disk) ? image : id_null;
}

static DomainDisk *
file_of(const Reading *reading, const ScanNode *node)
{
    const ScanDoc *doc = reading->doc;
    DomainDisk *file = g_new0(DomainDisk, 1);
    file->target = scan_get(doc, scan_child(doc, node, "target"), "dev");
    file->path = find_path(reading, node);
    file->driver = scan_get(doc, scan_child(doc, node, "driver"), "type");
    file->device = scan_get(doc, node, "device");
    if (!file->device)
        file->device = g_strdup("disk");
    file->read_only = scan_child(doc, node, "readonly") != NULL;
    file->shareable = scan_child(doc, node, "shareable") != NULL;
    file->interface = find_bus(reading, node);
    for (guint i = 0; i < reading->device->len; i++) {
        const Device *device = &g_array_index(reading->device, Device, i);
        if (device->node == node && device->kind == DEVICE_DISK && device->by_alias)
            file->disk = device->id;
    }
    file->image = image_of(file);
    return file;
}

GPtrArray *
reading_files(const Reading *reading)
{
    GPtrArray *files = g_ptr_array_new();
    for (const ScanNode *node = scan_child(reading->doc, reading->devices, "disk"); node; node = scan_next(reading->doc, node))
        g_ptr_array_add(files, file_of(reading, node));
    return files;
}

/* --- network cards ----------------------------------------------------------------------------------------------------------- */

static char *
link_state(const ScanDoc *doc, const ScanNode *interface)
{
    return scan_get(doc, scan_child(doc, interface, "link"), "state");
}

static char *
nic_source(const ScanDoc *doc, const ScanNode *interface)
{
    static const char *const named[] = { "network", "bridge", "dev", "path", "name" };
    g_autofree char *type = scan_get(doc, interface, "type");
    if (!type)
        return NULL;
    const ScanNode *source = scan_child(doc, interface, "source");
    for (guint i = 0; i < G_N_ELEMENTS(named); i++) {
        g_autofree char *name = scan_get(doc, source, named[i]);
        if (name)
            return g_strdup_printf("%s:%s", type, name);
    }
    return g_strdup_printf("%s:", type);
}

/* Our cards without a network are QEMU's own with the cable out; where such a one is meant, the mark's row says so. */
static gboolean
is_unconnected(const Reading *reading, const ScanNode *node, const ScanNode *row)
{
    g_autofree char *state = link_state(reading->doc, node);
    return reading->ours && scan_has(reading->doc, node, "type", "user") && g_strcmp0(state, "down") == 0 && !scan_has(reading->doc, row, "source", "user:");
}

static int
find_model(const Reading *reading, const ScanNode *node)
{
    if (scan_has(reading->doc, node, "type", "hostdev"))
        return NIC_PCI_PASSTHROUGH;
    g_autofree char *model = scan_get(reading->doc, scan_child(reading->doc, node, "model"), "type");
    if (!model)
        return NIC_OTHER;
    if (g_str_has_prefix(model, "virtio"))
        return NIC_VIRTIO;
    int found = names_find(&nic_interface_names, model);
    return found && found != NIC_PCI_PASSTHROUGH ? found : NIC_OTHER;
}

static char *
free_nic_name(const Reading *reading)
{
    for (guint number = 1;; number++) {
        g_autofree char *name = g_strdup_printf("nic%u", number);
        gboolean taken = FALSE;
        for (guint i = 0; i < reading->vm->nics.count; i++)
            taken |= g_strcmp0(((const Nic *) reading->vm->nics.items[i])->name, name) == 0;
        if (!taken)
            return g_steal_pointer(&name);
    }
}

/* What no running domain can say of a card, as its definition has it. */
static void
copy_names(const Nic *known, Nic *nic)
{
    if (!known)
        return;
    text_set(&nic->name, known->name);
    nic->vnic_profile.id = known->vnic_profile.id;
    nic->network.id = known->network.id;
}

static void
read_nic(Reading *reading, const ScanNode *node)
{
    const ScanDoc *doc = reading->doc;
    char text[ID_TEXT_SIZE];
    g_autofree char *mac = scan_get(doc, scan_child(doc, node, "mac"), "address");
    const Device *device = add_device(reading, DEVICE_NIC, node, mac ? g_ascii_strdown(mac, -1) : NULL);
    const ScanNode *row = mark_row(reading, DEVICE_NIC, "id", id_format(&device->id, ID_UUID, text));
    g_autofree char *state = link_state(doc, node);
    Nic *nic = object_new(&nic_type);
    nic->object.id = device->id;
    mark_read_nic(reading, row, nic);
    const Nic *known = reading->next ? list_find(&reading->next->config->nics, &device->id) : NULL;
    copy_names(known, nic);
    nic->mac.address = mac ? g_strdup(device->key) : NULL;
    nic->interface = find_model(reading, node);
    gboolean pulled = known && !known->source && scan_has(doc, node, "type", "user") && g_strcmp0(state, "down") == 0;
    nic->source = pulled || is_unconnected(reading, node, row) ? NULL : nic_source(doc, node);
    nic->linked = g_strcmp0(state, "down") != 0;
    if (!nic->source && (known ? known->linked : scan_has(doc, row, "linked", "yes")))
        nic->linked = TRUE;
    nic->plugged = TRUE;
    list_add(&reading->vm->nics, nic);
    if (!nic->name)
        nic->name = free_nic_name(reading);
}

/* --- what else may boot --------------------------------------------------------------------------------------------------------- */

static void
read_others(Reading *reading)
{
    static const char *const names[] = { "hostdev", "redirdev" };
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        for (const ScanNode *node = scan_child(reading->doc, reading->devices, names[i]); node; node = scan_next(reading->doc, node))
            add_device(reading, DEVICE_OTHER, node, NULL);
    }
}

void
reading_devices(Reading *reading)
{
    const ScanDoc *doc = reading->doc;
    read_disks(reading);
    for (const ScanNode *node = scan_child(doc, reading->devices, "interface"); node; node = scan_next(doc, node))
        read_nic(reading, node);
    read_others(reading);
}
