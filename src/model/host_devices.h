/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Devices of a host that a VM can have as they are. One struct in two tables: as the host shows them, and as a VM has them, where only its
 * source and name are the VM's own and the rest is what its host says of it. A device has one id in both: it is named after its source. */
#pragma once

#include "schema/type.h"

#define DEVICE_PCI "pci"                /* capabilities that a VM can have, in libvirt's words */
#define DEVICE_USB "usb_device"
#define DEVICE_MDEV "mdev"

typedef struct { char *id, *name; } DeviceMaker;        /* "0x8086", "Intel Corporation" */
typedef struct { char *name; } DeviceName;
typedef struct { char *name, *human_readable_name, *description; gint64 available_instances; } MdevKind;

typedef struct {
    Object object;
    char *name, *description, *comment; /* libvirt's name: "pci_0000_00_02_0" */
    char *capability;
    char *driver;                       /* LIVE: of the host, which has it now */
    char *iommu_group;                  /* LIVE: a number, as text: there is a group 0 */
    DeviceMaker product, vendor;        /* LIVE */
    DeviceName parent_device, physical_function;    /* LIVE */
    gint64 virtual_functions;           /* LIVE: how many it has now */
    List m_dev_types;                   /* LIVE: MdevKind */
    char *held_by;                      /* LIVE; ours: what of the host's own stands on it, "disk vda", "card eth0"; NULL: nothing */
    Ref vm;                             /* LIVE: the VM that runs with it; of a host's alone */
    char *source;                       /* SECRET: "pci:0000:00:02.0", "usb:1050:0407", "usb:1050:0407@1.4", "mdev:UUID"; what else libvirt knows by a digest */
    char *place;                        /* SECRET, LIVE: of USB its bus and number there, "1.4"; of PCI its class, "0x060400"; of a USB hub "hub" */
} HostDevice;

extern const Type host_device_type;     /* of a host, path devices */
extern const Type vm_device_type;       /* of a VM, path hostdevices */

Id host_device_id(const char *source);
/* Is DEVICE, of a host, the one that a VM has as SOURCE? */
gboolean host_device_is(const HostDevice *device, const char *source);
const HostDevice *host_device_find(const List *devices, const char *source);    /* of a host; NULL */
/* What its host says of a VM's device: does the VM's say the same, and making it say so. */
gboolean host_device_is_told(const HostDevice *device, const HostDevice *known);
void host_device_tell(HostDevice *device, const HostDevice *known);
/* May two VMs that have these mean the same device? */
gboolean host_device_same(const char *one, const char *other);
