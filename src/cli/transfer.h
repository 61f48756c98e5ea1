/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * `shikiri upload FILE …` and `shikiri download … FILE`: a disk's whole content, by an image transfer of its own. Called by main.c. */
#pragma once

#include "cli/request.h"

gboolean transfer_has(const char *verb);
gboolean transfer_run(Client *client, const ClientConfig *config, const Request *request, GError **error);
