/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * GET of a collection: searched, sorted, paged, followed. Called by route.c. */
#pragma once

#include "api/exchange.h"
#include "api/place.h"

void collection_get(Exchange *exchange, Place *take);       /* a PLACE_LIST; ends the exchange, now or later */
