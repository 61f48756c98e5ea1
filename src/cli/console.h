/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * `shikiri console NAME`: a VM's serial console in this terminal, or the file a viewer opens its screen with. */
#pragma once

#include "cli/request.h"

/* REQUEST: type is the VM's name or id; name is NULL, "force", "look" or "file". */
gboolean console_run(Client *client, const Request *request, GError **error);
