/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * New disks, drives and cards as XML fragments, the same for a new domain and for one that is edited. Used by domain_xml
 * alone. */
#pragma once

#include "base/text.h"
#include "host/domain_xml.h"

typedef struct {
    const Vm *vm;
    const DomainWorld *world;
    gboolean i440fx;                    /* IDE there, SATA there not */
    gboolean arm;                       /* neither */
    GHashTable *targets;                /* taken names, owned strings */
} DeviceShop;

void device_shop_open(DeviceShop *shop, const Vm *vm, const DomainWorld *world, const char *machine);
void device_shop_close(DeviceShop *shop);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DeviceShop, device_shop_close)

/* A target name for INTERFACE: WISH if it fits and is free, else the next free one. Taken from then on; yours. */
char *device_take_target(DeviceShop *shop, int interface, const char *wish);
const char *device_bus(int interface);                          /* "virtio", "scsi" …; virtio for none */
gboolean device_check_interface(const DeviceShop *shop, const DiskAttachment *attachment, GError **error);

/* Each the lines of one element; ORDER 0: no <boot>. NULL with a fault. */
char *device_disk(const DeviceShop *shop, const DiskAttachment *attachment, const char *target, gint64 order, GError **error);
char *device_cdrom(const DeviceShop *shop, const Id *alias, const char *target, const char *path, gint64 order);
char *device_nic(const DeviceShop *shop, const Nic *nic, gint64 order, GError **error);
/* <source …/> of "network:X", "bridge:X", "direct:X" and libvirt's type of it; FALSE if SOURCE is none of these. */
gboolean device_nic_source(const char *source, const char **ret_type, char **ret_fragment);
/* What NIC shall be connected to; borrowed; NULL: not connected. */
const char *device_wished_source(const DomainWorld *world, const Nic *nic);
const char *device_drive_bus(const DeviceShop *shop);           /* of a CD-ROM drive */
char *device_drive_target(DeviceShop *shop, const char *wish);

/* A console's password that nobody knows, and the moment at which it has expired before it begins. */
#define DEVICE_FIRST_EVER "1970-01-01T00:00:01"
#define DEVICE_PASSWORD_SIZE 9
void device_new_password(char ret_password[DEVICE_PASSWORD_SIZE]);
