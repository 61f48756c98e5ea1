/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The tables told to people and programs: the reference as Markdown (--describe=markdown) and, for forms and the CLI's
 * completion, as JSON. */
#pragma once

#include "base/language.h"
#include "base/text.h"
#include "schema/search.h"

/* VERBS: the action words of the type (write.h), NULL-terminated or NULL. */
void describe_markdown(Text *out, const Type *type, const SearchWord *words, const char *const *verbs);
/* Helps in LANGUAGE; all other words are the API's. {"one","many","path","parent","help","verbs":[…],"fields":[{"name","kind","flags":["add",…],"help", and by kind "values", "item",
 * "of", "path", "fields"}],"search":[{"word","kind","help"}]}; kinds are text bool int real time enum ref group list words children collect. */
void describe_json(Text *out, const Type *type, const SearchWord *words, const char *const *verbs, Language language);
