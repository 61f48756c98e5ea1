/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The VM of a note as it will be here. What it says of ids, networks, hosts and paths is that of another manager: kept where it means
 * something here, by id and else by name, and left out where it does not, which is told. */
#include "command/console_log.h"
#include "command/devices.h"
#include "command/guards.h"
#include "command/guest_defaults.h"
#include "command/paths.h"
#include "command/refs.h"
#include "command/registration.h"
#include "command/rows.h"
#include "command/vm_rules.h"
#include "command/world.h"
#include "host/domain_xml.h"
#include "host/volume_name.h"
#include "model/guest_systems.h"
#include "placement/placement.h"

#include <string.h>

/* --- where ---------------------------------------------------------------------------------------------------------------------------- */

static void
empty_list(gpointer record, const Type *type, const char *row)
{
    g_autofree gpointer nothing = g_malloc0(type->size);
    field_assign(type_find(type, row), record, nothing);
}

static void
drop_unknown(const View *view, const Field *row, Ref *ref)
{
    if (row->of && !id_is_null(&ref->id) && !view_find(view, row->of, &ref->id))
        ref->id = id_null;
}

/* What it refers to of a manager that is not this one. */
static void
settle_refs(const View *view, Vm *vm)
{
    static const char *const rows[] = { "template", "original_template", "cpu_profile", "quota", NULL };
    for (guint i = 0; rows[i]; i++) {
        const Field *row = type_find(&vm_type, rows[i]);
        drop_unknown(view, row, (Ref *) (gpointer) ((char *) vm + row->offset));
    }
}

static gboolean
settle_place(const Registration *registration, GError **error)
{
    const View *view = registration->work->view;
    Vm *vm = registration->vm;
    const Id *wished = &registration->sent->cluster.id;
    if (!id_is_null(wished) && !id_equal(wished, &registration->host->cluster.id))
        return fault_set(error, MSG_REGISTER_CLUSTER, "vm", vm->name, "storage_domain", registration->storage->name, "host", registration->host->name, NULL);
    vm->cluster.id = registration->host->cluster.id;
    vm->home.id = registration->host->object.id;
    settle_refs(view, vm);
    return TRUE;
}

/* --- what it is ------------------------------------------------------------------------------------------------------------------------ */

static void
settle_words(const Registration *registration, Vm *vm)
{
    const RegisterVmParams *sent = registration->sent;
    if (sent->vm.name && *sent->vm.name)
        text_set(&vm->name, sent->vm.name);
    text_set(&vm->origin, "ovirt");
    text_set(&vm->same_as, NULL);
    vm->status = VM_DOWN;
    vm->adopted = vm->locked = FALSE;
    vm->frozen_until = 0;
}

static gboolean
is_boot_file(const View *view, const char *field, const char *path)
{
    g_autofree char *found = path && *path ? paths_boot_file(view, field, path, NULL) : NULL;
    return found || !path || !*path;
}

/* A system that only a newer program knows; keys that stayed in another host's TPM. */
static void
settle_machine(Registration *registration, Vm *vm)
{
    if (vm->os.type && !view_find_name(registration->work->view, &operating_system_type, vm->os.type)) {
        text_set(&vm->os.type, "other");
        registration_leave_out(registration, "os.type", NULL);
    }
    if (vm->tpm_enabled)
        registration_leave_out(registration, "tpm", NULL);
}

static void
settle_boot(Registration *registration, Vm *vm)
{
    const View *view = registration->work->view;
    if (is_boot_file(view, "os.kernel", vm->os.kernel) && is_boot_file(view, "os.initrd", vm->os.initrd))
        return;
    text_set(&vm->os.kernel, NULL);
    text_set(&vm->os.initrd, NULL);
    text_set(&vm->os.cmdline, NULL);
    registration_leave_out(registration, "os.kernel", NULL);
}

static void
drop_devices(Registration *registration, Vm *vm)
{
    static const struct { const char *row; gsize offset; } rows[] = {
        { "host_devices", offsetof(Vm, host_devices) }, { "shared_folders", offsetof(Vm, shared_folders) },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        const List *list = (const List *) (gconstpointer) ((const char *) vm + rows[i].offset);
        if (!list->count)
            continue;
        registration_leave_out(registration, rows[i].row, NULL);
        empty_list(vm, &vm_type, rows[i].row);
    }
}

