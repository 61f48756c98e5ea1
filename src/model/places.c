/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rows of data centers, clusters, hosts and networks. */
#include "model/places.h"

#include "model/people.h"
#include "model/policies.h"
#include "model/smalls.h"
#include "model/storage.h"
#include "model/transfer.h"

NAMES_TABLE(host_status_names, HOST_STATUS);

/* clang-format off */
const Type data_center_type = { .one = "data_center", .many = "data_centers", .path = "datacenters", .size = sizeof(DataCenter), .help = "Clusters that share storage and networks.", .fields = (const Field[]) {
    TEXT (DataCenter, name,        ADD | SET | FIND | SHOW | NEED, "Its name."),
    TEXT (DataCenter, description, ADD | SET | FIND,        "For people."),
    TEXT (DataCenter, comment,     ADD | SET | FIND,        "For people."),
    BOOL (DataCenter, local,       ADD | SET | FIND,        "Its storage is local to one host."),
    TEXT (DataCenter, status,      FIND | SHOW,             "up, maintenance …"),
    TEXT (DataCenter, quota_mode,  ADD | SET,               "disabled, audit or enabled."),
    TEXT (DataCenter, storage_format, 0,                    "v5."),
    GROUP(DataCenter, version, version_type, ADD | SET,     "Its compatibility level."),
    LIST (DataCenter, supported_versions, version_type, 0,  "Levels it may move to."),
    REF  (DataCenter, mac_pool, mac_pool_type, ADD | SET,   "Hardware addresses for its VMs."),
    COLLECT("clusters", cluster_type, "data_center"), EMPTY("iscsi_bonds", "iscsibonds"), COLLECT("networks", network_type, "data_center"),
    COLLECT("permissions", permission_type, "data_center"), EMPTY("qoss", "qoss"), EMPTY("quotas", "quotas"), COLLECT("storage_domains", storage_domain_type, "data_center"),
    { 0 } } };

static const Type over_commit_type = { .one = "over_commit", .many = "over_commits", .size = sizeof(OverCommit), .fields = (const Field[]) {
    INT(OverCommit, percent, ADD | SET, "100: none."),
    { 0 } } };

static const Type cluster_memory_type = { .one = "memory_policy", .many = "memory_policies", .size = sizeof(ClusterMemoryPolicy), .fields = (const Field[]) {
    GROUP(ClusterMemoryPolicy, over_commit, over_commit_type, ADD | SET, "How much more than there is."),
    { 0 } } };

const Type cluster_type = { .one = "cluster", .many = "clusters", .path = "clusters", .size = sizeof(Cluster), .help = "Hosts among which VMs may move.", .fields = (const Field[]) {
    TEXT (Cluster, name,        ADD | SET | FIND | SHOW | NEED, "Its name."),
    TEXT (Cluster, description, ADD | SET | FIND,        "For people."),
    TEXT (Cluster, comment,     ADD | SET | FIND,        "For people."),
    GROUP(Cluster, cpu, cpu_type, ADD | SET,             "The CPU its VMs see."),
    GROUP(Cluster, version, version_type, ADD | SET,     "Its compatibility level."),
    GROUP(Cluster, memory_policy, cluster_memory_type, ADD | SET, "Overcommitment."),
    TEXT (Cluster, switch_type, ADD,                     "legacy or ovs."),
    TEXT (Cluster, firewall_type, ADD | SET,             "firewalld."),
    TEXT (Cluster, bios_type,   ADD | SET,               "What cluster_default means."),
    TEXT (Cluster, on_error,    SECRET,                  "migrate."),
    BOOL (Cluster, ballooning_enabled, ADD | SET,        "Memory may be taken back."),
    BOOL (Cluster, threads_as_cores,  ADD | SET,         "Threads count as cores."),
    BOOL (Cluster, virt_service,      ADD | SET,         "It runs VMs."),
    BOOL (Cluster, gluster_service,   ADD | SET,         "It serves Gluster."),
    BOOL (Cluster, ha_reservation,    ADD | SET,         "Room is kept for a lost host."),
    BOOL (Cluster, trusted_service,   ADD | SET,         "Hosts are attested."),
    BOOL (Cluster, maintenance_reason_required, ADD | SET, "Maintenance needs a reason."),
    BOOL (Cluster, optional_reason,   ADD | SET,         "Stopping a VM asks for a reason."),
    BOOL (Cluster, tunnel_migration,  ADD | SET,         "Migration through libvirt."),
    BOOL (Cluster, vnc_encryption,    ADD | SET,         "Consoles with TLS."),
    GROUP(Cluster, ksm, switch_type, ADD | SET,          "Same pages are shared."),
    WORDS(Cluster, required_rng_sources, "required_rng_source", ADD | SET, "urandom …"),
    REF  (Cluster, data_center, data_center_type, ADD | FIND | SHOW, "What it belongs to."),
    REF  (Cluster, scheduling_policy, scheduling_policy_type, ADD | SET, "How hosts are chosen."),
    REF  (Cluster, mac_pool, mac_pool_type, ADD | SET,   "Hardware addresses for its VMs."),
    REF  (Cluster, management_network, network_type, ADD, "ovirtmgmt."),
    EMPTY("affinity_groups", "affinitygroups"), COLLECT("cpu_profiles", cpu_profile_type, "cluster"), EMPTY("enabled_features", "enabledfeatures"),
    EMPTY("external_network_providers", "externalnetworkproviders"), EMPTY("gluster_hooks", "glusterhooks"), EMPTY("gluster_volumes", "glustervolumes"),
    EMPTY("network_filters", "networkfilters"), COLLECT("networks", network_type, "cluster"), COLLECT("permissions", permission_type, "cluster"),
    { 0 } } };

