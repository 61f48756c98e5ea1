/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The words of permits, as roles and the API's permit lists spell them. */
#include "job/command.h"

const char *
permit_name(Permit permit)
{
    static const char *const names[N_PERMITS] = {
#define P(name, word) [PERMIT_##name] = word,
        PERMITS(P)
#undef P
    };
    return (guint) permit < N_PERMITS ? names[permit] : "none";
}
