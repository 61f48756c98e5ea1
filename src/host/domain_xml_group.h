/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a domain has beside its machine, in groups: each has a file of its own and one row, with how it is written for a new VM, read, and
 * patched. A new device is a new row, here and in the table. Used by the files of domain_xml alone. */
#pragma once

#include "host/domain_xml_build.h"
#include "host/domain_xml_patch.h"

/* Each may be NULL: nothing to do. */
typedef struct {
    void (*machine)(Build *build);                      /* a new domain's elements beside <devices> */
    guint (*ports)(const Build *build);                 /* PCI Express ports kept for it, whether it is there or not: libvirt adds none to a running machine */
    gboolean (*build)(Build *build, GError **error);    /* a new domain's elements of <devices> */
    void (*read)(Reading *reading);                     /* into reading->vm, of any domain */
    gboolean (*patch)(Patch *patch, GError **error);    /* where patch->vm says otherwise than patch->now->vm, and only there */
} DomainGroup;

extern const DomainGroup *const domain_groups[];        /* in the order of their elements; NULL-terminated */
guint group_one_port(const Build *build);

extern const DomainGroup group_tuning;                  /* domain_xml_group_tuning.c: threads for I/O */
extern const DomainGroup group_pins;                    /* domain_xml_group_pins.c: shares of processors, and which of them */
extern const DomainGroup group_memory;                  /* domain_xml_group_memory.c: its pages, and room for more */
extern const DomainGroup group_numa;                    /* domain_xml_group_numa.c: nodes given by hand */
extern const DomainGroup group_controllers;             /* domain_xml_group_controllers.c */
extern const DomainGroup group_plugged;                 /* domain_xml_group_plugged.c: drives, disks, cards */
extern const DomainGroup group_usb, group_input;        /* domain_xml_group_usb.c: the controller, what stands on it */
extern const DomainGroup group_serial, group_screen;    /* domain_xml_group_console.c */
extern const DomainGroup group_agent, group_balloon;    /* domain_xml_group_guest.c: what serves the guest's own software */
extern const DomainGroup group_random;                  /* domain_xml_group_random.c */
extern const DomainGroup group_tpm;                     /* domain_xml_group_tpm.c */
extern const DomainGroup group_sound;                   /* domain_xml_group_sound.c */
extern const DomainGroup group_hostdev;                 /* domain_xml_group_hostdev.c: devices of the host's */
extern const DomainGroup group_folders;                 /* domain_xml_group_folders.c: folders of the host's */
extern const DomainGroup group_watchdog;                /* domain_xml_group_watchdog.c */
