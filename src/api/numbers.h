/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The newest numbers of hosts, VMs and their devices as oVirt's statistics (/vms/ID/statistics): made when they are asked
 * for, never in lists of VMs, in no cache. Called by members.c. */
#pragma once

#include "api/members.h"

extern const Type numbers_type;     /* "statistic" */

/* Owned objects of numbers_type; what is not known is left out. */
GPtrArray *numbers_of_vm(const Above *above);
GPtrArray *numbers_of_host(const Above *above);
GPtrArray *numbers_of_nic(const Above *above);
GPtrArray *numbers_of_disk(const Above *above);
