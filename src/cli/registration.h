/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * `shikiri unregistered` and `shikiri register vm|disk NAME`: what came with storage domains, found by its name in all of them. Called by main.c. */
#pragma once

#include "cli/request.h"

gboolean registration_has(const Request *request);
gboolean registration_run(Client *client, const Request *request, GError **error);
