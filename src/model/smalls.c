/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Types of the small resources, and the list of everything that stands in the inventory. */
#include "model/smalls.h"

#include "model/guest_systems.h"
#include "model/instance_type.h"
#include "model/inventory.h"
#include "model/labels.h"
#include "model/licence_boundary.h"
#include "model/levels.h"
#include "model/people.h"
#include "model/places.h"
#include "model/policies.h"
#include "model/record.h"
#include "model/template.h"
#include "model/transfer.h"

/* clang-format off */
static const Field plain_rows[] = {
    TEXT(Plain, name,        ADD | SET | FIND | SHOW, "Its name."),
    TEXT(Plain, description, ADD | SET | FIND,        "For people."),
    TEXT(Plain, comment,     ADD | SET | FIND,        "For people."),
    { 0 } };

static const Field belonging_rows[] = {
    TEXT(Belonging, name,        ADD | SET | FIND | SHOW, "Its name."),
    TEXT(Belonging, description, ADD | SET | FIND,        "For people."),
    TEXT(Belonging, comment,     ADD | SET | FIND,        "For people."),
    REF (Belonging, cluster,     cluster_type,     ADD | SHOW, "The cluster it belongs to."),
    REF (Belonging, data_center, data_center_type, ADD | SHOW, "The data center it belongs to."),
    { 0 } };

#define PLAIN(symbol, word, words, segment, text) \
    const Type symbol = { .one = word, .many = words, .path = segment, .size = sizeof(Plain), .fields = plain_rows, .help = text }
#define BELONGING(symbol, word, words, segment, text) \
    const Type symbol = { .one = word, .many = words, .path = segment, .size = sizeof(Belonging), .fields = belonging_rows, .help = text }

BELONGING(cpu_profile_type,     "cpu_profile", "cpu_profiles", "cpuprofiles", "CPU limits for VMs.");
PLAIN(vm_pool_type,             "vm_pool", "vm_pools", "vmpools", "VMs given out to people.");
PLAIN(external_host_provider_type,     "external_host_provider", "external_host_providers", "externalhostproviders", "For clients that ask: there is none.");
PLAIN(openstack_image_provider_type,   "openstack_image_provider", "openstack_image_providers", "openstackimageproviders", "For clients that ask: there is none.");
PLAIN(openstack_volume_provider_type,  "openstack_volume_provider", "openstack_volume_providers", "openstackvolumeproviders", "For clients that ask: there is none.");
PLAIN(openstack_network_provider_type, "openstack_network_provider", "openstack_network_providers", "openstacknetworkproviders", "For clients that ask: there is none.");
PLAIN(katello_erratum_type,     "katello_erratum", "katello_errata", "katelloerrata", "For clients that ask: there is none.");
BELONGING(quota_type,           "quota", "quotas", "quotas", "Limits of use.");
/* clang-format on */

const Type *const inventory_types[] = {
    &affinity_label_type, &bookmark_type, &cluster_level_type, &cluster_type, &cpu_profile_type, &data_center_type, &disk_profile_type,
    &disk_type, &domain_type, &event_type, &external_host_provider_type, &group_type, &host_type, &icon_type, &image_transfer_type,
    &instance_type_type, &job_type, &katello_erratum_type, &licence_boundary_type, &mac_pool_type, &network_filter_type, &network_type,
    &openstack_image_provider_type, &openstack_network_provider_type, &openstack_volume_provider_type, &operating_system_type,
    &permission_type, &quota_type, &role_type, &scheduling_policy_type, &scheduling_policy_unit_type, &storage_connection_type,
    &storage_domain_type, &tag_type, &template_type, &user_type, &vm_pool_type, &vm_type, &vnic_profile_type, NULL,
};
