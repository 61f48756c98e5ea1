/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * `shikiri console NAME`: a VM's serial console in this terminal, or the file a viewer opens its screen with. */
#pragma once

#include "cli/request.h"

/* The id of the VM of that name or id; NULL with the reason. Yours. */
char *console_find_vm(Client *client, const char *name, GError **error);
/* REQUEST: type is the VM's name or id; name is NULL, "force", "look" or "file". */
gboolean console_run(Client *client, const Request *request, GError **error);