/* Which nodes of its host they were on says nothing of another. */
static void
settle_nodes(Registration *registration, Vm *vm)
{
    gboolean pinned = FALSE;
    for (guint i = 0; i < vm->numa_nodes.count; i++) {
        VirtualNode *node = vm->numa_nodes.items[i];
        pinned |= node->numa_node_pins.count > 0;
        empty_list(node, &virtual_node_type, "numa_node_pins");
        node->numa_tune_mode = 0;
        node->object.id = virtual_node_id(&vm->object.id, node->index);
    }
    if (pinned)
        registration_leave_out(registration, "numa_node_pins", NULL);
    if (vm->numa_draft) {
        text_set(&vm->numa_draft, NULL);
        empty_list(vm, &vm_type, "numa_nodes");
        registration_leave_out(registration, "numa_nodes", NULL);
    }
}

static void
settle_drives(Registration *registration, Vm *vm)
{
    for (guint i = 0; i < vm->cdroms.count; i++) {
        Cdrom *cdrom = vm->cdroms.items[i];
        g_autofree char *path = cdrom->file.id && *cdrom->file.id ? paths_iso(registration->work->view, cdrom->file.id, NULL) : NULL;
        if (cdrom->file.id && *cdrom->file.id && !path)
            registration_leave_out(registration, "cdrom", NULL);
        if (!path)
            text_set(&cdrom->file.id, NULL);
        text_set(&cdrom->target, NULL);
        if (registration->sent->clone || id_is_null(&cdrom->object.id))
            cdrom->object.id = i ? id_random() : id_named(&vm->object.id, "cdrom");
    }
}

/* The ones every VM has are made anew: under the ids that everybody knows them by. */
static void
settle_standard(Vm *vm)
{
    Vm *fresh = object_new(&vm_type);
    fresh->object.id = vm->object.id;
    devices_add_standard(fresh, vm->creation_time);
    field_assign(type_find(&vm_type, "graphics_consoles"), vm, fresh);
    if (!vm->cdroms.count)
        field_assign(type_find(&vm_type, "cdroms"), vm, fresh);
    gboolean active = FALSE;
    for (guint i = 0; i < vm->snapshots.count; i++) {
        Snapshot *snapshot = vm->snapshots.items[i];
        gboolean first = !active && g_strcmp0(snapshot->snapshot_type, "active") == 0;
        if (first)
            snapshot->object.id = id_named(&vm->object.id, "active");
        active |= first;
        snapshot->vm.id = vm->object.id;
    }
    if (!active)
        field_assign(type_find(&vm_type, "snapshots"), vm, fresh);
    for (guint i = 0; i < vm->watchdogs.count; i++)
        ((Object *) vm->watchdogs.items[i])->id = id_named(&vm->object.id, "watchdog");
    object_unref(fresh);
}

/* --- networks ------------------------------------------------------------------------------------------------------------------------------ */

static const NoteNic *
told_of(const Registration *registration, const Id *nic)
{
    for (guint i = 0; i < registration->note.nics->len; i++) {
        const NoteNic *told = registration->note.nics->pdata[i];
        if (id_equal(&told->nic, nic))
            return told;
    }
    return NULL;
}

static const VnicProfile *
find_profile(const View *view, const char *network, const char *name)
{
    const VnicProfile *found = NULL;
    ViewWalk walk = view_walk(view, &vnic_profile_type);
    for (const VnicProfile *profile; (profile = view_next(&walk));) {
        const Network *of = view_find(view, &network_type, &profile->network.id);
        if (!of || g_strcmp0(of->name, network) != 0)
            continue;
        if (g_strcmp0(profile->name, name) == 0)
            return profile;
        found = found ? found : profile;
    }
    return found;
}

