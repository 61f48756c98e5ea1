/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Names for ids: a reply refers to other objects by id, people read names. Asks the manager for those that are
 * referred to, a type at a time. Called by request.c before it prints. */
#pragma once

#include "cli/client.h"

/* id → name of what OBJECTS (an array, or one object) of TYPE refer to; of the shown fields only where SHOWN. What cannot be had
 * is "". Yours to json_object_put. */
struct json_object *names_fetch(Client *client, struct json_object *description, struct json_object *type, struct json_object *objects, gboolean shown);
