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
    Ref small_icon, large_icon;
} GuestSystem;

extern const Type operating_system_type, icon_type;

void guest_systems_add_fixed(GPtrArray *objects);   /* every system and its pictures; owned by OBJECTS. See fixed.h */
