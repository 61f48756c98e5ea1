/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What VMs are made from: templates, instance types, pools of VMs, and the operating systems a guest may have. */
#pragma once

#include "model/vm.h"

#define TEMPLATE_STATUS(N, E) N(E, OK, "ok") N(E, LOCKED, "locked") N(E, ILLEGAL, "illegal")
NAMES_ENUM(TemplateStatus, TEMPLATE_STATUS, TEMPLATE);
extern const Names template_status_names;

typedef struct { gint64 version_number; char *version_name; Ref base_template; } TemplateVersion;

typedef struct {                        /* of templates and instance types: an instance type has no status, cluster and version */
    Object object;
    char *name, *description, *comment, *origin;
    int status;                         /* TemplateStatus */
    int type;                           /* VmType */
    Cpu cpu;
    gint64 cpu_shares;
    gint64 memory;                      /* bytes */
    MemoryPolicy memory_policy;
    Bios bios;
    OperatingSystem os;
    Display display;
    HighAvailability high_availability;
    PlacementPolicy placement_policy;
    TimeZone time_zone;
    Io io;
    Switch usb, virtio_scsi, console;
    MigrationOptions migration;
    gboolean stateless, delete_protected, start_paused, soundcard_enabled, tpm_enabled, multi_queues_enabled;
    char *storage_error_resume_behaviour, *custom_emulated_machine, *custom_cpu_model, *cpu_pinning_policy, *auto_pinning_policy;
    gint64 creation_time;               /* Wall */
    TemplateVersion version;
    Ref cluster, cpu_profile, quota;
} Template;

typedef struct {
    Object object;
    char *name, *description, *comment;
    char *type;                         /* "automatic" or "manual" */
    gint64 size, prestarted_vms, max_user_vms;
    gboolean stateful, auto_storage_select, use_latest_template_version, soundcard_enabled, tpm_enabled;
    Display display;
    Ref cluster, template_, instance_type;
} VmPool;

typedef struct {                        /* id: ID_NUMBER, oVirt's */
    Object object;
    char *name, *description, *comment; /* "rhel_9x64", "Red Hat Enterprise Linux 9.x x64" */
    int architecture;                   /* Architecture */
    char *tpm_support;                  /* "supported", "required" or "unsupported" */
} GuestSystem;

extern const Type template_type, instance_type_type, vm_pool_type, operating_system_type;
