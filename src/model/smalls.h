/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Resources that so far have no more than a name, a description and a comment: their links answer, their rows come with the
 * step that builds them. One struct serves all; each has a Type of its own, so that paths and roots are right from the first day. */
#pragma once

#include "schema/type.h"

typedef struct {
    Object object;
    char *name, *description, *comment;
} Plain;

typedef struct {
    Object object;
    char *name, *description, *comment;
    Ref data_center, cluster, storage_domain;   /* whichever it belongs to */
} Belonging;

extern const Type template_type, instance_type_type, tag_type, role_type, permission_type, group_type, domain_type, mac_pool_type,
    cluster_level_type, operating_system_type, network_filter_type, cpu_profile_type, disk_profile_type, scheduling_policy_type,
    scheduling_policy_unit_type, affinity_label_type, bookmark_type, icon_type, vm_pool_type, storage_connection_type, image_transfer_type,
    external_host_provider_type, openstack_image_provider_type, openstack_volume_provider_type, openstack_network_provider_type,
    katello_erratum_type, quota_type;
