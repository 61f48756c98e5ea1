/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The places: data centers, clusters, hosts, and the networks between. */
#pragma once

#include "model/vm.h"

typedef struct {
    Object object;
    char *name, *description, *comment;
    gboolean local;
    char *status;                       /* "up" */
    char *quota_mode, *storage_format;
    Version version;
    List supported_versions;            /* Version */
    Ref mac_pool;
} DataCenter;

typedef struct { gint64 percent; } OverCommit;
typedef struct { OverCommit over_commit; gboolean transparent_huge_pages; } ClusterMemoryPolicy;
typedef struct {
    Object object;
    char *name, *description, *comment;
    Cpu cpu;
    Version version;
    ClusterMemoryPolicy memory_policy;
    char *switch_type, *firewall_type, *bios_type, *on_error;
    gboolean ballooning_enabled, threads_as_cores, virt_service, gluster_service, ha_reservation, trusted_service, maintenance_reason_required, optional_reason, tunnel_migration, vnc_encryption;
    Switch ksm;
    Words required_rng_sources;
    Ref data_center, scheduling_policy, mac_pool, management_network;
} Cluster;

#define HOST_STATUS(N, E) N(E, UP, "up") N(E, MAINTENANCE, "maintenance") N(E, NON_RESPONSIVE, "non_responsive") N(E, CONNECTING, "connecting") N(E, UNASSIGNED, "unassigned") N(E, ERROR, "error") N(E, DOWN, "down") N(E, INITIALIZING, "initializing")
NAMES_ENUM(HostStatus, HOST_STATUS, HOST);
extern const Names host_status_names;

typedef struct { char *manufacturer, *product_name, *family, *serial_number, *uuid, *version; } HardwareInformation;
typedef struct { gint64 active, migrating, total; } VmSummary;
typedef struct { gint64 cpu_id, core_id, socket_id, node_id; Words siblings; } HostCpuUnit;     /* one logical CPU */
typedef struct { gint64 port; char *fingerprint; } HostSsh;
typedef struct { gint64 priority; char *status; } HostSpm;
typedef struct { char *organization, *subject; } HostCertificate;

/* How guests run there: "kvm" or "qemu", and the sentence why (a Message, encoded). */
typedef struct { char *type, *reason, *text; } Accelerator;

typedef struct {
    Object object;
    char *name, *description, *comment, *address;
    int status;                         /* LIVE */
    char *status_detail;                /* LIVE: why not up */
    char *type, *external_status, *kdump_status, *protocol;
    Cpu cpu;                            /* LIVE */
    gint64 memory, max_scheduling_memory, port; /* LIVE, bytes */
    Version version, libvirt_version;   /* LIVE */
    OperatingSystem os;                 /* LIVE */
    HardwareInformation hardware_information;   /* LIVE */
    VmSummary summary;                  /* LIVE */
    Switch ksm, transparent_hugepages, power_management;
    HostSsh ssh; HostSpm spm; HostCertificate certificate;
    gboolean update_available, numa_supported, ovn_configured, reinstallation_required, network_operation_in_progress;
    Accelerator accelerator;            /* LIVE; ours, beyond oVirt */
    Words bios_types, guest_architectures;      /* LIVE; ours: what its VMs can be made of */
    gboolean tpm_supported;             /* LIVE; ours: a TPM 2.0 can be emulated there */
    gboolean virtiofs_supported;        /* LIVE; ours: its QEMU and a virtiofsd of it can give folders to VMs */
    Words shared_folders;               /* LIVE; ours: below which folders those lie */
    List cpu_units;                     /* LIVE: HostCpuUnit; path cpuunits */
    List nics;                          /* LIVE: HostNic children */
    List host_numa_nodes;               /* LIVE: NumaNode children, path numanodes */
    List devices;                       /* LIVE: HostDevice children: what a VM can have as it is */
    Switch device_passthrough;          /* LIVE: it has an IOMMU that shields them */
    Ref cluster;
    char *uri;                          /* SECRET: libvirt URI, or fake file's name */
    Words sources;                      /* SECRET, LIVE: what its VMs can be connected to, the preferred first: "network:default", "bridge:br0" */
    char *boot, *boot_seen;             /* SECRET: the boot it runs since (LIVE), and the last one whose VMs were seen to */
    gboolean stopping_vms;              /* a job stops its VMs, and none starts; ours */
    char *machines;                     /* SECRET, LIVE: emulator, machine types, firmware…, packed: model/machines.h */
} Host;

typedef struct { Object object; char *name; Mac mac; Ip ip; gint64 mtu, speed; char *status, *boot_protocol; gboolean bridged; Ref network; } HostNic;
typedef struct { Object object; gint64 index, memory; Words cores; } NumaNode;

typedef struct { gint64 id; } Vlan;
typedef struct {
    Object object;
    char *name, *description, *comment, *vdsm_name, *status;
    gint64 mtu;
    gboolean stp, required, display, profile_required, port_isolation;
    Vlan vlan;
    Words usages;
    Ref data_center, cluster;
    char *source;                       /* SECRET: what it is on the host: "network:default", "bridge:br0" */
} Network;

typedef struct { char *mode; } PassThrough;
typedef struct {
    Object object;
    char *name, *description, *comment;
    Ref network, network_filter;
    PassThrough pass_through;
    gboolean port_mirroring, migratable;
} VnicProfile;

extern const Type data_center_type, cluster_type, host_type, host_nic_type, numa_node_type, network_type, vnic_profile_type;
