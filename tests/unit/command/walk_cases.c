/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One row a verb and a way to use it: how the estate is made ready for it, and what is asked for. */
#include "walk_cases.h"

static Work *
add_vm(void)
{
    return estate_work(&vm_add, NULL, "<vm id='a0000000-0000-4000-8000-000000000001'><name>new</name><cluster><name>Default</name></cluster>"
                       "<memory>1073741824</memory><cpu><topology><sockets>2</sockets></topology></cpu>"
                       "<nics><nic><name>nic1</name></nic></nics></vm>");
}

static Work *
add_vm_with_disk(void)
{
    char text[ID_TEXT_SIZE];
    g_autofree char *body = g_strdup_printf("<vm id='a0000000-0000-4000-8000-000000000001'><name>new</name><cluster><name>Default</name></cluster>"
                                            "<disk_attachments><disk_attachment><bootable>true</bootable><disk id='%s'/></disk_attachment></disk_attachments></vm>",
                                            id_format(&estate.floating, ID_UUID, text));
    return estate_work(&vm_add, NULL, body);
}

static Work *
edit_vm(void)
{
    return estate_work(&vm_update, &estate.hello, "<vm><memory>536870912</memory><description>changed</description></vm>");
}

static Work *
edit_adopted(void)
{
    return estate_work(&vm_update, &estate.adopted, "<vm><memory>2147483648</memory><delete_protected>false</delete_protected></vm>");
}

static Work *
edit_running(void)
{
    return estate_work(&vm_update, &estate.running, "<vm><description>still running</description></vm>");
}

static Work *
edit_nothing(void)
{
    return estate_work(&vm_update, &estate.hello, "<vm><memory>268435456</memory></vm>");
}

static Work *
remove_vm(void)
{
    return estate_work(&vm_remove, &estate.hello, NULL);
}

static Work *
remove_vm_alone(void)
{
    Work *work = estate_work(&vm_remove, &estate.hello, NULL);
    estate_query(work, "detach_only", "true");
    return work;
}

static Work *
start(void)
{
    return estate_work(&vm_start, &estate.hello, "<action/>");
}

static Work *
start_paused(void)
{
    return estate_work(&vm_start, &estate.hello, "<action><pause>true</pause></action>");
}

static void
set_status(const Id *id, VmStatus status, DomainState state)
{
    Vm *vm = estate_edit(&vm_type, id);
    vm->status = status;
    estate_put(vm);
    estate_set_state(id, state);
    estate_set_saved(id, status == VM_SUSPENDED);
}

static Work *
go_on(void)
{
    set_status(&estate.hello, VM_SUSPENDED, DOMAIN_SHUTOFF);
    return start();
}

static Work *
start_once(void)
{
    return estate_work(&vm_start, &estate.hello, "<action><pause>true</pause><vm><memory>536870912</memory><os><boot><devices><device>cdrom</device></devices></boot>"
                       "<cmdline>once</cmdline></os><cdroms><cdrom><file id='boot.iso'/></cdrom></cdroms></vm></action>");
}

static Work *
edit_felt(void)
{
    return estate_work(&vm_update, &estate.running, "<vm><memory>134217728</memory><cpu><topology><sockets>2</sockets></topology></cpu><description>new</description></vm>");
}

static Work *
resume(void)
{
    set_status(&estate.running, VM_PAUSED, DOMAIN_PAUSED);
    return estate_work(&vm_start, &estate.running, NULL);
}

static Work *
reboot(void)
{
    return estate_work(&vm_reboot, &estate.running, "<action><reason>for the test</reason></action>");
}

static Work *
reset(void)
{
    return estate_work(&vm_reset, &estate.running, NULL);
}

static Work *
reboot_again(void)
{
    set_status(&estate.running, VM_REBOOT_IN_PROGRESS, DOMAIN_RUNNING);
    return estate_work(&vm_reboot, &estate.running, "<action><force>true</force></action>");
}

