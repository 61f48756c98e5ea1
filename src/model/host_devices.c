/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rows of a host's devices, and when two of them are one. */
#include "model/host_devices.h"

#include "model/places.h"

#include <string.h>

#define USB "usb:"

/* clang-format off */
static const Type device_maker_type = { .one = "product", .many = "products", .size = sizeof(DeviceMaker), .fields = (const Field[]) {
    TEXT(DeviceMaker, id,   LIVE, "Its number, as 0x8086."),
    TEXT(DeviceMaker, name, LIVE, "What it is called."),
    { 0 } } };

static const Type device_name_type = { .one = "parent_device", .many = "parent_devices", .size = sizeof(DeviceName), .fields = (const Field[]) {
    TEXT(DeviceName, name, LIVE, "Its name."),
    { 0 } } };

static const Type mdev_kind_type = { .one = "m_dev_type", .many = "m_dev_types", .size = sizeof(MdevKind), .fields = (const Field[]) {
    TEXT(MdevKind, name,                LIVE, "The driver's name of it."),
    TEXT(MdevKind, human_readable_name, LIVE, "What it is called."),
    TEXT(MdevKind, description,         LIVE, "By which interface guests have it."),
    INT (MdevKind, available_instances, LIVE, "How many more can be made."),
    { 0 } } };

#define SHARED_ROWS                                                                                                         \
    TEXT (HostDevice, description, 0,                            "For people."),                                            \
    TEXT (HostDevice, comment,     0,                            "For people."),                                            \
    GROUP(HostDevice, product, device_maker_type, LIVE | OPT | SHOW, "What it is."),                                        \
    GROUP(HostDevice, vendor, device_maker_type, LIVE | OPT,     "Who made it."),                                           \
    TEXT (HostDevice, iommu_group, LIVE | SHOW,                  "What can only be given to one VM together with it."),     \
    TEXT (HostDevice, driver,      LIVE | SHOW,                  "The host's driver that has it now."),                     \
    GROUP(HostDevice, parent_device, device_name_type, LIVE | OPT, "What it is connected to."),                             \
    GROUP(HostDevice, physical_function, device_name_type, LIVE | OPT, "Of a virtual function, the device it is a part of."), \
    INT  (HostDevice, virtual_functions, LIVE | OPT,             "How many virtual functions it has."),                     \
    LIST (HostDevice, m_dev_types, mdev_kind_type, LIVE | OPT,   "What mediated devices can be made of it."),               \
    TEXT (HostDevice, held_by,     LIVE,                         "A disk or network card of the host's that is in use on it."), \
    TEXT (HostDevice, place,       LIVE | SECRET,                "Where it is plugged in, or its class.")

const Type host_device_type = { .one = "host_device", .many = "host_devices", .path = "devices", .size = sizeof(HostDevice), .parent = &host_type,
    .help = "A device of a host that a VM can have as it is: PCI, USB, or a part of one.", .fields = (const Field[]) {
    TEXT (HostDevice, name,        LIVE | SHOW,                  "libvirt's name of it."),
    TEXT (HostDevice, capability,  LIVE | SHOW,                  "pci, usb_device or mdev."),
    REF  (HostDevice, vm, vm_type, LIVE | SHOW,                  "The VM that runs with it."),
    TEXT (HostDevice, source,      LIVE | SECRET,                "How a VM names it."),
    SHARED_ROWS,
    { 0 } } };

const Type vm_device_type = { .one = "host_device", .many = "host_devices", .path = "hostdevices", .size = sizeof(HostDevice), .parent = &vm_type,
    .help = "A device of its host that a VM has as it is.", .fields = (const Field[]) {
    TEXT (HostDevice, name,        ADD | SHOW,                   "libvirt's name of it, as its host's devices have it."),
    TEXT (HostDevice, capability,  SHOW,                         "pci, usb_device, mdev …"),
    TEXT (HostDevice, source,      SECRET,                       "How its definition names it."),
    SHARED_ROWS,
    { 0 } } };
/* clang-format on */

Id
host_device_id(const char *source)
{
    return id_named(&id_null, source);
}

/* "1050:0407" and "1.4" of "usb:1050:0407@1.4"; either may be missing. */
static void
split(const char *source, char **ret_kind, char **ret_place)
{
    g_auto(GStrv) halves = g_strsplit(source + strlen(USB), "@", 2);
    *ret_kind = g_strdup(halves[0] ? halves[0] : "");
    *ret_place = g_strdup(halves[0] && halves[1] ? halves[1] : "");
}

static gboolean
agree(const char *one, const char *other)
{
    return !*one || !*other || g_str_equal(one, other);
}

gboolean
host_device_same(const char *one, const char *other)
{
    if (!one || !other)
        return FALSE;
    if (!g_str_has_prefix(one, USB) || !g_str_has_prefix(other, USB))
        return g_str_equal(one, other);
    g_autofree char *kind = NULL, *place = NULL, *other_kind = NULL, *other_place = NULL;
    split(one, &kind, &place);
    split(other, &other_kind, &other_place);
    return agree(kind, other_kind) && agree(place, other_place);
}

/* The place is where it is now, whether the VM's own name has it or not. */
gboolean
host_device_is(const HostDevice *device, const char *source)
{
    if (!device->source || !g_str_has_prefix(device->source, USB))
        return host_device_same(device->source, source);
    g_autofree char *kind = NULL, *place = NULL;
    split(device->source, &kind, &place);
    g_autofree char *whole = g_strdup_printf(USB "%s@%s", kind, device->place && g_ascii_isdigit(*device->place) ? device->place : place);
    return host_device_same(whole, source);
}

const HostDevice *
host_device_find(const List *devices, const char *source)
{
    for (guint i = 0; i < devices->count; i++) {
        if (host_device_is(devices->items[i], source))
            return devices->items[i];
    }
    return NULL;
}

gboolean
host_device_is_told(const HostDevice *device, const HostDevice *known)
{
    for (const Field *row = vm_device_type.fields; row->name; row++) {
        if (row->flags & LIVE && !field_equal(row, device, known))
            return FALSE;
    }
    return g_strcmp0(device->name, known->name) == 0;
}

void
host_device_tell(HostDevice *device, const HostDevice *known)
{
    for (const Field *row = vm_device_type.fields; row->name; row++) {
        if (row->flags & LIVE)
            field_assign(row, device, known);
    }
    text_set(&device->name, known->name);
}
