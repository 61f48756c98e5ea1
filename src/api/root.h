/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The entry point every client reads first, and the system options. Called by route.c. */
#pragma once

#include "api/exchange.h"

void root_get(Exchange *exchange);          /* <api>: what this is and where everything stands */
void root_get_options(Exchange *exchange);  /* /options: none are there */
