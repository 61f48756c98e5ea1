/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where browsers (and the command line) come in to consoles: WebSockets of the manager's own port, with a ticket. And what the consoles
 * ask and tell: whether a ticket's holder is still logged in, who looks. */
#pragma once

#include "api/exchange.h"
#include "console/consoles.h"

#define CONSOLE_GRAPHICS_PATH "/console/graphics"
#define CONSOLE_SERIAL_PATH "/console/serial"

void console_door_graphics(Exchange *exchange);
void console_door_serial(Exchange *exchange);
/* For ConsolesWatch; DATA is the api. */
gboolean console_door_may(gpointer data, const TicketHolder *holder);
void console_door_told(gpointer data, const Ticket *ticket, gboolean begins);
