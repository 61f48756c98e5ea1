/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Tables and sheets for people, from JSON replies. Widths are counted in terminal columns, so that full-width names line up. NAMES
 * (id → name) stand for references whose reply has only an id. */
#pragma once

#include <glib.h>
#include <json-c/json.h>

/* A row an object, a column each field the description marks `show`; the addresses a guest reports are the last one. */
void print_table(struct json_object *type, struct json_object *objects, struct json_object *names);
/* Texts, COLUMNS a line. */
void print_cells(const GPtrArray *cells, guint columns);
/* One object: a line a field, groups indented. */
void print_sheet(struct json_object *type, struct json_object *object, struct json_object *names);
/* The sub-collection whose addresses a table shows; a list must follow it. */
#define PRINT_ADDRESSES "reported_devices"
