/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rows of domains, groups, roles, permits and permissions, and those of them that every manager has. The roles stand in
 * roles.c. */
#include "model/people.h"

#include "model/places.h"
#include "model/record.h"
#include "model/smalls.h"
#include "model/storage.h"
#include "model/template.h"

/* clang-format off */
const Type domain_type = { .one = "domain", .many = "domains", .path = "domains", .size = sizeof(AuthDomain), .ids = ID_HEX, .help = "Where people come from.", .fields = (const Field[]) {
    TEXT(AuthDomain, name,        FIND | SHOW, "Its name."),
    TEXT(AuthDomain, description, FIND,        "For people."),
    TEXT(AuthDomain, comment,     FIND,        "For people."),
    COLLECT("groups", group_type, "domain"), COLLECT("users", user_type, "domain"),
    { 0 } } };

const Type group_type = { .one = "group", .many = "groups", .path = "groups", .size = sizeof(Group), .help = "A group of people.", .fields = (const Field[]) {
    TEXT(Group, name,        ADD | FIND | SHOW, "Its name."),
    TEXT(Group, description, FIND,              "For people."),
    TEXT(Group, comment,     FIND,              "For people."),
    NAMED("namespace", KIND_TEXT, Group, namespace_, char *, NULL, ADD, "Of its directory."),
    TEXT(Group, domain_entry_id, 0,             "Its id in the directory."),
    REF (Group, domain, domain_type, ADD | INLINE, "Where it comes from."),
    COLLECT("permissions", permission_type, "group"), EMPTY("roles", "roles"), EMPTY("tags", "tags"),
    { 0 } } };

const Type permit_type = { .one = "permit", .many = "permits", .path = "permits", .size = sizeof(RolePermit), .parent = &role_type, .ids = ID_NUMBER, .help = "Something that may be done.", .fields = (const Field[]) {
    TEXT(RolePermit, name,        ADD | SHOW, "Its word."),
    TEXT(RolePermit, description, 0,          "For people."),
    TEXT(RolePermit, comment,     0,          "For people."),
    BOOL(RolePermit, administrative, SHOW,    "For administrators alone."),
    REF (RolePermit, role, role_type, 0,      "The role that holds it."),
    { 0 } } };

const Type role_type = { .one = "role", .many = "roles", .path = "roles", .size = sizeof(Role), .help = "A set of permits.", .fields = (const Field[]) {
    TEXT(Role, name,        ADD | SET | FIND | SHOW | NEED, "Its name."),
    TEXT(Role, description, ADD | SET | FIND | SHOW, "What it is for."),
    TEXT(Role, comment,     ADD | SET | FIND,        "For people."),
    BOOL(Role, administrative, ADD,                  "For administrators."),
    NAMED("mutable", KIND_BOOL, Role, mutable_, gboolean, NULL, 0, "May be changed: those that every manager has may not."),
    CHILDREN(Role, permits, permit_type, ADD,        "What it allows."),
    { 0 } } };

const Type permission_type = { .one = "permission", .many = "permissions", .path = "permissions", .size = sizeof(Permission), .help = "Who has which role where.", .fields = (const Field[]) {
    TEXT(Permission, name,        0,                 "Its name."),
    TEXT(Permission, description, 0,                 "For people."),
    TEXT(Permission, comment,     0,                 "For people."),
    REF (Permission, role,  role_type,  ADD | NEED | SHOW | INLINE, "Which role."),
    REF (Permission, user,  user_type,  ADD | SHOW,  "Whose, if a user's."),
    REF (Permission, group, group_type, ADD | SHOW,  "Whose, if a group's."),
    REF (Permission, cluster,     cluster_type,     ADD, "On which cluster."),
    REF (Permission, data_center, data_center_type, ADD, "On which data center."),
    REF (Permission, disk,        disk_type,        ADD, "On which disk."),
    REF (Permission, host,        host_type,        ADD, "On which host."),
    REF (Permission, storage_domain, storage_domain_type, ADD, "On which storage domain."),
    NAMED("template", KIND_REF, Permission, template_, Ref, &template_type, ADD, "On which template."),
    REF (Permission, vm,          vm_type,          ADD, "On which VM."),
    REF (Permission, vm_pool,     vm_pool_type,     ADD, "On which pool."),
    { 0 } } };
/* clang-format on */

void
people_add_fixed(GPtrArray *objects)
{
    AuthDomain *internal = object_new(&domain_type);
    internal->object.id = id_word(PEOPLE_DOMAIN_INTERNAL);
    internal->name = g_strdup(PEOPLE_DOMAIN_INTERNAL);
    g_ptr_array_add(objects, internal);
    Group *everyone = object_new(&group_type);
    if (!id_parse(PEOPLE_GROUP_EVERYONE, ID_UUID, &everyone->object.id))
        g_error("group 'Everyone' has no id");
    everyone->name = g_strdup("Everyone");
    everyone->namespace_ = g_strdup("*");
    everyone->domain_entry_id = g_strdup(PEOPLE_GROUP_EVERYONE);
    g_ptr_array_add(objects, everyone);
    people_add_roles(objects);
}
