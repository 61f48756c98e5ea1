/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rows of the command table, one a file, named after what they work on and what they do. Included by registry.c, which
 * lists them, by the row's own file, so that the compiler sees both, and by tests. Nobody calls a verb through here. */
#pragma once

#include "job/command.h"

extern const Command vm_add, vm_update, vm_remove, vm_start, vm_stop, vm_shutdown;
extern const Command vm_reboot, vm_reset, vm_suspend, vm_discardstate, vm_clone, vm_bind, vm_unbind;
extern const Command vm_freezefilesystems, vm_thawfilesystems, vm_setpassword, vm_exec, vm_domainxml, vm_consolelog, vm_overridexml;
extern const Command disk_add, disk_update, disk_remove;
extern const Command disk_attachment_add, disk_attachment_update, disk_attachment_remove;
extern const Command nic_add, nic_update, nic_remove, nic_activate, nic_deactivate;
extern const Command cdrom_update;
extern const Command snapshot_add, snapshot_update, snapshot_remove, snapshot_restore, vm_previewsnapshot, vm_commitsnapshot, vm_undosnapshot;
extern const Command job_abandon, job_cancel;
extern const Command watchdog_add, watchdog_update, watchdog_remove, host_device_add, host_device_remove;
extern const Command shared_folder_add, shared_folder_remove;
extern const Command numa_node_add, numa_node_update, numa_node_remove;
extern const Command event_add;
extern const Command host_startvms, host_stopvms;
extern const Command template_add, template_update, template_remove;
extern const Command instance_type_add, instance_type_update, instance_type_remove;
extern const Command storage_domain_add, storage_domain_update, storage_domain_remove, storage_domain_attach, storage_domain_detach, storage_domain_activate,
    storage_domain_deactivate, storage_domain_unregistered, storage_domain_registervm, storage_domain_registerdisk;
extern const Command licence_boundary_add, licence_boundary_update, licence_boundary_remove, licence_boundary_except, licence_boundary_report;
extern const Command transfer_add, transfer_finalize, transfer_cancel, transfer_pause, transfer_resume, transfer_extend;
