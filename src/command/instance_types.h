/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What may be said of a size of VMs. Used by instance_type_add and instance_type_update. Pure. */
#pragma once

#include "job/command.h"
#include "model/instance_type.h"

/* SIZE as it would be, of what was sent with WORK: its name is free, its numbers are such a VM can have. */
gboolean instance_types_check(Work *work, const InstanceType *size, GError **error);
