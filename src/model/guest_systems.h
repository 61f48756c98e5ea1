/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The operating systems a guest may say it has, and the pictures of them. */
#pragma once

#include "model/vm.h"

typedef struct {
    Object object;
    char *name, *description, *comment, *media_type, *data;     /* data: base64 */
} Icon;

typedef struct {                        /* id: ID_NUMBER, oVirt's */
    Object object;
    char *name, *description, *comment; /* "rhel_9x64", "Red Hat Enterprise Linux 9.x x64" */
    int architecture;                   /* Architecture */
    int tpm_support;                    /* "unsupported", "supported" or "required" */
    /* ours: what a new VM gets whose client does not say */
    int bios_type, disk_interface, nic_interface;   /* BiosType (none: its cluster's), DiskInterface, NicInterface */
    gint64 minimum_memory;              /* bytes; 0: not known */
    gboolean tpm_enabled;
    Ref small_icon, large_icon;
} GuestSystem;

extern const Type operating_system_type, icon_type;

gboolean guest_system_requires_tpm(const GuestSystem *system);
gboolean guest_system_supports_tpm(const GuestSystem *system);
gboolean guest_system_is_any(const GuestSystem *system);    /* "other", "other_linux": nothing is known of it, not even its architecture */
gboolean guest_system_is_windows(const char *name);         /* by its name; NULL is not */
gboolean guest_system_needs_v3(const char *name);           /* by its name: it does not boot below x86-64-v3 */
void guest_systems_add_fixed(GPtrArray *objects);   /* every system and its pictures; owned by OBJECTS. See fixed.h */
