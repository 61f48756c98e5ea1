/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * --describe: what the tables say, as pages. The OpenAPI document is api/openapi.h's. */
#pragma once

#include "base/language.h"
#include "base/text.h"

void reference_markdown(Text *out);         /* every type */
void reference_man(Text *out, Language language);              /* shikirid(8) */
void reference_man_resources(Text *out, Language language);    /* shikiri-resources(7): types, verbs, search words */
