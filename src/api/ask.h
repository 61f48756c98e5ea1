/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * GET of what no view has: rows of the command table that only read, asked of a host when somebody wants to know. */
#pragma once

#include "api/exchange.h"
#include "api/place.h"

const Command *ask_find(const Place *place);        /* the question an action's path names; NULL */
void ask(Exchange *exchange, const Place *place, const Command *question);
