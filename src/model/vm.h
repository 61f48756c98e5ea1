/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A virtual machine: what a person configures (in the host's inactive domain XML, mirrored here), what the manager adds
 * (stored), and what its host reports (LIVE). Devices are children: a VM and its devices change as one object. */
#pragma once

#include "model/initialization.h"
#include "model/cpu_tune.h"
#include "model/vm_devices.h"
#include "schema/type.h"

#define VM_STATUS(N, E)                                                                                      \
    N(E, UNASSIGNED, "unassigned") N(E, DOWN, "down") N(E, UP, "up") N(E, POWERING_UP, "powering_up")        \
    N(E, PAUSED, "paused") N(E, MIGRATING, "migrating") N(E, UNKNOWN, "unknown")                             \
    N(E, NOT_RESPONDING, "not_responding") N(E, WAIT_FOR_LAUNCH, "wait_for_launch")                          \
    N(E, REBOOT_IN_PROGRESS, "reboot_in_progress") N(E, SAVING_STATE, "saving_state")                        \
    N(E, RESTORING_STATE, "restoring_state") N(E, SUSPENDED, "suspended") N(E, IMAGE_LOCKED, "image_locked") \
    N(E, POWERING_DOWN, "powering_down")
NAMES_ENUM(VmStatus, VM_STATUS, VM);
extern const Names vm_status_names;

#define VM_TYPE(N, E) N(E, SERVER, "server") N(E, DESKTOP, "desktop") N(E, HIGH_PERFORMANCE, "high_performance")
NAMES_ENUM(VmType, VM_TYPE, VM_TYPE);
extern const Names vm_type_names;

#define ARCHITECTURE(N, E) N(E, X86_64, "x86_64") N(E, AARCH64, "aarch64") N(E, PPC64, "ppc64") N(E, S390X, "s390x") N(E, UNDEFINED, "undefined")
NAMES_ENUM(Architecture, ARCHITECTURE, ARCHITECTURE);
extern const Names architecture_names;

#define BIOS_TYPE(N, E) N(E, CLUSTER_DEFAULT, "cluster_default") N(E, I440FX_SEA_BIOS, "i440fx_sea_bios") N(E, Q35_SEA_BIOS, "q35_sea_bios") N(E, Q35_OVMF, "q35_ovmf") N(E, Q35_SECURE_BOOT, "q35_secure_boot")
NAMES_ENUM(BiosType, BIOS_TYPE, BIOS);
extern const Names bios_type_names;

typedef struct { gint64 cores, sockets, threads; } CpuTopology;
typedef struct { gint64 major, minor, build, revision; char *full_version; } Version;
typedef struct {
    int architecture;                   /* Architecture */
    CpuTopology topology;
    char *name, *type;                  /* hosts: model name; clusters: CPU type */
    char *mode;                         /* custom, host_model, host_passthrough */
    double speed;                       /* hosts: MHz */
    CpuTune cpu_tune;                   /* VMs: what is bound to which CPUs */
} Cpu;
typedef struct { gint64 guaranteed, max; gboolean ballooning; } MemoryPolicy;
typedef struct { gboolean enabled; } BootMenu;
typedef struct { int type; BootMenu boot_menu; } Bios;
typedef struct { Words devices; } Boot;
typedef struct {
    char *type;                         /* "other_linux", "rhel_9x64", … an operating system's name */
    Boot boot;
    char *kernel, *initrd, *cmdline;    /* direct boot; paths inside storage domains, see command/paths.h */
    Version version;                    /* hosts only */
    char *reported_kernel_cmdline;      /* hosts only */
} OperatingSystem;
typedef struct { gboolean enabled; gint64 priority; } HighAvailability;
typedef struct { char *address, *type; gint64 port, secure_port, monitors; gboolean allow_override, smartcard_enabled, copy_paste_enabled, file_transfer_enabled; char *disconnect_action, *keyboard_layout; } Display;
typedef struct { char *affinity; } PlacementPolicy;
typedef struct { char *name, *utc_offset; } TimeZone;
typedef struct { gint64 threads; } Io;
typedef struct { gboolean enabled; } Switch;    /* <usb><enabled>, <virtio_scsi><enabled> */
typedef struct { gboolean enabled, log_enabled; char *log_file; } Console;     /* log_file: on its host; NULL: what it prints is kept nowhere */
#define RNG_SOURCE(N, E) N(E, URANDOM, "urandom") N(E, HWRNG, "hwrng") N(E, RANDOM, "random")
NAMES_ENUM(RngSource, RNG_SOURCE, RNG);
extern const Names rng_source_names;
typedef struct { gint64 bytes, period; } Rate;      /* so many bytes in so many milliseconds; 0: as many as it wants, libvirt's second */
typedef struct { int source; Rate rate; } RngDevice;    /* RngSource; 0: none */
typedef struct { char *name, *value, *regexp; } CustomProperty;
#define STOP_ACTION(N, E) N(E, SHUTDOWN, "shutdown") N(E, SUSPEND, "suspend") N(E, STOP, "stop")
NAMES_ENUM(StopAction, STOP_ACTION, STOP_ACTION);
extern const Names stop_action_names;
typedef struct {                        /* beyond oVirt: how it begins and ends with its host */
    gboolean enabled, wait_for_agent;
    gint64 order;                       /* 0: behind all that have one */
    gint64 start_delay, stop_delay;     /* seconds */
    int stop_action;                    /* StopAction; 0: shutdown */
} Autostart;
#define VM_STOP_DELAY 120               /* what a stop_delay of 0 is */
#define VM_NO_ORDER G_MAXINT64
#define VM_HUGEPAGES "hugepages"        /* the custom property there is: KiB of a page; "0": whichever its host likes */
typedef struct { char *auto_converge, *compressed, *encrypted; } MigrationOptions;
typedef struct { char *architecture, *codename, *distribution, *family; Version kernel, version; } GuestOperatingSystem;

typedef struct {
    Object object;
    char *name, *description, *comment;
    int status;                         /* VmStatus; LIVE */
    char *status_detail;                /* LIVE: why paused, why unknown */
    int type;                           /* VmType */
    char *origin;                       /* "ovirt" (ours) or "external" (adopted) */
    Cpu cpu;
    gint64 cpu_shares;
    gint64 memory;                      /* bytes */
    MemoryPolicy memory_policy;         /* bytes */
    Bios bios;
    OperatingSystem os;
    Display display;
    HighAvailability high_availability;
    PlacementPolicy placement_policy;
    TimeZone time_zone;
    Io io;
    Switch usb, virtio_scsi;
    Console console;
    RngDevice rng_device;
    List custom_properties;             /* CustomProperty */
    MigrationOptions migration;
    Autostart autostart;
    Initialization initialization;      /* told to its guest at its first start, and when somebody asks for it */
    gboolean libvirt_autostart;         /* LIVE: libvirt starts it by itself */
    gboolean stateless, delete_protected, start_paused, run_once, soundcard_enabled, tpm_enabled, multi_queues_enabled;
    gboolean use_latest_template_version, has_illegal_images, next_run_configuration_exists;
    Words next_run_differences;         /* LIVE: rows the next start will change */
    char *running_pins;                 /* LIVE: where its threads are bound while it runs, a cpu_tune_text(); NULL: not known */
    char *storage_error_resume_behaviour, *custom_emulated_machine, *custom_cpu_model, *cpu_pinning_policy, *auto_pinning_policy;
    Ref cluster, template_, original_template, instance_type, cpu_profile, quota;
    Ref licence_boundary;               /* ours: within whose cores it runs, since it has a product that is licensed by the core */
    gint64 creation_time, start_time, stop_time;    /* Wall */
    char *stop_reason;
    gint64 frozen_until;                /* Wall: its guest's file systems are frozen, and thawed then at the latest; 0: they are not, as far as we know */
    Ref host;                           /* LIVE: where it runs now */
    char *fqdn;                         /* LIVE, as the agent says */
    GuestOperatingSystem guest_operating_system;    /* LIVE */
    TimeZone guest_time_zone;           /* LIVE */
    /* What the manager keeps for itself (SECRET: never shown). */
    Ref home;                           /* the host whose libvirt holds its definition */
    gboolean adopted;                   /* defined by somebody else; carries no metadata of ours yet */
    gboolean locked;                    /* a job is making, copying or removing it: shown as image_locked while it is down */
    char *numa_draft;                   /* its NUMA nodes as text while they are not the whole of it; NULL: they are, or there are none */
    char *same_as;                      /* adopted: another domain of the same name, UUID or MAC, said in a sentence's argument */
    List nics, disk_attachments, cdroms, watchdogs, host_devices, shared_folders, numa_nodes, graphics_consoles, snapshots, reported_devices;
    List sessions, file_systems;        /* LIVE, as the agent says */
} Vm;

extern const Type vm_type;
extern const Type switch_type;
extern const Type rng_device_type, custom_property_type;
extern const Type cpu_type, version_type, memory_policy_type, bios_type, os_type, display_type, high_availability_type, placement_policy_type,
    time_zone_type, io_type, migration_type;

/* Which moves of status are allowed: FALSE is a fact that cannot be (told as an anomaly, still believed: hosts are right). */
gboolean vm_may_move(VmStatus from, VmStatus to);
/* A job that makes, copies or removes it begins, and ends; what runs all the same (started outside the manager) is shown as it is. */
void vm_lock(Vm *vm);
void vm_unlock(Vm *vm);
/* Does a QEMU process exist (or must we assume so) in this status? */
gboolean vm_is_running(VmStatus status);
gint64 vm_cpus(const Vm *vm);           /* sockets × cores × threads, at least 1 */
gint64 vm_start_order(const Vm *vm);    /* its place among those that start with their host; VM_NO_ORDER without one, or where it does not */
const char *vm_property(const Vm *vm, const char *name);    /* the value of a custom property; NULL */
/* Defaults a new VM gets for what was not sent: type server, 1 GiB, 1×1×1, os other, BIOS cluster_default, Blank template, … */
void vm_set_defaults(Vm *vm);
