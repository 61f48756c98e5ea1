/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The permits there are and the roles every manager has, with oVirt's numbers, ids and words: clients know them by heart. Only
 * data; who holds which role is a Permission. Called by people.c and fixed.c. */
#include "model/people.h"

/* clang-format off */
/* A permit, its number, its word, and whether only administrators have a use for it. */
#define PERMITS(P)                                                                                                          \
    P(CREATE_VM, 1, "create_vm", USER) P(DELETE_VM, 2, "delete_vm", USER)                                                   \
    P(EDIT_VM_PROPERTIES, 3, "edit_vm_properties", USER) P(CHANGE_VM_CD, 5, "change_vm_cd", USER)                           \
    P(MIGRATE_VM, 6, "migrate_vm", USER) P(CONNECT_TO_VM, 7, "connect_to_vm", USER)                                         \
    P(IMPORT_EXPORT_VM, 8, "import_export_vm", ADMIN) P(CONFIGURE_VM_NETWORK, 9, "configure_vm_network", USER)              \
    P(CONFIGURE_VM_STORAGE, 10, "configure_vm_storage", USER) P(MOVE_VM, 11, "move_vm", USER)                               \
    P(MANIPULATE_VM_SNAPSHOTS, 12, "manipulate_vm_snapshots", USER) P(RECONNECT_TO_VM, 13, "reconnect_to_vm", USER)         \
    P(CHANGE_VM_CUSTOM_PROPERTIES, 14, "change_vm_custom_properties", ADMIN)                                                \
    P(EDIT_ADMIN_VM_PROPERTIES, 15, "edit_admin_vm_properties", ADMIN) P(CREATE_INSTANCE, 16, "create_instance", USER)      \
    P(REBOOT_VM, 17, "reboot_vm", USER) P(STOP_VM, 18, "stop_vm", USER) P(SHUT_DOWN_VM, 19, "shut_down_vm", USER)           \
    P(HIBERNATE_VM, 21, "hibernate_vm", USER) P(RUN_VM, 22, "run_vm", USER) P(RESET_VM, 23, "reset_vm", USER)               \
    P(CREATE_HOST, 100, "create_host", ADMIN) P(EDIT_HOST_CONFIGURATION, 101, "edit_host_configuration", ADMIN)             \
    P(DELETE_HOST, 102, "delete_host", ADMIN) P(MANIPULATE_HOST, 103, "manipulate_host", ADMIN)                             \
    P(CONFIGURE_HOST_NETWORK, 104, "configure_host_network", ADMIN) P(CREATE_TEMPLATE, 200, "create_template", USER)        \
    P(EDIT_TEMPLATE_PROPERTIES, 201, "edit_template_properties", USER) P(DELETE_TEMPLATE, 202, "delete_template", USER)     \
    P(COPY_TEMPLATE, 203, "copy_template", USER) P(CONFIGURE_TEMPLATE_NETWORK, 204, "configure_template_network", USER)     \
    P(EDIT_ADMIN_TEMPLATE_PROPERTIES, 205, "edit_admin_template_properties", ADMIN)                                         \
    P(CREATE_VM_POOL, 300, "create_vm_pool", USER) P(EDIT_VM_POOL_CONFIGURATION, 301, "edit_vm_pool_configuration", USER)   \
    P(DELETE_VM_POOL, 302, "delete_vm_pool", USER) P(VM_POOL_BASIC_OPERATIONS, 303, "vm_pool_basic_operations", USER)       \
    P(CREATE_CLUSTER, 400, "create_cluster", ADMIN) P(EDIT_CLUSTER_CONFIGURATION, 401, "edit_cluster_configuration", ADMIN) \
    P(DELETE_CLUSTER, 402, "delete_cluster", ADMIN) P(CONFIGURE_CLUSTER_NETWORK, 403, "configure_cluster_network", ADMIN)   \
    P(ASSIGN_CLUSTER_NETWORK, 404, "assign_cluster_network", ADMIN) P(MANIPULATE_USERS, 500, "manipulate_users", ADMIN)     \
    P(MANIPULATE_ROLES, 501, "manipulate_roles", ADMIN) P(MANIPULATE_PERMISSIONS, 502, "manipulate_permissions", USER)      \
    P(ADD_USERS_AND_GROUPS_FROM_DIRECTORY, 503, "add_users_and_groups_from_directory", USER)                                \
    P(EDIT_PROFILE, 504, "edit_profile", USER) P(CREATE_STORAGE_DOMAIN, 600, "create_storage_domain", ADMIN)                \
    P(EDIT_STORAGE_DOMAIN_CONFIGURATION, 601, "edit_storage_domain_configuration", ADMIN)                                   \
    P(DELETE_STORAGE_DOMAIN, 602, "delete_storage_domain", ADMIN)                                                           \
    P(MANIPULATE_STORAGE_DOMAIN, 603, "manipulate_storage_domain", ADMIN)                                                   \
    P(CREATE_STORAGE_POOL, 700, "create_storage_pool", ADMIN) P(DELETE_STORAGE_POOL, 701, "delete_storage_pool", ADMIN)     \
    P(EDIT_STORAGE_POOL_CONFIGURATION, 702, "edit_storage_pool_configuration", ADMIN)                                       \
    P(CONFIGURE_STORAGE_POOL_NETWORK, 703, "configure_storage_pool_network", ADMIN)                                         \
    P(CREATE_STORAGE_POOL_NETWORK, 704, "create_storage_pool_network", ADMIN)                                               \
    P(DELETE_STORAGE_POOL_NETWORK, 705, "delete_storage_pool_network", ADMIN)                                               \
    P(CONFIGURE_ENGINE, 800, "configure_engine", ADMIN) P(CONFIGURE_QUOTA, 900, "configure_quota", ADMIN)                   \
    P(CONSUME_QUOTA, 901, "consume_quota", USER) P(CREATE_GLUSTER_VOLUME, 1000, "create_gluster_volume", ADMIN)             \
    P(MANIPULATE_GLUSTER_VOLUME, 1001, "manipulate_gluster_volume", ADMIN)                                                  \
    P(DELETE_GLUSTER_VOLUME, 1002, "delete_gluster_volume", ADMIN)                                                          \
    P(MANIPULATE_GLUSTER_HOOK, 1003, "manipulate_gluster_hook", ADMIN)                                                      \
    P(MANIPULATE_GLUSTER_SERVICE, 1004, "manipulate_gluster_service", ADMIN) P(CREATE_DISK, 1100, "create_disk", USER)      \
    P(ATTACH_DISK, 1101, "attach_disk", USER) P(EDIT_DISK_PROPERTIES, 1102, "edit_disk_properties", USER)                   \
    P(CONFIGURE_DISK_STORAGE, 1103, "configure_disk_storage", USER) P(DELETE_DISK, 1104, "delete_disk", USER)               \
    P(CONFIGURE_SCSI_GENERIC_IO, 1105, "configure_scsi_generic_io", ADMIN)                                                  \
    P(ACCESS_IMAGE_STORAGE, 1106, "access_image_storage", USER)                                                             \
    P(DISK_LIVE_STORAGE_MIGRATION, 1107, "disk_live_storage_migration", USER) P(SPARSIFY_DISK, 1108, "sparsify_disk", USER) \
    P(REDUCE_DISK, 1109, "reduce_disk", ADMIN) P(BACKUP_DISK, 1110, "backup_disk", ADMIN)                                   \
    P(CONFIGURE_NETWORK_VNIC_PROFILE, 1203, "configure_network_vnic_profile", ADMIN)                                        \
    P(CREATE_NETWORK_VNIC_PROFILE, 1204, "create_network_vnic_profile", ADMIN)                                              \
    P(DELETE_NETWORK_VNIC_PROFILE, 1205, "delete_network_vnic_profile", ADMIN) P(LOGIN, 1300, "login", USER)                \
    P(TAG_MANAGEMENT, 1301, "tag_management", ADMIN) P(BOOKMARK_MANAGEMENT, 1302, "bookmark_management", ADMIN)             \
    P(EVENT_NOTIFICATION_MANAGEMENT, 1303, "event_notification_management", ADMIN)                                          \
    P(AUDIT_LOG_MANAGEMENT, 1304, "audit_log_management", ADMIN)                                                            \
    P(INJECT_EXTERNAL_EVENTS, 1400, "inject_external_events", ADMIN)                                                        \
    P(INJECT_EXTERNAL_TASKS, 1500, "inject_external_tasks", ADMIN)                                                          \
    P(MANIPULATE_AFFINITY_GROUPS, 1550, "manipulate_affinity_groups", ADMIN)                                                \
    P(CONFIGURE_STORAGE_DISK_PROFILE, 1560, "configure_storage_disk_profile", ADMIN)                                        \
    P(CREATE_STORAGE_DISK_PROFILE, 1561, "create_storage_disk_profile", ADMIN)                                              \
    P(DELETE_STORAGE_DISK_PROFILE, 1562, "delete_storage_disk_profile", ADMIN)                                              \
    P(ATTACH_DISK_PROFILE, 1563, "attach_disk_profile", USER) P(CREATE_MAC_POOL, 1660, "create_mac_pool", ADMIN)            \
    P(EDIT_MAC_POOL, 1661, "edit_mac_pool", ADMIN) P(DELETE_MAC_POOL, 1662, "delete_mac_pool", ADMIN)                       \
    P(CONFIGURE_MAC_POOL, 1663, "configure_mac_pool", ADMIN)                                                                \
    P(CONNECT_TO_SERIAL_CONSOLE, 1664, "connect_to_serial_console", USER)                                                   \
    P(DELETE_CPU_PROFILE, 1665, "delete_cpu_profile", ADMIN) P(UPDATE_CPU_PROFILE, 1666, "update_cpu_profile", ADMIN)       \
    P(CREATE_CPU_PROFILE, 1667, "create_cpu_profile", ADMIN) P(ASSIGN_CPU_PROFILE, 1668, "assign_cpu_profile", ADMIN)       \
    /* of our own: what oVirt has no permit for */                                                                          \
    P(FREEZE_VM_FILESYSTEMS, 9000, "freeze_vm_filesystems", ADMIN) P(SET_GUEST_PASSWORD, 9001, "set_guest_password", ADMIN) \
    P(RUN_GUEST_COMMAND, 9002, "run_guest_command", ADMIN)

