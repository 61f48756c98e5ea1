/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who may do what: domains people come from, groups, roles with their permits, and the permissions that bind them to objects.
 * Users themselves are of model/record.h. */
#pragma once

#include "schema/type.h"

typedef struct {                        /* id: ID_HEX, the bytes of its name */
    Object object;
    char *name, *description, *comment;
} AuthDomain;

typedef struct {
    Object object;
    char *name, *description, *comment, *namespace_, *domain_entry_id;
    Ref domain;
} Group;

typedef struct {                        /* id: ID_NUMBER, oVirt's */
    Object object;
    char *name, *description, *comment;
    gboolean administrative;
    Ref role;                           /* null where a cluster level lists it */
} RolePermit;

typedef struct {
    Object object;
    char *name, *description, *comment;
    gboolean administrative, mutable_;
    List permits;                       /* RolePermit children, by number */
} Role;

typedef struct {                        /* on what: the one reference that is set; none is everything */
    Object object;
    char *name, *description, *comment;
    Ref role, user, group;              /* either a user or a group */
    Ref cluster, data_center, disk, host, storage_domain, template_, vm, vm_pool;
} Permission;

extern const Type domain_type, group_type, role_type, permit_type, permission_type;

/* Known to clients by heart. */
#define PEOPLE_ROLE_SUPER_USER "00000000-0000-0000-0000-000000000001"
#define PEOPLE_ROLE_USER_ROLE "00000000-0000-0000-0001-000000000001"
#define PEOPLE_GROUP_EVERYONE "eee00000-0000-0000-0000-123456789eee"
/* The directory of the manager's own users, as oVirt's clients spell it; its profile, the word behind the @ of a login, is "internal". */
#define PEOPLE_DOMAIN_INTERNAL "internal-authz"

/* All permits there are, appended to LIST as RolePermit with no role. */
void people_add_permits(List *list);

/* The predefined roles, the group Everyone and the domain of the manager's own users: appended to OBJECTS, owned by it. See fixed.h. */
void people_add_roles(GPtrArray *objects);
void people_add_fixed(GPtrArray *objects);
