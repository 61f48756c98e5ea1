/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Consoles among the resources: tickets, connection files for viewers, screenshots. Not jobs: nothing of them is kept, least of all in a
 * journal. */
#pragma once

#include "api/exchange.h"
#include "api/place.h"

/* The actions of a type: those of commands, and those of this file. As command_verbs() gives them. */
const char *const *console_verbs(const Type *type);
/* Does it want the connection file of a graphical console (Accept: application/x-virt-viewer)? */
gboolean console_serves_file(const Exchange *exchange, const Place *place);
void console_serve_file(Exchange *exchange, const Place *place);
/* TRUE: the action at PLACE is one of a console's; the exchange is ended, now or later. */
gboolean console_serve_action(Exchange *exchange, const Place *place);
