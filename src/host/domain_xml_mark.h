/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Our element in a domain's <metadata>, namespace DOMAIN_XML_NAMESPACE:
 *
 *     <shikiri:vm xmlns:shikiri="urn:shikiri:domain:1" id="UUID of the domain" job="…" cluster="UUID" template="UUID" os="…" …>
 *       <shikiri:nic id="…" name="nic1" profile="…" network="…"/>   and more where the domain itself cannot say it
 *       <shikiri:disk id="…"/>
 *       <shikiri:cdrom id="…" file="…" path="…"/>
 *     </shikiri:vm>
 *
 * It holds what an empty manager needs to take an estate over and what libvirt has no element for. It counts only while `id` is the
 * domain's UUID: a clone made outside is not ours. Attributes and elements it does not know are left alone, as newer programs may
 * have put them there. Used by the files of domain_xml alone. */
#pragma once

#include "host/domain_xml_reading.h"
#include "host/domain_xml_splice.h"

/* Finds the mark; sets reading->mark, ours, job. */
void mark_find(Reading *reading);
/* Copies its plain fields (and the wish for boot devices and BIOS) into reading->vm. Only of ours. */
void mark_read(Reading *reading);
/* The row of a device by its id, or by an attribute ("target", "mac"); NULL. Only of ours. */
const ScanNode *mark_row(const Reading *reading, DeviceKind kind, const char *attribute, const char *value);
void mark_read_nic(const Reading *reading, const ScanNode *row, Nic *nic);  /* name, profile, network of a row; ROW may be NULL */
/* Devices that are in the VM but not plugged: known by the mark alone. */
void mark_read_absent(Reading *reading);

/* How a device of the VM stands in the domain after the edit at hand. */
typedef struct {
    DeviceKind kind;
    Id id;
    gboolean plain;                     /* the domain's own XML is enough to know its id again */
    gboolean boots;                     /* the domain boots from this disk, flag or not */
    char *key;                          /* target or MAC; NULL: not in the domain */
    char *path;                         /* CD-ROM: its medium; NULL: empty or unknown. NIC: "" where it is in but not connected, else NULL */
} MarkDevice;
void mark_device_clear(gpointer device);

/* A whole new element for VM, as a fragment of lines; DEVICES of MarkDevice. */
char *mark_make(const Vm *vm, const Id *domain, const char *job, const GArray *devices);
/* Splices that make the present mark say the same; none if it does. There must be one. JOB NULL leaves the job as it is. */
void mark_patch(Splices *splices, const Reading *reading, const Vm *vm, const char *job, const GArray *devices);
