/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * From a path below the API's root to a type, an object and a verb, and on to the handler of it. Called by the server for every
 * authenticated request whose LOCAL is set (the event stream excepted). */
#pragma once

#include "api/exchange.h"

void route_serve(Exchange *exchange);       /* ends the exchange, now or later */
void route_refuse_method(Exchange *exchange, const char *methods);      /* ends it with 405; METHODS as Allow has them: "GET, POST" */
