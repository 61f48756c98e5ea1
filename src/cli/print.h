/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Tables and sheets for people, from JSON replies. Widths are counted in terminal columns, so that full-width names line up. */
#pragma once

#include <json-c/json.h>

/* A row an object, a column each field the description marks `show`. */
void print_table(struct json_object *type, struct json_object *objects);
/* One object: a line a field, groups indented. */
void print_sheet(struct json_object *type, struct json_object *object);
