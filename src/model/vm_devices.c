/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rows of a VM's devices. */
#include "model/vm_devices.h"

#include "model/places.h"
#include "model/storage.h"

NAMES_TABLE(nic_interface_names, NIC_INTERFACE);
NAMES_TABLE(disk_interface_names, DISK_INTERFACE);
NAMES_TABLE(watchdog_model_names, WATCHDOG_MODEL);
NAMES_TABLE(watchdog_action_names, WATCHDOG_ACTION);

/* clang-format off */
const Type mac_type = { .one = "mac", .many = "macs", .size = sizeof(Mac), .fields = (const Field[]) {
    TEXT(Mac, address, ADD | SET, "56:6f:…"),
    { 0 } } };

const Type ip_type = { .one = "ip", .many = "ips", .size = sizeof(Ip), .fields = (const Field[]) {
    TEXT(Ip, address, ADD | SET, "Dotted, or with colons."),
    TEXT(Ip, gateway, ADD | SET, "Its router."),
    TEXT(Ip, netmask, ADD | SET, "Its mask."),
    TEXT(Ip, version, ADD | SET, "v4 or v6."),
    { 0 } } };

const Type reported_device_type = { .one = "reported_device", .many = "reported_devices", .path = "reporteddevices", .size = sizeof(ReportedDevice), .parent = &vm_type,
    .help = "What the guest says of one of its NICs.", .fields = (const Field[]) {
    TEXT (ReportedDevice, name, LIVE | SHOW, "The guest's name of it."),
    TEXT (ReportedDevice, type, LIVE,        "network."),
    GROUP(ReportedDevice, mac, mac_type, LIVE, "Its hardware address."),
    LIST (ReportedDevice, ips, ip_type, LIVE, "Its addresses."),
    { 0 } } };

static const Type session_user_type = { .one = "user", .many = "users", .size = sizeof(SessionUser), .fields = (const Field[]) {
    TEXT(SessionUser, user_name, LIVE, "The guest's name of the user."),
    TEXT(SessionUser, domain,    LIVE, "Windows' domain."),
    { 0 } } };

const Type session_type = { .one = "session", .many = "sessions", .path = "sessions", .size = sizeof(Session), .parent = &vm_type,
    .help = "Somebody who is logged in at a guest.", .fields = (const Field[]) {
    TEXT (Session, name, LIVE | SHOW, "The user's name."),
    GROUP(Session, user, session_user_type, LIVE, "Who."),
    TIME (Session, login_time, LIVE | SHOW, "Since when."),
    { 0 } } };

const Type file_system_type = { .one = "file_system", .many = "file_systems", .path = "filesystems", .size = sizeof(FileSystem), .parent = &vm_type,
    .help = "A mounted file system of a guest.", .fields = (const Field[]) {
    TEXT (FileSystem, name,   LIVE | SHOW, "Where it is mounted."),
    TEXT (FileSystem, type,   LIVE | SHOW, "xfs, ntfs …"),
    TEXT (FileSystem, device, LIVE,        "The guest's name of what it lies on."),
    INT  (FileSystem, total,  LIVE | SHOW, "Its size in bytes; 0: not told."),
    INT  (FileSystem, used,   LIVE | SHOW, "Bytes of it in use; 0: not told."),
    WORDS(FileSystem, disks, "disk", LIVE, "The guest's names of the disks below it."),
    { 0 } } };

static const Field nic_rows[] = {
    TEXT (Nic, name,        ADD | SET | SHOW | NEED,      "nic1, nic2, …"),
    TEXT (Nic, description, ADD | SET,             "For people."),
    TEXT (Nic, comment,     ADD | SET,             "For people."),
    ENUM (Nic, interface, nic_interface_names, ADD | SET | SHOW, "The card the guest sees."),
    GROUP(Nic, mac, mac_type, ADD | SET,           "Its hardware address; given if not sent."),
    BOOL (Nic, linked,      ADD | SET | SHOW,      "Is the cable in?"),
    BOOL (Nic, plugged,     ADD | SET,             "Is the card in?"),
    REF  (Nic, vnic_profile, vnic_profile_type, ADD | SET | SHOW, "Which network, and how."),
    REF  (Nic, network, network_type, ADD | SET,   "Its network."),
    TEXT (Nic, source,      SECRET,                "libvirt's source."),
    CHILDREN(Nic, reported_devices, reported_device_type, LIVE, "What the guest says of it."),
    EMPTY("network_filter_parameters", "networkfilterparameters"), EMPTY("series", "series"), EMPTY("statistics", "statistics"),
    { 0 } };

