/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Objects that are the same in every installation: operating systems, cluster levels, roles, scheduling policies, packet filters,
 * the Blank template, … They are of the program and not of the store: every inventory begins with them, a newer program brings
 * newer ones, and nobody changes them (changes_seal refuses). */
#pragma once

#include "model/inventory.h"

View *fixed_view(void);                                     /* all of them and nothing else; yours to view_unref; any thread */
gboolean fixed_has(const Type *type, const Id *id);         /* TYPE stands in the inventory; any thread */
