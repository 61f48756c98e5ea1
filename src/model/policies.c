/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rows of MAC pools, scheduling policies, their units and packet filters, and those that every manager has, with oVirt's
 * names and ids. A unit that placement does not ask is listed (clients know its id) and says enabled = false; policies hold
 * only what placement asks, so that nothing is promised. Called by fixed.c. */
#include "model/policies.h"

NAMES_TABLE(unit_type_names, UNIT_TYPE);

/* clang-format off */
static const Type mac_range_type = { .one = "range", .many = "ranges", .size = sizeof(MacRange), .fields = (const Field[]) {
    TEXT(MacRange, from, ADD | SET, "The first address."),
    TEXT(MacRange, to,   ADD | SET, "The last address."),
    { 0 } } };

const Type mac_pool_type = { .one = "mac_pool", .many = "mac_pools", .path = "macpools", .size = sizeof(MacPool), .help = "Hardware addresses to give out.", .fields = (const Field[]) {
    TEXT(MacPool, name,        ADD | SET | FIND | SHOW | NEED, "Its name."),
    TEXT(MacPool, description, ADD | SET | FIND, "For people."),
    TEXT(MacPool, comment,     ADD | SET | FIND, "For people."),
    BOOL(MacPool, allow_duplicates, ADD | SET,   "An address may be given twice."),
    BOOL(MacPool, default_pool, SHOW,            "The pool of data centers and clusters that name none."),
    LIST(MacPool, ranges, mac_range_type, ADD | SET, "From where to where."),
    EMPTY("permissions", "permissions"),
    { 0 } } };

static const Type property_type = { .one = "property", .many = "properties", .size = sizeof(Property), .fields = (const Field[]) {
    TEXT(Property, name,  ADD | SET, "Its name."),
    TEXT(Property, value, ADD | SET, "Its value."),
    { 0 } } };

const Type scheduling_policy_unit_type = { .one = "scheduling_policy_unit", .many = "scheduling_policy_units", .path = "schedulingpolicyunits", .size = sizeof(SchedulingPolicyUnit), .help = "Something placement can ask of a host.", .fields = (const Field[]) {
    TEXT(SchedulingPolicyUnit, name,        FIND | SHOW, "Its name."),
    TEXT(SchedulingPolicyUnit, description, FIND | SHOW, "What it asks."),
    TEXT(SchedulingPolicyUnit, comment,     FIND,        "For people."),
    ENUM(SchedulingPolicyUnit, type, unit_type_names, FIND | SHOW, "filter: may it run there; weight: how gladly; load_balancing: who moves."),
    BOOL(SchedulingPolicyUnit, enabled,     SHOW,        "Placement asks it."),
    BOOL(SchedulingPolicyUnit, internal,    0,           "It is of the manager itself."),
    LIST(SchedulingPolicyUnit, properties, property_type, 0, "What may be set about it."),
    { 0 } } };

#define PART_ROWS                                                                                        \
    TEXT(PolicyPart, name,        0, "The unit's name."),                                                \
    TEXT(PolicyPart, description, 0, "For people."),                                                     \
    TEXT(PolicyPart, comment,     0, "For people."),                                                     \
    REF (PolicyPart, scheduling_policy_unit, scheduling_policy_unit_type, ADD | NEED | SHOW, "Which unit.")

const Type policy_filter_type = { .one = "filter", .many = "filters", .path = "filters", .size = sizeof(PolicyPart), .parent = &scheduling_policy_type, .help = "A filter of a scheduling policy.", .fields = (const Field[]) {
    PART_ROWS,
    INT(PolicyPart, position, ADD | SHOW, "-1: first, 1: last, 0: between."),
    { 0 } } };

const Type policy_weight_type = { .one = "weight", .many = "weights", .path = "weights", .size = sizeof(PolicyPart), .parent = &scheduling_policy_type, .help = "A weight of a scheduling policy.", .fields = (const Field[]) {
    PART_ROWS,
    INT(PolicyPart, factor, ADD | SHOW, "How much it counts."),
    { 0 } } };