enum {
#define P(name, number, word, kind) MAY_##name = number,
    PERMITS(P)
#undef P
};

static const struct { guint16 number; const char *word; enum { USER, ADMIN } kind; } permits[] = {
#define P(name, number, word, kind) { number, word, kind },
    PERMITS(P)
#undef P
};

typedef struct {
    const char *id, *name, *description;
    gboolean administrative;
    const guint16 *permits;         /* ends with 0; NULL: every permit there is */
} RoleRow;

static const RoleRow roles[] = {
    { PEOPLE_ROLE_SUPER_USER, "SuperUser", "Everything, everywhere", TRUE, NULL },
    { PEOPLE_ROLE_USER_ROLE, "UserRole", "Use the VMs and pools one was given", FALSE, (const guint16[]) {
        MAY_CHANGE_VM_CD, MAY_CONNECT_TO_VM, MAY_REBOOT_VM, MAY_STOP_VM, MAY_SHUT_DOWN_VM, MAY_HIBERNATE_VM, MAY_RUN_VM,
        MAY_RESET_VM, MAY_VM_POOL_BASIC_OPERATIONS, MAY_ACCESS_IMAGE_STORAGE, MAY_LOGIN, 0 } },
    { "00000000-0000-0000-0001-000000000002", "PowerUserRole", "Make VMs, templates and disks", FALSE, (const guint16[]) {
        MAY_CREATE_VM, MAY_CREATE_TEMPLATE, MAY_CREATE_DISK, MAY_ACCESS_IMAGE_STORAGE, MAY_LOGIN, MAY_ATTACH_DISK_PROFILE,
        MAY_DELETE_CPU_PROFILE, MAY_UPDATE_CPU_PROFILE, MAY_CREATE_CPU_PROFILE, MAY_ASSIGN_CPU_PROFILE, 0 } },
    { "def00001-0000-0000-0000-def000000001", "ClusterAdmin", "Everything in a cluster", TRUE, (const guint16[]) {
        MAY_CREATE_VM, MAY_DELETE_VM, MAY_EDIT_VM_PROPERTIES, MAY_CHANGE_VM_CD, MAY_MIGRATE_VM, MAY_CONNECT_TO_VM,
        MAY_IMPORT_EXPORT_VM, MAY_CONFIGURE_VM_NETWORK, MAY_CONFIGURE_VM_STORAGE, MAY_MOVE_VM, MAY_MANIPULATE_VM_SNAPSHOTS,
        MAY_CHANGE_VM_CUSTOM_PROPERTIES, MAY_EDIT_ADMIN_VM_PROPERTIES, MAY_REBOOT_VM, MAY_STOP_VM, MAY_SHUT_DOWN_VM,
        MAY_HIBERNATE_VM, MAY_RUN_VM, MAY_RESET_VM, MAY_CREATE_HOST, MAY_EDIT_HOST_CONFIGURATION, MAY_DELETE_HOST,
        MAY_MANIPULATE_HOST, MAY_CONFIGURE_HOST_NETWORK, MAY_CREATE_VM_POOL, MAY_EDIT_VM_POOL_CONFIGURATION, MAY_DELETE_VM_POOL,
        MAY_VM_POOL_BASIC_OPERATIONS, MAY_CREATE_CLUSTER, MAY_EDIT_CLUSTER_CONFIGURATION, MAY_DELETE_CLUSTER,
        MAY_CONFIGURE_CLUSTER_NETWORK, MAY_MANIPULATE_PERMISSIONS, MAY_ADD_USERS_AND_GROUPS_FROM_DIRECTORY, MAY_CREATE_DISK,
        MAY_ATTACH_DISK, MAY_EDIT_DISK_PROPERTIES, MAY_CONFIGURE_DISK_STORAGE, MAY_DELETE_DISK, MAY_DISK_LIVE_STORAGE_MIGRATION,
        MAY_SPARSIFY_DISK, MAY_REDUCE_DISK, MAY_BACKUP_DISK, MAY_LOGIN, MAY_TAG_MANAGEMENT, MAY_BOOKMARK_MANAGEMENT,
        MAY_EVENT_NOTIFICATION_MANAGEMENT, MAY_AUDIT_LOG_MANAGEMENT, MAY_MANIPULATE_AFFINITY_GROUPS, MAY_ATTACH_DISK_PROFILE,
        MAY_CONFIGURE_MAC_POOL, MAY_DELETE_CPU_PROFILE, MAY_UPDATE_CPU_PROFILE, MAY_CREATE_CPU_PROFILE, MAY_ASSIGN_CPU_PROFILE, 0 } },
    { "def00002-0000-0000-0000-def000000002", "DataCenterAdmin", "Everything in a data center but its storage", TRUE, (const guint16[]) {
        MAY_CREATE_VM, MAY_DELETE_VM, MAY_EDIT_VM_PROPERTIES, MAY_CHANGE_VM_CD, MAY_MIGRATE_VM, MAY_CONNECT_TO_VM,
        MAY_IMPORT_EXPORT_VM, MAY_CONFIGURE_VM_NETWORK, MAY_CONFIGURE_VM_STORAGE, MAY_MOVE_VM, MAY_MANIPULATE_VM_SNAPSHOTS,
        MAY_CHANGE_VM_CUSTOM_PROPERTIES, MAY_EDIT_ADMIN_VM_PROPERTIES, MAY_REBOOT_VM, MAY_STOP_VM, MAY_SHUT_DOWN_VM,
        MAY_HIBERNATE_VM, MAY_RUN_VM, MAY_RESET_VM, MAY_CREATE_HOST, MAY_EDIT_HOST_CONFIGURATION, MAY_DELETE_HOST,
        MAY_MANIPULATE_HOST, MAY_CONFIGURE_HOST_NETWORK, MAY_CREATE_TEMPLATE, MAY_EDIT_TEMPLATE_PROPERTIES, MAY_DELETE_TEMPLATE,
        MAY_COPY_TEMPLATE, MAY_CONFIGURE_TEMPLATE_NETWORK, MAY_EDIT_ADMIN_TEMPLATE_PROPERTIES, MAY_CREATE_VM_POOL,
        MAY_EDIT_VM_POOL_CONFIGURATION, MAY_DELETE_VM_POOL, MAY_VM_POOL_BASIC_OPERATIONS, MAY_CREATE_CLUSTER,
        MAY_EDIT_CLUSTER_CONFIGURATION, MAY_DELETE_CLUSTER, MAY_CONFIGURE_CLUSTER_NETWORK, MAY_ASSIGN_CLUSTER_NETWORK,
        MAY_MANIPULATE_PERMISSIONS, MAY_ADD_USERS_AND_GROUPS_FROM_DIRECTORY, MAY_CREATE_STORAGE_POOL, MAY_DELETE_STORAGE_POOL,
        MAY_EDIT_STORAGE_POOL_CONFIGURATION, MAY_CONFIGURE_STORAGE_POOL_NETWORK, MAY_CREATE_STORAGE_POOL_NETWORK,
        MAY_DELETE_STORAGE_POOL_NETWORK, MAY_CONFIGURE_QUOTA, MAY_CONSUME_QUOTA, MAY_CREATE_DISK, MAY_ATTACH_DISK,
        MAY_EDIT_DISK_PROPERTIES, MAY_CONFIGURE_DISK_STORAGE, MAY_DELETE_DISK, MAY_CONFIGURE_SCSI_GENERIC_IO,
        MAY_DISK_LIVE_STORAGE_MIGRATION, MAY_SPARSIFY_DISK, MAY_REDUCE_DISK, MAY_BACKUP_DISK,
        MAY_CONFIGURE_NETWORK_VNIC_PROFILE, MAY_CREATE_NETWORK_VNIC_PROFILE, MAY_DELETE_NETWORK_VNIC_PROFILE, MAY_LOGIN,
        MAY_TAG_MANAGEMENT, MAY_BOOKMARK_MANAGEMENT, MAY_EVENT_NOTIFICATION_MANAGEMENT, MAY_AUDIT_LOG_MANAGEMENT,
        MAY_MANIPULATE_AFFINITY_GROUPS, MAY_ATTACH_DISK_PROFILE, MAY_CONFIGURE_MAC_POOL, MAY_DELETE_CPU_PROFILE,
        MAY_UPDATE_CPU_PROFILE, MAY_CREATE_CPU_PROFILE, MAY_ASSIGN_CPU_PROFILE, 0 } },
    { "def00003-0000-0000-0000-def000000003", "StorageAdmin", "Everything in a storage domain", TRUE, (const guint16[]) {
        MAY_CREATE_STORAGE_DOMAIN, MAY_EDIT_STORAGE_DOMAIN_CONFIGURATION, MAY_DELETE_STORAGE_DOMAIN,
        MAY_MANIPULATE_STORAGE_DOMAIN, MAY_CREATE_DISK, MAY_ATTACH_DISK, MAY_EDIT_DISK_PROPERTIES, MAY_CONFIGURE_DISK_STORAGE,
        MAY_DELETE_DISK, MAY_ACCESS_IMAGE_STORAGE, MAY_DISK_LIVE_STORAGE_MIGRATION, MAY_SPARSIFY_DISK, MAY_REDUCE_DISK,
        MAY_BACKUP_DISK, MAY_LOGIN, MAY_TAG_MANAGEMENT, MAY_BOOKMARK_MANAGEMENT, MAY_EVENT_NOTIFICATION_MANAGEMENT,
        MAY_AUDIT_LOG_MANAGEMENT, MAY_CONFIGURE_STORAGE_DISK_PROFILE, MAY_CREATE_STORAGE_DISK_PROFILE,
        MAY_DELETE_STORAGE_DISK_PROFILE, MAY_ATTACH_DISK_PROFILE, 0 } },
    { "def00004-0000-0000-0000-def000000004", "HostAdmin", "Everything on a host", TRUE, (const guint16[]) {
        MAY_CREATE_HOST, MAY_EDIT_HOST_CONFIGURATION, MAY_DELETE_HOST, MAY_MANIPULATE_HOST, MAY_CONFIGURE_HOST_NETWORK,
        MAY_CREATE_STORAGE_DOMAIN, MAY_EDIT_STORAGE_DOMAIN_CONFIGURATION, MAY_DELETE_STORAGE_DOMAIN,
        MAY_MANIPULATE_STORAGE_DOMAIN, MAY_LOGIN, MAY_TAG_MANAGEMENT, MAY_BOOKMARK_MANAGEMENT,
        MAY_EVENT_NOTIFICATION_MANAGEMENT, MAY_AUDIT_LOG_MANAGEMENT, MAY_CONFIGURE_STORAGE_DISK_PROFILE,
        MAY_CREATE_STORAGE_DISK_PROFILE, MAY_DELETE_STORAGE_DISK_PROFILE, MAY_ATTACH_DISK_PROFILE, 0 } },
    { "def00005-0000-0000-0000-def000000005", "NetworkAdmin", "Everything about a network", TRUE, (const guint16[]) {
        MAY_CONFIGURE_VM_NETWORK, MAY_CONFIGURE_HOST_NETWORK, MAY_CONFIGURE_TEMPLATE_NETWORK, MAY_CONFIGURE_CLUSTER_NETWORK,
        MAY_ASSIGN_CLUSTER_NETWORK, MAY_CONFIGURE_STORAGE_POOL_NETWORK, MAY_CREATE_STORAGE_POOL_NETWORK,
        MAY_DELETE_STORAGE_POOL_NETWORK, MAY_CONFIGURE_NETWORK_VNIC_PROFILE, MAY_CREATE_NETWORK_VNIC_PROFILE,
        MAY_DELETE_NETWORK_VNIC_PROFILE, MAY_LOGIN, MAY_TAG_MANAGEMENT, MAY_BOOKMARK_MANAGEMENT,
        MAY_EVENT_NOTIFICATION_MANAGEMENT, MAY_AUDIT_LOG_MANAGEMENT, 0 } },
    { "def00006-0000-0000-0000-def000000006", "UserVmManager", "Everything with a VM", FALSE, (const guint16[]) {
        MAY_CREATE_VM, MAY_DELETE_VM, MAY_EDIT_VM_PROPERTIES, MAY_CHANGE_VM_CD, MAY_CONNECT_TO_VM, MAY_CONFIGURE_VM_NETWORK,
        MAY_CONFIGURE_VM_STORAGE, MAY_MANIPULATE_VM_SNAPSHOTS, MAY_REBOOT_VM, MAY_STOP_VM, MAY_SHUT_DOWN_VM, MAY_HIBERNATE_VM,
        MAY_RUN_VM, MAY_RESET_VM, MAY_MANIPULATE_PERMISSIONS, MAY_ADD_USERS_AND_GROUPS_FROM_DIRECTORY, MAY_CREATE_DISK,
        MAY_ATTACH_DISK, MAY_EDIT_DISK_PROPERTIES, MAY_DELETE_DISK, MAY_SPARSIFY_DISK, MAY_REDUCE_DISK, MAY_BACKUP_DISK,
        MAY_LOGIN, MAY_CONNECT_TO_SERIAL_CONSOLE, MAY_ASSIGN_CPU_PROFILE, 0 } },
    { "def00007-0000-0000-0000-def000000007", "VmPoolAdmin", "Everything with a pool of VMs", TRUE, (const guint16[]) {
        MAY_CREATE_VM, MAY_CREATE_VM_POOL, MAY_EDIT_VM_POOL_CONFIGURATION, MAY_DELETE_VM_POOL, MAY_VM_POOL_BASIC_OPERATIONS,
        MAY_LOGIN, MAY_TAG_MANAGEMENT, MAY_BOOKMARK_MANAGEMENT, MAY_EVENT_NOTIFICATION_MANAGEMENT, MAY_AUDIT_LOG_MANAGEMENT,
        MAY_ASSIGN_CPU_PROFILE, 0 } },
    { "def00008-0000-0000-0000-def000000008", "TemplateAdmin", "Everything with a template", TRUE, (const guint16[]) {
        MAY_CREATE_TEMPLATE, MAY_EDIT_TEMPLATE_PROPERTIES, MAY_DELETE_TEMPLATE, MAY_COPY_TEMPLATE,
        MAY_CONFIGURE_TEMPLATE_NETWORK, MAY_EDIT_ADMIN_TEMPLATE_PROPERTIES, MAY_MANIPULATE_PERMISSIONS,
        MAY_ADD_USERS_AND_GROUPS_FROM_DIRECTORY, MAY_ACCESS_IMAGE_STORAGE, MAY_LOGIN, MAY_TAG_MANAGEMENT,
        MAY_BOOKMARK_MANAGEMENT, MAY_EVENT_NOTIFICATION_MANAGEMENT, MAY_AUDIT_LOG_MANAGEMENT, 0 } },
    { "def0000a-0000-0000-0000-def00000000a", "QuotaConsumer", "Use what a quota allows", FALSE, (const guint16[]) {
        MAY_CONSUME_QUOTA, 0 } },
    { "def0000a-0000-0000-0000-def00000000b", "DiskOperator", "Everything with a disk", FALSE, (const guint16[]) {
        MAY_MANIPULATE_PERMISSIONS, MAY_ADD_USERS_AND_GROUPS_FROM_DIRECTORY, MAY_CREATE_DISK, MAY_ATTACH_DISK,
        MAY_EDIT_DISK_PROPERTIES, MAY_DELETE_DISK, MAY_SPARSIFY_DISK, MAY_REDUCE_DISK, MAY_BACKUP_DISK, MAY_LOGIN, 0 } },
    { "def0000a-0000-0000-0000-def00000000c", "DiskCreator", "Make disks", FALSE, (const guint16[]) {
        MAY_CREATE_DISK, MAY_LOGIN, 0 } },
    { "def0000b-0000-0000-0000-def00000000b", "GlusterAdmin", "Everything about Gluster volumes", TRUE, (const guint16[]) {
        MAY_CREATE_HOST, MAY_EDIT_HOST_CONFIGURATION, MAY_DELETE_HOST, MAY_MANIPULATE_HOST, MAY_CONFIGURE_HOST_NETWORK,
        MAY_CREATE_CLUSTER, MAY_EDIT_CLUSTER_CONFIGURATION, MAY_DELETE_CLUSTER, MAY_CONFIGURE_CLUSTER_NETWORK,
        MAY_ASSIGN_CLUSTER_NETWORK, MAY_CREATE_GLUSTER_VOLUME, MAY_MANIPULATE_GLUSTER_VOLUME, MAY_DELETE_GLUSTER_VOLUME,
        MAY_MANIPULATE_GLUSTER_HOOK, MAY_MANIPULATE_GLUSTER_SERVICE, MAY_LOGIN, MAY_TAG_MANAGEMENT, MAY_BOOKMARK_MANAGEMENT,
        MAY_EVENT_NOTIFICATION_MANAGEMENT, MAY_AUDIT_LOG_MANAGEMENT, 0 } },
    { "def0000a-0000-0000-0000-def00000000d", "VmCreator", "Make VMs", FALSE, (const guint16[]) {
        MAY_CREATE_VM, MAY_CREATE_DISK, MAY_LOGIN, MAY_ASSIGN_CPU_PROFILE, 0 } },
    { "def0000a-0000-0000-0000-def00000000e", "TemplateCreator", "Make templates", FALSE, (const guint16[]) {
        MAY_CREATE_TEMPLATE, MAY_LOGIN, 0 } },
    { "def0000a-0000-0000-0000-def00000000f", "TemplateOwner", "Everything with templates", FALSE, (const guint16[]) {
        MAY_EDIT_TEMPLATE_PROPERTIES, MAY_DELETE_TEMPLATE, MAY_COPY_TEMPLATE, MAY_CONFIGURE_TEMPLATE_NETWORK,
        MAY_MANIPULATE_PERMISSIONS, MAY_ADD_USERS_AND_GROUPS_FROM_DIRECTORY, MAY_LOGIN, 0 } },
    { "def0000c-0000-0000-0000-def000000000", "ExternalEventsCreator", "Tell events of other programs", FALSE, (const guint16[]) {
        MAY_INJECT_EXTERNAL_EVENTS, 0 } },
    { "def0000d-0000-0000-0000-def000000000", "ExternalTasksCreator", "Tell jobs of other programs", FALSE, (const guint16[]) {
        MAY_INJECT_EXTERNAL_TASKS, 0 } },
    { "def0000a-0000-0000-0000-def000000010", "VnicProfileUser", "Connect VMs by a vNIC profile", FALSE, (const guint16[]) {
        MAY_CONFIGURE_VM_NETWORK, MAY_CONFIGURE_TEMPLATE_NETWORK, MAY_LOGIN, 0 } },
    { "def00009-0000-0000-0000-def000000009", "UserTemplateBasedVm", "Use templates", FALSE, (const guint16[]) {
        MAY_CREATE_VM, MAY_ASSIGN_CPU_PROFILE, 0 } },
    { "def00011-0000-0000-0000-def000000011", "InstanceCreator", "Make instances", FALSE, (const guint16[]) {
        MAY_CREATE_INSTANCE, MAY_CREATE_DISK, MAY_LOGIN, 0 } },
    { "def00012-0000-0000-0000-def000000012", "UserInstanceManager", "Everything with an instance", FALSE, (const guint16[]) {
        MAY_DELETE_VM, MAY_EDIT_VM_PROPERTIES, MAY_CHANGE_VM_CD, MAY_CONNECT_TO_VM, MAY_CONFIGURE_VM_STORAGE,
        MAY_MANIPULATE_VM_SNAPSHOTS, MAY_REBOOT_VM, MAY_STOP_VM, MAY_SHUT_DOWN_VM, MAY_HIBERNATE_VM, MAY_RUN_VM, MAY_RESET_VM,
        MAY_MANIPULATE_PERMISSIONS, MAY_ADD_USERS_AND_GROUPS_FROM_DIRECTORY, MAY_CREATE_DISK, MAY_ATTACH_DISK,
        MAY_EDIT_DISK_PROPERTIES, MAY_DELETE_DISK, MAY_SPARSIFY_DISK, MAY_REDUCE_DISK, MAY_BACKUP_DISK, MAY_LOGIN,
        MAY_CONNECT_TO_SERIAL_CONSOLE, 0 } },
    { "def0000c-0000-0000-0000-def00000000c", "ReadOnlyAdmin", "See everything, change nothing", TRUE, (const guint16[]) {
        MAY_LOGIN, 0 } },
    { "def00011-0000-0000-0000-def000000013", "TagManager", "Make and give tags", TRUE, (const guint16[]) {
        MAY_LOGIN, MAY_TAG_MANAGEMENT, MAY_AUDIT_LOG_MANAGEMENT, 0 } },
    { "def00011-0000-0000-0000-def000000014", "BookmarkManager", "Make bookmarks", TRUE, (const guint16[]) {
        MAY_LOGIN, MAY_BOOKMARK_MANAGEMENT, MAY_AUDIT_LOG_MANAGEMENT, 0 } },
    { "def00011-0000-0000-0000-def000000015", "EventNotificationManager", "Say who is told of which events", TRUE, (const guint16[]) {
        MAY_LOGIN, MAY_EVENT_NOTIFICATION_MANAGEMENT, MAY_AUDIT_LOG_MANAGEMENT, 0 } },
    { "def00011-0000-0000-0000-def000000016", "AuditLogManager", "Clear the event log", TRUE, (const guint16[]) {
        MAY_LOGIN, MAY_AUDIT_LOG_MANAGEMENT, 0 } },
    { "def00013-0000-0000-0000-def000000013", "MacPoolAdmin", "Everything with MAC pools", TRUE, (const guint16[]) {
        MAY_LOGIN, MAY_CREATE_MAC_POOL, MAY_EDIT_MAC_POOL, MAY_DELETE_MAC_POOL, MAY_CONFIGURE_MAC_POOL, 0 } },
    { "def00014-0000-0000-0000-def000000014", "MacPoolUser", "Use a MAC pool", FALSE, (const guint16[]) {
        MAY_LOGIN, MAY_CONFIGURE_MAC_POOL, 0 } },
    { "def00020-0000-0000-0000-abc000000010", "DiskProfileUser", "Put disks into a disk profile", FALSE, (const guint16[]) {
        MAY_ATTACH_DISK_PROFILE, 0 } },
    { "def00006-0000-0000-0000-def000000011", "UserVmRunTimeManager", "Everything with a VM but its snapshots", FALSE, (const guint16[]) {
        MAY_CREATE_VM, MAY_DELETE_VM, MAY_EDIT_VM_PROPERTIES, MAY_CHANGE_VM_CD, MAY_CONNECT_TO_VM, MAY_CONFIGURE_VM_NETWORK,
        MAY_CONFIGURE_VM_STORAGE, MAY_REBOOT_VM, MAY_STOP_VM, MAY_SHUT_DOWN_VM, MAY_HIBERNATE_VM, MAY_RUN_VM, MAY_RESET_VM,
        MAY_MANIPULATE_PERMISSIONS, MAY_ADD_USERS_AND_GROUPS_FROM_DIRECTORY, MAY_CREATE_DISK, MAY_ATTACH_DISK,
        MAY_EDIT_DISK_PROPERTIES, MAY_DELETE_DISK, MAY_SPARSIFY_DISK, MAY_REDUCE_DISK, MAY_BACKUP_DISK, MAY_LOGIN,
        MAY_ASSIGN_CPU_PROFILE, 0 } },
    { "def00021-0000-0000-0000-def000000015", "UserProfileEditor", "Change one's own settings", FALSE, (const guint16[]) {
        MAY_EDIT_PROFILE, 0 } },
    { "def00030-0000-0000-0000-def000000011", "VmImporterExporter", "Import and export VMs", TRUE, (const guint16[]) {
        MAY_IMPORT_EXPORT_VM, MAY_LOGIN, MAY_ATTACH_DISK_PROFILE, MAY_ASSIGN_CPU_PROFILE, 0 } },
    { "def00017-0000-0000-0000-def000000017", "CpuProfileOperator", "Put VMs into a CPU profile", FALSE, (const guint16[]) {
        MAY_ASSIGN_CPU_PROFILE, 0 } },
    { "def00016-0000-0000-0000-def000000016", "CpuProfileCreator", "Make, change, remove and use CPU profiles", TRUE, (const guint16[]) {
        MAY_DELETE_CPU_PROFILE, MAY_UPDATE_CPU_PROFILE, MAY_CREATE_CPU_PROFILE, MAY_ASSIGN_CPU_PROFILE, 0 } },
};
/* clang-format on */

