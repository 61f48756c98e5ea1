/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The devices of a VM, each a child object of it. Ids: of a disk attachment the disk's; of a NIC and a CD-ROM a UUID that
 * is also its libvirt alias ("ua-<id>") once we have edited the domain, else UUIDv5 of domain UUID + MAC or target. */
#pragma once

#include "model/host_devices.h"
#include "model/shared_folders.h"
#include "model/virtual_nodes.h"
#include "schema/type.h"

#define NIC_INTERFACE(N, E) N(E, VIRTIO, "virtio") N(E, E1000, "e1000") N(E, E1000E, "e1000e") N(E, RTL8139, "rtl8139") N(E, PCI_PASSTHROUGH, "pci_passthrough") N(E, OTHER, "other")
NAMES_ENUM(NicInterface, NIC_INTERFACE, NIC);
extern const Names nic_interface_names;

#define DISK_INTERFACE(N, E) N(E, VIRTIO, "virtio") N(E, VIRTIO_SCSI, "virtio_scsi") N(E, IDE, "ide") N(E, SATA, "sata") N(E, USB, "usb")
NAMES_ENUM(DiskInterface, DISK_INTERFACE, DISK_INTERFACE);
extern const Names disk_interface_names;

typedef struct { char *address; } Mac;
typedef struct { char *address, *netmask, *gateway, *version; } Ip;     /* version "v4" or "v6" */
extern const Type ip_type, mac_type;

typedef struct {                        /* what the guest says of one of its NICs; LIVE */
    Object object;
    char *name, *type;                  /* type "network" */
    Mac mac;
    List ips;                           /* Ip */
} ReportedDevice;

typedef struct {
    Object object;
    char *name, *description, *comment; /* nic1, nic2, … */
    int interface;                      /* NicInterface */
    Mac mac;
    gboolean linked, plugged;
    Ref vnic_profile, network;
    char *source;                       /* SECRET: libvirt's <source>: "network:default", "bridge:br0", "direct:eth0" */
    List reported_devices;              /* LIVE */
} Nic;

typedef struct {                        /* how the disk shall be that a VM gets of its template's */
    int format;                         /* DiskFormat */
    Ref storage_domain;
    List storage_domains;               /* StorageDomainRef; the first */
} DiskWish;
typedef struct {                        /* object.id is the disk's id */
    Object object;
    Ref disk;
    DiskWish wish;                      /* only in drafts: what was sent inside `disk` */
    int interface;                      /* DiskInterface */
    gboolean active, bootable, read_only, pass_discard, uses_scsi_reservation;
    char *logical_name;                 /* LIVE: the guest's name of it */
    char *target;                       /* SECRET: libvirt target, "vda" */
} DiskAttachment;

typedef struct { char *user_name, *domain; } SessionUser;
typedef struct {                        /* who is logged in at the guest, as it says; LIVE */
    Object object;
    char *name;                         /* the user's */
    SessionUser user;
    gint64 login_time;                  /* 0: not told */
} Session;

typedef struct {                        /* of the guest, mounted, as it says; LIVE. Beyond oVirt */
    Object object;
    char *name, *type, *device;         /* where it is mounted; "xfs"; "dm-0" */
    gint64 total, used;                 /* bytes; 0: not told */
    Words disks;                        /* the guest's names of the disks below: "/dev/vda" */
} FileSystem;

typedef struct { char *id; } FileRef;   /* <file id="…"/> : an ISO disk's id or a file's name */
typedef struct {
    Object object;
    char *name, *comment, *description;
    FileRef file;                       /* id "" or NULL: empty drive. At the next start; the running one's medium is LIVE `current` */
    FileRef current;                    /* SECRET, LIVE */
    char *target;                       /* SECRET: libvirt target */
} Cdrom;

#define WATCHDOG_MODEL(N, E) N(E, I6300ESB, "i6300esb") N(E, IB700, "ib700") N(E, DIAG288, "diag288")
NAMES_ENUM(WatchdogModel, WATCHDOG_MODEL, WATCHDOG_MODEL);
extern const Names watchdog_model_names;

#define WATCHDOG_ACTION(N, E) N(E, NONE, "none") N(E, RESET, "reset") N(E, POWEROFF, "poweroff") N(E, DUMP, "dump") N(E, PAUSE, "pause")
NAMES_ENUM(WatchdogAction, WATCHDOG_ACTION, WATCHDOG);
extern const Names watchdog_action_names;

typedef struct {                        /* one a VM; its id is named after the VM's */
    Object object;
    char *name, *description, *comment; /* never said: clients read them */
    int model, action;                  /* WatchdogModel, WatchdogAction; action 0: one of libvirt's that oVirt has no word for */
} Watchdog;

typedef struct {                        /* id: hex of the protocol's word, ID_WORD */
    Object object;
    char *protocol;                     /* "vnc" or "spice" */
    char *address;                      /* LIVE */
    gint64 port, tls_port;              /* LIVE */
} GraphicsConsole;

/* The image of a disk that a snapshot holds (decision 0042). */
typedef struct {
    Ref disk;
    char *image;                            /* its id; the disk's own: its first image */
    int format;                             /* DiskFormat of this image */
    gint64 size;                            /* bytes the guest saw then */
} SnapshotDisk;
Id snapshot_disk_image(const SnapshotDisk *held);

#define SNAPSHOT_ACTIVE "active"            /* the VM as it is: each has one */
#define SNAPSHOT_REGULAR "regular"
#define SNAPSHOT_PREVIEW "preview"          /* while another is previewed: the VM as it was before */
#define SNAPSHOT_OK "ok"
#define SNAPSHOT_LOCKED "locked"
#define SNAPSHOT_IN_PREVIEW "in_preview"

typedef struct {
    Object object;
    char *description, *name;
    char *snapshot_type, *snapshot_status;  /* SNAPSHOT_… */
    gint64 date;
    gboolean persist_memorystate;
    Ref vm;
    Ref parent;                             /* the snapshot it was taken after; of the active one: where the VM stands */
    List disks;                             /* SECRET: of SnapshotDisk */
    char *configuration;                    /* SECRET: the VM as it was, as its domain XML; NULL in the active one */
    Ref memory_storage;                     /* SECRET: where its memory lies; null: it has none */
    gint64 memory_size;                     /* bytes of that file, at most */
} Snapshot;
gboolean snapshot_is(const Snapshot *snapshot, const char *type);
SnapshotDisk *snapshot_find_disk(const Snapshot *snapshot, const Id *disk);     /* NULL: it does not hold that disk */
void snapshot_hold(Snapshot *snapshot, const Id *disk, const Id *image, int format, gint64 size);
void snapshot_let_go(Snapshot *snapshot, const Id *disk);
Snapshot *snapshot_active_new(const Id *vm, gint64 now);                /* the one that each VM has from the beginning. Yours */
/* The first of TYPE in SNAPSHOTS, a VM's; NULL. */
Snapshot *snapshot_find(const List *snapshots, const char *type);
/* A regular one that holds DISK, or one kept for a preview; NULL: none does. */
const Snapshot *snapshot_holder(const List *snapshots, const Id *disk);

extern const Type vm_type, template_type;      /* their parents, of model/vm.h and model/template.h */
extern const Type template_nic_type, template_disk_attachment_type;     /* the same of a template */
extern const Type nic_type, disk_attachment_type, cdrom_type, watchdog_type, graphics_console_type, snapshot_type, reported_device_type, session_type, file_system_type;
