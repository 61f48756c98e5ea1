/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The cases that are walked through. */
#pragma once

#include "estate.h"

typedef struct {
    const char *name;
    const Command *command;
    Work *(*make)(void);
} WalkCase;

extern const WalkCase walk_cases[];
extern const guint walk_case_count;

Work *walk_upload(void);               /* walk_transfers.c */
Work *walk_upload_cancelled(void);
Work *walk_download(void);
Work *walk_add_template(void);          /* walk_templates.c */
Work *walk_edit_template(void);
Work *walk_remove_template(void);
Work *walk_add_thin_vm(void);
Work *walk_add_whole_vm(void);
Work *walk_freeze(void);                /* walk_guests.c */
Work *walk_thaw(void);
Work *walk_forget_freeze(void);
Work *walk_set_password(void);
Work *walk_run_command(void);
Work *walk_add_sized_vm(void);          /* walk_seeds.c */
Work *walk_start_cloud_init(void);
Work *walk_first_start(void);
Work *walk_start_sysprep(void);
Work *walk_edit_initialization(void);
Work *walk_add_watchdog(void);         /* walk_gadgets.c */
Work *walk_edit_watchdog(void);
Work *walk_remove_watchdog(void);
Work *walk_add_numa_node(void);
Work *walk_complete_numa(void);
Work *walk_edit_numa_node(void);
Work *walk_remove_numa_node(void);
Work *walk_numa_running(void);
Work *walk_add_host_device(void);
Work *walk_add_usb_device(void);
Work *walk_remove_host_device(void);
Work *walk_start_with_host_device(void);
Work *walk_edit_devices(void);
Work *walk_watch_running(void);
Work *walk_keep_console_log(void);
Work *walk_keep_console_log_running(void);
Work *walk_remove_with_console_log(void);
Work *walk_add_folder(void);
Work *walk_remove_folder(void);
Work *walk_start_with_folder(void);
Work *walk_override_xml(void);
Work *walk_override_adopted(void);
Work *walk_override_nothing(void);
Work *walk_bind(void);                  /* walk_pins.c */
Work *walk_bind_running(void);
Work *walk_unbind(void);
Work *walk_unbind_running(void);
Work *walk_pin_by_hand(void);
Work *walk_pin_running(void);
Work *walk_add_pinned(void);
Work *walk_edit_next_run(void);
Work *walk_start_all(void);             /* walk_hosts.c */
Work *walk_stop_all(void);
Work *walk_add_disk(void);           /* walk_disks.c */
Work *walk_grow_disk(void);
Work *walk_name_disk(void);
Work *walk_remove_disk(void);
Work *walk_remove_attached_disk(void);
Work *walk_attach_new(void);
Work *walk_attach_existing(void);
Work *walk_edit_attachment(void);
Work *walk_unplug_attachment(void);
Work *walk_detach(void);
Work *walk_detach_and_delete(void);
Work *walk_add_storage(void);           /* walk_storages.c */
Work *walk_add_and_attach_storage(void);
Work *walk_import_storage(void);
Work *walk_import_by_force(void);
Work *walk_attach_storage(void);
Work *walk_detach_storage(void);
Work *walk_detach_storage_with_vms(void);
Work *walk_detach_storage_with_variables(void);
Work *walk_register_vm(void);
Work *walk_register_clone(void);
Work *walk_register_vm_with_variables(void);
Work *walk_register_disk(void);
Work *walk_activate_storage(void);
Work *walk_deactivate_storage(void);
Work *walk_remove_storage(void);
Work *walk_format_storage(void);
Work *walk_add_snapshot(void);          /* walk_snapshots.c */
Work *walk_add_snapshot_running(void);
Work *walk_add_snapshot_memory(void);
Work *walk_add_snapshot_diskless(void);
Work *walk_remove_snapshot(void);
Work *walk_remove_snapshot_running(void);
Work *walk_restore_snapshot(void);
Work *walk_restore_memory(void);
Work *walk_preview_snapshot(void);
Work *walk_commit_snapshot(void);
Work *walk_undo_snapshot(void);
Work *walk_remove_with_snapshots(void);
Work *walk_clone_with_snapshots(void);
