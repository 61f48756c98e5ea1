/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The types told to programs: GET /describe, for the CLI and forms. Always JSON. Called by route.c. */
#pragma once

#include "api/exchange.h"

void describe_api_get(Exchange *exchange);