static Work *
suspend(void)
{
    return estate_work(&vm_suspend, &estate.running, NULL);
}

static Work *
discard_state(void)
{
    set_status(&estate.hello, VM_SUSPENDED, DOMAIN_SHUTOFF);
    return estate_work(&vm_discardstate, &estate.hello, NULL);
}

static Work *
stop_suspended(void)
{
    set_status(&estate.hello, VM_SUSPENDED, DOMAIN_SHUTOFF);
    return estate_work(&vm_stop, &estate.hello, NULL);
}

static Work *
clone_vm(void)
{
    return estate_work(&vm_clone, &estate.hello, "<action><vm><name>copy</name><description>of hello</description></vm></action>");
}

/* Its variables lie where only the host knows. */
static Work *
clone_uefi(void)
{
    g_auto(GStrv) halves = g_strsplit(estate_xml(&estate.hello), "<os>", 2);
    g_autofree char *xml = g_strjoinv("<os firmware='efi'>", halves);
    estate_set_xml(&estate.hello, xml);
    estate_put_variables(ESTATE_VARIABLES "/hello_VARS.fd");
    return clone_vm();
}

static Work *
stop(void)
{
    return estate_work(&vm_stop, &estate.running, "<action><reason>for the test</reason></action>");
}

static Work *
shut_down(void)
{
    return estate_work(&vm_shutdown, &estate.running, NULL);
}

static Work *
shut_down_again(void)
{
    set_status(&estate.running, VM_POWERING_DOWN, DOMAIN_RUNNING);
    return estate_work(&vm_shutdown, &estate.running, "<action><force>true</force></action>");
}

static Work *
detach_foreign(void)
{
    return estate_child_work(&disk_attachment_remove, &estate.adopted, &estate.foreign, NULL);
}

static const Id *
only_nic(void)
{
    const Nic *nic = estate_vm(&estate.hello)->nics.items[0];
    return &nic->object.id;
}

static Work *
add_nic(void)
{
    return estate_child_work(&nic_add, &estate.hello, NULL, "<nic><name>nic2</name><interface>e1000</interface><network><name>ovirtmgmt</name></network></nic>");
}

static Work *
edit_nic(void)
{
    return estate_child_work(&nic_update, &estate.hello, only_nic(), "<nic><mac><address>56:6F:00:00:00:01</address></mac><linked>false</linked></nic>");
}

static Work *
unplug_nic(void)
{
    return estate_child_work(&nic_update, &estate.hello, only_nic(), "<nic><plugged>false</plugged></nic>");
}

static Work *
remove_nic(void)
{
    return estate_child_work(&nic_remove, &estate.hello, only_nic(), NULL);
}

static Work *
change_cd(void)
{
    const Cdrom *cdrom = estate_vm(&estate.hello)->cdroms.items[0];
    Id id = cdrom->object.id;
    Work *work = estate_child_work(&cdrom_update, &estate.hello, &id, "<cdrom><file/></cdrom>");
    Cdrom *sent = work->draft->record;
    text_set(&sent->file.id, "boot.iso");
    draft_mark(work->draft, "file.id");
    return work;
}

/* --- while the guest runs --- */

static void
run_hello(void)
{
    estate_do(estate_work(&vm_start, &estate.hello, "<action/>"));
}

static Work *
hot_add_nic(void)
{
    run_hello();
    return add_nic();
}

static Work *
hot_edit_nic(void)
{
    run_hello();
    return estate_child_work(&nic_update, &estate.hello, only_nic(), "<nic><linked>false</linked><name>renamed</name></nic>");
}

static Work *
hot_disconnect_nic(void)
{
    Work *work = NULL;
    run_hello();
    work = estate_child_work(&nic_update, &estate.hello, only_nic(), "<nic><vnic_profile/></nic>");
    draft_mark(work->draft, "vnic_profile");
    return work;
}

static Work *
hot_unplug_nic(void)
{
    run_hello();
    return unplug_nic();
}

