/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The two ends of a preview: what both check, and what the model is afterwards. */
#pragma once

#include "command/returns.h"

extern const Type previews_params_type;
gboolean previews_check(Work *work, GError **error);
/* finish: nothing is previewed any more. VM may be NULL. */
void previews_end(Vm *vm);
