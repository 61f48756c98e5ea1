/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Devices of a VM in the model: the ones every VM has, free targets, MAC addresses, who has a disk. Pure. */
#pragma once

#include "job/command.h"

/* The CD-ROM, the VNC console and the snapshot entry "Active VM" that every VM has. */
void devices_add_standard(Vm *vm, Wall now);

/* The first target of the interface's kind that no disk and no CD-ROM of VM has: "vda", "sdb". Yours. */
char *devices_free_target(const Vm *vm, int interface);
/* The attachment in VM; one that stands in MODEL but is not plugged (the host's XML has none of it) is copied into VM. NULL. */
DiskAttachment *devices_find_attachment(Vm *vm, const Vm *model, const Id *disk);
Nic *devices_find_nic(Vm *vm, const Vm *model, const Id *id);

/* VMs that have the disk attached; yours (g_ptr_array_unref), borrowed items. */
GPtrArray *devices_vms_of_disk(const View *view, const Id *disk);
/* The first active bootable disk attachment other than EXCEPT (may be NULL); NULL. */
const DiskAttachment *devices_boot_disk(const Vm *vm, const Id *except);

/* "56:6f:…" made from the NIC's id, free in the whole view. Yours. */
char *devices_new_mac(const View *view, const Id *nic);
/* The lower-case spelling of a unicast address; NULL if it is none. Yours. */
char *devices_parse_mac(const char *text);
/* The VM, other NIC than EXCEPT, that has the address; NULL. */
const Vm *devices_mac_owner(const View *view, const char *mac, const Id *except);