static Work *
hot_deactivate_nic(void)
{
    run_hello();
    return estate_child_work(&nic_deactivate, &estate.hello, only_nic(), "<action/>");
}

static Work *
deactivate_nic(void)
{
    return estate_child_work(&nic_deactivate, &estate.hello, only_nic(), "<action/>");
}

static Work *
hot_activate_nic(void)
{
    estate_do(deactivate_nic());
    run_hello();
    return estate_child_work(&nic_activate, &estate.hello, only_nic(), NULL);
}

static Work *
hot_remove_nic(void)
{
    run_hello();
    return remove_nic();
}

static Work *
hot_attach_new(void)
{
    run_hello();
    return estate_child_work(&disk_attachment_add, &estate.hello, NULL,
                             "<disk_attachment><disk id='d0000000-0000-4000-8000-000000000002'><alias>second</alias>"
                             "<provisioned_size>4096</provisioned_size></disk></disk_attachment>");
}

static Work *
hot_attach_existing(void)
{
    run_hello();
    return walk_attach_existing();
}

static Work *
hot_unplug_disk(void)
{
    run_hello();
    return walk_unplug_attachment();
}

static Work *
hot_plug_disk(void)
{
    estate_do(walk_attach_existing());
    estate_do(estate_child_work(&disk_attachment_update, &estate.hello, &estate.floating, "<disk_attachment><active>false</active></disk_attachment>"));
    run_hello();
    return estate_child_work(&disk_attachment_update, &estate.hello, &estate.floating, "<disk_attachment><active>true</active></disk_attachment>");
}

static Work *
hot_detach(void)
{
    run_hello();
    return walk_detach();
}

static Work *
hot_detach_and_delete(void)
{
    run_hello();
    return walk_detach_and_delete();
}

static Work *
hot_detach_foreign(void)
{
    estate_set_state(&estate.adopted, DOMAIN_RUNNING);
    Vm *vm = estate_edit(&vm_type, &estate.adopted);
    vm->status = VM_UP;
    estate_put(vm);
    return detach_foreign();
}

static Work *
hot_change_cd(void)
{
    run_hello();
    Work *work = change_cd();
    estate_query(work, "current", "true");
    return work;
}

static Work *
next_cd(void)
{
    run_hello();
    return change_cd();
}