static const Type hardware_type = { .one = "hardware_information", .many = "hardware_informations", .size = sizeof(HardwareInformation), .fields = (const Field[]) {
    TEXT(HardwareInformation, family,        LIVE, "As the firmware says."),
    TEXT(HardwareInformation, manufacturer,  LIVE, "As the firmware says."),
    TEXT(HardwareInformation, product_name,  LIVE, "As the firmware says."),
    TEXT(HardwareInformation, serial_number, LIVE, "As the firmware says."),
    TEXT(HardwareInformation, uuid,          LIVE, "As the firmware says."),
    TEXT(HardwareInformation, version,       LIVE, "As the firmware says."),
    { 0 } } };

static const Type vm_summary_type = { .one = "summary", .many = "summaries", .size = sizeof(VmSummary), .fields = (const Field[]) {
    INT(VmSummary, active,    LIVE, "VMs that run."),
    INT(VmSummary, migrating, LIVE, "VMs that move."),
    INT(VmSummary, total,     LIVE, "VMs defined."),
    { 0 } } };

static const Type cpu_unit_type = { .one = "host_cpu_unit", .many = "host_cpu_units", .size = sizeof(HostCpuUnit), .fields = (const Field[]) {
    INT  (HostCpuUnit, core_id,   LIVE, "Its core."),
    INT  (HostCpuUnit, cpu_id,    LIVE, "Its number."),
    INT  (HostCpuUnit, node_id,   LIVE, "Its NUMA node."),
    INT  (HostCpuUnit, socket_id, LIVE, "Its socket."),
    WORDS(HostCpuUnit, siblings, "sibling", LIVE, "The threads of its core."),
    { 0 } } };

static const Type ssh_type = { .one = "ssh", .many = "sshs", .size = sizeof(HostSsh), .fields = (const Field[]) {
    TEXT(HostSsh, fingerprint, ADD | SET, "Of its key."),
    INT (HostSsh, port,        ADD | SET | OPT, "22."),
    { 0 } } };

static const Type spm_type = { .one = "spm", .many = "spms", .size = sizeof(HostSpm), .fields = (const Field[]) {
    INT (HostSpm, priority, 0, "No coordinator is needed; for clients that ask."),
    TEXT(HostSpm, status,   0, "none."),
    { 0 } } };

static const Type certificate_type = { .one = "certificate", .many = "certificates", .size = sizeof(HostCertificate), .fields = (const Field[]) {
    TEXT(HostCertificate, organization, 0, "Whose."),
    TEXT(HostCertificate, subject,      0, "For whom."),
    { 0 } } };

static const Type accelerator_type = { .one = "accelerator", .many = "accelerators", .size = sizeof(Accelerator), .fields = (const Field[]) {
    TEXT(Accelerator, type,   LIVE, "kvm or qemu."),
    TEXT(Accelerator, reason, LIVE | SECRET, "Why, as a message."),
    TEXT(Accelerator, text,   LIVE, "Why."),
    { 0 } } };

const Type host_nic_type = { .one = "host_nic", .many = "host_nics", .path = "nics", .size = sizeof(HostNic), .parent = &host_type, .help = "A network card of a host.", .fields = (const Field[]) {
    TEXT (HostNic, name,    LIVE | SHOW,      "eth0 …"),
    TEXT (HostNic, status,  LIVE | SHOW,      "up or down."),
    TEXT (HostNic, boot_protocol, LIVE,       "dhcp, static, none."),
    BOOL (HostNic, bridged, LIVE,             "It is in a bridge."),
    INT  (HostNic, mtu,     LIVE,             "Bytes."),
    INT  (HostNic, speed,   LIVE | OPT,       "Bits a second."),
    GROUP(HostNic, mac, mac_type, LIVE,       "Its hardware address."),
    GROUP(HostNic, ip, ip_type, LIVE,         "Its address."),
    REF  (HostNic, network, network_type, LIVE, "The network on it."),
    EMPTY("network_labels", "networklabels"), EMPTY("statistics", "statistics"),
    { 0 } } };

