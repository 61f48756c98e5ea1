/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * `shikiri xml VM …`: a VM's domain XML shown, written from a file, or edited as `virsh edit` does it. Called by guest.c. */
#pragma once

#include "cli/request.h"

gboolean xml_run(Client *client, const Request *request, GError **error);