static const ProfileMapping *
find_mapping(const Registration *registration, const NoteNic *told)
{
    const List *list = &registration->sent->vnic_profile_mappings;
    for (guint i = 0; told && i < list->count; i++) {
        const ProfileMapping *mapping = list->items[i];
        gboolean network = g_strcmp0(mapping->source_network_name, told->network) == 0;
        if (network && (!mapping->source_network_profile_name || g_strcmp0(mapping->source_network_profile_name, told->profile) == 0))
            return mapping;
    }
    return NULL;
}

/* As was wished; else the profile it had; else one of the same name; else any of the network's name. */
static const VnicProfile *
choose_profile(const Registration *registration, const Nic *nic, const NoteNic *told)
{
    const View *view = registration->work->view;
    const ProfileMapping *mapping = find_mapping(registration, told);
    if (mapping)
        return view_find(view, &vnic_profile_type, &mapping->target_vnic_profile.id);
    const VnicProfile *same = view_find(view, &vnic_profile_type, &nic->vnic_profile.id);
    if (same)
        return same;
    return told && *told->network ? find_profile(view, told->network, told->profile) : NULL;
}

static void
plug(Registration *registration, Nic *nic, const NoteNic *told)
{
    const View *view = registration->work->view;
    const VnicProfile *profile = choose_profile(registration, nic, told);
    const Network *network = profile ? view_find(view, &network_type, &profile->network.id) : NULL;
    gboolean had = !id_is_null(&nic->vnic_profile.id) || !id_is_null(&nic->network.id) || nic->source;
    if (!network && had && !find_mapping(registration, told))
        registration_leave_out(registration, "network", nic->name);
    nic->vnic_profile.id = profile ? profile->object.id : id_null;
    nic->network.id = network ? network->object.id : id_null;
    text_set(&nic->source, network ? network->source : NULL);
}

