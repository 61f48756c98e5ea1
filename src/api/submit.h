/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * From a request that wants something done to a Work of the engine, and from its end to the reply: 201 with the object, 200,
 * or an <action>. Finds the verb in the table of commands and knows none. Called by route.c. */
#pragma once

#include "api/exchange.h"
#include "api/place.h"

/* Each ends the exchange, now or later. */
void submit_add(Exchange *exchange, const Place *place);        /* POST to a PLACE_LIST */
void submit_update(Exchange *exchange, const Place *place);     /* PUT of a PLACE_ONE */
void submit_remove(Exchange *exchange, const Place *place);     /* DELETE of a PLACE_ONE */
void submit_action(Exchange *exchange, const Place *place);     /* POST to a PLACE_ACTION */
/* POST of what is to be registered: ID below PLACE, an action of its storage domain; or, where ID is NULL, what the body names in PLACE, a list. */
void submit_register(Exchange *exchange, const Place *place, const char *id);
/* What was sent, read as TYPE; yours; NULL without ERROR: nothing was. */
Draft *submit_read(const Exchange *exchange, const Type *type, GError **error);
/* Is there an action of that word, built or not? FALSE with NOT_FOUND. */
gboolean submit_knows_action(const Place *place, GError **error);
