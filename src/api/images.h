/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * /images/TICKET: the content of disks, by the protocol of oVirt's imageio. The ticket in the path is all that is asked for. */
#pragma once

#include "api/request.h"

gboolean images_has(const Exchange *exchange);      /* is it such a path? */
/* Before its body comes: an upload gets where to put it. FALSE with the refusal; TRUE for every other path. */
gboolean images_admit(Request *request, GError **error);
void images_serve(Request *request);                /* ends the exchange, now or later */
