/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * How a disk, a CD-ROM drive and a network card of ours look. Disks open their image without the host's cache, give
 * discarded space back, and pause the guest when the storage fails it. Threads do their I/O: native AIO blocks on files that
 * are not wholly allocated. */
#include "host/domain_xml_device.h"

#include "host/domain_xml_reading.h"
#include "host/domain_xml_splice.h"

#include <string.h>

static const struct {
    const char *bus, *prefix;
} buses[] = {
    [0] = { "virtio", "vd" },
    [DISK_INTERFACE_VIRTIO] = { "virtio", "vd" },
    [DISK_INTERFACE_VIRTIO_SCSI] = { "scsi", "sd" },
    [DISK_INTERFACE_IDE] = { "ide", "hd" },
    [DISK_INTERFACE_SATA] = { "sata", "sd" },
    [DISK_INTERFACE_USB] = { "usb", "sd" },
};

void
device_shop_open(DeviceShop *shop, const Vm *vm, const DomainWorld *world, const char *machine)
{
    *shop = (DeviceShop) { .vm = vm, .world = world, .i440fx = reading_is_i440fx(machine), .arm = g_str_has_prefix(machine, "virt") };
    shop->targets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

void
device_shop_close(DeviceShop *shop)
{
    g_clear_pointer(&shop->targets, g_hash_table_unref);
}

/* --- names ---------------------------------------------------------------------------------------------------------------------- */

const char *
device_bus(int interface)
{
    return buses[interface].bus;
}

/* vda … vdz, vdaa … */
static char *
target_name(const char *prefix, guint number)
{
    char letters[8];
    guint at = sizeof(letters);
    letters[--at] = '\0';
    for (guint left = number + 1; left > 0; left = (left - 1) / 26)
        letters[--at] = (char) ('a' + (left - 1) % 26);
    return g_strconcat(prefix, letters + at, NULL);
}

static gboolean
fits(const char *wish, const char *prefix)
{
    gsize length = strlen(prefix);
    return wish && strncmp(wish, prefix, length) == 0 && wish[length] && strspn(wish + length, "abcdefghijklmnopqrstuvwxyz") == strlen(wish + length) &&
           strlen(wish) <= length + 3;
}

static char *
take(DeviceShop *shop, const char *prefix, const char *wish)
{
    if (fits(wish, prefix) && g_hash_table_add(shop->targets, g_strdup(wish)))
        return g_strdup(wish);
    for (guint number = 0;; number++) {
        g_autofree char *name = target_name(prefix, number);
        if (!g_hash_table_contains(shop->targets, name)) {
            g_hash_table_add(shop->targets, g_strdup(name));
            return g_steal_pointer(&name);
        }
    }
}

char *
device_take_target(DeviceShop *shop, int interface, const char *wish)
{
    return take(shop, buses[interface].prefix, wish);
}

gboolean
device_check_interface(const DeviceShop *shop, const DiskAttachment *attachment, GError **error)
{
    char text[ID_TEXT_SIZE];
    if (attachment->interface != DISK_INTERFACE_IDE || shop->i440fx)
        return TRUE;
    return fault_set(error, MSG_DOMAIN_XML_NO_IDE, "disk", id_format(&attachment->object.id, ID_UUID, text), "vm", shop->vm->name, NULL);
}

const char *
device_drive_bus(const DeviceShop *shop)
{
    return shop->i440fx ? "ide" : shop->arm ? "scsi" : "sata";
}

char *
device_drive_target(DeviceShop *shop, const char *wish)
{
    return take(shop, shop->i440fx ? "hd" : "sd", wish);
}

/* --- fragments -------------------------------------------------------------------------------------------------------------------- */

static void
add_attribute(Text *out, const char *name, const char *value)
{
    text_printf(out, " %s='", name);
    splice_add_value(out, value);
    text_add_literal(out, "'");
}

static void
add_alias(Text *out, const Id *id)
{
    char text[ID_TEXT_SIZE];
    text_printf(out, "  <alias name='ua-%s'/>\n", id_format(id, ID_UUID, text));
}

static void
add_boot(Text *out, gint64 order)
{
    if (order > 0)
        text_printf(out, "  <boot order='%" G_GINT64_FORMAT "'/>\n", order);
}

static void
add_file_source(Text *out, const char *path, gboolean block)
{
    text_add_literal(out, "  <source");
    add_attribute(out, block ? "dev" : "file", path);
    text_add_literal(out, "/>\n");
}

static void
add_target(Text *out, const char *target, const char *bus)
{
    text_add_literal(out, "  <target");
    add_attribute(out, "dev", target);
    add_attribute(out, "bus", bus);
    text_add_literal(out, "/>\n");
}

/* Disks take turns with the threads there are. */
static gint64
turn_of(const Vm *vm, const DiskAttachment *attachment)
{
    gint64 turn = 0;
    for (guint i = 0; i < vm->disk_attachments.count && vm->disk_attachments.items[i] != (gconstpointer) attachment; i++) {
        const DiskAttachment *other = vm->disk_attachments.items[i];
        turn += other->active && g_str_equal(device_bus(other->interface), "virtio");
    }
    return turn;
}

static void
add_disk_driver(Text *out, const DeviceShop *shop, const DiskAttachment *attachment, int format)
{
    gboolean virtio = g_str_equal(device_bus(attachment->interface), "virtio");
    text_printf(out, "  <driver name='qemu' type='%s' cache='none' error_policy='stop' io='threads' discard='unmap'",
                format == DISK_FORMAT_RAW ? "raw" : "qcow2");
    if (virtio && shop->vm->io.threads > 0)
        text_printf(out, " iothread='%" G_GINT64_FORMAT "'", turn_of(shop->vm, attachment) % shop->vm->io.threads + 1);
    text_add_literal(out, "/>\n");
}

char *
device_disk(const DeviceShop *shop, const DiskAttachment *attachment, const char *target, gint64 order, GError **error)
{
    g_autofree char *path = NULL;
    int format = DISK_FORMAT_RAW;
    gboolean shareable = FALSE;
    char text[ID_TEXT_SIZE];
    if (!device_check_interface(shop, attachment, error))
        return NULL;
    if (!shop->world->disk(shop->world->data, &attachment->object.id, &path, &format, &shareable, error))
        return NULL;
    gboolean block = g_str_has_prefix(path, "/dev/");
    g_auto(Text) out = TEXT_EMPTY;
    text_printf(&out, "<disk type='%s' device='disk'>\n", block ? "block" : "file");
    add_disk_driver(&out, shop, attachment, format);
    add_file_source(&out, path, block);
    add_target(&out, target, device_bus(attachment->interface));
    if (attachment->read_only)
        text_add_literal(&out, "  <readonly/>\n");
    if (shareable)
        text_add_literal(&out, "  <shareable/>\n");
    text_printf(&out, "  <serial>%s</serial>\n", id_format(&attachment->object.id, ID_UUID, text));
    add_boot(&out, order);
    add_alias(&out, &attachment->object.id);
    text_add_literal(&out, "</disk>");
    return text_take(&out);
}

char *
device_cdrom(const DeviceShop *shop, const Id *alias, const char *target, const char *path, gint64 order)
{
    g_auto(Text) out = TEXT_EMPTY;
    text_add_literal(&out, "<disk type='file' device='cdrom'>\n  <driver name='qemu' type='raw'/>\n");
    if (path)
        add_file_source(&out, path, FALSE);
    add_target(&out, target, device_drive_bus(shop));
    text_add_literal(&out, "  <readonly/>\n");
    add_boot(&out, order);
    if (alias)
        add_alias(&out, alias);
    text_add_literal(&out, "</disk>");
    return text_take(&out);
}

gboolean
device_nic_source(const char *source, const char **ret_type, char **ret_fragment)
{
    static const struct {
        const char *prefix, *type, *attribute, *more;
    } kinds[] = { { "network:", "network", "network", "" }, { "bridge:", "bridge", "bridge", "" }, { "direct:", "direct", "dev", " mode='bridge'" } };
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        const char *name = source + strlen(kinds[i].prefix);
        if (!g_str_has_prefix(source, kinds[i].prefix) || !*name)
            continue;
        g_auto(Text) out = TEXT_EMPTY;
        text_add_literal(&out, "<source");
        add_attribute(&out, kinds[i].attribute, name);
        text_add(&out, kinds[i].more);
        text_add_literal(&out, "/>");
        *ret_type = kinds[i].type;
        *ret_fragment = text_take(&out);
        return TRUE;
    }
    return FALSE;
}