const WalkCase walk_cases[] = {
    { "add", &vm_add, add_vm },
    { "add with disk", &vm_add, add_vm_with_disk },
    { "add of a size", &vm_add, walk_add_sized_vm },
    { "add template", &template_add, walk_add_template },
    { "edit template", &template_update, walk_edit_template },
    { "remove template", &template_remove, walk_remove_template },
    { "add thin VM", &vm_add, walk_add_thin_vm },
    { "add whole VM", &vm_add, walk_add_whole_vm },
    { "add size", &instance_type_add, walk_add_size },
    { "edit size", &instance_type_update, walk_edit_size },
    { "remove size", &instance_type_remove, walk_remove_size },
    { "edit", &vm_update, edit_vm },
    { "edit adopted", &vm_update, edit_adopted },
    { "edit running", &vm_update, edit_running },
    { "edit nothing", &vm_update, edit_nothing },
    { "keep console log", &vm_update, walk_keep_console_log },
    { "keep console log, running", &vm_update, walk_keep_console_log_running },
    { "remove VM with console log", &vm_remove, walk_remove_with_console_log },
    { "add folder", &shared_folder_add, walk_add_folder },
    { "remove folder", &shared_folder_remove, walk_remove_folder },
    { "start with folder", &vm_start, walk_start_with_folder },
    { "override XML", &vm_overridexml, walk_override_xml },
    { "override adopted", &vm_overridexml, walk_override_adopted },
    { "override nothing", &vm_overridexml, walk_override_nothing },
    { "remove", &vm_remove, remove_vm },
    { "remove alone", &vm_remove, remove_vm_alone },
    { "start", &vm_start, start },
    { "start paused", &vm_start, start_paused },
    { "start suspended", &vm_start, go_on },
    { "stop", &vm_stop, stop },
    { "shut down", &vm_shutdown, shut_down },
    { "shut down by force", &vm_shutdown, shut_down_again },
    { "start once", &vm_start, start_once },
    { "start with cloud-init", &vm_start, walk_start_cloud_init },
    { "first start", &vm_start, walk_first_start },
    { "start with sysprep", &vm_start, walk_start_sysprep },
    { "edit what a guest is told", &vm_update, walk_edit_initialization },
    { "edit felt", &vm_update, edit_felt },
    { "edit next run", &vm_update, walk_edit_next_run },
    { "resume", &vm_start, resume },
    { "reboot", &vm_reboot, reboot },
    { "reboot by force", &vm_reboot, reboot_again },
    { "reset", &vm_reset, reset },
    { "suspend", &vm_suspend, suspend },
    { "discard state", &vm_discardstate, discard_state },
    { "stop suspended", &vm_stop, stop_suspended },
    { "clone", &vm_clone, clone_vm },
    { "clone with UEFI", &vm_clone, clone_uefi },
    { "freeze", &vm_freezefilesystems, walk_freeze },
    { "thaw", &vm_thawfilesystems, walk_thaw },
    { "forget freeze", &vm_thawfilesystems, walk_forget_freeze },
    { "set password", &vm_setpassword, walk_set_password },
    { "run command", &vm_exec, walk_run_command },
    { "add disk", &disk_add, walk_add_disk },
    { "grow disk", &disk_update, walk_grow_disk },
    { "name disk", &disk_update, walk_name_disk },
    { "remove disk", &disk_remove, walk_remove_disk },
    { "remove attached disk", &disk_remove, walk_remove_attached_disk },
    { "attach new", &disk_attachment_add, walk_attach_new },
    { "attach existing", &disk_attachment_add, walk_attach_existing },
    { "edit attachment", &disk_attachment_update, walk_edit_attachment },
    { "unplug attachment", &disk_attachment_update, walk_unplug_attachment },
    { "detach and delete", &disk_attachment_remove, walk_detach_and_delete },
    { "detach", &disk_attachment_remove, walk_detach },
    { "detach foreign", &disk_attachment_remove, detach_foreign },
    { "add nic", &nic_add, add_nic },
    { "edit nic", &nic_update, edit_nic },
    { "unplug nic", &nic_update, unplug_nic },
    { "remove nic", &nic_remove, remove_nic },
    { "change cd", &cdrom_update, change_cd },
    { "add watchdog", &watchdog_add, walk_add_watchdog },
    { "add watchdog while it runs", &watchdog_add, walk_watch_running },
    { "edit watchdog", &watchdog_update, walk_edit_watchdog },
    { "add NUMA node", &numa_node_add, walk_add_numa_node },
    { "complete NUMA nodes", &numa_node_add, walk_complete_numa },
    { "edit NUMA node", &numa_node_update, walk_edit_numa_node },
    { "remove NUMA node", &numa_node_remove, walk_remove_numa_node },
    { "add NUMA node while it runs", &numa_node_add, walk_numa_running },
    { "bind", &vm_bind, walk_bind },
    { "bind while it runs", &vm_bind, walk_bind_running },
    { "unbind", &vm_unbind, walk_unbind },
    { "unbind while it runs", &vm_unbind, walk_unbind_running },
    { "pin by hand", &vm_update, walk_pin_by_hand },
    { "pin by hand while it runs", &vm_update, walk_pin_running },
    { "add VM with cores of its own", &vm_add, walk_add_pinned },
    { "add host device", &host_device_add, walk_add_host_device },
    { "add USB device", &host_device_add, walk_add_usb_device },
    { "remove host device", &host_device_remove, walk_remove_host_device },
    { "start with host device", &vm_start, walk_start_with_host_device },
    { "remove watchdog", &watchdog_remove, walk_remove_watchdog },
    { "edit devices", &vm_update, walk_edit_devices },
    { "deactivate nic", &nic_deactivate, deactivate_nic },
    { "hot add nic", &nic_add, hot_add_nic },
    { "hot edit nic", &nic_update, hot_edit_nic },
    { "hot disconnect nic", &nic_update, hot_disconnect_nic },
    { "hot unplug nic", &nic_update, hot_unplug_nic },
    { "hot deactivate nic", &nic_deactivate, hot_deactivate_nic },
    { "hot activate nic", &nic_activate, hot_activate_nic },
    { "hot remove nic", &nic_remove, hot_remove_nic },
    { "hot attach new", &disk_attachment_add, hot_attach_new },
    { "hot attach existing", &disk_attachment_add, hot_attach_existing },
    { "hot unplug disk", &disk_attachment_update, hot_unplug_disk },
    { "hot plug disk", &disk_attachment_update, hot_plug_disk },
    { "hot detach", &disk_attachment_remove, hot_detach },
    { "hot detach and delete", &disk_attachment_remove, hot_detach_and_delete },
    { "hot detach foreign", &disk_attachment_remove, hot_detach_foreign },
    { "hot change cd", &cdrom_update, hot_change_cd },
    { "next cd", &cdrom_update, next_cd },
    { "start all", &host_startvms, walk_start_all },
    { "stop all", &host_stopvms, walk_stop_all },
    { "add storage", &storage_domain_add, walk_add_storage },
    { "add and attach storage", &storage_domain_add, walk_add_and_attach_storage },
    { "import storage", &storage_domain_add, walk_import_storage },
    { "import by force", &storage_domain_add, walk_import_by_force },
    { "attach storage", &storage_domain_attach, walk_attach_storage },
    { "detach storage", &storage_domain_detach, walk_detach_storage },
    { "detach storage with VMs", &storage_domain_detach, walk_detach_storage_with_vms },
    { "detach storage with variables", &storage_domain_detach, walk_detach_storage_with_variables },
    { "register VM", &storage_domain_registervm, walk_register_vm },
    { "register clone", &storage_domain_registervm, walk_register_clone },
    { "register VM with variables", &storage_domain_registervm, walk_register_vm_with_variables },
    { "register disk", &storage_domain_registerdisk, walk_register_disk },
    { "activate storage", &storage_domain_activate, walk_activate_storage }, { "deactivate storage", &storage_domain_deactivate, walk_deactivate_storage },
    { "remove storage", &storage_domain_remove, walk_remove_storage }, { "format storage", &storage_domain_remove, walk_format_storage },
    { "upload", &transfer_add, walk_upload }, { "cancel upload", &transfer_add, walk_upload_cancelled }, { "download", &transfer_add, walk_download },
    { "add snapshot", &snapshot_add, walk_add_snapshot }, { "add snapshot running", &snapshot_add, walk_add_snapshot_running }, { "add snapshot memory", &snapshot_add, walk_add_snapshot_memory },
    { "add snapshot diskless", &snapshot_add, walk_add_snapshot_diskless }, { "remove snapshot", &snapshot_remove, walk_remove_snapshot }, { "remove snapshot running", &snapshot_remove, walk_remove_snapshot_running },
    { "restore snapshot", &snapshot_restore, walk_restore_snapshot }, { "restore memory", &snapshot_restore, walk_restore_memory }, { "preview snapshot", &vm_previewsnapshot, walk_preview_snapshot },
    { "commit snapshot", &vm_commitsnapshot, walk_commit_snapshot }, { "undo snapshot", &vm_undosnapshot, walk_undo_snapshot }, { "remove with snapshots", &vm_remove, walk_remove_with_snapshots },
    { "clone with snapshots", &vm_clone, walk_clone_with_snapshots },
};

const guint walk_case_count = G_N_ELEMENTS(walk_cases);
