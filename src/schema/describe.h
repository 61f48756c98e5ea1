/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The tables told to people and programs: the reference as Markdown (--describe=markdown) and, for forms and the CLI's
 * completion, as JSON. */
#pragma once

#include "base/text.h"
#include "schema/search.h"

void describe_markdown(Text *out, const Type *type, const SearchWord *words, const char *const *verbs);
void describe_json(Text *out, const Type *type, const SearchWord *words, const char *const *verbs);
