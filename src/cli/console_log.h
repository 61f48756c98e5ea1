/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * `shikiri log VM`: the end of what its serial console printed. */
#pragma once

#include "cli/request.h"

/* REQUEST: type is the VM's name or id; name how many KiB of it, or NULL. */
gboolean console_log_run(Client *client, const Request *request, GError **error);