const Type policy_balance_type = { .one = "balance", .many = "balances", .path = "balances", .size = sizeof(PolicyPart), .parent = &scheduling_policy_type, .help = "How a scheduling policy moves running VMs.", .fields = (const Field[]) {
    PART_ROWS,
    { 0 } } };

const Type scheduling_policy_type = { .one = "scheduling_policy", .many = "scheduling_policies", .path = "schedulingpolicies", .size = sizeof(SchedulingPolicy), .help = "How hosts are chosen.", .fields = (const Field[]) {
    TEXT(SchedulingPolicy, name,        ADD | SET | FIND | SHOW | NEED, "Its name."),
    TEXT(SchedulingPolicy, description, ADD | SET | FIND,        "For people."),
    TEXT(SchedulingPolicy, comment,     ADD | SET | FIND,        "For people."),
    BOOL(SchedulingPolicy, default_policy, ADD | SET | SHOW,     "Of clusters that name none."),
    BOOL(SchedulingPolicy, locked,      SHOW,                    "It may not be changed: those that every manager has may not."),
    LIST(SchedulingPolicy, properties, property_type, ADD | SET, "What is set about its units."),
    CHILDREN(SchedulingPolicy, filters,  policy_filter_type,  ADD, "What a host must be."),
    CHILDREN(SchedulingPolicy, weights,  policy_weight_type,  ADD, "What it should be."),
    CHILDREN(SchedulingPolicy, balances, policy_balance_type, ADD, "When VMs move."),
    { 0 } } };

const Type network_filter_type = { .one = "network_filter", .many = "network_filters", .path = "networkfilters", .size = sizeof(NetworkFilter), .help = "A packet filter of libvirt.", .fields = (const Field[]) {
    TEXT (NetworkFilter, name,        FIND | SHOW, "libvirt's name of it."),
    TEXT (NetworkFilter, description, FIND,        "For people."),
    TEXT (NetworkFilter, comment,     FIND,        "For people."),
    GROUP(NetworkFilter, version, version_type, 0, "Since which cluster level it is there."),
    { 0 } } };

typedef struct {
    const char *id, *name;
    UnitType type;
    gboolean enabled;
    gint64 factor;                  /* of a weight, in every policy */
    const char *description;
} UnitRow;

