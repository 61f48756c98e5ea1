/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Domain XML: built for new VMs, patched for all others, and read. Patching never re-serialises the document: it edits
 * the host's own bytes, so that an empty change gives the same bytes and whatever we do not model survives. Pure. */
#pragma once

#include "host/host.h"

#define DOMAIN_XML_NAMESPACE "urn:shikiri:domain:1"      /* of our <metadata> element */

/* What building needs beside the VM. */
typedef struct {
    const Host *host;                       /* accelerator, machines, architecture */
    const char *job;                        /* the mark put in the metadata; NULL none */
    /* Where a disk lies: its file and format; FALSE with a fault if it cannot be used here. */
    gboolean (*disk)(gpointer data, const Id *disk, char **ret_path, int *ret_format, gboolean *ret_shareable, GError **error);
    char *(*iso)(gpointer data, const char *file_id, GError **error);          /* path of an ISO */
    const char *(*nic_source)(gpointer data, const Nic *nic);                  /* "network:default", "bridge:br0"; NULL: not connected */
    gpointer data;
    const DomainFacts *next;                /* patching the XML of a domain that runs: its definition; else NULL */
    gboolean mark;                          /* patching what is not ours: the mark comes even if nothing else is to be changed */
} DomainWorld;

char *domain_xml_build(const Vm *vm, const DomainWorld *world, GError **error);
/* XML made to say what VM says where it differs from what domain_xml_read says of XML now. Equal: the same bytes. */
char *domain_xml_patch(const char *xml, const Vm *vm, const DomainWorld *world, GError **error);
/* XML whose disk at TARGET ("vda") names the file PATH, of that DiskFormat, and nothing beneath it; NULL: it has no such disk. Yours. */
char *domain_xml_with_file(const char *xml, const char *target, const char *path, int format);
/* XML under another name; NULL: it is no domain's. Yours. */
char *domain_xml_renamed(const char *xml, const char *name);
/* Reads a (possibly foreign) domain XML into FACTS (config, disks, ours, job). */
gboolean domain_xml_read(const char *xml, DomainFacts *facts, GError **error);
/* XML as people may see it: without its secrets. Yours; NULL where it is none. */
char *domain_xml_shown(const char *xml, GError **error);

/* --- a domain that runs ---
 * Its XML carries no mark of ours that can be trusted: who a device is, its definition NEXT tells, by alias, target and file, or MAC. */
typedef enum { DEVICE_DISK, DEVICE_CDROM, DEVICE_NIC, DEVICE_OTHER } DeviceKind;

/* Fills next->live and next->live_xml from XML, and what lies in its drives now into next->config (Cdrom.current). */
gboolean domain_xml_read_live(const char *xml, DomainFacts *next, GError **error);
/* The element of one device in XML (of a running domain where NEXT is given, else a definition); NULL: there is none. Yours. FRESH: as it is given to a
 * running domain, without the address and the place in the boot order that the definition gave it. */
char *domain_xml_device(const char *xml, const DomainFacts *next, DeviceKind kind, const Id *id, gboolean fresh);
char *domain_xml_alias(const char *device);                             /* libvirt's name of an element of <devices>; NULL; yours */
/* Has XML this very DEVICE? One with an alias of ours is known by that; else by libvirt's alias, its MAC, or its target and file. */
gboolean domain_xml_has_device(const char *xml, const char *device);
/* The target or MAC of DEVICE, where something in XML has that already; NULL: nothing has. Yours. */
char *domain_xml_place_taken(const char *xml, const char *device);
/* And with the same medium or network, and the same state of its plug? */
gboolean domain_xml_device_is(const char *xml, const char *device);
gboolean domain_xml_has_scsi(const char *xml);                          /* a controller of that kind */
gboolean domain_xml_is_on_scsi(const char *device);
/* For hosts that are not there: XML with the device put in, or in place of itself, or with the one of that alias taken out. NULL: there is none, or
 * its place is taken. Yours. */
char *domain_xml_as_running(const char *xml);                           /* a definition with a name for each device, as it has once it runs */
char *domain_xml_with_device(const char *xml, const char *device);
char *domain_xml_with_device_changed(const char *xml, const char *device);
char *domain_xml_without_device(const char *xml, const char *alias);
