/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A domain XML, understood: the VM it describes, and which element each of its devices is. Both reading and patching start
 * from it, so that they can never disagree. Used by the files of domain_xml alone. */
#pragma once

#include "host/domain_xml.h"
#include "host/domain_xml_scan.h"

/* An element below <devices> that has an id or may stand in the boot order. */
typedef struct {
    DeviceKind kind;
    Id id;                              /* null for OTHER */
    const ScanNode *node;
    char *key;                          /* target ("vda") or MAC, lower case; "" if it has none */
    gint64 order;                       /* of <boot order='…'/>; 0: none */
    gboolean by_alias;                  /* its alias is "ua-<id>" */
    gboolean by_mark;                   /* its id stands in our metadata only */
} Device;

typedef struct {
    ScanDoc *doc;
    const ScanNode *os, *devices;       /* NULL where there is none */
    const ScanNode *mark;               /* our element in <metadata>; NULL */
    Id id;                              /* the domain's UUID */
    gboolean ours;                      /* the mark is there and names this UUID */
    char *job;
    char *machine;                      /* "pc-q35-7.2"; "" */
    gboolean boots_by_device;           /* by <boot order> in devices, not <os><boot dev> */
    Id boots;                           /* the disk it boots from, flag or not; null */
    GArray *device;                     /* Device, disks and CD-ROMs, then NICs, then others; each in document order */
    const DomainFacts *next;            /* the domain runs, and this is its definition; borrowed, NULL else */
    Vm *vm;
} Reading;

Reading *reading_new(const char *xml, const DomainFacts *next, GError **error);
void reading_free(Reading *reading);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reading, reading_free)

/* Fills reading->device and the disks, drives and cards of reading->vm; called by reading_new, of the group of what is plugged in. */
void reading_devices(Reading *reading);
const Device *reading_find(const Reading *reading, DeviceKind kind, const Id *id);     /* NULL */
GPtrArray *reading_files(const Reading *reading);                       /* DomainDisk of every disk element; g_ptr_array_free(…, TRUE) frees only the array */
/* Bytes of an element such as <memory unit='KiB'>; FALSE where it is absent or no number. */
gboolean reading_bytes(const ScanDoc *doc, const ScanNode *node, gint64 *ret_bytes);
gboolean reading_size(const ScanDoc *doc, const ScanNode *node, const char *attribute, gint64 *ret_bytes);      /* of an attribute, with `unit` beside it */
gint64 reading_number(const Reading *reading, const char *path);          /* below the root; 0 where it is absent or no number */
/* Does the machine have IDE and PCI rather than SATA and PCI Express? */
gboolean reading_is_i440fx(const char *machine);
gboolean reading_is_x86(const Reading *reading);
/* What the present firmware is called: for x86 of q35 or i440fx, else CLUSTER_DEFAULT. */
BiosType reading_firmware(const Reading *reading);
