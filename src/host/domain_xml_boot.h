/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a domain boots from, in libvirt's two ways of saying it (<os><boot dev> by class, <boot order> by device), against the
 * API's one (a list of classes and a flag at a disk). Pure planning; the splices are made by patch. Used by domain_xml alone. */
#pragma once

#include "host/domain_xml_reading.h"

/* Of reading->device and <os>: vm->os.boot.devices, the attachments' flags, reading->boots. */
void boot_read(Reading *reading);

/* One device of the domain as it shall be. */
typedef struct {
    Id id;
    DeviceKind kind;
    gint64 order;                       /* now; 0 none */
    gint64 wanted;                      /* then; set by boot_plan */
    gboolean fresh;                     /* not in the domain yet */
    const ScanNode *node;               /* NULL: fresh */
} BootDevice;

typedef struct {
    const Words *classes;               /* wished: hd, network, cdrom; empty: as it is */
    Id disk;                            /* the one flagged bootable; null: no wish */
    GArray *devices;                    /* BootDevice, disks first, in document order */
    gboolean by_device;                 /* in: how the domain says it now; out: how it shall */
    gboolean classes_differ;            /* out: <os><boot dev> must be written anew (only where !by_device) */
    Id boots;                           /* out: the disk it then boots from; null: none */
} BootPlan;

/* NOW are the classes as <os><boot dev> has them. Leaves numbers alone where what they say is what is wished. */
void boot_plan(BootPlan *plan, const Words *now);
/* The classes in <os><boot dev='…'/>, in the API's words; "hd" where nothing is said, as libvirt does. */
void boot_classes(const Reading *reading, Words *ret_words);
const char *boot_class_of(DeviceKind kind);         /* "hd", "cdrom", "network"; NULL of others */
