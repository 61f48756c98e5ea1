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
    Ref data_center, cluster;           /* whichever it belongs to */
} Belonging;

extern const Type cpu_profile_type, vm_pool_type, external_host_provider_type, openstack_image_provider_type,
    openstack_volume_provider_type, openstack_network_provider_type, katello_erratum_type, quota_type;
