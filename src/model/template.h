/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What VMs are made from. */
#pragma once

#include "model/vm.h"

#define TEMPLATE_STATUS(N, E) N(E, OK, "ok") N(E, LOCKED, "locked") N(E, ILLEGAL, "illegal")
NAMES_ENUM(TemplateStatus, TEMPLATE_STATUS, TEMPLATE);
extern const Names template_status_names;

typedef struct { gint64 version_number; char *version_name; Ref base_template; } TemplateVersion;

typedef struct {
    Object object;
    char *name, *description, *comment, *origin;
    int status;                         /* TemplateStatus */
    int type;                           /* VmType */
    Cpu cpu;
    gint64 cpu_shares;
    gint64 memory;                      /* bytes */
    MemoryPolicy memory_policy;         /* bytes */
    Bios bios;
    OperatingSystem os;
    Display display;
    HighAvailability high_availability;
    PlacementPolicy placement_policy;
    TimeZone time_zone;
    Io io;
    Switch usb, virtio_scsi, console;
    RngDevice rng_device;
    List custom_properties;             /* CustomProperty */
    Initialization initialization;
    MigrationOptions migration;
    gboolean stateless, delete_protected, start_paused, soundcard_enabled, tpm_enabled, multi_queues_enabled;
    char *storage_error_resume_behaviour, *custom_emulated_machine, *custom_cpu_model, *cpu_pinning_policy, *auto_pinning_policy;
    gint64 creation_time;               /* Wall */
    TemplateVersion version;
    Ref cluster, cpu_profile, quota;
    Ref vm;                             /* only in drafts: what it is made from */
    List nics, disk_attachments;        /* of the template_* types of model/vm_devices.h */
} Template;

extern const Type template_type;

void template_add_fixed(GPtrArray *objects);    /* Blank, with a new VM's defaults (vm_set_defaults); owned by OBJECTS. See fixed.h */
