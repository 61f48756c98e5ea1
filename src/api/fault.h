/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A refusal as oVirt's clients read it: <fault><reason/><detail>[…]</detail></fault>, in an <action> for actions; the sentence
 * in the reader's language, its stable code and hint beside it. */
#pragma once

#include "base/fault.h"
#include "schema/write.h"

void fault_write(Text *out, Format format, Language language, const GError *error, gboolean in_action);
/* A whole HTTP reply, for what never became a request: the HTTP library's own refusals. ROOM for a few hundred bytes. */
void fault_write_refusal(int status, char *ret_text, gsize room);
