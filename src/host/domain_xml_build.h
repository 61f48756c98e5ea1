/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of a new domain share: domain_xml_build.c the whole, domain_xml_build_machine.c the machine, and the groups
 * (domain_xml_group.h) the rest. */
#pragma once

#include "host/domain_xml_boot.h"
#include "host/domain_xml_device.h"
#include "host/domain_xml_mark.h"

typedef struct {
    const Vm *vm;
    const DomainWorld *world;
    Text out;
    DeviceShop shop;
    Architecture architecture;
    gboolean kvm, windows, uefi;
    char *machine;                      /* alias or versioned name */
    GArray *marks;                      /* MarkDevice */
    BootPlan plan;
} Build;

/* Lines of the document, LEVEL deep. A fragment may have several. */
void build_line(Build *build, guint level, const char *line);
void build_lines(Build *build, guint level, const char *fragment);
void build_format(Build *build, guint level, const char *format, ...) G_GNUC_PRINTF(3, 4);
void build_element(Build *build, guint level, const char *name, const char *value);     /* none where VALUE is NULL or empty */

void build_machine(Build *build);       /* everything between <metadata> and <devices> */
void build_cell(Build *build);          /* domain_xml_group_memory.c: the cell of NUMA that memory is plugged into, inside <cpu> */
void build_plan(Build *build);          /* domain_xml_group_plugged.c: fills build->plan, before anything is written */
