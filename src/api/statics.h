/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is open to all and asks nothing of the inventory: health, certificates, and a page at the root for a person who comes
 * with a browser. */
#pragma once

#include "api/exchange.h"

void statics_serve_page(Exchange *exchange);
void statics_serve_ca(Exchange *exchange);
void statics_serve_pki(Exchange *exchange);
void statics_serve_health(Exchange *exchange);
