/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One object as a reply: GET of it, and what a command made of it. Called by route.c and submit.c. */
#pragma once

#include "api/exchange.h"
#include "api/place.h"

void entity_get(Exchange *exchange, Place *take);       /* a PLACE_ONE; ends the exchange, now or later */
/* OBJECT into the exchange's reply, nothing followed. PATH: without the API's root. Cheap: the writer's thread may. */
void entity_reply(Exchange *exchange, const View *view, gconstpointer object, const char *path);