static const UnitRow units[] = {
    { "6d636bf6-a35c-4f9d-b68d-0731f720cddc", "CPU",          UNIT_FILTER, TRUE,  0, "The host has at least as many CPUs as the VM." },
    { "c9ddbb34-0e1d-4061-a8d7-b0893fa80932", "Memory",       UNIT_FILTER, TRUE,  0, "The host has room for the memory the VM is promised." },
    { "12262ab6-9690-4bc3-a2b3-35573b172d54", "PinToHost",    UNIT_FILTER, TRUE,  0, "The host is one the VM is bound to." },
    { "0bd8fef9-bcb4-4250-9998-410f01608d9b", "ClusterInMaintenance", UNIT_FILTER, FALSE, 0, "Only highly available VMs start." },
    { "3e4a7d54-9e7f-11e5-8994-feff819cdc9f", "Compatibility-Version", UNIT_FILTER, FALSE, 0, "The host knows the VM's compatibility level." },
    { "438b052c-90ab-40e8-9be0-a22560202ea6", "CPU-Level",    UNIT_FILTER, FALSE, 0, "The host has the CPU model the VM needs." },
    { "98842bc5-4094-4b83-8224-7b50f86a94c9", "CPUOverloaded", UNIT_FILTER, FALSE, 0, "The host's CPUs are not busy for long already." },
    { "6d636bf6-a35c-4f9d-b68d-0731f731cddc", "CpuPinning",   UNIT_FILTER, FALSE, 0, "The host has the CPUs the VM is pinned to." },
    { "35c2f1a5-8928-48e9-81ac-4c49eb49d60e", "CPUTopology",  UNIT_FILTER, FALSE, 0, "The host has the sockets, cores and threads the VM needs." },
    { "58894b5b-d55d-4f85-8f82-5bf217e640b0", "Emulated-Machine", UNIT_FILTER, FALSE, 0, "The host's QEMU knows the VM's machine type." },
    { "728a21f1-f97e-4d32-bc3e-b3cc49756abb", "HostDevice",   UNIT_FILTER, FALSE, 0, "The host has the devices the VM takes over." },
    { "aae8c702-4756-4934-b84c-8daf59efc134", "Host-hooks",   UNIT_FILTER, FALSE, 0, "The host has the hooks the VM needs." },
    { "e659c871-0bf1-4ccc-b748-f28f5d08dffd", "HA",           UNIT_FILTER, FALSE, 0, "The host may run the manager's own VM." },
    { "53bff075-8306-446f-a53b-9c872a29d197", "HostedEngineSpares", UNIT_FILTER, FALSE, 0, "Room for the manager's own VM is kept." },
    { "23e07b34-66dd-4735-bc45-bcddded02c05", "HugePages",    UNIT_FILTER, FALSE, 0, "The host has enough free huge pages." },
    { "84e6ddee-ab0d-42dd-82f0-c298889db567", "InClusterUpgrade", UNIT_FILTER, FALSE, 0, "The host's system is not older than where the VM runs." },
    { "aa604ea6-f758-4d28-8e05-bf5f4a0818bd", "MDevice",      UNIT_FILTER, FALSE, 0, "The host has the mediated devices the VM needs." },
    { "e659c871-0bf1-4ccc-b748-f28f5d08ddda", "Migration",    UNIT_FILTER, FALSE, 0, "A VM does not move to the host it is on." },
    { "47ea3cd0-8a2f-438d-9f63-49534178882a", "Migration-Tsc-Frequency", UNIT_FILTER, FALSE, 0, "The host's clock counter has the same frequency." },
    { "72163d1c-9468-4480-99d9-0888664eb143", "Network",      UNIT_FILTER, FALSE, 0, "The host has the networks of the VM's NICs." },
    { "fcbfe4b1-b83e-4428-b9d3-b3d348b93be6", "NUMA",         UNIT_FILTER, FALSE, 0, "The host has the NUMA nodes the VM is pinned to." },
    { "43b9e654-337f-4b0d-a896-cbb22ce5a7fc", "Swap",         UNIT_FILTER, FALSE, 0, "The host is not swapping." },
    { "84e6ddee-ab0d-42dd-82f0-c297779db566", "VmAffinityGroups", UNIT_FILTER, FALSE, 0, "VMs that must be together are, those that must not are not." },
    { "e69808a9-8a41-40f1-94ba-dd5d385d82d8", "VmToHostsAffinityGroups", UNIT_FILTER, FALSE, 0, "The VM's groups allow the host." },
    { "b454ae40-f767-45b1-949a-7e5bd04d83ab", "VM leases ready", UNIT_FILTER, FALSE, 0, "The host can hold the VM's lease." },
    { "4134247a-9c58-4b9a-8593-530bb9e37c59", "OptimalForMemoryEvenDistribution", UNIT_WEIGHT, TRUE, 2, "Rather the host with more free memory." },
    { "7db4ab05-81ab-42e8-868a-aee2df483edb", "OptimalForCpuEvenDistribution", UNIT_WEIGHT, TRUE, 1, "Rather the host with fewer CPUs taken." },
    { "1b14ac11-20e9-4593-a149-2eb83c60a330", "CPU and NUMA pinning compatibility", UNIT_WEIGHT, FALSE, 1, "Rather a host where pinned CPUs lie near pinned memory." },
    { "3ba8c988-f779-42c0-90ce-caa8243edee7", "OptimalForEvenGuestDistribution", UNIT_WEIGHT, FALSE, 1, "Rather the host with fewer VMs." },
    { "7f262d70-6cac-11e3-981f-0800200c9a66", "OptimalForHaReservation", UNIT_WEIGHT, FALSE, 1, "Rather a host that leaves room for a lost one." },
    { "71931e14-f0e6-4f91-a7c8-d494a26e3a09", "CPU for high performance VMs", UNIT_WEIGHT, FALSE, 1, "Rather a host with at least the VM's sockets, cores and threads." },
    { "98e92667-6161-41fb-b3fa-34f820ccbc4b", "HA",           UNIT_WEIGHT, FALSE, 1, "Rather a host that may run the manager's own VM." },
    { "84e6ddee-ab0d-42dd-82f0-c298889db568", "InClusterUpgrade", UNIT_WEIGHT, FALSE, 1, "Rather a host whose system is newer." },
    { "f58c1cb9-d91f-48a6-a196-c6d22fb10c4e", "Fit VM to single host NUMA node", UNIT_WEIGHT, FALSE, 1, "Rather a host where one NUMA node is enough." },
    { "736999d0-1023-46a4-9a75-1316ed50e15b", "OptimalForCpuPowerSaving", UNIT_WEIGHT, FALSE, 1, "Rather the host with more CPUs taken." },
    { "9dfe6086-646d-43b8-8eef-4d94de8472c8", "OptimalForMemoryPowerSaving", UNIT_WEIGHT, FALSE, 1, "Rather the host with less free memory." },
    { "591cdb81-ba67-45b4-9642-e28f61a97d57", "PreferredHosts", UNIT_WEIGHT, FALSE, 1, "Rather a host the VM asks for." },
    { "84e6ddee-ab0d-42dd-82f0-c297779db567", "VmAffinityGroups", UNIT_WEIGHT, FALSE, 1, "VMs that should be together are, those that should not are not." },
    { "427aed70-dae3-48ba-8fe9-a902a9d563c8", "VmToHostsAffinityGroups", UNIT_WEIGHT, FALSE, 1, "Rather a host the VM's groups like." },
    { "38440000-8cf0-14bd-c43e-10b96e4ef00a", "None",         UNIT_LOAD_BALANCING, TRUE, 0, "Running VMs stay where they are." },
    { "7db4ab05-81ab-42e8-868a-aee2df483ed2", "OptimalForEvenDistribution", UNIT_LOAD_BALANCING, FALSE, 0, "VMs move from busy hosts to idle ones." },
    { "d58c8e32-44e1-418f-9222-52cd887bf9e0", "OptimalForEvenGuestDistribution", UNIT_LOAD_BALANCING, FALSE, 0, "VMs move so that hosts have equally many." },
    { "736999d0-1023-46a4-9a75-1316ed50e151", "OptimalForPowerSaving", UNIT_LOAD_BALANCING, FALSE, 0, "VMs move together so that hosts can be switched off." },
};