const Type nic_type = { .one = "nic", .many = "nics", .path = "nics", .size = sizeof(Nic), .parent = &vm_type, .help = "A network card of a VM.", .fields = nic_rows };
const Type template_nic_type = { .one = "nic", .many = "nics", .path = "nics", .size = sizeof(Nic), .parent = &template_type, .help = "A network card that VMs of a template get.", .fields = nic_rows };

static const Type disk_wish_type = { .one = "disk", .many = "disks", .size = sizeof(DiskWish), .fields = (const Field[]) {
    ENUM(DiskWish, format, disk_format_names, 0,                     "cow or raw."),
    REF (DiskWish, storage_domain, storage_domain_type, 0,           "Where it shall lie."),
    LIST(DiskWish, storage_domains, storage_domain_ref_type, 0,      "Where it shall lie."),
    { 0 } } };

static const Field disk_attachment_rows[] = {
    { "disk", KIND_REF, ADD | SHOW, ROW_OFFSET(DiskAttachment, disk, Ref), &disk_type, "wish", "Which disk." },
    GROUP(DiskAttachment, wish, disk_wish_type, SECRET, "How a copy of it shall be."),
    ENUM(DiskAttachment, interface, disk_interface_names, ADD | SET | SHOW, "How the guest sees it."),
    BOOL(DiskAttachment, active,    ADD | SET | SHOW, "Is it in?"),
    BOOL(DiskAttachment, bootable,  ADD | SET | SHOW, "May the VM start from it?"),
    BOOL(DiskAttachment, read_only, ADD | SET,     "The guest may not write."),
    BOOL(DiskAttachment, pass_discard, ADD | SET,  "What the guest discards is freed."),
    BOOL(DiskAttachment, uses_scsi_reservation, ADD | SET, "The guest may reserve it."),
    TEXT(DiskAttachment, logical_name, LIVE,       "The guest's name of it."),
    TEXT(DiskAttachment, target,    SECRET,        "libvirt's target."),
    { 0 } };

const Type disk_attachment_type = { .one = "disk_attachment", .many = "disk_attachments", .path = "diskattachments", .size = sizeof(DiskAttachment), .parent = &vm_type,
    .help = "A disk in a VM.", .fields = disk_attachment_rows };
const Type template_disk_attachment_type = { .one = "disk_attachment", .many = "disk_attachments", .path = "diskattachments", .size = sizeof(DiskAttachment), .parent = &template_type,
    .help = "A disk that VMs of a template get.", .fields = disk_attachment_rows };

static const Type file_ref_type = { .one = "file", .many = "files", .size = sizeof(FileRef), .fields = (const Field[]) {
    TEXT(FileRef, id, ADD | SET, "An ISO's id or file name; empty: no medium."),
    { 0 } } };

const Type cdrom_type = { .one = "cdrom", .many = "cdroms", .path = "cdroms", .size = sizeof(Cdrom), .parent = &vm_type, .help = "A CD-ROM drive of a VM.", .fields = (const Field[]) {
    TEXT (Cdrom, name,        0,                       "Its name."),
    TEXT (Cdrom, comment,     0,                       "For people."),
    TEXT (Cdrom, description, 0,                       "For people."),
    GROUP(Cdrom, file, file_ref_type, ADD | SET | OPT | SHOW, "What lies in it."),
    GROUP(Cdrom, current, file_ref_type, SECRET | LIVE, "What lies in it now."),
    TEXT (Cdrom, target,      SECRET,                  "libvirt's target."),
    { 0 } } };

const Type watchdog_type = { .one = "watchdog", .many = "watchdogs", .path = "watchdogs", .size = sizeof(Watchdog), .parent = &vm_type,
    .help = "The watchdog of a VM: a guest that no longer feeds it has hung.", .fields = (const Field[]) {
    TEXT(Watchdog, name,        0,                 "Its name."),
    TEXT(Watchdog, description, 0,                 "For people."),
    TEXT(Watchdog, comment,     0,                 "For people."),
    ENUM(Watchdog, model,  watchdog_model_names,  ADD | SET | SHOW, "The card the guest sees: i6300esb."),
    ENUM(Watchdog, action, watchdog_action_names, ADD | SET | SHOW | NEED, "What happens to a guest that has hung."),
    { 0 } } };

const Type graphics_console_type = { .one = "graphics_console", .many = "graphics_consoles", .path = "graphicsconsoles", .size = sizeof(GraphicsConsole), .parent = &vm_type, .ids = ID_WORD,
    .help = "A graphical console of a VM.", .fields = (const Field[]) {
    TEXT(GraphicsConsole, protocol, ADD | SHOW, "vnc or spice."),
    TEXT(GraphicsConsole, address,  LIVE,       "Where it listens."),
    INT (GraphicsConsole, port,     LIVE | OPT, "Its port."),
    INT (GraphicsConsole, tls_port, LIVE | OPT, "Its port with TLS."),
    { 0 } } };

