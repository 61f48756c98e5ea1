/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The API as an OpenAPI 3.0 document, made from the tables of types and verbs: served at /ovirt-engine/api/openapi.json and printed by
 * shikirid --describe=openapi. It tells the JSON of this API, in which numbers and truth values are strings. */
#pragma once

#include "api/exchange.h"

void openapi_write(Text *out);              /* ends with a line end */
void openapi_get(Exchange *exchange);