static const struct { const char *id, *name; gboolean standard; } policies[] = {
    { POLICIES_DEFAULT,                       "none",                  TRUE },
    { "20d25257-b4bd-4589-92a6-c4c5c5d3fd1a", "evenly_distributed",    FALSE },
    { "5a2b0939-7d46-4b73-a469-e9c2c7fc6a53", "power_saving",          FALSE },
    { "7677771e-5eab-422e-83fa-dc04080d21b7", "cluster_maintenance",   FALSE },
    { "8d5d7bec-68de-4a67-b53e-0ac54686d579", "vm_evenly_distributed", FALSE },
};

/* Those libvirt brings, and the one of oVirt's hosts. Ids of those without one known to clients are made of the name. */
static const struct { const char *name; gint64 major, minor; const char *id; } network_filters[] = {
    { "vdsm-no-mac-spoofing", 3, 2, POLICIES_NETWORK_FILTER }, { "allow-arp", 3, 6, NULL }, { "allow-dhcp", 3, 6, NULL },
    { "allow-dhcp-server", 3, 6, NULL }, { "allow-incoming-ipv4", 3, 6, NULL }, { "allow-ipv4", 3, 6, NULL }, { "clean-traffic", 3, 6, NULL },
    { "no-arp-ip-spoofing", 3, 6, NULL }, { "no-arp-mac-spoofing", 3, 6, NULL }, { "no-arp-spoofing", 3, 6, NULL },
    { "no-ip-multicast", 3, 6, NULL }, { "no-ip-spoofing", 3, 6, NULL }, { "no-mac-broadcast", 3, 6, NULL }, { "no-mac-spoofing", 3, 6, NULL },
    { "no-other-l2-traffic", 3, 6, NULL }, { "no-other-rarp-traffic", 3, 6, NULL }, { "qemu-announce-self", 3, 6, NULL },
    { "qemu-announce-self-rarp", 3, 6, NULL },
};
/* clang-format on */