const Type numa_node_type = { .one = "host_numa_node", .many = "host_numa_nodes", .path = "numanodes", .size = sizeof(NumaNode), .parent = &host_type, .help = "A NUMA node of a host.", .fields = (const Field[]) {
    INT  (NumaNode, index,  LIVE | SHOW, "Its number."),
    INT  (NumaNode, memory, LIVE | SHOW, "MiB."),
    WORDS(NumaNode, cores, "core", LIVE, "Its CPUs."),
    EMPTY("statistics", "statistics"),
    { 0 } } };

const Type host_type = { .one = "host", .many = "hosts", .path = "hosts", .size = sizeof(Host), .help = "A machine that runs VMs.", .fields = (const Field[]) {
    TEXT (Host, name,        ADD | SET | FIND | SHOW | NEED, "Its name."),
    TEXT (Host, description, ADD | SET | FIND,        "For people."),
    TEXT (Host, comment,     ADD | SET | FIND,        "For people."),
    TEXT (Host, address,     ADD | SET | FIND | SHOW, "Name or address."),
    ENUM (Host, status, host_status_names, LIVE | FIND | SHOW, "Can it be used?"),
    TEXT (Host, status_detail, LIVE,                  "Why not."),
    TEXT (Host, type,        FIND,                    "rhel: any Linux."),
    TEXT (Host, external_status, 0,                   "ok."),
    TEXT (Host, kdump_status, 0,                      "unknown."),
    TEXT (Host, protocol,    0,                       "stomp."),
    GROUP(Host, cpu, cpu_type, LIVE,                  "Its processors."),
    INT  (Host, memory,      LIVE | FIND | SHOW,      "Bytes."),
    INT  (Host, max_scheduling_memory, LIVE,          "Bytes for new VMs."),
    INT  (Host, port,        LIVE | OPT,              "Not used."),
    GROUP(Host, version, version_type, LIVE | OPT,    "QEMU's."),
    GROUP(Host, libvirt_version, version_type, LIVE | OPT, "libvirt's."),
    GROUP(Host, os, os_type, LIVE | OPT,              "Its operating system."),
    GROUP(Host, hardware_information, hardware_type, LIVE, "What it is."),
    GROUP(Host, summary, vm_summary_type, LIVE,       "Its VMs."),
    GROUP(Host, ksm, switch_type, 0,                  "Same pages are shared."),
    GROUP(Host, transparent_hugepages, switch_type, 0, "Large pages."),
    GROUP(Host, power_management, switch_type, 0,     "Its power can be switched."),
    GROUP(Host, ssh, ssh_type, ADD | SET,             "How it is reached."),
    GROUP(Host, spm, spm_type, 0,                     "For clients that ask."),
    GROUP(Host, certificate, certificate_type, 0,     "Its certificate."),
    BOOL (Host, update_available, 0,                  "There are updates."),
    BOOL (Host, numa_supported, 0,                    "More than one NUMA node."),
    BOOL (Host, ovn_configured, 0,                    "Overlay networks."),
    BOOL (Host, reinstallation_required, 0,           "Settings wait for it."),
    BOOL (Host, network_operation_in_progress, 0,     "Its networks are changing."),
    GROUP(Host, accelerator, accelerator_type, LIVE,  "How guests run: kvm, or qemu and why."),
    WORDS(Host, bios_types, "bios_type", LIVE,        "Machines and firmware its VMs can have."),
    WORDS(Host, guest_architectures, "guest_architecture", LIVE, "What its VMs can be: its own first, the others emulated."),
    BOOL (Host, tpm_supported, LIVE,                  "It can emulate a TPM 2.0."),
    BOOL (Host, virtiofs_supported, LIVE | OPT,       "It has a virtiofsd, so that VMs can have folders of it."),
    WORDS(Host, shared_folders, "folder", LIVE | OPT, "The folders that it gives to VMs, or parts of them (shikirid --shared-folder)."),
    LIST (Host, cpu_units, cpu_unit_type, LIVE | SECRET, "Its topology."),
    REF  (Host, cluster, cluster_type, ADD | SET | FIND | SHOW, "What it belongs to."),
    BOOL (Host, stopping_vms, OPT,                    "Its VMs are being stopped, and none starts."),
    TEXT (Host, boot,        SECRET | LIVE,           "The boot it runs since."),
    TEXT (Host, boot_seen,   SECRET,                  "The last boot whose VMs were seen to."),
    TEXT (Host, uri,         SECRET,                  "Its libvirt."),
    WORDS(Host, sources, "source", SECRET | LIVE,       "Its libvirt networks and bridges."),
    TEXT (Host, machines,    SECRET | LIVE,           "What its QEMU can."),
    CHILDREN(Host, nics, host_nic_type, LIVE,         "Its network cards."),
    CHILDREN(Host, host_numa_nodes, numa_node_type, LIVE, "Its NUMA nodes."),
    CHILDREN(Host, devices, host_device_type, LIVE,   "Devices that a VM can have as they are."),
    GROUP(Host, device_passthrough, switch_type, LIVE, "It has an IOMMU, so that a VM can have its PCI devices."),
    COLLECT("vms", vm_type, "host"),
    EMPTY("affinity_labels", "affinitylabels"), EMPTY("agents", "fenceagents"),
    EMPTY("external_network_provider_configurations", "externalnetworkproviderconfigurations"), EMPTY("hooks", "hooks"),
    EMPTY("katello_errata", "katelloerrata"), EMPTY("network_attachments", "networkattachments"), COLLECT("permissions", permission_type, "host"),
    EMPTY("series", "series"), EMPTY("statistics", "statistics"), EMPTY("storage_connection_extensions", "storageconnectionextensions"), EMPTY("storages", "storage"),
    EMPTY("tags", "tags"), EMPTY("unmanaged_networks", "unmanagednetworks"),
    { 0 } } };

