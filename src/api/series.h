/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The past of the numbers of a VM, a disk, a NIC or a host, beyond oVirt: GET …/series?metric=cpu.total&from=&to=&step= in JSON,
 * whatever Accept says. Without a metric: what is kept. Called by route.c. */
#pragma once

#include "api/exchange.h"
#include "api/place.h"

gboolean series_is(const Place *place);
void series_get(Exchange *exchange, const Place *place);
