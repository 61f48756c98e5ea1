/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the two files of patching share: domain_xml_patch.c the machine and the order of things, domain_xml_patch_devices.c
 * its devices. */
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

gboolean patch_devices(Patch *patch, GError **error);
/* Puts FRAGMENT below PARENT behind the last of its children that is named NAME, else as its last child. */
void patch_insert(Patch *patch, const ScanNode *parent, const char *name, const char *fragment);
