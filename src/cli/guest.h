/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is done in the guest of a VM, in the words of a terminal: freeze, thaw, setpassword, exec. Called by main.c. */
#pragma once

#include "cli/request.h"

/* Is VERB one of these? */
gboolean guest_has(const char *verb);
/* REQUEST: type is the VM's name or id; name and pairs what is behind it, in order. RET_STATUS: what the program shall end with, where a
 * command in the guest says so. */
gboolean guest_run(Client *client, const Request *request, int *ret_status, GError **error);
