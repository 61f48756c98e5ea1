/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What libvirt counts of one domain, and the rates between two countings. Pure: the parameters come from libvirt_numbers.c,
 * or from a test. What was not counted (a QEMU that hangs) is missing, not zero. */
#pragma once

#include "model/statistics.h"

#include <libvirt/libvirt.h>

#define DOMAIN_NUMBERS_MOST 256         /* disks, and NICs, of one domain that are looked at */

typedef struct {
    char name[20];                      /* "vda", "vnet3" */
    guint64 read, write, read_ops, write_ops, flush, read_time, write_time, flush_time;    /* of a disk; times in ns */
    guint64 rx, tx, rx_packets, tx_packets, rx_drops, tx_drops, rx_errors, tx_errors;      /* of a NIC */
} DeviceCount;

/* Since the domain started. */
typedef struct {
    Id id;
    Tick when;
    guint seen;                         /* Missing: groups that were counted */
    guint64 cpu, vcpus;                 /* ns: of its process, of its processors */
    guint64 installed, usable, unused, resident;    /* KiB */
    GArray *disks, *nics;               /* DeviceCount */
} DomainCount;

DomainCount *domain_count_new(const Id *id, Tick when, const virTypedParameter *parameters, int count);
void domain_count_free(DomainCount *count);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DomainCount, domain_count_free)

/* The MAC of the NIC whose end on the host is TAP; NULL: not known. */
typedef const char *(*DomainMac)(gpointer data, const char *tap);
/* Puts the VM and its devices into SHEET. BEFORE: the counting before, of the same domain; NULL: there is none, so there are no rates. */
VmNumbers *domain_count_put(const DomainCount *now, const DomainCount *before, Sheet *sheet, DomainMac mac, gpointer data);