static gboolean
has_mac(const Vm *vm, guint before, const char *mac)
{
    for (guint i = 0; i < before; i++) {
        if (g_strcmp0(((const Nic *) vm->nics.items[i])->mac.address, mac) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean
settle_mac(const Registration *registration, Vm *vm, guint at, GError **error)
{
    const View *view = registration->work->view;
    Nic *nic = vm->nics.items[at];
    g_autofree char *mac = nic->mac.address ? devices_parse_mac(nic->mac.address) : NULL;
    const Vm *owner = mac ? devices_mac_owner(view, mac, NULL) : NULL;
    gboolean anew = !mac || registration->sent->clone || has_mac(vm, at, mac) || (owner && registration->sent->reassign_bad_macs);
    if (owner && !anew)
        return fault_set(error, MSG_REGISTER_MAC, "vm", vm->name, "mac", mac, "other", owner->name, NULL);
    g_autofree char *fresh = anew ? devices_new_mac(view, &nic->object.id) : NULL;
    text_set(&nic->mac.address, anew ? fresh : mac);
    return TRUE;
}

static gboolean
is_card(int interface)
{
    return interface == NIC_VIRTIO || interface == NIC_E1000 || interface == NIC_E1000E || interface == NIC_RTL8139;
}

static gboolean
settle_nics(Registration *registration, Vm *vm, GError **error)
{
    for (guint i = 0; i < vm->nics.count; i++) {
        Nic *nic = vm->nics.items[i];
        const NoteNic *told = told_of(registration, &nic->object.id);
        if (!nic->name || !guard_name("NIC", "name", nic->name, NULL)) {
            g_autofree char *name = g_strdup_printf("nic%u", i + 1);
            text_set(&nic->name, name);
        }
        plug(registration, nic, told);
        if (registration->sent->clone || id_is_null(&nic->object.id))
            nic->object.id = id_random();
        if (!is_card(nic->interface))
            nic->interface = NIC_VIRTIO;
        if (!settle_mac(registration, vm, i, error))
            return FALSE;
    }
    return TRUE;
}

/* --- the whole --------------------------------------------------------------------------------------------------------------------------------- */

gboolean
registration_vm(Registration *registration, GError **error)
{
    Id id = registration->told;
    Vm *vm = registration->vm = object_dup(registration->note.vm);
    work_mark_id(registration->work, "vm", &id);
    vm->object.id = id;
    empty_list(vm, &vm_type, "disk_attachments");
    settle_words(registration, vm);
    settle_machine(registration, vm);
    settle_boot(registration, vm);
    drop_devices(registration, vm);
    settle_nodes(registration, vm);
    settle_drives(registration, vm);
    settle_standard(vm);
    vm_set_defaults(vm);
    return settle_place(registration, error) && settle_nics(registration, vm, error);
}

/* The VM as if a client had sent it. */
static void
fill_draft(Draft *draft, gconstpointer record)
{
    for (const Field *row = draft->type->fields; row->name; row++) {
        if (!(row->flags & ADD) || row->kind == KIND_CHILDREN || field_is_absent(row, record))
            continue;
        if (row->kind == KIND_GROUP) {
            fill_draft(draft_group(draft, row), (const char *) record + row->offset);
            continue;
        }
        field_assign(row, draft->record, record);
        draft_mark_row(draft, row);
    }
}

gboolean
registration_rules(Registration *registration, GError **error)
{
    Work *work = registration->work;
    Vm *vm = registration->vm;
    g_autoptr(Work) wish = work_new(&vm_add);
    wish->view = view_ref(work->view);
    wish->target = vm->object.id;
    wish->draft = draft_new(&vm_type);
    fill_draft(wish->draft, vm);
    console_log_settle(work, vm);
    return vm_rules_check_draft(wish, vm->name, error) && vm_rules_check(wish->draft, vm, TRUE, error) && guest_defaults_check(work->view, NULL, vm, error) &&
           vm_rules_name_is_free(wish, vm, TRUE, error) && placement_check_make(registration->host, vm, error) && console_log_check(work, NULL, vm, error);
}

/* --- its definition -------------------------------------------------------------------------------------------------------------------------------- */

static gboolean
find_disk(gpointer data, const Id *id, char **ret_path, int *ret_format, gboolean *ret_shareable, GError **error)
{
    const Registration *registration = data;
    char text[ID_TEXT_SIZE];
    const View *view = registration->work->view;
    const Disk *fresh = registration_find_new(registration, id), *disk = fresh ? fresh : view_find(view, &disk_type, id);
    const StorageDomain *storage = disk ? guard_disk_storage(view, disk) : NULL;
    Id image = *id;
    if (!disk)
        return fault_set(error, MSG_NO_SUCH_DISK, "id", id_format(id, ID_UUID, text), NULL);
    if (!storage || !storage->storage.path)
        return fault_set(error, MSG_DISK_NOWHERE, "disk", disk->alias, NULL);
    if (!disk->image_id || !id_parse(disk->image_id, ID_UUID, &image))
        image = *id;
    *ret_path = volume_name_path(storage->storage.path, id, &image);
    *ret_format = disk->format;
    *ret_shareable = disk->shareable;
    return TRUE;
}

static char *
find_iso(gpointer data, const char *file_id, GError **error)
{
    const Registration *registration = data;
    return paths_iso(registration->work->view, file_id, error);
}

static const char *
find_source(G_GNUC_UNUSED gpointer data, const Nic *nic)
{
    return nic->source;
}

/* What a snapshot keeps of settings would be a definition from elsewhere: it becomes the one that the VM has here. Its memory stays behind. */
static void
settle_snapshots(Registration *registration, const char *xml)
{
    gboolean memory = FALSE;
    for (guint i = 0; i < registration->vm->snapshots.count; i++) {
        Snapshot *snapshot = registration->vm->snapshots.items[i];
        if (snapshot->configuration)
            text_set(&snapshot->configuration, xml);
        memory |= snapshot->persist_memorystate;
        snapshot->persist_memorystate = FALSE;
        snapshot->memory_storage.id = id_null;
        snapshot->memory_size = 0;
    }
    if (memory)
        registration_leave_out(registration, "persist_memorystate", NULL);
}

char *
registration_xml(Registration *registration, GError **error)
{
    char job[ID_TEXT_SIZE];
    id_format(&registration->work->job, ID_UUID, job);
    DomainWorld world = { .host = registration->host, .job = job, .disk = find_disk, .iso = find_iso, .nic_source = find_source, .data = registration };
    char *xml = domain_xml_build(registration->vm, &world, error);
    if (xml)
        settle_snapshots(registration, xml);
    return xml;
}
