/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who may do what: domains people come from, groups, roles with their permits, and the permissions that bind them to objects.
 * Users themselves are of model/record.h. */
#pragma once

#include "schema/type.h"

typedef struct {                        /* id: ID_HEX of the name */
    Object object;
    char *name, *description, *comment;
} AuthDomain;

typedef struct {
    Object object;
    char *name, *description, *comment, *namespace_, *domain_entry_id;
    Ref domain;
} Group;

typedef struct {                        /* id: ID_NUMBER */
    Object object;
    char *name, *description, *comment;
    gboolean administrative;
    Ref role;
} Permit;

typedef struct {
    Object object;
    char *name, *description, *comment;
    gboolean administrative, mutable_;
    List permits;                       /* Permit children */
} Role;

typedef struct {                        /* on what: the one reference that is set; none is the system */
    Object object;
    char *name, *description, *comment;
    Ref role, user, group;
    Ref vm, template_, disk, host, cluster, data_center, storage_domain, network, vnic_profile, vm_pool;
} Permission;

extern const Type domain_type, group_type, role_type, permit_type, permission_type;