static void
add_permit(List *list, guint index, const Id *role)
{
    RolePermit *permit = list_add(list, object_new(&permit_type));
    permit->object.id = id_number(permits[index].number);
    permit->name = g_strdup(permits[index].word);
    permit->administrative = permits[index].kind == ADMIN;
    if (role)
        permit->role.id = *role;
}

void
people_add_permits(List *list)
{
    for (guint i = 0; i < G_N_ELEMENTS(permits); i++)
        add_permit(list, i, NULL);
}

static gboolean
has(const RoleRow *row, guint16 number)
{
    for (const guint16 *permit = row->permits; permit && *permit; permit++) {
        if (*permit == number)
            return TRUE;
    }
    return row->permits == NULL;
}

static Role *
make_role(const RoleRow *row)
{
    Role *role = object_new(&role_type);
    if (!id_parse(row->id, ID_UUID, &role->object.id))
        g_error("role '%s' has no id", row->name);
    role->name = g_strdup(row->name);
    role->description = g_strdup(row->description);
    role->administrative = row->administrative;
    for (guint i = 0; i < G_N_ELEMENTS(permits); i++) {
        if (has(row, permits[i].number))
            add_permit(&role->permits, i, &role->object.id);
    }
    return role;
}

void
people_add_roles(GPtrArray *objects)
{
    for (guint i = 0; i < G_N_ELEMENTS(roles); i++)
        g_ptr_array_add(objects, make_role(&roles[i]));
}
