/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where every request comes in once it is whole: open to all, or first who is it; then to whom it goes. */
#pragma once

#include "api/request.h"

void door_serve(Request *request);          /* ends the exchange, now or later */
/* Before its body is read: FALSE with the refusal if it cannot possibly be served. */
gboolean door_admits(Request *request, GError **error);