const char *
device_wished_source(const DomainWorld *world, const Nic *nic)
{
    const char *source = world && world->nic_source ? world->nic_source(world->data, nic) : NULL;
    return source ? source : nic->source;
}

static const char *
nic_model(const DeviceShop *shop, const Nic *nic)
{
    if (nic->interface == 0 || nic->interface == NIC_OTHER || nic->interface == NIC_PCI_PASSTHROUGH)
        return "virtio";
    return names_get(&nic_interface_names, nic->interface);
}

/* A card without a network is one of QEMU's own user network with the cable out: it needs nothing of the host. */
char *
device_nic(const DeviceShop *shop, const Nic *nic, gint64 order, GError **error)
{
    const char *source = device_wished_source(shop->world, nic), *type = "user";
    g_autofree char *fragment = NULL;
    if (source && !g_str_equal(source, "user:") && !device_nic_source(source, &type, &fragment)) {
        fault_set(error, MSG_DOMAIN_XML_NIC_SOURCE, "nic", nic->name, "vm", shop->vm->name, "source", source, NULL);
        return NULL;
    }
    g_auto(Text) out = TEXT_EMPTY;
    text_printf(&out, "<interface type='%s'>\n", type);
    if (nic->mac.address && *nic->mac.address) {
        text_add_literal(&out, "  <mac");
        add_attribute(&out, "address", nic->mac.address);
        text_add_literal(&out, "/>\n");
    }
    if (fragment)
        text_printf(&out, "  %s\n", fragment);
    text_printf(&out, "  <model type='%s'/>\n", nic_model(shop, nic));
    if (!nic->linked || !source)
        text_add_literal(&out, "  <link state='down'/>\n");
    add_boot(&out, order);
    add_alias(&out, &nic->object.id);
    text_add_literal(&out, "</interface>");
    return text_take(&out);
}

/* --- consoles --------------------------------------------------------------------------------------------------------------------- */

void
device_new_password(char ret_password[DEVICE_PASSWORD_SIZE])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    Id random = id_random();
    for (guint i = 0; i < DEVICE_PASSWORD_SIZE - 1; i++)
        ret_password[i] = letters[random.bytes[i < 6 ? i : i + 4] & 63];    /* not the bytes that hold the UUID's version */
    ret_password[DEVICE_PASSWORD_SIZE - 1] = '\0';
}