static Id
known(const char *text)
{
    Id id = id_null;
    if (!id_parse(text, ID_UUID, &id))
        g_error("'%s' is no id", text);
    return id;
}

static void
add_units(GPtrArray *objects)
{
    for (guint i = 0; i < G_N_ELEMENTS(units); i++) {
        SchedulingPolicyUnit *unit = object_new(&scheduling_policy_unit_type);
        unit->object.id = known(units[i].id);
        unit->name = g_strdup(units[i].name);
        unit->description = g_strdup(units[i].description);
        unit->type = (int) units[i].type;
        unit->enabled = units[i].enabled;
        unit->internal = TRUE;
        g_ptr_array_add(objects, unit);
    }
}

static void
add_parts(List *parts, const Type *type, UnitType kind)
{
    for (guint i = 0; i < G_N_ELEMENTS(units); i++) {
        if (units[i].type != kind || !units[i].enabled)
            continue;
        PolicyPart *part = list_add(parts, object_new(type));
        part->object.id = part->scheduling_policy_unit.id = known(units[i].id);
        part->name = g_strdup(units[i].name);
        part->factor = units[i].factor;
    }
}

static void
add_policies(GPtrArray *objects)
{
    for (guint i = 0; i < G_N_ELEMENTS(policies); i++) {
        SchedulingPolicy *policy = object_new(&scheduling_policy_type);
        policy->object.id = known(policies[i].id);
        policy->name = g_strdup(policies[i].name);
        policy->default_policy = policies[i].standard;
        policy->locked = TRUE;
        add_parts(&policy->filters, &policy_filter_type, UNIT_FILTER);
        add_parts(&policy->weights, &policy_weight_type, UNIT_WEIGHT);
        add_parts(&policy->balances, &policy_balance_type, UNIT_LOAD_BALANCING);
        g_ptr_array_add(objects, policy);
    }
}

static void
add_mac_pool(GPtrArray *objects)
{
    MacPool *pool = object_new(&mac_pool_type);
    pool->object.id = known(POLICIES_MAC_POOL);
    pool->name = g_strdup("Default");
    pool->description = g_strdup("Default MAC pool");
    pool->default_pool = TRUE;
    MacRange *range = list_add(&pool->ranges, g_new0(MacRange, 1));
    range->from = g_strdup(POLICIES_MAC_PREFIX ":00:00:00:00");
    range->to = g_strdup(POLICIES_MAC_PREFIX ":ff:ff:ff:ff");
    g_ptr_array_add(objects, pool);
}

static void
add_network_filters(GPtrArray *objects)
{
    Id space = known(POLICIES_NETWORK_FILTER);
    for (guint i = 0; i < G_N_ELEMENTS(network_filters); i++) {
        NetworkFilter *filter = object_new(&network_filter_type);
        filter->object.id = network_filters[i].id ? known(network_filters[i].id) : id_named(&space, network_filters[i].name);
        filter->name = g_strdup(network_filters[i].name);
        filter->version = (Version) { .major = network_filters[i].major, .minor = network_filters[i].minor };
        g_ptr_array_add(objects, filter);
    }
}

void
policies_add_fixed(GPtrArray *objects)
{
    add_units(objects);
    add_policies(objects);
    add_network_filters(objects);
    add_mac_pool(objects);
}
