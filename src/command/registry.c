/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The table of all verbs. Router, permissions, CLI, docs and the job engine find a verb here by its word and type and know
 * no other way to it; looking up is job/command.c's. A new verb is a new file, a line in this table and one in
 * rows.h. */
#include "command/rows.h"

const Command *const command_registry[] = {
    &vm_add, &vm_update, &vm_remove, &vm_start, &vm_stop, &vm_shutdown,
    &vm_reboot, &vm_reset, &vm_suspend, &vm_discardstate, &vm_clone, &vm_bind, &vm_unbind,
    &vm_freezefilesystems, &vm_thawfilesystems, &vm_setpassword, &vm_exec, &vm_domainxml, &vm_consolelog, &vm_overridexml,
    &disk_add, &disk_update, &disk_remove,
    &disk_attachment_add, &disk_attachment_update, &disk_attachment_remove,
    &nic_add, &nic_update, &nic_remove, &nic_activate, &nic_deactivate,
    &cdrom_update,
    &snapshot_add, &snapshot_update, &snapshot_remove, &snapshot_restore, &vm_previewsnapshot, &vm_commitsnapshot, &vm_undosnapshot,
    &job_abandon, &job_cancel,
    &watchdog_add, &watchdog_update, &watchdog_remove, &host_device_add, &host_device_remove,
    &shared_folder_add, &shared_folder_remove,
    &numa_node_add, &numa_node_update, &numa_node_remove,
    &event_add,
    &host_startvms, &host_stopvms,
    &template_add, &template_update, &template_remove,
    &instance_type_add, &instance_type_update, &instance_type_remove,
    &storage_domain_add, &storage_domain_update, &storage_domain_remove, &storage_domain_attach, &storage_domain_detach, &storage_domain_activate,
    &storage_domain_deactivate, &storage_domain_unregistered, &storage_domain_registervm, &storage_domain_registerdisk,
    &licence_boundary_add, &licence_boundary_update, &licence_boundary_remove, &licence_boundary_except, &licence_boundary_report,
    &transfer_add, &transfer_finalize, &transfer_cancel, &transfer_pause, &transfer_resume, &transfer_extend,
    NULL,
};
