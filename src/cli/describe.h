/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * `shikiri describe TYPE`. Called by request.c. */
#pragma once

#include "cli/client.h"

/* What TYPE, of the manager's description, is, what can be done with it, and its fields, on standard output; heads in LANGUAGE. */
void describe_print(struct json_object *description, struct json_object *type, Language language);
