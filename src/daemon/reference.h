/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The reference of all resources, printed by --describe=markdown; docs/reference is made of it. */
#pragma once

#include "base/text.h"

void reference_markdown(Text *out);
