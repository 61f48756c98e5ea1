/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the manager says it has: types, their fields and verbs, from its /describe. From it come paths, bodies and columns,
 * so that the CLI knows a new field the day the manager does. Called by main.c; uses client.h. */
#pragma once

#include "cli/client.h"

/* The description, fetched once; yours to json_object_put. */
struct json_object *words_fetch(Client *client, GError **error);
/* The type called WORD, in singular, plural or as in a path, dashes or not; borrowed. NULL with a sentence. */
struct json_object *words_type(struct json_object *description, const char *word, GError **error);
/* The same, where a host has such things and a VM too: PAIRS ("vm=web1", NULL-terminated) say whose are meant. */
struct json_object *words_type_of(struct json_object *description, const char *word, char *const *pairs, GError **error);
const char *words_string(struct json_object *object, const char *key);      /* "" if it has none */
/* The row called NAME among the fields of a type or a group; NULL. The type a row refers to or has children of; NULL. Borrowed. */
struct json_object *words_row(struct json_object *holder, const char *name);
struct json_object *words_of(struct json_object *description, struct json_object *row);
/* The row of a dotted field path, through groups and references; NULL if there is none. */
struct json_object *words_field(struct json_object *description, struct json_object *type, const char *path);
const char *words_name_search(struct json_object *type);    /* the search word that finds one by name; NULL */
gboolean words_field_has(struct json_object *field, const char *flag);      /* "show" */
gboolean words_verb(struct json_object *type, const char *verb);
/* The flag NAME that VERB takes of TYPE beside its fields, as `current` of an update of a cdrom; NULL. Borrowed. */
struct json_object *words_flag(struct json_object *description, struct json_object *type, const char *verb, const char *name);
/* A JSON body of "field=value" words: numbers with sizes ("2GiB"), references by name or id, lists by commas. Yours. */
char *words_body(struct json_object *description, struct json_object *type, char **pairs, GError **error);
