/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * oVirt's paths to what lies in a storage domain without being registered: …/storagedomains/ID/vms?unregistered=true, …/vms/ID/register, and the
 * same of disks. No view has these objects: the storage domain's own question and verbs are behind them. */
#pragma once

#include "api/exchange.h"
#include "api/place.h"

/* Is it the list of VMs or disks of a storage domain, asked for with ?unregistered=true? */
gboolean unregistered_is_list(const Exchange *exchange, const Place *place);
void unregistered_list(Exchange *exchange, Place *take);        /* ends the exchange */

/* A path that ends in vms/ID/register or disks/ID/register below a storage domain: *RET_LOCAL is that of the storage domain (yours), *RET_VERB its verb,
 * *RET_ID what is meant (yours). */
gboolean unregistered_is_register(const char *local, char **ret_local, const char **ret_verb, char **ret_id);
