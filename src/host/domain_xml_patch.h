/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of patching share: domain_xml_patch.c the machine and the order of things, domain_xml_patch_devices.c its disks,
 * drives and cards, and the groups (domain_xml_group.h) the rest. */
#pragma once

#include "host/domain_xml_boot.h"
#include "host/domain_xml_device.h"
#include "host/domain_xml_mark.h"
#include "host/domain_xml_splice.h"

#define PATCH_ALIAS "ua-"               /* and the device's id: libvirt's word for names that users give */

typedef struct {
    Reading *now;
    const Vm *vm;                       /* as it shall be */
    const DomainWorld *world;
    Splices splices;
    GArray *marks;                      /* MarkDevice: every device as it then stands */
    GPtrArray *nameless;                /* const Device *: named by our alias as soon as the domain carries our mark, and not before */
} Patch;

gint64 memory_room(const Vm *vm);        /* domain_xml_group_memory.c: what its memory may grow to while it runs, in bytes; 0: not at all */
gboolean patch_devices(Patch *patch, GError **error);                   /* domain_xml_patch_devices.c */
/* Puts FRAGMENT below PARENT behind the last of its children that is named NAME, else as its last child. */
void patch_insert(Patch *patch, const ScanNode *parent, const char *name, const char *fragment);
/* The child element NAME of PARENT says VALUE; none where it is 0. */
void patch_child_number(Patch *patch, const ScanNode *parent, const char *name, gint64 value);
void patch_remove_each(Patch *patch, const ScanNode *parent, const char *name);
/* A device that is there or not: NOW it is, or WISHED it shall be. */
void patch_switch(Patch *patch, gboolean now, gboolean wished, const char *name, const char *fragment);