static const Type snapshot_disk_type = { .one = "image", .many = "images", .size = sizeof(SnapshotDisk), .fields = (const Field[]) {
    REF (SnapshotDisk, disk, disk_type, ADD,             "Whose image."),
    TEXT(SnapshotDisk, image, ADD,                       "Its id."),
    ENUM(SnapshotDisk, format, disk_format_names, ADD,   "cow or raw."),
    INT (SnapshotDisk, size, ADD,                        "Bytes the guest saw then."),
    { 0 } } };

const Type snapshot_type = { .one = "snapshot", .many = "snapshots", .path = "snapshots", .size = sizeof(Snapshot), .parent = &vm_type, .help = "A point a VM can return to.", .fields = (const Field[]) {
    TEXT(Snapshot, description, ADD | SET | SHOW, "For people."),
    TEXT(Snapshot, name,        ADD | SET,  "Its name."),
    TEXT(Snapshot, snapshot_type, SHOW,     "active, regular, preview, stateless."),
    TEXT(Snapshot, snapshot_status, SHOW,   "ok, locked, in_preview."),
    TIME(Snapshot, date,        SHOW,       "When it was taken."),
    BOOL(Snapshot, persist_memorystate, ADD, "With the memory of the running guest."),
    REF (Snapshot, vm, vm_type, INLINE,     "Whose it is."),
    REF (Snapshot, parent, snapshot_type, SHOW, "The one it was taken after; of the active one: where its VM stands."),
    NAMED("images", KIND_LIST, Snapshot, disks, List, &snapshot_disk_type, SECRET, "What it holds of disks."),
    TEXT(Snapshot, configuration, SECRET,   "The VM as it was, as its domain XML."),
    REF (Snapshot, memory_storage, storage_domain_type, SECRET, "Where its memory lies."),
    INT (Snapshot, memory_size, SECRET,     "Bytes of its memory's file, at most."),
    EMPTY("cdroms", "cdroms"), EMPTY("disks", "disks"), EMPTY("nics", "nics"),
    { 0 } } };
/* clang-format on */

Id
snapshot_disk_image(const SnapshotDisk *held)
{
    Id image;
    return held->image && id_parse(held->image, ID_UUID, &image) ? image : held->disk.id;
}

gboolean
snapshot_is(const Snapshot *snapshot, const char *type)
{
    return g_strcmp0(snapshot->snapshot_type, type) == 0;
}

SnapshotDisk *
snapshot_find_disk(const Snapshot *snapshot, const Id *disk)
{
    for (guint i = 0; i < snapshot->disks.count; i++) {
        SnapshotDisk *held = snapshot->disks.items[i];
        if (id_equal(&held->disk.id, disk))
            return held;
    }
    return NULL;
}

void
snapshot_hold(Snapshot *snapshot, const Id *disk, const Id *image, int format, gint64 size)
{
    char text[ID_TEXT_SIZE];
    SnapshotDisk *held = snapshot_find_disk(snapshot, disk);
    if (!held)
        held = list_add(&snapshot->disks, g_new0(SnapshotDisk, 1));
    held->disk.id = *disk;
    text_set(&held->image, id_format(image, ID_UUID, text));
    held->format = format;
    held->size = size;
}

void
snapshot_let_go(Snapshot *snapshot, const Id *disk)
{
    guint kept = 0;
    for (guint i = 0; i < snapshot->disks.count; i++) {
        SnapshotDisk *held = snapshot->disks.items[i];
        if (!id_equal(&held->disk.id, disk)) {
            snapshot->disks.items[kept++] = held;
            continue;
        }
        type_clear(&snapshot_disk_type, held);
        g_free(held);
    }
    snapshot->disks.count = kept;
}

Snapshot *
snapshot_active_new(const Id *vm, gint64 now)
{
    Snapshot *snapshot = object_new(&snapshot_type);
    snapshot->object.id = id_named(vm, "active");
    snapshot->description = g_strdup("Active VM");
    snapshot->snapshot_type = g_strdup(SNAPSHOT_ACTIVE);
    snapshot->snapshot_status = g_strdup(SNAPSHOT_OK);
    snapshot->date = now;
    snapshot->vm.id = *vm;
    return snapshot;
}

Snapshot *
snapshot_find(const List *snapshots, const char *type)
{
    for (guint i = 0; i < snapshots->count; i++) {
        if (snapshot_is(snapshots->items[i], type))
            return snapshots->items[i];
    }
    return NULL;
}

const Snapshot *
snapshot_holder(const List *snapshots, const Id *disk)
{
    for (guint i = 0; i < snapshots->count; i++) {
        if (snapshot_find_disk(snapshots->items[i], disk))
            return snapshots->items[i];
    }
    return NULL;
}