static const Type vlan_type = { .one = "vlan", .many = "vlans", .size = sizeof(Vlan), .fields = (const Field[]) {
    INT(Vlan, id, ADD | SET | OPT, "1 to 4094."),
    { 0 } } };

const Type network_type = { .one = "network", .many = "networks", .path = "networks", .size = sizeof(Network), .help = "A network VMs connect to.", .fields = (const Field[]) {
    TEXT (Network, name,        ADD | SET | FIND | SHOW | NEED, "Its name."),
    TEXT (Network, description, ADD | SET | FIND,        "For people."),
    TEXT (Network, comment,     ADD | SET | FIND,        "For people."),
    TEXT (Network, vdsm_name,   0,                       "Its name on hosts."),
    TEXT (Network, status,      SHOW,                    "operational."),
    INT  (Network, mtu,         ADD | SET | FIND,        "0: the usual."),
    BOOL (Network, stp,         ADD | SET | FIND,        "Spanning tree."),
    BOOL (Network, required,    ADD | SET,               "Hosts without it are not used."),
    BOOL (Network, display,     ADD | SET,               "Consoles go over it."),
    BOOL (Network, profile_required, ADD | SET,          "A vNIC profile is made for it."),
    BOOL (Network, port_isolation, ADD,                  "VMs do not see each other."),
    GROUP(Network, vlan, vlan_type, ADD | SET | OPT,     "Its VLAN."),
    WORDS(Network, usages, "usage", ADD | SET,           "vm, management …"),
    REF  (Network, data_center, data_center_type, ADD | FIND, "What it belongs to."),
    REF  (Network, cluster, cluster_type, SECRET,        "Its cluster."),
    TEXT (Network, source,      SECRET,                  "libvirt's network or a bridge."),
    EMPTY("network_labels", "networklabels"), EMPTY("permissions", "permissions"), COLLECT("vnic_profiles", vnic_profile_type, "network"),
    { 0 } } };

static const Type pass_through_type = { .one = "pass_through", .many = "pass_throughs", .size = sizeof(PassThrough), .fields = (const Field[]) {
    TEXT(PassThrough, mode, ADD | SET, "disabled or enabled."),
    { 0 } } };

const Type vnic_profile_type = { .one = "vnic_profile", .many = "vnic_profiles", .path = "vnicprofiles", .size = sizeof(VnicProfile), .help = "How a NIC connects to a network.", .fields = (const Field[]) {
    TEXT (VnicProfile, name,        ADD | SET | FIND | SHOW | NEED, "Its name."),
    TEXT (VnicProfile, description, ADD | SET,           "For people."),
    TEXT (VnicProfile, comment,     ADD | SET,           "For people."),
    REF  (VnicProfile, network, network_type, ADD | SHOW,     "Its network."),
    REF  (VnicProfile, network_filter, network_filter_type, ADD | SET, "Its packet filter."),
    GROUP(VnicProfile, pass_through, pass_through_type, ADD | SET, "SR-IOV."),
    BOOL (VnicProfile, port_mirroring, ADD | SET,        "Sees all traffic."),
    BOOL (VnicProfile, migratable,  ADD | SET,           "May move with SR-IOV."),
    EMPTY("permissions", "permissions"),
    { 0 } } };
/* clang-format on */
