/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * References in a body, by id or name, to the objects they mean. Pure; called first in the `check` of every verb that takes a
 * body. */
#pragma once

#include "job/command.h"

/* Every reference of the work's draft has an id afterwards, or the refusal says which object is not there and which are. */
gboolean refs_resolve(Work *work, GError **error);
/* The drafts of the items of a LIST or CHILDREN row that was sent; NULL if it was not. Borrowed. */
const GPtrArray *refs_items(const Draft *draft, const char *row);
/* The draft of a GROUP that was sent; NULL. Borrowed. */
Draft *refs_group(const Draft *draft, const char *row);
